"""A jittery clock becomes a smooth line: figures under a simulated clock, one set of parameters."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.timing import BeatMap, ClockFollower, Lock

BEAT = 24
START_NS = 1_000_000_000


def periods(bpm_by_beat: list[float]) -> list[float]:
    """A sender's clock periods in ns, one tempo for each beat."""
    return [60e9 / BEAT / bpm for bpm in bpm_by_beat for _ in range(BEAT)]


def times(of: list[float]) -> list[int]:
    moments = [float(START_NS)]
    for period in of:
        moments.append(moments[-1] + period)
    return [round(moment) for moment in moments]


def follow(true: list[int], heard: dict[int, int]) -> list[float]:
    """The follower's error in ms at each true clock, by the line that it had just before it."""
    follower = ClockFollower()
    arrivals = sorted(heard.values())
    errors, fed = [], 0
    for clock, time in enumerate(true):
        while fed < len(arrivals) and arrivals[fed] < time:
            follower.tick(arrivals[fed])
            fed += 1
        line = follower.line
        errors.append(0.0 if line is None else (line.to_ns(clock) - time) / 1e6)
    return errors


def jittered(true: list[int], deviation_ms: float, seed: int) -> dict[int, int]:
    chance = random.Random(seed)
    return {clock: time + round(chance.gauss(0, deviation_ms) * 1e6) for clock, time in enumerate(true)}


def p99(errors: list[float]) -> float:
    return sorted(abs(error) for error in errors)[int(0.99 * len(errors))]


def test_an_exact_clock_is_followed_exactly() -> None:
    true = times(periods([120] * 20))
    assert max(map(abs, follow(true, dict(enumerate(true)))[3:])) < 0.001


@pytest.mark.parametrize(("deviation_ms", "goal_ms"), [(1, 0.5), (3, 1.5)])
def test_jitter_is_averaged_away_at_a_steady_tempo(deviation_ms: float, goal_ms: float) -> None:
    true = times(periods([120] * 120))
    errors = follow(true, jittered(true, deviation_ms, 1))
    assert p99(errors[8 * BEAT :]) <= goal_ms


@pytest.mark.parametrize("bpm", [20, 60, 240, 400])
def test_the_whole_range_of_tempos_is_followed(bpm: float) -> None:
    true = times(periods([bpm] * 40))
    assert p99(follow(true, jittered(true, 1, 2))[8 * BEAT :]) <= 0.6


def test_ticks_that_come_10_ms_late_move_nothing() -> None:
    true = times(periods([120] * 60))
    heard = jittered(true, 1, 3)
    chance = random.Random(4)
    heard = {clock: at + 10_000_000 * (chance.random() < 0.05) for clock, at in heard.items()}
    assert p99(follow(true, heard)[8 * BEAT :]) <= 0.6


def test_lost_ticks_are_counted_all_the_same() -> None:
    true = times(periods([120] * 60))
    chance = random.Random(5)
    heard = {n: at for n, at in jittered(true, 1, 5).items() if n < BEAT or chance.random() > 0.01}
    assert p99(follow(true, heard)[8 * BEAT :]) <= 0.6


@pytest.mark.parametrize("bpm", [150, 180, 240])
def test_a_lost_tick_that_nobody_noticed_amid_jitter_is_counted_by_and_by(bpm: float) -> None:
    true = times(periods([bpm] * 20))
    right = 0
    for seed in range(24):
        heard = {n: at for n, at in jittered(true, 3, seed).items() if n != 300}
        right += max(map(abs, follow(true, heard)[-BEAT:])) < 0.5 * 60e3 / BEAT / bpm
    assert right >= 22


def test_ticks_that_were_counted_late_leave_the_line_in_its_place() -> None:
    true = times(periods([240] * 20))
    for seed in range(12):
        follower = ClockFollower()
        behind = False
        for n, at in sorted(jittered(true, 3, seed).items(), key=lambda tick: tick[1]):
            if n == 300:
                continue
            follower.tick(at)
            back = behind and follower.number == n
            behind = n > 308 and follower.number == n - 1
            if back:
                assert follower.line is not None
                assert abs(follower.line.to_ns(n) - true[n]) < 0.5 * 60e9 / BEAT / 240


