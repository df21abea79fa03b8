"""The commands that write MIDI files: `bounce`, `generate`, `vary` and `morph`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridge.cli.common import load_model
from bridge.cli.options import (
    Bpm,
    Bundle,
    Channel,
    Evolve,
    LoopFile,
    LoopFolder,
    LoopNotes,
    NoteMapChoice,
    Notes,
    Pace,
    Seed,
    Sliders,
    Style,
    Temperature,
    WanderBars,
    Wandering,
)

if TYPE_CHECKING:
    from bridge.groove import DrumLoop, NoteMap

LOOPS = Path("groovebridge-loops")

BOUNCE_EXAMPLES = """Examples:

\b
groovebridge bounce -o song.mid --bars 64 --evolve         64 bars, new drums every four
groovebridge bounce -o walk.mid --bars 64 --wander 0.5     64 bars whose sliders wander
groovebridge bounce -o take.mid --bars 8 --seed 7 --bpm 96 what `play` with these settings records
"""

GENERATE_EXAMPLES = """Examples:

\b
groovebridge generate                               eight loops in ./groovebridge-loops
groovebridge generate --seed 7 --count 20 -o ideas  twenty others in ./ideas
groovebridge generate --style jazz                  eight jazz loops
groovebridge generate --set z1=2 --note-map ableton for an Ableton Drum Rack
"""

VARY_EXAMPLES = """Examples:

\b
groovebridge vary groove.mid                           eight variations in ./groovebridge-loops
groovebridge vary groove.mid --amount 0.2 -o variants  closer ones in ./variants
"""

MORPH_EXAMPLES = """Examples:

\b
groovebridge morph verse.mid chorus.mid             eight loops from one to the other
groovebridge morph verse.mid chorus.mid --steps 16  in smaller steps
"""


def bounce(
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT.mid", help="Where to put it.")],
    bars: Annotated[int, typer.Option(min=1, max=100_000, metavar="N", help="How long the song is.")],
    evolve: Evolve = False,
    wander: Wandering = None,
    wander_bars: WanderBars = Pace.four,
    bpm: Bpm = 120.0,
    seed: Seed = 0,
    style: Style = None,
    temperature: Temperature = 0.75,
    sliders: Sliders = None,
    note_map: Notes = NoteMapChoice.gm,
    channel: Channel = 10,
    bundle: Bundle = None,
) -> None:
    """Write what `play` with these settings would play, as one MIDI file, without waiting for it to sound."""
    from bridge.files import check_place
    from bridge.groove import NOTE_MAPS
    from bridge.player.messages import PlayerConfig
    from bridge.player.voicing import Voicing
    from bridge.studio.bounce import bounce as write_song
    from bridge.studio.sway import Manner

    check_place(output)
    model, settings = load_model(bundle, seed, style, temperature, sliders)
    voicing = Voicing(notes=NOTE_MAPS[note_map.value].out_notes, channel=channel - 1)
    config = PlayerConfig(bpm=bpm, bars=bars, record=str(output.absolute()), voicing=voicing)
    manner = None if wander is None else Manner(wander, int(wander_bars.value))
    write_song(model, config, settings, evolve=evolve, wander=manner, sliders=model.sliders)
    typer.echo(output)


def generate(
    count: Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="How many loops.")] = 8,
    seed: Seed = 0,
    style: Style = None,
    temperature: Temperature = 0.75,
    sliders: Sliders = None,
    wander: Wandering = None,
    wander_bars: WanderBars = Pace.four,
    output: LoopFolder = LOOPS,
    bpm: Bpm = 120.0,
    note_map: Notes = NoteMapChoice.gm,
    bundle: Bundle = None,
) -> None:
    """Write drum loops of four bars as MIDI files, to drag into your DAW."""
    from bridge.groove import NOTE_MAPS
    from bridge.studio.generate import generate as write_loops
    from bridge.studio.sway import Manner

    model, settings = load_model(bundle, seed, style, temperature, sliders)
    notes = NOTE_MAPS[note_map.value].out_notes
    manner = None if wander is None else Manner(wander, int(wander_bars.value))
    for path in write_loops(model, settings, count, output, bpm, notes, wander=manner, sliders=model.sliders):
        typer.echo(path)


def vary(
    file: LoopFile,
    amount: Annotated[
        float, typer.Option(metavar="0..1", help="How far from the loop: 0 is the loop itself.")
    ] = 0.5,
    count: Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="How many variations.")] = 8,
    seed: Seed = 0,
    output: LoopFolder = LOOPS,
    bpm: Bpm = 120.0,
    note_map: LoopNotes = NoteMapChoice.gm,
    bundle: Bundle = None,
) -> None:
    """Write variations of the first four bars of FILE as MIDI files of four bars."""
    from bridge.groove import NOTE_MAPS
    from bridge.model import Bundle as BundleFolder
    from bridge.model import Model
    from bridge.studio import vary as variation
    from bridge.studio.generate import save_loops

    notes = NOTE_MAPS[note_map.value]
    loop = _loop(file, notes)
    loops = variation.vary(Model(BundleFolder.load(bundle)), loop, amount, count, seed)
    named = {f"{file.stem}-vary-{seed}-{place:03d}": each for place, each in enumerate(loops, start=1)}
    for path in save_loops(named, output, bpm, notes.out_notes):
        typer.echo(path)


def morph(
    start: LoopFile,
    end: LoopFile,
    steps: Annotated[
        int, typer.Option(min=2, max=1000, metavar="N", help="How many loops, both ends included.")
    ] = 8,
    output: LoopFolder = LOOPS,
    bpm: Bpm = 120.0,
    note_map: LoopNotes = NoteMapChoice.gm,
    bundle: Bundle = None,
) -> None:
    """Write loops that lead from START to END, of which the first four bars count, as MIDI files."""
    from bridge.groove import NOTE_MAPS
    from bridge.model import Bundle as BundleFolder
    from bridge.model import Model
    from bridge.studio import vary as variation
    from bridge.studio.generate import save_loops

    notes = NOTE_MAPS[note_map.value]
    ends = _loop(start, notes), _loop(end, notes)
    loops = variation.morph(Model(BundleFolder.load(bundle)), *ends, steps)
    stem = f"{start.stem}-to-{end.stem}"
    named = {f"{stem}-{place:03d}": loop for place, loop in enumerate(loops, start=1)}
    for path in save_loops(named, output, bpm, notes.out_notes):
        typer.echo(path)


def _loop(file: Path, note_map: NoteMap) -> DrumLoop:
    from bridge.studio.vary import read_loop

    loop, more = read_loop(file, note_map)
    if more:
        typer.echo(f"{file} is longer than four bars: its first four are used.", err=True)
    return loop
