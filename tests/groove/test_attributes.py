"""What a loop is like, in numbers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from bridge.groove import STEPS, VOICES, DrumLoop, Voice
from bridge.groove.attributes import attributes


def beat(*voices: tuple[Voice, str], velocity: float = 0.8, late: float = 0.0) -> DrumLoop:
    """Bars of 16 characters, `x` for a hit; odd steps are played `late` steps late."""
    arrays = np.zeros((3, STEPS, VOICES))
    for voice, bar in voices:
        for step in range(STEPS):
            if bar.replace(" ", "")[step % 16] == "x":
                arrays[:, step, voice] = 1, velocity, late * (step % 2)
    return DrumLoop.of(*arrays)


ROCK = (
    (Voice.KICK, "x... .... x... ...."),
    (Voice.SNARE, ".... x... .... x..."),
    (Voice.CLOSED_HAT, "x.x. x.x. x.x. x.x."),
)


@given(st.data())
def test_every_measure_keeps_to_its_range(drum_loops: SearchStrategy[DrumLoop], data: st.DataObject) -> None:
    measured = attributes(data.draw(drum_loops))
    assert 0 <= measured.density <= 9
    assert measured.syncopation >= 0
    assert 1 / 3 <= measured.swing <= 3.0001
    assert 0 <= measured.intensity <= 1
    assert 0 <= measured.ghost_notes <= 1
    assert sum(measured.shares) == pytest.approx(1) or not any(measured.shares)


def test_silence_measures_as_nothing() -> None:
    silence = attributes(DrumLoop.empty())
    assert (silence.density, silence.syncopation, silence.intensity, silence.ghost_notes) == (0, 0, 0, 0)
    assert silence.swing == 1
    assert silence.shares == (0.0,) * VOICES


def test_a_rock_beat_measures_as_one() -> None:
    rock = attributes(beat(*ROCK))
    assert rock.density == 12 / 16
    assert rock.syncopation == 0
    assert rock.swing == 1
    assert rock.intensity == pytest.approx(0.8)
    assert rock.shares == pytest.approx((2 / 12, 2 / 12, 8 / 12, 0, 0, 0, 0, 0, 0))


def test_syncopation_is_longuet_higgins_and_lee_s() -> None:
    anticipated = beat((Voice.KICK, "x... x... x... ...x"))  # the bar line is struck
    assert attributes(anticipated).syncopation == 0
    off_beats = beat((Voice.KICK, "..x. ..x. ..x. ..x."))  # -3 before -2, -1, -2, 0
    assert attributes(off_beats).syncopation == 1 + 2 + 1 + 3
    son_clave = beat((Voice.KICK, "x..x ..x. ..x. x..."))  # 3 ties over 4, 6 over 8
    assert attributes(son_clave).syncopation == 2 + 2


def test_cymbals_do_not_syncopate() -> None:
    assert attributes(beat((Voice.RIDE, "..x. ..x. ..x. ..x."))).syncopation == 0


def test_swing_is_the_ratio_of_the_sixteenths() -> None:
    for late, ratio in ((0.0, 1.0), (1 / 3, 2.0), (-0.2, 0.8 / 1.2)):
        swung = beat((Voice.CLOSED_HAT, "xxxx xxxx xxxx xxxx"), late=late)
        assert math.isclose(attributes(swung).swing, ratio, rel_tol=1e-5)


def test_ghost_notes_are_the_soft_share_of_the_snare() -> None:
    loop = beat((Voice.SNARE, "x... x... x... x..."))
    velocities = loop.velocities.copy()
    velocities[0::16, Voice.SNARE] = 0.2
    velocities[:, Voice.KICK] = 0
    assert attributes(DrumLoop(loop.hits, velocities, loop.offsets)).ghost_notes == 0.25