def test_a_song_that_has_begun_is_not_moved_by_ticks_that_were_lost_before() -> None:
    true = times(periods([240] * 20))
    for seed in range(24):
        follower = ClockFollower()
        begins, begun = 306 + seed % 10, 0
        for n, at in sorted(jittered(true, 3, seed).items(), key=lambda tick: tick[1]):
            if n != 300:
                follower.tick(at, first=n == begins)
            if n == begins:
                begun = follower.number
        assert follower.number - begun == len(true) - 1 - begins


@pytest.mark.parametrize(("before", "after"), [(372, 281), (120, 100)])
def test_a_song_that_has_begun_is_not_moved_by_second_thoughts_of_what_was_before(
    before: float, after: float
) -> None:
    true = times(periods([before] * 12 + [after] * 8))
    for seed in range(40):
        follower = ClockFollower()
        begins, begun = 12 * BEAT + 14 + seed % 10, 0
        for n, at in enumerate(sorted(jittered(true, 3, seed).values())):
            follower.tick(at, first=n == begins)
            if n == begins:
                begun = follower.number
        assert follower.number - begun == len(true) - 1 - begins


@pytest.mark.parametrize("lost", [1, 2, 3, 5])
def test_a_tick_lost_before_the_tempo_is_known_is_counted(lost: int) -> None:
    true = times(periods([120] * 8))
    heard = {n: at for n, at in jittered(true, 1, 7).items() if n != lost}
    assert max(map(abs, follow(true, heard)[2 * BEAT :])) <= 2


@pytest.mark.parametrize("bpm", [60, 120, 240])
def test_a_beat_of_lost_ticks_is_ridden_through(bpm: float) -> None:
    true = times(periods([bpm] * 30))
    heard = {n: at for n, at in jittered(true, 1, 6).items() if not 400 <= n < 424}
    assert max(map(abs, follow(true, heard)[8 * BEAT :])) <= 2


def test_a_doubled_tick_is_counted_once() -> None:
    true = times(periods([120] * 30))
    heard = dict(enumerate(true)) | {10_000: true[300] + 100_000}
    assert max(map(abs, follow(true, heard)[8 * BEAT :])) <= 0.5


@pytest.mark.parametrize(("before", "after"), [(120.0, 140.0), (140.0, 120.0)])
def test_a_ramp_of_20_bpm_in_4_bars_is_tracked(before: float, after: float) -> None:
    ramp = [before + (after - before) * (clock + 0.5) / 384 for clock in range(384)]
    true = times(periods([before] * 16) + [60e9 / BEAT / bpm for bpm in ramp] + periods([after] * 16))
    for seed in range(2):
        assert max(map(abs, follow(true, jittered(true, 1, seed))[12 * BEAT :])) <= 4


@pytest.mark.parametrize(("before", "after"), [(120.0, 140.0), (140.0, 120.0), (60.0, 240.0), (240.0, 60.0)])
def test_a_step_is_followed_within_a_beat(before: float, after: float) -> None:
    true = times(periods([before] * 16 + [after] * 16))
    for seed in range(2):
        assert max(map(abs, follow(true, jittered(true, 1, seed))[17 * BEAT :])) <= 3


@pytest.mark.parametrize(("before", "after"), [(125, 144), (144, 125), (90, 100), (100, 90)])
def test_a_new_tempo_amid_jitter_is_hardly_ever_taken_for_lost_or_doubled_ticks(
    before: float, after: float
) -> None:
    true = times(periods([before] * 16 + [after] * 8))
    ends = [follow(true, jittered(true, 3, seed))[-1] for seed in range(12)]
    assert sum(abs(end) > 8 for end in ends) <= 1  # what half a clock is at 3 ms of jitter


@pytest.mark.parametrize(("before", "after"), [(372, 281), (200, 150), (120, 100), (380, 180)])
def test_what_seemed_lost_ticks_at_first_is_known_for_a_new_tempo_a_beat_later(
    before: float, after: float
) -> None:
    true = times(periods([before] * 12 + [after] * 8))
    wrong = 0
    for seed in range(24):
        errors = follow(true, jittered(true, 3, seed))
        clock_ms = 60e3 / BEAT
        was = round(errors[12 * BEAT - 1] * before / clock_ms)
        wrong += round(errors[-1] * after / clock_ms) != was
    assert wrong <= 2


def test_a_fast_clock_that_jitters_by_half_its_period_is_counted_from_its_first_tick() -> None:
    true = times(periods([390] * 8))
    ends = [follow(true, jittered(true, 3, seed))[-1] for seed in range(24)]
    assert sum(abs(end) > 4 for end in ends) <= 2


