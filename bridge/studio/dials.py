"""What a controller can work: something with a value, something that is done, and one of several choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import floor
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Dial:
    """Something with a value.

    read     the value now; None where nobody can say
    write    sets it. GroovebridgeError where that cannot be
    low      the value at a fader's lower end; high: at its upper
    step     what one step of an encoder adds
    limits   how far an encoder goes, where that is further than a fader
    """

    read: Callable[[], float | None]
    write: Callable[[float], None]
    low: float
    high: float
    step: float
    limits: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Press:
    """Something that is done. GroovebridgeError where it cannot be."""

    act: Callable[[], None]


Target = Dial | Press


def dial(
    read: Callable[[], float | None],
    write: Callable[[float], None],
    limits: tuple[float, float],
    step: float,
) -> Dial:
    """One that a fader moves from end to end."""
    return Dial(read, write, *limits, step, limits)


def choice(
    name: str, choices: Sequence[T], read: Callable[[], T], write: Callable[[T], object]
) -> dict[str, Target]:
    """One of several things, in three ways: `name` is a dial, on a fader each choice has as much room, on an
    encoder each step is one; `next NAME` and `NAME before` are buttons that go round and round.

    choices   what there is, one at least; `read` may give something else: then it goes to the first
    write     is called where the choice is another. Raises GroovebridgeError where that cannot be
    """

    def index() -> int | None:
        now = read()
        return choices.index(now) if now in choices else None

    def take(number: int) -> None:
        if number != index():
            write(choices[number])

    def turn(value: float) -> None:
        take(min(max(floor(value + 0.5), 0), len(choices) - 1))

    def go(by: int) -> None:
        here = index()
        take(0 if here is None else (here + by) % len(choices))

    last = float(len(choices) - 1)
    return {
        name: Dial(index, turn, -0.5, last + 0.5, 1.0, (0.0, last)),
        f"next {name}": Press(partial(go, 1)),
        f"{name} before": Press(partial(go, -1)),
    }
