"""Swaps and the mix under a simulated clock: what is heard from where on, to the tick."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.groove import DrumLoop, Voice
from bridge.groove.notes import LOOP_TICKS, TICKS_PER_BAR, TICKS_PER_STEP, loop_hits, loop_notes
from bridge.player.ahead import LOOKAHEAD_NS, REVISE_NS
from bridge.player.messages import (
    Anchor,
    LoopPlaying,
    Motion,
    PlayerConfig,
    SetLoop,
    SetTempo,
    SetVoicing,
    Start,
    Stop,
    SwapAt,
)
from bridge.player.voicing import Voicing
from bridge.timing import next_boundary
from tests.player.support import MS, Note, Rig, notes_of, random_loop, voicings

BPM = 120.0
NS_PER_TICK = 60e9 / (960 * BPM)
GRID = {SwapAt.STEP: TICKS_PER_STEP, SwapAt.BAR: TICKS_PER_BAR, SwapAt.LOOP: LOOP_TICKS}
DRUMS = 9 << 7
OUT = Voicing().notes


class Song(Rig):
    """A player that rolls from beat 1, with positions in place of times."""

    def __init__(self, loop: DrumLoop, config: PlayerConfig | None = None) -> None:
        super().__init__(config)
        self.ahead_ns = round((config or PlayerConfig()).latency_ms * MS)
        self.do(SetLoop(loop, 1), Start())
        self.began_ns = next(each for each in self.told(Anchor) if each.motion is Motion.ROLLING).at_ns

    @property
    def soonest_ticks(self) -> float:
        """From where on what is asked for now can be heard, as the engine promises."""
        earliest_ns = self.clock.ns + self.port.lead_ns + REVISE_NS
        return max(0, earliest_ns + self.ahead_ns - self.began_ns) / NS_PER_TICK

    def heard(self) -> list[Note]:
        """Stop; all notes in song ticks, in order. The stop itself may cut the last ones."""
        self.do(Stop())
        return [
            Note(self.ticks(note.on), self.ticks(note.off), note.key, note.velocity)
            for note in notes_of([each for each in self.port.in_order() if each[1][0] < 0xF0])
        ]

    def ticks(self, at_ns: int) -> int:
        """The place in the song of a note that went out then."""
        return round((at_ns + self.ahead_ns - self.began_ns) / NS_PER_TICK)


def struck(notes: Sequence[Note], until: float = math.inf) -> list[tuple[int, int, int]]:
    return sorted((note.on, note.key & 127, note.velocity) for note in notes if note.on < until)


@pytest.mark.parametrize("at", GRID)
@pytest.mark.parametrize("asked_ms", [10, 1950, 1985, 1995, 2001, 3900, 7950, 7985, 7999])
def test_a_swap_comes_at_the_first_boundary_that_is_beyond_the_lead(at: SwapAt, asked_ms: int) -> None:
    old, new = random_loop(5, feel=0), random_loop(6, feel=0)
    song = Song(old)
    song.run_ms(asked_ms)
    boundary = next_boundary(song.soonest_ticks, GRID[at])
    song.do(SetLoop(new, 2, at))
    song.run_ms(18_000)
    assert song.loops_played() == [(0, 1), (boundary, 2)]
    expected = [
        (turn + note.start_ticks, note.note, note.velocity)
        for turn in range(0, 9 * TICKS_PER_BAR, LOOP_TICKS)
        for loop in (old, new)
        for note in loop_notes(loop)
        if (turn + note.cell_ticks < boundary) is (loop is old)
    ]
    assert struck(song.heard(), 8 * TICKS_PER_BAR) == sorted(
        each for each in expected if each[0] < 8 * TICKS_PER_BAR
    )
    assert not song.port.late


def played_now(old: DrumLoop, new: DrumLoop, change: float, until: int) -> list[tuple[int, int, int]]:
    """What a swap at `change` sounds like: the rest of each cell is the new loop's."""
    found: list[tuple[int, int, int]] = []
    for turn in range(0, until + LOOP_TICKS, LOOP_TICKS):
        cells: dict[int, dict[int, tuple[int, int]]] = {}
        for cell, voice, start, velocity in loop_hits(old):
            if (start := max(turn + start, 0)) < change:
                cells.setdefault(turn + cell, {})[voice] = start, velocity
        for cell, voice, start, velocity in loop_hits(new):
            cell, start = turn + cell, turn + start
            start = cell if start < change else start
            if start >= change:
                cells.setdefault(cell, {}).setdefault(voice, (start, velocity))
        found += [
            (start, OUT[voice], velocity)
            for hits in cells.values()
            for voice, (start, velocity) in hits.items()
            if start < until
        ]
    return sorted(found)


