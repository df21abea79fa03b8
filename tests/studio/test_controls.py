"""Controllers: each way of speaking is understood and learned, and moves what it was told to move."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.studio.controls import (
    Controls,
    Kind,
    Learner,
    Moved,
    Pressed,
    Programmed,
    Source,
    Turned,
    place_of,
    steps_of,
)


def cc(number: int, value: int, channel: int = 0) -> bytes:
    return bytes((0xB0 | channel, number, value))


def learned(*messages: bytes, presses: bool = False) -> Source | None:
    learner = Learner(presses)
    found = [source for message in messages if (source := learner.receive(message)) is not None]
    return found[0] if found else None


def encoded(kind: Kind, steps: int) -> int:
    if kind is Kind.TWOS:
        return steps % 128
    if kind is Kind.OFFSET:
        return 64 + steps
    return abs(steps) | (0x40 if steps < 0 else 0)


@given(st.sampled_from([Kind.TWOS, Kind.OFFSET, Kind.SIGN]), st.integers(-63, 63))
def test_an_encoder_s_steps_are_read_as_they_were_sent(kind: Kind, steps: int) -> None:
    assert steps_of(kind, encoded(kind, steps)) == steps


@given(st.integers(0, 127))
def test_a_fader_moves_what_it_was_told_to_on_its_own_channel(value: int) -> None:
    source = Source(Kind.ABSOLUTE, 3, 74)
    controls = Controls({source: "density"})
    assert controls.receive(cc(74, value, 3)) == Moved("density", place_of(value, 7), source)
    assert controls.receive(cc(74, value, 4)) is None


@pytest.mark.parametrize("bits", [7, 14])
def test_a_fader_s_ends_and_its_middle_are_exact_and_it_never_goes_back(bits: int) -> None:
    places = [place_of(value, bits) for value in range(1 << bits)]
    assert (places[0], places[1 << (bits - 1)], places[-1]) == (0.0, 0.5, 1.0)
    assert places == sorted(places)


@given(st.integers(0, 16383))
def test_a_fine_fader_takes_both_halves(value: int) -> None:
    source = Source(Kind.FINE, 0, 7)
    controls = Controls({source: "swing"})
    controls.receive(cc(7, value >> 7))
    assert controls.receive(cc(39, value & 0x7F)) == Moved("swing", place_of(value, 14), source)
    assert controls.receive(cc(7, value >> 7)) == Moved("swing", place_of(value, 14), source)


def test_a_new_coarse_half_alone_sets_the_fine_one_to_nothing() -> None:
    source = Source(Kind.FINE, 0, 7)
    controls = Controls({source: "swing"})
    controls.receive(cc(39, 100))
    assert controls.receive(cc(7, 64)) == Moved("swing", place_of(64 * 128, 14), source)


def test_an_encoder_turns_and_a_pad_is_pressed_once() -> None:
    controls = Controls(
        {
            Source(Kind.TWOS, 0, 20): "density",
            Source(Kind.NOTE, 9, 36): "play",
            Source(Kind.PROGRAM, 0, 2): "fill",
        }
    )
    assert controls.receive(cc(20, 127)) == Turned("density", -1)
    assert controls.receive(cc(20, 0)) is None
    assert controls.receive(bytes((0x99, 36, 100))) == Pressed("play")
    assert controls.receive(bytes((0x99, 36, 0))) is None
    assert controls.receive(bytes((0x89, 36, 64))) is None
    assert controls.receive(bytes((0xC0, 2))) == Pressed("fill")
    assert controls.receive(bytes((0xC0, 3))) == Programmed(3)


@pytest.mark.parametrize("kind", [Kind.TWOS, Kind.OFFSET, Kind.SIGN])
def test_an_encoder_is_learned_as_what_it_is(kind: Kind) -> None:
    turns = (1, 1, 2, -1, -2, 1, 1, -1)
    assert learned(*(cc(20, encoded(kind, steps)) for steps in turns)) == Source(kind, 0, 20)


@pytest.mark.parametrize("start", [0, 30, 60, 100])
def test_a_fader_is_learned_as_a_fader(start: int) -> None:
    fader = Source(Kind.ABSOLUTE, 0, 20)
    assert learned(*(cc(20, start + step) for step in range(0, 24, 3))) == fader
    assert learned(*(cc(20, start + step) for step in range(1, 9))) == fader
    assert learned(*(cc(20, start + step) for step in range(8, 0, -1))) == fader


def test_two_halves_are_learned_as_one_fine_fader() -> None:
    assert learned(cc(7, 40), cc(39, 12)) == Source(Kind.FINE, 0, 7)


def test_pads_programs_and_buttons_are_learned_at_once_for_what_is_pressed() -> None:
    assert learned(bytes((0x90, 36, 100)), presses=True) == Source(Kind.NOTE, 0, 36)
    assert learned(bytes((0xC5, 7)), presses=True) == Source(Kind.PROGRAM, 5, 7)
    assert learned(cc(20, 0), cc(20, 127), presses=True) == Source(Kind.ABSOLUTE, 0, 20)
    nothing = (bytes((0x90, 36, 0)), bytes((0xF8,)), b"", bytes((0xE0, 0, 64)), cc(123, 1))
    assert learned(*nothing, presses=True) is None


def test_no_pad_is_learned_for_what_is_turned() -> None:
    assert learned(bytes((0x90, 36, 100)), bytes((0xC5, 7))) is None


def test_a_control_that_learns_something_new_forgets_the_old() -> None:
    controls = Controls({Source(Kind.ABSOLUTE, 0, 20): "density"})
    controls.assign(Source(Kind.TWOS, 0, 20), "swing")
    assert controls.mappings == {Source(Kind.TWOS, 0, 20): "swing"}
    controls.forget(Source(Kind.TWOS, 0, 20))
    assert controls.receive(cc(20, 1)) is None


@given(st.binary(max_size=4))
def test_no_bytes_whatsoever_upset_it(message: bytes) -> None:
    controls = Controls({Source(Kind.FINE, 0, 0): "density", Source(Kind.NOTE, 0, 0): "play"})
    controls.receive(message)
    Learner().receive(message)
    Learner(presses=True).receive(message)


def test_a_source_has_a_title_that_a_musician_reads() -> None:
    assert Source(Kind.FINE, 0, 74).title == "CC 74, channel 1"
    assert Source(Kind.NOTE, 9, 36).title == "note 36, channel 10"


def test_the_second_half_of_a_fine_fader_moves_nothing_else() -> None:
    fine, second = Source(Kind.FINE, 0, 1), Source(Kind.ABSOLUTE, 0, 33)
    controls = Controls({second: "tempo"})
    controls.assign(fine, "density")
    assert controls.mappings == {fine: "density"}
    controls.assign(second, "swing")
    assert controls.mappings == {second: "swing"}
    assert controls.receive(cc(33, 127)) == Moved("swing", 1.0, second)
    elsewhere = {Source(Kind.ABSOLUTE, 1, 33): "swing", Source(Kind.NOTE, 0, 33): "fill", fine: "density"}
    assert Controls(elsewhere).mappings == elsewhere
