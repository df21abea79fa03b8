"""Our song while there is no port: it rolls on in time, so that other ports find it where it should be.

The times of a port are of the port's clock, which goes with it; so an unheard song runs by the host's clock.
"""

from __future__ import annotations

from dataclasses import replace

from bridge.player.course import Course
from bridge.ports.base import Clock
from bridge.timing import BeatMap
from bridge.timing.pattern import cell_at


class Unheard:
    """The line of the song that nobody hears, if there is one. Owned by the player's loop."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self.song: BeatMap | None = None
        """Song position <-> time of the host's clock."""

    def begin(self, ticks: int, bpm: float, now_ns: int) -> None:
        """Roll from here; no song may roll unheard yet."""
        self._course.position = ticks
        self.song = BeatMap.at(bpm, ticks, now_ns)

    def stand(self, now_ns: int) -> bool:
        """Stop where the song is; whether one rolled."""
        song, self.song = self.song, None
        if song is not None:
            self._course.passed(max(0, cell_at(song.to_ticks(now_ns))))
        return song is not None

    def be_heard(self, song: BeatMap, clock: Clock, from_ns: int, now_ns: int) -> BeatMap:
        """`song` comes out of a port with this clock from `from_ns` on: its line by that clock."""
        self.song = None
        song = by_port(song, clock, now_ns)
        self._course.passed(cell_at(song.to_ticks(from_ns)))
        return song


def by_host(song: BeatMap, clock: Clock) -> BeatMap:
    """A song by a port's clock, by that of the host."""
    return replace(song, origin_ns=clock.to_host_ns(song.origin_ns))


def by_port(song: BeatMap, clock: Clock, now_ns: int) -> BeatMap:
    """A song by the host's clock, by that of a port, where it is `now_ns`."""
    return replace(song, origin_ns=song.origin_ns + now_ns - clock.to_host_ns(now_ns))
