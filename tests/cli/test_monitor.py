"""The terminal monitor: what it draws, and when."""

import io

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from bridge.groove import STEPS, VOICES, DrumLoop
from bridge.ports.monitor import ASCII_SHADES, LABELS, SHADES, Monitor, render
from bridge.timing import BeatMap


def loop_of(seed: int) -> DrumLoop:
    random = np.random.default_rng(seed)
    shape = (STEPS, VOICES)
    return DrumLoop.of(random.random(shape) < 0.2, random.random(shape), np.zeros(shape))


def cells(text: str) -> list[str]:
    """The 64 cells of each voice's row, without label and bar lines."""
    return [row[9:].replace("│", "").replace("|", "") for row in text.split("\n")[1:]]


@settings(deadline=None)  # a busy machine may take any time
@given(st.integers(0, 2**32 - 1), st.none() | st.integers(0, STEPS - 1))
def test_the_picture_shows_every_hit_by_its_shade_and_nothing_else(seed: int, step: int | None) -> None:
    loop = loop_of(seed)
    text = render(loop, step)
    assert all(len(line) <= 78 for line in text.plain.split("\n"))
    rows = cells(text.plain)
    assert [len(row) for row in rows] == [STEPS] * VOICES
    for voice, row in enumerate(rows):
        for column, mark in enumerate(row):
            assert (mark in SHADES) == loop.hits[column, voice]
            if mark in SHADES:
                assert (
                    SHADES.index(mark) / 4 <= loop.velocities[column, voice] <= (SHADES.index(mark) + 1) / 4
                )


def test_the_playhead_is_one_bright_column_over_all_voices() -> None:
    text = render(loop_of(1), 37)
    bright = [span for span in text.spans if "on bright_white" in str(span.style)]
    assert len(bright) == VOICES
    lines = text.plain.split("\n")
    starts = np.cumsum([0, *(len(line) + 1 for line in lines)])
    columns = {span.start - starts[np.searchsorted(starts, span.start, "right") - 1] for span in bright}
    assert columns == {9 + 37 + 3}  # the label, 37 steps, three bar lines


class Timeline:
    """A clock that only moves when somebody sleeps, and overshoots each sleep."""

    def __init__(self, overshoot_ns: int = 0) -> None:
        self.now = 0
        self.overshoot_ns = overshoot_ns
        self.asked: list[int] = []

    def now_ns(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += round(seconds * 1e9) + self.overshoot_ns
        self.asked.append(self.now)


def plays(
    timeline: Timeline, loops: list[DrumLoop], terminal: bool, encoding: str = "utf-8", **song: float
) -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    console = Console(file=file, force_terminal=terminal, width=80, height=25, _environ={"TERM": "xterm"})
    beat_map = BeatMap.at(song.get("bpm", 120.0), 0, 1_000_000_000)
    Monitor(console, timeline.now_ns, timeline.sleep).play(
        beat_map, lambda ticks: loops[ticks // 15_360], len(loops) * 15_360
    )
    file.flush()
    return raw.getvalue().decode(encoding)


def test_every_step_is_drawn_at_its_own_time_and_nothing_drifts() -> None:
    timeline = Timeline(overshoot_ns=700_000)
    plays(timeline, [loop_of(1), loop_of(2)], terminal=True)
    step_ns = 125_000_000
    assert timeline.asked == [1_000_000_000 + n * step_ns + 700_000 for n in range(129)]


def test_a_pipe_gets_each_loop_once_as_plain_text() -> None:
    loops = [loop_of(1), loop_of(2), loop_of(3)]
    text = plays(Timeline(), loops, terminal=False)
    assert "\x1b" not in text
    lines = text.split("\n")
    pictures = ["\n".join(lines[at : at + 10]) for at in range(0, 30, 10)]
    assert [cells(picture) for picture in pictures] == [cells(render(loop).plain) for loop in loops]
    assert len(lines) == 31


def test_a_terminal_without_block_characters_gets_plain_ones() -> None:
    text = plays(Timeline(), [loop_of(1)], terminal=False, encoding="ascii")
    assert set("".join(cells(text))) <= set(ASCII_SHADES + " .|")
    assert all(label in text for label in LABELS)
