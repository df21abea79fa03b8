"""What a loop is like, in numbers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from bridge.groove import STEPS, VOICES, DrumLoop, Voice
from bridge.groove.attributes import ATTRIBUTES, attributes, measure

PARTS = ("hits", "velocities", "offsets")


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
    assert 0.25 <= measured.swing <= 0.75
    assert 0 <= measured.intensity <= 1
    for share in (measured.ghosts, measured.fill, measured.ride, measured.toms):
        assert 0 <= share <= 1.0001
    assert 0 <= measured.looseness <= 0.5
    assert sum(measured.shares) == pytest.approx(1) or not any(measured.shares)


def test_silence_measures_as_nothing() -> None:
    silence = attributes(DrumLoop.empty())
    for name in ATTRIBUTES:
        assert getattr(silence, name) == (0.5 if name == "swing" else 0)
    assert silence.shares == (0.0,) * VOICES


def test_a_rock_beat_measures_as_one() -> None:
    rock = attributes(beat(*ROCK))
    assert rock.density == 12 / 16
    assert rock.syncopation == 0
    assert rock.swing == 0.5
    assert (rock.fill, rock.ride, rock.looseness, rock.toms) == (0, 0, 0, 0)
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


def test_many_loops_measure_as_each_does_alone() -> None:
    loops = [beat(*ROCK), DrumLoop.empty(), beat((Voice.SNARE, "x..x ..x. ..x. x.xx"), late=0.2)]
    together = measure(*(np.stack([getattr(loop, part) for loop in loops]) for part in PARTS))
    for row, loop in zip(together, loops, strict=True):
        alone = attributes(loop)
        assert row.tolist() == [getattr(alone, name) for name in ATTRIBUTES]


def test_swing_is_the_share_of_the_first_sixteenth() -> None:
    for late, share in ((0.0, 0.5), (1 / 3, 2 / 3), (-0.2, 0.4)):
        swung = beat((Voice.CLOSED_HAT, "xxxx xxxx xxxx xxxx"), late=late)
        assert math.isclose(attributes(swung).swing, share, rel_tol=1e-5)


def test_swing_and_a_laid_back_voice_are_not_loose() -> None:
    together = np.zeros((64, 9))
    swung = beat((Voice.CLOSED_HAT, "xxxx xxxx xxxx xxxx"), late=0.3)
    together[:, Voice.SNARE] = 0.2
    laid_back = DrumLoop.of(swung.hits, swung.velocities, swung.offsets + together)
    assert attributes(laid_back).looseness == pytest.approx(0, abs=1e-6)
    wobbling = swung.offsets + np.where(np.arange(64) % 4 < 2, 0.1, -0.1)[:, None]
    assert attributes(DrumLoop.of(swung.hits, swung.velocities, wobbling)).looseness == pytest.approx(0.1)


def test_a_snare_hit_counts_as_a_ghost_note_the_more_the_softer_it_is() -> None:
    for velocity, share in ((0.1, 1.0), (0.4, 0.5), (0.8, 0.0)):
        loop = beat((Voice.SNARE, "x... x... x... x..."), (Voice.KICK, "x..." * 4), velocity=velocity)
        assert attributes(loop).ghosts == pytest.approx(share, abs=0.01)
    assert attributes(beat((Voice.KICK, "x..." * 4), velocity=0.1)).ghosts == 0


def test_a_fill_is_toms_and_crashes_in_the_last_half_bar() -> None:
    def with_toms(first: int) -> DrumLoop:
        arrays = np.zeros((3, STEPS, VOICES))
        for part, value in enumerate((1, 0.5)):
            arrays[part, ::2, Voice.CLOSED_HAT] = value
            arrays[part, first : first + 8 : 2, Voice.LOW_TOM] = value
        return DrumLoop.of(*arrays)

    assert attributes(with_toms(56)).fill == pytest.approx(0.5)
    assert attributes(with_toms(56)).toms == 0
    assert attributes(with_toms(40)).fill == 0
    assert attributes(with_toms(40)).toms == pytest.approx(4 / (28 + 4))


def test_ride_is_its_share_beside_the_hats() -> None:
    hats, ride = (Voice.CLOSED_HAT, "x.x. " * 4), (Voice.RIDE, ".... x.x. .... x.x.")
    assert attributes(beat(hats)).ride == 0
    assert attributes(beat(ride)).ride == 1
    assert attributes(beat(hats, ride)).ride == pytest.approx(1 / 3)