@given(st.integers(0, 99), st.floats(1, 9000))
@settings(max_examples=50, deadline=None)
def test_a_swap_now_goes_on_in_the_middle_of_the_step_from_the_new_loop(seed: int, asked_ms: float) -> None:
    old, new = random_loop(seed, density=0.4), random_loop(seed + 1, density=0.4)
    song = Song(old)
    song.run_ms(asked_ms)
    change = song.soonest_ticks
    song.do(SetLoop(new, 2, SwapAt.NOW))
    song.run_ms(1000)
    until = song.ticks(song.clock.ns)
    heard = song.heard()
    assert struck(heard, until) == played_now(old, new, change, until)
    assert all(note.off <= math.ceil(change) + 1 for note in heard if note.on < change)
    ((_, first), (told_ticks, second)) = song.loops_played()
    assert (first, second) == (1, 2)
    assert change - 1 <= told_ticks <= change + TICKS_PER_STEP
    assert not song.port.late


def test_a_swap_now_is_told_when_it_is_heard() -> None:
    song = Song(random_loop(1))
    song.run_ms(1000)
    asked_ns = song.clock.ns
    song.do(SetLoop(random_loop(2), 2, SwapAt.NOW))
    assert song.told(LoopPlaying)[-1].loop_id == 1
    while song.told(LoopPlaying)[-1].loop_id == 1:
        song.run_ms(0.1)
    told_after_ns = song.clock.ns - asked_ns
    assert song.port.lead_ns + REVISE_NS <= told_after_ns <= song.port.lead_ns + REVISE_NS + 130 * MS
    assert song.engine.stats().swaps == 1


def hits(*cells: tuple[Voice, int, float], offset: float = 0.0) -> DrumLoop:
    """A loop of these hits (voice, step, velocity), all of them off the grid by so much of a step."""
    struck = [[0.0] * 9 for _ in range(64)]
    for voice, step, velocity in cells:
        struck[step][voice] = velocity
    return DrumLoop.of([[each > 0 for each in row] for row in struck], struck, [[offset] * 9] * 64)


def at_step(song: Song, step: int, ms: float) -> None:
    """Let the song come to `ms` after a step."""
    song.run_ms((song.began_ns + step * TICKS_PER_STEP * NS_PER_TICK - song.clock.ns) / MS + ms)


def test_what_the_old_loop_left_sounding_ends_at_once_at_a_swap_now() -> None:
    song = Song(hits((Voice.CRASH, 4, 0.8)))
    at_step(song, 4, 10)
    change = song.soonest_ticks
    song.do(SetLoop(hits((Voice.KICK, 20, 0.8)), 2, SwapAt.NOW))
    song.run_ms(300)
    (note,) = song.heard()
    assert note == Note(4 * TICKS_PER_STEP, round(change), DRUMS | 49, 102)


