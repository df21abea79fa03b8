"""What augmentation makes is still a loop, and where it is turned off it changes nothing."""

from __future__ import annotations

import pytest
import torch

from training.augment import Augmentation, Batch
from training.corpus import Loops

pytestmark = pytest.mark.training
OFF = Augmentation(rotate=0, borrow=0, splice=0, swap=0, silence=0, dynamics=0, touch=0, feel=0, timing=0)


@pytest.fixture
def batch(loops: Loops) -> Batch:
    torch.manual_seed(0)
    return Batch(
        *(torch.from_numpy(part).repeat(4, 1, 1) for part in (loops.hits, loops.velocities, loops.offsets))
    )


def only(**changes: float) -> Augmentation:
    return Augmentation(**{**{name: getattr(OFF, name) for name in OFF.__slots__}, **changes})


def test_turned_off_it_changes_nothing(batch: Batch) -> None:
    for before, after in zip(batch, OFF(batch), strict=True):
        torch.testing.assert_close(before, after)


def test_what_comes_out_is_a_loop(batch: Batch) -> None:
    hits, velocities, offsets = Augmentation(1, 1, 1, 1, 1, 0.5, 0.3, 0.3, 0.3)(batch)
    assert ((hits == 0) | (hits == 1)).all()
    assert ((velocities >= 0) & (velocities <= 1)).all()
    assert ((offsets >= -0.5) & (offsets < 0.5)).all()
    assert (velocities[hits == 0] == 0).all()
    assert (velocities[hits == 1] > 0).all()
    assert (offsets[hits == 0] == 0).all()


def test_rotation_turns_whole_bars(batch: Batch) -> None:
    after = only(rotate=1.0)(batch)
    turns = set()
    for index in range(len(batch.hits)):
        fits = [
            turn
            for turn in range(4)
            if all(
                torch.equal(a[index], b[index].roll(-16 * turn, dims=0))
                for a, b in zip(after, batch, strict=True)
            )
        ]
        assert fits
        turns.add(fits[0])
    assert turns == {0, 1, 2, 3}


def test_borrowing_takes_one_part_of_the_kit_from_another_loop(batch: Batch) -> None:
    after = only(borrow=1.0)(batch)
    parts = ({0}, {1}, {2, 3, 7, 8}, {4, 5, 6})
    for index in range(len(batch.hits)):
        changed = (batch.velocities[index] != after.velocities[index]).any(dim=0).nonzero().flatten()
        assert any(set(changed.tolist()) <= part for part in parts)
    assert not torch.equal(batch.hits, after.hits)


def test_splicing_takes_one_bar_from_another_loop(batch: Batch) -> None:
    after = only(splice=1.0)(batch)
    bars = (batch.velocities != after.velocities).reshape(len(batch.hits), 4, -1).any(dim=2)
    assert bars.sum(dim=1).max() == 1


def test_what_is_borrowed_makes_no_combination_that_cannot_be_played(batch: Batch) -> None:
    bits = 2 ** torch.arange(9)
    before = torch.unique(batch.hits.to(torch.int64) @ bits)
    playable = torch.zeros(512, dtype=torch.bool)
    playable[before] = True
    playable[before[-1]] = False
    torch.manual_seed(1)
    free = only(borrow=1.0)(batch)
    torch.manual_seed(1)
    after = only(borrow=1.0)(batch, playable)
    assert not torch.equal(after.hits, batch.hits)
    assert not torch.equal(after.hits, free.hits)
    borrowed = (after.hits != batch.hits).any(dim=2)
    assert playable[(after.hits.to(torch.int64) @ bits)[borrowed]].all()


def test_swapping_exchanges_hat_and_ride_and_nothing_else(batch: Batch) -> None:
    after = only(swap=1.0)(batch)
    order = [0, 1, 8, 3, 4, 5, 6, 7, 2]
    for before, found in zip(batch, after, strict=True):
        torch.testing.assert_close(found, before[:, :, order])


def test_silence_takes_out_one_voice_at_most(batch: Batch) -> None:
    after = only(silence=1.0)(batch)
    gone = (batch.hits != after.hits).any(dim=1).sum(dim=1)
    assert gone.max() == 1
    assert (after.hits <= batch.hits).all()


def test_full_velocity_stays_full(batch: Batch) -> None:
    velocities = torch.where(batch.velocities > 0.6, 1.0, batch.velocities)
    after = only(dynamics=0.5, touch=0.1)(Batch(batch.hits, velocities, batch.offsets))
    assert (velocities == 1).any()
    assert (after.velocities[velocities == 1] == 1).all()
    assert not torch.equal(after.velocities, velocities)


def test_dynamics_scale_a_loop_as_a_whole(batch: Batch) -> None:
    quiet = Batch(batch.hits, batch.velocities * 0.2, batch.offsets)
    after = only(dynamics=0.2)(quiet)
    for index in range(len(quiet.hits)):
        played = quiet.hits[index] == 1
        factor = after.velocities[index][played] / quiet.velocities[index][played]
        torch.testing.assert_close(factor, factor[:1].expand_as(factor), rtol=1e-3, atol=1e-3)
