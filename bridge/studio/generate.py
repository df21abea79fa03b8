"""Loops as MIDI files in a folder."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from bridge.errors import GroovebridgeError
from bridge.files import FileWriteError, make_folder
from bridge.groove import BARS, DrumLoop
from bridge.groove.midifile import DRUM_CHANNEL, save_loop
from bridge.groove.notemaps import GENERAL_MIDI
from bridge.model import Settings
from bridge.studio.sway import Manner, wandered

MOST_LOOPS = 10_000


class LoopMaker(Protocol):
    """What makes loops: `bridge.model.Model` is one."""

    def loop(self, settings: Settings, /) -> DrumLoop:
        """The loop of these settings."""


def generate(
    model: LoopMaker,
    settings: Settings,
    count: int,
    folder: Path | str,
    bpm: float = 120.0,
    notes: Sequence[int] = GENERAL_MIDI.out_notes,
    channel: int = DRUM_CHANNEL,
    wander: Manner | None = None,
    sliders: Sequence[str] = (),
) -> list[Path]:
    """Write `count` loops of one seed, from `settings.index` on; return their paths, in order.

    A file is named after its seed and its place among the seed's ideas, loop-7-001.mid first, and has four
    bars. The same settings give the same bytes. Each loop is decoded on its own, since a batch may round
    otherwise, so a loop does not depend on how many are asked for. With `wander` each has its `sliders` as
    they are where it begins in a song of all of the seed's loops, one after the other. Files are written as
    `save_loops` does.
    """
    if not 1 <= count <= MOST_LOOPS:
        raise GroovebridgeError(f"{count} loops cannot be generated at once. Ask for 1 to {MOST_LOOPS}.")
    indices = range(settings.index, settings.index + count)
    starts = {
        index: settings if wander is None else wandered(settings, sliders, index * BARS, wander)
        for index in indices
    }
    loops = {
        f"loop-{settings.seed}-{index + 1:03d}": model.loop(replace(start, index=index))
        for index, start in starts.items()
    }
    return save_loops(loops, folder, bpm, notes, channel)


def save_loops(
    loops: Mapping[str, DrumLoop],
    folder: Path | str,
    bpm: float = 120.0,
    notes: Sequence[int] = GENERAL_MIDI.out_notes,
    channel: int = DRUM_CHANNEL,
) -> list[Path]:
    """Write each loop as NAME.mid into the folder, all or none; return the paths, in order.

    The folder is made where it is missing; files of these names are replaced. FileWriteError (full disk, no
    permission) leaves no file and no folder that was not there before.
    """
    target = Path(folder)
    missing = [path for path in (target, *target.parents) if not path.exists()]
    paths = [target / f"{name}.mid" for name in loops]
    new = [path for path in paths if not path.exists()]
    try:
        make_folder(target)
        for path, loop in zip(paths, loops.values(), strict=True):
            save_loop(path, loop, bpm, notes, channel)
    except FileWriteError:
        with contextlib.suppress(
            OSError
        ):  # what cannot be removed is whole, and the sentence says what happened
            for path in new:
                path.unlink(missing_ok=True)
            for made in missing:
                made.rmdir()
        raise
    return paths
