"""Finding the port that a user means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import GroovebridgeError
from bridge.ports.base import PortError
from bridge.ports.names import match_port

NAMES = st.lists(st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1), unique=True)


@given(NAMES)
def test_an_exact_name_is_found_whatever_else_contains_it(names: list[str]) -> None:
    for name in names:
        assert match_port(name, names, "output") == name


@given(NAMES, st.text(min_size=1, max_size=3))
def test_a_part_in_any_case_finds_the_only_port_that_has_it(names: list[str], part: str) -> None:
    fitting = [name for name in names if part.strip() and part.strip().casefold() in name.casefold()]
    for wanted in (part, part.swapcase()):
        if wanted in names or wanted.casefold() != part.casefold():
            continue
        if len(fitting) == 1:
            assert match_port(wanted, names, "input") == fitting[0]
        else:
            with pytest.raises(PortError):
                match_port(wanted, names, "input")


def test_an_unknown_port_is_answered_with_the_ports_that_there_are() -> None:
    with pytest.raises(GroovebridgeError) as error:
        match_port("bitwig", ["Ardour:in", "system:midi_playback_1"], "output")
    assert str(error.value) == (
        "There is no MIDI output port 'bitwig'. "
        "The output ports here are 'Ardour:in', 'system:midi_playback_1'."
    )


def test_an_ambiguous_part_is_answered_with_what_it_fits() -> None:
    with pytest.raises(PortError) as error:
        match_port("ardour", ["Ardour:in 1", "Ardour:in 2", "Bitwig:in"], "output")
    assert "fits several" in str(error.value)
    assert "'Ardour:in 1', 'Ardour:in 2'" in str(error.value)
    assert "Bitwig" not in str(error.value)


def test_without_any_ports_the_answer_says_what_to_do() -> None:
    with pytest.raises(PortError, match="Start that program first"):
        match_port("bitwig", [], "input")


@pytest.mark.parametrize("blank", ["", " "])
def test_a_blank_name_fits_no_port(blank: str) -> None:
    with pytest.raises(PortError):
        match_port(blank, ["Ardour:in"], "output")
