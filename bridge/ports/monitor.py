"""A loop drawn in the terminal while it plays: the port for machines that have no MIDI.

             1               2               3               4
    kick     █  ·    ▓       █  ·    ▓       █  ·    ▓       █  ·    ▓
    snare        █   ░  ░█       █   ░  ░█       █   ░  ░█       █   ░  ░█

Voices are rows, the 64 steps columns; the darker the block the harder the hit. The playhead is a bright
column.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console
from rich.live import Live
from rich.text import Text

from bridge.groove import STEPS, STEPS_PER_BAR, DrumLoop, Voice
from bridge.groove.loop import STEPS_PER_BEAT
from bridge.groove.notes import LOOP_TICKS, TICKS_PER_STEP
from bridge.timing import BeatMap

LABELS = ("kick", "snare", "closed", "open", "low tom", "mid tom", "high tom", "crash", "ride")
"""Row names that leave room for 64 steps in 80 columns."""

SHADES = "░▒▓█"
ASCII_SHADES = "-+*#"

_LABEL_WIDTH = 9
_PLAYHEAD = "black on bright_white"
_HIT = "bright_yellow"


def render(loop: DrumLoop, step: int | None = None, shades: str = SHADES) -> Text:
    """Draw a loop, 77 columns by 10 lines: a ruler with the bars' numbers, then a line for each voice.

    step    0..63: where the playhead is; None draws none
    shades  one character for each quarter of the velocity range, softest first

    Pure. Without styles the text is the whole picture but for the playhead.
    """
    beat_mark, bar_line = ("·", "│") if shades == SHADES else (".", "|")
    text = Text(no_wrap=True)
    text.append(" " * _LABEL_WIDTH)
    for bar in range(STEPS // STEPS_PER_BAR):
        text.append(f" {bar + 1:<{STEPS_PER_BAR}}")
    for voice in Voice:
        text.append(f"\n{LABELS[voice]:<{_LABEL_WIDTH}}")
        for column in range(STEPS):
            if column % STEPS_PER_BAR == 0:
                text.append(bar_line)
            if loop.hits[column, voice]:
                shade = min(len(shades) - 1, int(float(loop.velocities[column, voice]) * len(shades)))
                mark, style = shades[shade], _HIT
            else:
                mark, style = beat_mark if column % STEPS_PER_BEAT == 0 else " ", None
            text.append(mark, _PLAYHEAD if column == step else style)
    return text


class Monitor:
    """Draws loops in time.

    Where the terminal cannot be redrawn (a pipe, a file, TERM=dumb) it writes each loop once when it begins,
    as plain text.

    console   where to draw; None: standard output
    now_ns    the clock that a song's `BeatMap` is in
    sleep     waits so many seconds; KeyboardInterrupt passes through it
    """

    def __init__(
        self,
        console: Console | None = None,
        now_ns: Callable[[], int] = time.perf_counter_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._console = console or Console(highlight=False)
        self._now_ns = now_ns
        self._sleep = sleep
        blocks = (self._console.encoding or "ascii").lower().replace("-", "").startswith("utf")
        self._shades = SHADES if blocks else ASCII_SHADES

    def play(self, song: BeatMap, loop_at: Callable[[int], DrumLoop], end_ticks: int) -> None:
        """Draw from the song's beginning, or from where it is now, to `end_ticks`; return then.

        song      when each tick sounds, on `now_ns`
        loop_at   the loop that plays at a song position in ticks

        Every step is drawn at its own time, counted from the song's origin, so that nothing drifts; steps
        that a slow terminal missed are skipped.
        """
        console = self._console
        if console.is_terminal and not console.is_dumb_terminal:
            with Live(console=console, auto_refresh=False, transient=False) as live:

                def draw(ticks: int) -> None:
                    step = ticks % LOOP_TICKS // TICKS_PER_STEP
                    live.update(render(loop_at(ticks), step, self._shades), refresh=True)

                self._each(song, TICKS_PER_STEP, end_ticks, draw)
                live.update(render(loop_at(max(0, end_ticks - 1)), None, self._shades), refresh=True)
        else:

            def write(ticks: int) -> None:
                console.print(render(loop_at(ticks), None, self._shades).plain, markup=False, soft_wrap=True)
                console.file.flush()

            self._each(song, LOOP_TICKS, end_ticks, write)

    def _each(self, song: BeatMap, every: int, end_ticks: int, show: Callable[[int], None]) -> None:
        """Call `show` at every multiple of `every` ticks from now on, then wait for the end."""
        ticks = max(0, int(song.to_ticks(self._now_ns()))) // every * every
        while ticks < end_ticks:
            self._wait(song.to_ns(ticks))
            show(ticks)
            here = int(song.to_ticks(self._now_ns())) // every * every
            ticks = max(ticks + every, here)
        self._wait(song.to_ns(end_ticks))

    def _wait(self, until_ns: int) -> None:
        while (left_ns := until_ns - self._now_ns()) > 0:
            self._sleep(left_ns / 1e9)