def test_a_loop_for_another_block_cuts_nothing_now() -> None:
    song = Song(hits((Voice.CRASH, 4, 0.8)))
    at_step(song, 4, 10)
    song.do(SetLoop(random_loop(3), 2, SwapAt.NOW, block=5))
    song.run_ms(300)
    assert [note.off - note.on for note in song.heard()] == [TICKS_PER_STEP // 2]


def test_a_new_closed_hat_ends_the_old_open_one() -> None:
    late = hits((Voice.OPEN_HAT, 4, 0.8), offset=0.45)
    song = Song(late)
    at_step(song, 4, 30)
    song.do(SetLoop(hits((Voice.CLOSED_HAT, 5, 0.8), offset=-0.25), 2, SwapAt.STEP))
    song.run_ms(500)
    opened, closed = song.heard()
    assert (opened.key & 127, closed.key & 127) == (46, 42)
    assert opened.off == closed.on == 5 * TICKS_PER_STEP - 60


def test_a_loop_that_waits_goes_on_waiting_while_the_mix_changes() -> None:
    song = Song(random_loop(1))
    song.run_ms(500)
    song.do(SetLoop(random_loop(2), 2, SwapAt.LOOP))
    for voice in range(9):
        song.do(SetVoicing(Voicing(muted=tuple(each == voice for each in range(9)))))
        song.run_ms(700)
    song.run_ms(3000)
    assert song.loops_played() == [(0, 1), (LOOP_TICKS, 2)]


def test_a_voice_that_is_muted_while_it_sounds_is_closed_at_once() -> None:
    song = Song(hits((Voice.CRASH, 4, 0.8), (Voice.RIDE, 4, 0.8)))
    at_step(song, 4, 10)
    change = song.soonest_ticks
    song.do(SetVoicing(Voicing(soloed=tuple(voice == Voice.RIDE for voice in Voice))))
    song.run_ms(300)
    crash, ride = song.heard()
    assert (crash.key & 127, ride.key & 127) == (49, 51)
    assert crash.off == round(change)
    assert ride.off == 4 * TICKS_PER_STEP + TICKS_PER_STEP // 2


def test_a_voice_that_moves_while_it_sounds_is_closed_where_it_was_struck() -> None:
    song = Song(hits((Voice.KICK, 4, 0.8), (Voice.KICK, 5, 0.8)))
    at_step(song, 4, 10)
    song.do(SetVoicing(Voicing((60, *OUT[1:]), channel=2)))
    song.run_ms(400)
    first, second = song.heard()
    assert (first.key, second.key) == (DRUMS | 36, 2 << 7 | 60)
    assert first.off == 4 * TICKS_PER_STEP + TICKS_PER_STEP // 2


def test_an_unmuted_voice_is_back_with_the_next_note_that_is_not_out() -> None:
    song = Song(hits(*((Voice.KICK, step, 0.8) for step in range(64))))
    song.do(SetVoicing(Voicing(muted=(True,) * 9)))
    song.run_ms(1030)
    change = song.soonest_ticks
    song.do(SetVoicing(Voicing()))
    song.run_ms(600)
    assert song.heard()[0].on == next_boundary(change, TICKS_PER_STEP)


def test_where_two_voices_share_a_note_the_louder_sounds_after_its_trim() -> None:
    song = Song(hits((Voice.LOW_TOM, 4, 0.8), (Voice.MID_TOM, 4, 0.5)))
    song.do(SetVoicing(Voicing((*OUT[:4], 45, 45, *OUT[6:]), trims=(1, 1, 1, 1, 0.5, 1, 1, 1, 1))))
    song.run_ms(1000)
    assert [(note.key & 127, note.velocity) for note in song.heard()] == [(45, 64)]


def test_a_shared_note_is_closed_by_the_voice_that_struck_it_last() -> None:
    loop = DrumLoop.of(
        [[(s, v) in ((4, 4), (4, 5)) for v in range(9)] for s in range(64)],
        [[0.8] * 9] * 64,
        [[0.25 if v == 5 else 0.0 for v in range(9)] for _ in range(64)],
    )
    song = Song(loop, PlayerConfig(voicing=Voicing((*OUT[:4], 45, 45, *OUT[6:]))))
    song.run_ms(1000)
    step = 4 * TICKS_PER_STEP
    assert [(note.on, note.off) for note in song.heard()] == [(step, step + 60), (step + 60, step + 180)]


def test_the_clock_that_others_follow_runs_on_through_swaps_and_mixes() -> None:
    song = Song(random_loop(1, density=0.4), PlayerConfig(send_clock=True))
    for number in range(2, 300):
        song.run_ms(7.3)
        song.do(SetLoop(random_loop(number % 5), number, SwapAt.NOW) if number % 2 else SetVoicing(Voicing()))
    song.do(Stop())
    out = [(due, message) for due, message in song.port.in_order() if message[0] >= 0xF0]
    assert [message for _, message in out[1:-1]] == [b"\xf8"] * (len(out) - 2)
    beats = [due for due, _ in out[1:-1]]
    assert beats == [song.began_ns + round(n * 40 * NS_PER_TICK) for n in range(len(beats))]


def test_a_swap_just_after_a_new_tempo_tears_nothing() -> None:
    loop = hits(*((Voice.KICK, step, 0.8) for step in range(64)))
    for bpm in (400.0, 20.0):
        song = Song(loop)
        song.run_ms(1010)
        song.do(SetTempo(bpm), SetVoicing(Voicing()), SetLoop(loop, 2, SwapAt.NOW))
        song.run_ms(2000)
        song.do(Stop())
        ons = [note.on for note in notes_of(song.port.in_order())]
        step_ns = 60e9 / bpm / 4
        gaps = [later - earlier for earlier, later in pairwise(ons)]
        slow, fast = sorted((125 * MS, step_ns))
        assert all(slow - 1 <= gap <= fast + 1 for gap in gaps), gaps
        assert not song.port.late


_CHANGES = st.one_of(
    st.tuples(st.sampled_from(SwapAt), st.integers(0, 9)),
    voicings(),
)


@given(
    st.lists(st.tuples(_CHANGES, st.floats(0, 60) | st.floats(0, 700)), max_size=12),
    st.booleans(),
    st.sampled_from((0.0, 0.0, 37.0, -60.0)),
)
@settings(max_examples=80, deadline=None)
def test_each_step_is_the_loop_and_the_mix_of_its_moment(
    script: list[tuple[tuple[SwapAt, int] | Voicing, float]], grips: bool, latency_ms: float
) -> None:
    """All hits on the grid, so a step is one moment: the reports say which loop, the mix is the last one."""
    song = Song(random_loop(0, density=0.4, feel=0), PlayerConfig(latency_ms=latency_ms))
    song.port.grip_ns = song.port.lead_ns if grips else 0
    loops = {1: random_loop(0, density=0.4, feel=0)}
    mixes: list[tuple[float, Voicing]] = [(0.0, Voicing())]
    song.run_ms(20)
    for number, (change, wait_ms) in enumerate(script, start=2):
        if isinstance(change, Voicing):
            mixes.append((song.soonest_ticks, change))
            song.do(SetVoicing(change))
        else:
            at, seed = change
            loops[number] = random_loop(seed, density=0.4, feel=0)
            song.do(SetLoop(loops[number], number, at))
        song.run_ms(wait_ms)
    song.run_ms(300)
    end, told = song.ticks(song.clock.ns), song.loops_played()
    heard = song.heard()
    expected: set[tuple[int, int, int]] = set()
    for cell in range(0, end, TICKS_PER_STEP):
        loop = loops[[loop_id for ticks, loop_id in told if ticks <= cell][-1]]
        mix = [mix for ticks, mix in mixes if ticks <= cell][-1]
        expected |= step_of(loop, mix, cell)
    assert {(note.on, note.key, note.velocity) for note in heard if note.on < end} == expected
    # A "now" right after a note-on cuts that note short: less than a tick, which is 0 in whole ones.
    assert all(0 <= note.off - note.on <= TICKS_PER_STEP // 2 for note in heard if note.off < end)
    assert not song.port.late


def step_of(loop: DrumLoop, mix: Voicing, cell: int) -> set[tuple[int, int, int]]:
    """What a step of a loop without feel sounds like: of voices that share a note, the loudest."""
    step = cell // TICKS_PER_STEP % 64
    loudest: dict[int, int] = {}
    for voice in range(9):
        if loop.hits[step, voice] and mix.heard(voice):
            velocity = mix.velocity(voice, min(127, max(1, round(127 * float(loop.velocities[step, voice])))))
            loudest[mix.key(voice)] = max(velocity, loudest.get(mix.key(voice), 0))
    return {(cell, key, velocity) for key, velocity in loudest.items()}


def test_what_the_port_would_send_in_the_next_40_ms_is_revised_too() -> None:
    song = Song(hits(*((Voice.KICK, step, 0.8) for step in range(64))))
    at_step(song, 8, -(song.port.lead_ns + REVISE_NS) / MS - 0.01)
    assert song.port.in_order()[-2][0] < song.clock.ns + song.port.lead_ns + LOOKAHEAD_NS
    song.do(SetLoop(hits((Voice.SNARE, 8, 0.8)), 2, SwapAt.STEP))
    song.run_ms(400)
    assert [note.key & 127 for note in song.heard()] == [36] * 8 + [38]


def test_an_early_hit_of_the_new_loop_s_first_step_is_early_though_that_was_handed_over_already() -> None:
    hits, early = np.zeros((64, 9)), np.zeros((64, 9))
    hits[16, Voice.KICK], early[16, Voice.KICK] = 1, -0.2
    song = Song(DrumLoop.empty())
    song.run_ms((song.began_ns - song.clock.ns) / MS + TICKS_PER_BAR * NS_PER_TICK / MS - 40)
    song.do(SetLoop(DrumLoop.of(hits, hits, early), 2, SwapAt.BAR))
    song.run_ms(300)
    assert [note.on for note in song.heard()] == [pytest.approx(TICKS_PER_BAR - 0.2 * TICKS_PER_STEP, abs=1)]
