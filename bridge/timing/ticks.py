"""The newest ticks of a clock, with running sums, so that a line through many costs no more."""

from __future__ import annotations

from collections.abc import Iterable

Tick = tuple[int, int]
"""A tick's number and its arrival in ns."""


class Ticks:
    """At most the `most` newest ticks, numbers ascending. Sums are whole numbers, and so exact.

    Pure; appending and asking for sums takes a few microseconds, every `most` ticks ten times that.
    """

    def __init__(self, most: int, ticks: Iterable[Tick] = ()) -> None:
        self._most = most
        self._all: list[Tick] = []  # up to twice as many, so that old ones go many at a time
        self._sums: list[
            tuple[int, int, int, int]
        ] = []  # of x, y, xx, xy from the first one on, this included
        self.extend(ticks)

    def __len__(self) -> int:
        return min(len(self._all), self._most)

    @property
    def last(self) -> Tick:
        """The newest one. IndexError if there is none."""
        return self._all[-1]

    def newest(self, count: int) -> list[Tick]:
        """So many of the newest (or all, if there are fewer), the oldest first."""
        return self._all[-min(count, self._most) :]

    def append(self, tick: Tick) -> None:
        """One more."""
        if len(self._all) >= 2 * self._most:
            self.replace(self.newest(self._most - 1))
        self._all.append(tick)
        (first, first_ns), (number, ns) = self._all[0], tick
        x, y = number - first, ns - first_ns
        sx, sy, sxx, sxy = self._sums[-1] if self._sums else (0, 0, 0, 0)
        self._sums.append((sx + x, sy + y, sxx + x * x, sxy + x * y))

    def extend(self, ticks: Iterable[Tick]) -> None:
        """Several more."""
        for tick in ticks:
            self.append(tick)

    def pop(self) -> None:
        """Forget the newest one. IndexError if there is none."""
        self._all.pop()
        self._sums.pop()

    def clear(self) -> None:
        """Forget all."""
        self._all.clear()
        self._sums.clear()

    def replace(self, ticks: Iterable[Tick]) -> None:
        """Forget all, and know these."""
        kept = list(ticks)
        self.clear()
        self.extend(kept)

    def sums(self, count: int) -> tuple[int, int, int, int]:
        """Of x, y, x * x and x * y over the `count` newest, 1..len; x in ticks and y in ns from the newest.

        sum (x - a)(y - b)  =  sum xy  -  a sum y  -  b sum x  +  n a b
        """
        sx, sy, sxx, sxy = self._sums[-1]
        if count < len(self._all):
            bx, by, bxx, bxy = self._sums[-count - 1]
            sx, sy, sxx, sxy = sx - bx, sy - by, sxx - bxx, sxy - bxy
        (first, first_ns), (last, last_ns) = self._all[0], self._all[-1]
        a, b = last - first, last_ns - first_ns
        xx = sxx - 2 * a * sx + count * a * a
        xy = sxy - a * sy - b * sx + count * a * b
        return sx - count * a, sy - count * b, xx, xy
