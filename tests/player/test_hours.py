"""Ten hours of a player's life, simulated: nothing hangs, doubles, drifts or grows."""

from __future__ import annotations

import multiprocessing

import pytest

from benchmarks.hours.life import Life, a_pool
from benchmarks.hours.many import live, lives
from benchmarks.hours.score import Broken
from benchmarks.hours.wire import WireOut
from bridge.player import midi

CI_HOURS = 10
SEED = 1


def test_ten_hours_of_anything_leave_every_note_closed_in_its_place_and_counted() -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        lived = pool.map(live, lives(SEED, CI_HOURS), chunksize=1)
        pool.close()
        pool.join()
    stories = [each.story for each in lived if each.story is not None]
    assert not stories, stories[0]
    assert sum(each.hours for each in lived) >= CI_HOURS
    assert sum(each.counts["sixteenths"] for each in lived) > 20_000


def a_life() -> Life:
    return Life("a short one", a_pool())


def test_the_same_seed_is_the_same_life() -> None:
    first, second = a_life(), a_life()
    first.run(0.02)
    second.run(0.02)
    assert first.counts == second.counts
    assert list(first.told) == list(second.told)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("a note-off is swallowed", "struck while it sounds|hangs|sound"),
        ("a note-on is swallowed", "silent|should be|counted"),
        ("a note is sent twice", "struck"),
        ("a clock is swallowed", "clock of"),
        ("a note is a millisecond late", "is due|silent"),
    ],
)
def test_a_player_that_breaks_its_promise_is_found_out(
    monkeypatch: pytest.MonkeyPatch, broken: str, why: str
) -> None:
    send = WireOut.send
    count = 0

    def worse(wire: WireOut, message: bytes, due_ns: int) -> None:
        nonlocal count
        struck = midi.key_struck(message)
        kind = "clock" if message == midi.CLOCK else "on" if struck and struck[1] else "off" if struck else ""
        count += kind == ("off" if "note-off" in broken else "clock" if "clock" in broken else "on")
        if count < 200 or count % 40:
            send(wire, message, due_ns)
            return
        count += 1  # every fortieth, that is: some are broken where anything may happen
        if "swallowed" in broken:
            return
        send(wire, message, due_ns + 1_000_000 * ("late" in broken))
        if "twice" in broken:
            send(wire, message, due_ns)

    monkeypatch.setattr(WireOut, "send", worse)
    with pytest.raises(Broken, match=why):
        a_life().run(0.5)


def test_what_is_lost_in_an_xrun_is_no_promise_broken() -> None:
    life = a_life()
    life.run(0.3)
    assert life.counts["lost"] > 0
