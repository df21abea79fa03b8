"""The mix as a value: what is heard, on which key, how hard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given

from bridge.groove import Voice
from bridge.player.limits import SettingError
from bridge.player.voicing import Voicing
from bridge.timing import NoteEvent
from tests.player.support import voicings


def test_a_mute_wins_over_a_solo_and_a_solo_silences_the_rest() -> None:
    mix = Voicing().of(Voice.KICK, soloed=True).of(Voice.SNARE, soloed=True).of(Voice.SNARE, muted=True)
    assert [voice for voice in Voice if mix.heard(voice)] == [Voice.KICK]
    assert all(Voicing().heard(voice) for voice in Voice)


@given(voicings())
def test_a_velocity_stays_a_velocity_and_a_trim_of_one_changes_nothing(mix: Voicing) -> None:
    for voice in Voice:
        for velocity in (1, 2, 64, 126, 127):
            assert 1 <= mix.velocity(voice, velocity) <= 127
            assert mix.of(voice, trim=1.0).velocity(voice, velocity) == velocity
    assert mix.of(Voice.RIDE, trim=0.5).velocity(Voice.RIDE, 100) == 50


def test_what_is_set_for_one_voice_leaves_the_others_alone() -> None:
    mix = Voicing().of(Voice.RIDE, note=59, trim=0.5, muted=True, soloed=True)
    for voice in Voice:
        if voice is not Voice.RIDE:
            assert mix.key(voice) == Voicing().key(voice)
            assert (mix.trims[voice], mix.muted[voice], mix.soloed[voice]) == (1.0, False, False)
    assert mix.key(Voice.RIDE) == 9 << 7 | 59


def test_at_one_tick_offs_come_first_and_the_louder_before_the_softer() -> None:
    mix = Voicing().of(Voice.LOW_TOM, trim=0.5)
    low, mid = NoteEvent(5, True, Voice.LOW_TOM, 100), NoteEvent(5, True, Voice.MID_TOM, 60)
    off, earlier = NoteEvent(5, False, Voice.RIDE, 0), NoteEvent(4, True, Voice.RIDE, 1)
    assert mix.in_order([low, mid, off, earlier]) == [earlier, off, mid, low]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Voicing((36, 38)), "9 notes"),
        (lambda: Voicing((128,) * 9), "0 to 127"),
        (lambda: Voicing(channel=16), "0 to 15"),
        (lambda: Voicing(trims=(1.0,)), "9 factors"),
        (lambda: Voicing(muted=(True,)), "each of 9 voices"),
        (lambda: Voicing().of(Voice.KICK, trim=2.5), "trim of 2.5 is out of range"),
        (lambda: Voicing().of(Voice.KICK, trim=float("nan")), "trim of nan is out of range"),
        (lambda: Voicing().of(Voice.KICK, note=-1), "0 to 127"),
    ],
)
def test_a_mix_out_of_range_is_refused_in_a_sentence(make: Callable[[], Voicing], says: str) -> None:
    with pytest.raises(SettingError, match=says):
        make()
