"""A path over the map: places in a row, a number of bars apart, and where a song that follows them is.

legs of 2 bars        bar   0     1     2     3     4     5     6
to its end                  A ─── · ─── B ─── · ─── C     C     C
around                      A ─── · ─── B ─── · ─── C ─── · ─── A
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bridge.errors import GroovebridgeError

Place = tuple[float, float]
"""A point of the map, x and y in -1..1."""

LEGS = (1, 2, 4, 8)
"""How many bars it may be from a place to the next."""
MOST_PLACES = 32


@dataclass(frozen=True, slots=True)
class Path:
    """Places of the map, `leg_bars` (one of `LEGS`) apart, with straight lines between them.

    around   whether it goes on from the last place to the first; else the song stays at the last

    Bars count from 0, the first of the song: so a bar is at the same place whenever it is played.
    GroovebridgeError for a place beside the map, another leg, or more than `MOST_PLACES`.
    """

    places: tuple[Place, ...] = ()
    leg_bars: int = 4
    around: bool = True

    def __post_init__(self) -> None:
        if self.leg_bars not in LEGS:
            raise GroovebridgeError(
                f"A leg of a path cannot take {self.leg_bars} bars: choose one of {LEGS}."
            )
        if len(self.places) > MOST_PLACES:
            raise GroovebridgeError(f"A path has at most {MOST_PLACES} places. Take one away to add another.")
        for x, y in self.places:
            if not (-1 <= x <= 1 and -1 <= y <= 1):
                raise GroovebridgeError(f"There is no point {x:g}, {y:g} on the map: both go from -1 to 1.")

    @property
    def bars(self) -> int:
        """How many bars it takes: once around, or from the first place to the last."""
        legs = len(self.places) if self.around else len(self.places) - 1
        return max(0, legs) * self.leg_bars if len(self.places) > 1 else 0

    def at(self, bar: float) -> Place:
        """Where a song is at a bar, 0 or later, fractions too. ValueError for a path without places."""
        if not self.places:
            raise ValueError("a path without places leads nowhere")
        if not self.bars:
            return self.places[0]
        way = bar % self.bars if self.around else min(bar, float(self.bars))
        number, share = divmod(way / self.leg_bars, 1)
        start = self.places[int(number) % len(self.places)]
        end = self.places[(int(number) + 1) % len(self.places)]
        x, y = (min(1.0, max(-1.0, a + (b - a) * share)) for a, b in zip(start, end, strict=True))
        return x, y

    def adding(self, place: Place) -> Path:
        """With one more place at its end."""
        return replace(self, places=(*self.places, place))

    def moving(self, number: int, place: Place) -> Path:
        """With a place somewhere else. IndexError for a number (from 0) that there is not."""
        self.places[number]
        return replace(self, places=(*self.places[:number], place, *self.places[number + 1 :]))

    def without(self, number: int) -> Path:
        """Without a place. IndexError for a number (from 0) that there is not."""
        self.places[number]
        return replace(self, places=self.places[:number] + self.places[number + 1 :])
