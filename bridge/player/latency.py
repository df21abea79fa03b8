"""How much earlier than their place in the song notes go out, for an instrument that sounds late.

        song        |           beat 1
    ----------------|-----------|------------>   the clock that we send, the anchor, the recording: here
    ----------|-----------|------------------>   notes: `latency_ms` earlier (negative: later)

A setting that changes while the song rolls is not jumped to: the notes lean towards it by `GLIDE` of the time
that passes. So none of them is late for it, and each key keeps its order.
"""

from __future__ import annotations

from bridge.player.limits import check_latency
from bridge.timing import BeatMap

GLIDE = 0.1
"""How fast the shift may change, in ns for each ns: 200 ms in two seconds."""


class Latency:
    """The shift as it is set, and as it is now. Pure; owned by the player's loop.

    Raises SettingError for what is not in -200..200 ms.
    """

    def __init__(self, ms: float) -> None:
        self._wanted_ns = self._shift_ns = _ns(ms)
        self._at_ns: int | None = None  # up to when the shift has followed the setting

    @property
    def shift_ns(self) -> int:
        """How much earlier notes go out now; negative: later."""
        return self._shift_ns

    @property
    def ahead_ns(self) -> int:
        """How far ahead of the song notes may have to go out; 0 where they go out behind it."""
        return max(0, self._shift_ns, self._wanted_ns)

    @property
    def behind_ns(self) -> int:
        """How far behind the song notes may go out; 0 where they go out ahead of it."""
        return max(0, -self._shift_ns, -self._wanted_ns)

    def set(self, ms: float) -> None:
        """Lean towards this from now on."""
        self._wanted_ns = _ns(ms)

    def arrive(self) -> None:
        """Nothing is on its way: what is set holds now."""
        self._shift_ns = self._wanted_ns
        self._at_ns = None

    def glide(self, now_ns: int) -> None:
        """The song rolls, and it is `now_ns`."""
        most = 0 if self._at_ns is None else round((now_ns - self._at_ns) * GLIDE)
        self._shift_ns += max(-most, min(most, self._wanted_ns - self._shift_ns))
        self._at_ns = now_ns

    def line(self, song: BeatMap) -> BeatMap:
        """Song position <-> the time at which a note of that position goes out."""
        return song.earlier(self._shift_ns) if self._shift_ns else song


def _ns(ms: float) -> int:
    return round(check_latency(ms) * 1e6)
