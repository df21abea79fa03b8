"""Bytes into messages, however they are cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.ports.midi_bytes import Splitter

DATA = st.integers(0, 127)
THREE = st.tuples(st.sampled_from((0x89, 0x99, 0xB0, 0xE3, 0xF2)), DATA, DATA)
TWO = st.tuples(st.sampled_from((0xC9, 0xD0, 0xF1, 0xF3)), DATA)
ONE = st.tuples(st.sampled_from((0xF6, 0xF8, 0xFA, 0xFB, 0xFC, 0xFF)))
MESSAGES = (THREE | TWO | ONE).map(bytes)
UNHEARD = st.sampled_from([b"\xfe", b"\xf0\x7e\x00\x09\x01\xf7", b"\x40", b"\xf4\x10", b"\xf7"])


@given(st.lists(MESSAGES | UNHEARD), st.lists(st.integers(1, 7)))
def test_every_message_comes_out_once_however_the_bytes_are_cut(parts: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(parts)
    wanted = [part for part in parts if part[0] >= 0x80 and part[0] not in (0xFE, 0xF0, 0xF4, 0xF7)]
    splitter, heard = Splitter(), []
    for cut in cuts:
        heard += splitter.split(stream[:cut])
        stream = stream[cut:]
    assert heard + splitter.split(stream) == wanted


def test_a_clock_within_a_note_is_heard_first_and_the_note_is_whole() -> None:
    assert Splitter().split(b"\x99\x24\xf8\x40") == [b"\xf8", b"\x99\x24\x40"]


@given(st.binary())
def test_no_bytes_upset_it(garbage: bytes) -> None:
    splitter = Splitter()
    splitter.split(garbage)
    assert splitter.split(b"\xf7\x99\x24\x40")[-1] == b"\x99\x24\x40"
