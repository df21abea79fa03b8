"""The measurement of the latency beside the song: when it may begin, and what breaks it off."""

from __future__ import annotations

from bridge.player import midi
from bridge.player.ahead import START_DELAY_NS, soon_ns
from bridge.player.limits import SettingError
from bridge.player.loopback import LoopbackTest
from bridge.player.messages import Loopback, MeasureLoopback
from bridge.player.output import Output


class Measuring:
    """The `LoopbackTest` that runs, if one does: only while the song stands, and while there are ports.

    Owned by the player's loop. Each that is asked for ends in exactly one `Loopback`, from whichever method.
    """

    def __init__(self) -> None:
        self._test: LoopbackTest | None = None

    @property
    def runs(self) -> bool:
        """Whether notes are sent and listened for."""
        return self._test is not None

    def begin(
        self, asked: MeasureLoopback, output: Output | None, now_ns: int, *, song_stands: bool
    ) -> Loopback | None:
        """Measure from now on, or say why not. `output`: None without an input to hear it by, too."""
        if not song_stands:
            return Loopback(trouble="The latency is measured while the song stands: stop it, then measure.")
        if output is None:
            return Loopback(
                trouble="There is no port to send notes out of and hear them come back at: "
                "open an output and input."
            )
        if self._test is not None:
            return Loopback(trouble="The latency is being measured already.")
        try:
            self._test = LoopbackTest(asked, now_ns + output.lead_ns + START_DELAY_NS)
        except SettingError as error:
            return Loopback(trouble=str(error))
        return None

    def hear(self, message: bytes, at_ns: int) -> None:
        """A message came in; it may be an echo."""
        if self._test is not None:
            self._test.hear(message, at_ns)

    def advance(self, output: Output, now_ns: int) -> Loopback | None:
        """Hand over the notes that are due soon; once all is over, what was found."""
        test = self._test
        if test is None:
            return None
        for message, due_ns in test.advance(soon_ns(now_ns, output.lead_ns)):
            output.system(message, due_ns)
        if not test.is_over(now_ns):
            return None
        self._test = None
        return test.report()

    def break_off(self, why: str, position_ticks: int, output: Output, now_ns: int) -> Loopback | None:
        """Measure no further; the note that may sound is closed. The song stands at `position_ticks`."""
        test, self._test = self._test, None
        if test is None:
            return None
        due_ns = now_ns + output.lead_ns
        _, others = output.take_back(now_ns)
        output.close_notes(due_ns, position_ticks)  # a Stop's, which came back with the rest
        output.system(midi.note_off(test.key), due_ns)
        output.resend(entry for entry in others if (midi.key_struck(entry[0]) or (None,))[0] != test.key)
        return test.report(why)
