"""The MIDI clock that we send, on its way to the output: whether it goes out, and when."""

from __future__ import annotations

from bridge.player.ahead import soon_ns
from bridge.player.clockout import ClockOut, Timed
from bridge.player.lead import Lead
from bridge.player.output import Output
from bridge.timing import BeatMap


class Pulse:
    """`ClockOut` with its two settings. Owned by the player's loop.

    on              clock and transport go out with the song
    while_stopped   the clock goes on while the song stands, where our own clock leads
    """

    def __init__(self, lead: Lead, on: bool, while_stopped: bool) -> None:
        self._lead = lead
        self._on = on
        self._while_stopped = while_stopped
        self._clock = ClockOut()

    @property
    def goes_on(self) -> bool:
        """Whether it goes on while the song stands: at our own tempo only."""
        return self._on and self._while_stopped and self._lead.is_ours

    def set(self, on: bool, while_stopped: bool) -> None:
        """The song stands."""
        self._on = on
        self._while_stopped = while_stopped

    def set_amid(self, song: BeatMap, output: Output, now_ns: int) -> None:
        """The settings may have changed while the song rolls: begin or end after what is handed over."""
        if self._on is self._clock.running:
            return
        from_ns = soon_ns(now_ns, output.lead_ns)
        if self._on:
            self.begin(song.to_ticks(from_ns), song, output)
        else:
            self.end(from_ns, output)

    def downbeat_ns(self, from_ns: int) -> int:
        """When a song that could begin at `from_ns` should: on the grid of a clock that goes on; else so."""
        return self._clock.downbeat_ns(from_ns) if self.goes_on else from_ns

    def begin(self, ticks: float, song: BeatMap, output: Output) -> None:
        """The song rolls along `song` from this position."""
        if self._on:
            _send(output, self._clock.begin(ticks, song))

    def advance(self, song: BeatMap, until_ticks: float, end_ticks: int | None, output: Output) -> None:
        """What is new before `until_ticks`; not past the end of the song, unless it goes on there."""
        if end_ticks is not None and not self.goes_on:
            until_ticks = min(until_ticks, end_ticks)
        _send(output, self._clock.advance(song, until_ticks))

    def end(self, at_ns: int, output: Output, back_ns: int | None = None) -> None:
        """Tell whoever listens to stop; the first clock that was taken back was due at `back_ns`."""
        _send(output, self._clock.end(at_ns, stand=self.goes_on, back_ns=back_ns))

    def stand(self, output: Output | None, now_ns: int) -> bool:
        """What is due soon while the song stands; whether there will be more."""
        if not self.goes_on:
            self._clock.leave()
            return False
        if output is None or self._clock.running:
            return False
        from_ns, until_ns = now_ns + output.lead_ns, soon_ns(now_ns, output.lead_ns)
        _send(output, self._clock.stand(self._lead.internal.bpm, from_ns, until_ns))
        return True

    def remind(self) -> None:
        """A clock may have been lost: name the position again at the next bar line."""
        self._clock.remind()


def _send(output: Output, messages: Timed) -> None:
    for due_ns, message in messages:
        output.system(message, due_ns)