@pytest.mark.parametrize(("bpm", "deviation_ms"), [(120, 3), (392, 1)])
def test_a_clean_clock_that_begins_to_jitter_keeps_its_count(bpm: float, deviation_ms: float) -> None:
    true = times(periods([bpm] * 16))
    wrong = 0
    for seed in range(24):
        heard = {clock: at for clock, at in jittered(true, deviation_ms, seed).items() if clock > 8 * BEAT}
        end = follow(true, dict(enumerate(true)) | heard)[-1]
        wrong += abs(end) > 0.6 * 60e3 / BEAT / bpm
    assert wrong <= 1


def test_a_stalled_sender_goes_on_at_its_own_count() -> None:
    stall_ns = 218_750_000  # ten and a half clocks: no number of lost ones explains that
    true = times(periods([120] * 20))
    true = true[:241] + [time + stall_ns for time in true[241:]]
    errors = follow(true, dict(enumerate(true)))
    assert max(map(abs, errors[260:])) < 0.1


def test_a_stalled_sender_keeps_its_count_amid_jitter() -> None:
    true = times(periods([180] * 16))
    true = true[:201] + [time + round(3.5 * (true[1] - true[0])) for time in true[201:]]
    ends = [follow(true, jittered(true, 1.5, seed))[-1] for seed in range(12)]
    assert sum(abs(end) > 7 for end in ends) <= 1


def test_a_flood_never_runs_the_tempo_away() -> None:
    follower = ClockFollower()
    true = times(periods([120] * 12))
    for time in true:
        follower.tick(time)
    for n in range(100_000):
        follower.tick(true[-1] + n * 100_000)
    line = follower.line
    assert line is not None
    assert line.ns_per_tick == pytest.approx(60e9 / BEAT / 120, rel=0.001)
    assert abs(follower.number - len(true)) < 10
    assert follower.state(true[-1] + 10_000_000_000).kind is Lock.LOST


def test_the_states_follow_what_is_heard() -> None:
    follower = ClockFollower()
    true = times(periods([120] * 2))
    assert follower.state(0).kind is Lock.WAITING
    follower.tick(true[0])
    assert follower.state(true[0]).kind is Lock.LOCKING
    for time in true[1:12]:
        follower.tick(time)
    state = follower.state(true[11])
    assert state.kind is Lock.LOCKED
    assert state.bpm == pytest.approx(120, abs=0.01)
    assert state.phase_ms == pytest.approx(0, abs=0.01)
    assert follower.next_tick_ns() == pytest.approx(true[12], abs=1000)
    assert follower.state(true[11] + 600_000_000).kind is Lock.LOST


def test_a_late_tick_beside_a_lost_one_is_no_change_of_tempo() -> None:
    true = times(periods([120] * 30))
    for late in range(401, 406):
        heard = {n: at for n, at in jittered(true, 1, 8).items() if n != 400}
        heard[late] += 10_000_000
        assert max(map(abs, follow(true, heard)[8 * BEAT :])) <= 2


def test_noise_losses_and_late_ticks_never_run_the_tempo_or_the_count_away() -> None:
    true = times(periods([120] * 600))
    chance = random.Random(10)
    heard = {
        n: at + 10_000_000 * (chance.random() < 0.05)
        for n, at in jittered(true, 1, 10).items()
        if n < BEAT or chance.random() > 0.01
    }
    errors = follow(true, heard)
    assert max(map(abs, errors[8 * BEAT :])) <= 4


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.one_of(st.just(20_833_333), st.integers(0, 200_000_000), st.integers(0, 5_000_000_000)),
        max_size=200,
    ),
    st.lists(st.booleans(), min_size=1, max_size=7),
)
def test_whatever_arrives_the_tempo_is_legal_and_the_numbers_make_sense(
    gaps: list[int], first: list[bool]
) -> None:
    follower = ClockFollower()
    now = 0
    lines: list[BeatMap] = []
    for n, gap in enumerate(gaps):
        now += gap
        follower.tick(now, first=first[n % len(first)])
        if follower.line is not None:
            lines.append(follower.line)
            assert 19.5 <= 60e9 / BEAT / follower.line.ns_per_tick <= 409
        assert follower.number >= 0
        assert follower.state(now).kind in Lock
    assert all(before.origin_ticks <= after.origin_ticks + 200 for before, after in pairwise(lines))
