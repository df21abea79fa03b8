"""The timeline: bar n of a song is the same drums in a bounce, a performance, and after any way there."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.files import FileWriteError
from bridge.groove.notes import LOOP_TICKS, TICKS_PER_BAR, TICKS_PER_STEP, loop_notes
from bridge.model import Settings
from bridge.player.messages import Anchor, Motion, PlayerConfig, SetLoop, SetTempo, Start, Stop
from bridge.studio.bounce import bounce
from tests.player.support import Note, Rig, notes_of, recorded
from tests.studio.conftest import Desk, SmallModel

BARS = 24
SETTINGS = Settings(seed=5, index=2)


def bounced(folder: Path, config: PlayerConfig, *, evolve: bool) -> list[Note]:
    """The notes of a bounce, in ticks of the song."""
    path = bounce(SmallModel(), replace(config, record=str(folder / "song.mid")), SETTINGS, evolve=evolve)
    return notes_of(recorded(mido.MidiFile(path)))


def in_bar(notes: list[Note], bar: int) -> list[tuple[int, int, int]]:
    """(ticks in the bar, key, velocity) of the notes of a bar.

    Left out is what lies within half a step of its bar lines: an early hit of the first step sounds on the
    beat where the song begins with it, and before it elsewhere.
    """
    first = bar * TICKS_PER_BAR
    begin, end = first + TICKS_PER_STEP // 2, first + TICKS_PER_BAR - TICKS_PER_STEP // 2
    return [(note.on - first, note.key, note.velocity) for note in notes if begin <= note.on < end]


@pytest.mark.parametrize("evolve", [False, True])
def test_a_bounce_is_the_loops_of_its_blocks_note_for_note(tmp_path: Path, evolve: bool) -> None:
    notes = bounced(tmp_path, PlayerConfig(bars=BARS), evolve=evolve)
    model = SmallModel()
    expected = [
        (block * LOOP_TICKS + note.start_ticks, 9 << 7 | note.note, note.velocity)
        for block in range(BARS // 4)
        for note in loop_notes(model.loop(replace(SETTINGS, index=2 + (block if evolve else 0))))
    ]
    assert [(note.on, note.key, note.velocity) for note in notes] == sorted(expected)


def test_a_bounce_ends_with_its_last_bar(tmp_path: Path) -> None:
    bounced(tmp_path, PlayerConfig(bars=7, bpm=20), evolve=True)
    song = mido.MidiFile(tmp_path / "song.mid")
    assert sum(message.time for message in song.tracks[0]) == 7 * TICKS_PER_BAR
    assert song.ticks_per_beat == 960


@given(st.integers(0, 10**9), st.booleans())
@settings(max_examples=15, deadline=None)
def test_after_rewinds_loops_and_stops_every_bar_is_that_of_the_bounce(
    tmp_path_factory: pytest.TempPathFactory, seed: int, evolve: bool
) -> None:
    whole = bounced(tmp_path_factory.mktemp("bounce"), PlayerConfig(bars=BARS), evolve=evolve)
    chance, model = random.Random(seed), SmallModel()
    rig = Rig()
    rig.do(SetLoop(model.loop(SETTINGS), 1))
    for block in range(1, BARS // 4 if evolve else 1):
        rig.do(SetLoop(model.loop(replace(SETTINGS, index=2 + block)), 1 + block, block=block))
    for _ in range(3):
        first, bars, bpm = chance.randrange(BARS - 4), chance.randrange(1, 5), chance.choice([70, 120, 400])
        rig.reports.clear()
        rig.port.sent.clear()
        rig.do(SetTempo(bpm), Start(first * TICKS_PER_BAR))
        rig.run_ms(bars * 4 * 60_000 / bpm + 60)
        rig.do(Stop())
        rig.run_ms(60)
        line = next(each for each in rig.told(Anchor) if each.motion is Motion.ROLLING)
        per_tick = 60e9 / (960 * bpm)
        again = [
            replace(note, on=first * TICKS_PER_BAR + round((note.on - line.at_ns) / per_tick))
            for note in notes_of(rig.port.in_order())
        ]
        for bar in range(first, first + bars):
            assert in_bar(again, bar) == in_bar(whole, bar)
            assert in_bar(again, bar)


def test_a_song_that_begins_far_off_begins_with_that_blocks_drums() -> None:
    desk = Desk(evolve=True)
    try:
        desk.link.wait_for_loops(3)
        desk.studio.play(40 * TICKS_PER_BAR)
        sent = [command for command in desk.link.commands if isinstance(command, SetLoop | Start)]
        assert any(
            isinstance(command, SetLoop) and command.block == 10
            for command in sent[: sent.index(Start(40 * TICKS_PER_BAR))]
        )
    finally:
        desk.studio.close()


def test_another_studio_gives_its_player_the_same_blocks() -> None:
    def blocks() -> dict[int | None, object]:
        desk = Desk(evolve=True)
        try:
            desk.link.wait_for_loops(3)
            desk.studio.play(12 * TICKS_PER_BAR)
            desk.link.wait_for_loops(6)
            return {command.block: command.loop for command in desk.link.loops()}
        finally:
            desk.studio.close()

    first, second = blocks(), blocks()
    assert first == second
    assert first[5] == SmallModel().loop(Settings(index=5))


def test_a_bounce_that_cannot_be_written_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    config = PlayerConfig(bars=1, record=str(tmp_path / "nowhere" / "song.mid"))
    with pytest.raises(FileWriteError):
        bounce(SmallModel(), config, SETTINGS)
    assert not list(tmp_path.iterdir())
