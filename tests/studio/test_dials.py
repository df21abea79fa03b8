"""A choice of several things, as faders, encoders and pads work it."""

from __future__ import annotations

from bridge.studio.dials import Dial, Press, choice

COLOURS = ("red", "green", "blue")


class Desk:
    """Something with a choice; `written` is what was chosen, one after the other."""

    def __init__(self, now: str = "red") -> None:
        self.now = now
        self.written: list[str] = []
        targets = choice("colour", COLOURS, lambda: self.now, self._write)
        assert list(targets) == ["colour", "next colour", "colour before"]
        dial, after, before = targets.values()
        assert isinstance(dial, Dial)
        assert isinstance(after, Press)
        assert isinstance(before, Press)
        self.dial, self.after, self.before = dial, after, before

    def _write(self, colour: str) -> None:
        self.now = colour
        self.written.append(colour)


def test_each_choice_has_as_much_room_on_a_fader_and_is_written_once() -> None:
    desk = Desk()
    dial, room = desk.dial, dict.fromkeys(COLOURS, 0)
    for place in range(300):
        dial.write(dial.low + place / 299 * (dial.high - dial.low))
        room[desk.now] += 1
    assert list(room.values()) == [100, 100, 100]
    assert desk.written == ["green", "blue"]


def test_the_steps_of_an_encoder_are_choices_and_end_at_both_ends() -> None:
    dial = Desk().dial
    assert (dial.step, dial.limits) == (1.0, (0.0, 2.0))


def test_pads_go_round_and_round_both_ways() -> None:
    desk = Desk()
    for _ in range(3):
        desk.after.act()
    for _ in range(2):
        desk.before.act()
    assert desk.written == ["green", "blue", "red", "blue", "green"]


def test_from_something_else_a_pad_goes_to_the_first_and_nobody_can_say_where_a_fader_is() -> None:
    desk = Desk("grey")
    assert desk.dial.read() is None
    desk.before.act()
    assert desk.now == "red"
