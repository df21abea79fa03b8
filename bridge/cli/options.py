"""The options that several commands take, with their words and ranges."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class SyncChoice(StrEnum):
    """Where the tempo comes from."""

    internal = "internal"
    clock = "clock"
    link = "link"


class Pace(StrEnum):
    """Bars from turn to turn of a walk: `bridge.studio.sway.PACES`."""

    one = "1"
    two = "2"
    four = "4"
    eight = "8"
    sixteen = "16"


class ApiChoice(StrEnum):
    """How MIDI leaves this program."""

    auto = "auto"
    jack = "jack"
    alsa = "alsa"
    coremidi = "coremidi"
    winmm = "winmm"
    rtmidi_jack = "rtmidi-jack"
    none = "none"


class NoteMapChoice(StrEnum):
    """Which drum instrument the notes are for."""

    gm = "gm"
    td11 = "td11"
    ableton = "ableton"
    logic = "logic"


Seed = Annotated[int, typer.Option(min=0, metavar="N", help="Which drums: the same seed, the same drums.")]
Style = Annotated[
    str | None, typer.Option(metavar="NAME", help="Drums of one style, e.g. jazz (default: any).")
]
Temperature = Annotated[
    float, typer.Option(metavar="0..2", help="How loosely they are played: 0 is the plainest, 1 is free.")
]
Sliders = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Set a slider, e.g. density=0.5 (-1 to 1) or z1=1.5 (-3 to 3). May be repeated.",
    ),
]
Wandering = Annotated[
    float | None,
    typer.Option(
        "--wander",
        min=0,
        max=1,
        metavar="0..1",
        help="Let the sliders wander from bar to bar, this far; the same seed wanders the same way.",
    ),
]
WanderBars = Annotated[
    Pace,
    typer.Option("--wander-bars", help="Bars from one turning point of a slider that wanders to the next."),
]
Bpm = Annotated[float, typer.Option(min=20, max=400, metavar="BPM", help="Tempo.")]
Bundle = Annotated[Path | None, typer.Option(metavar="FOLDER", help="Another model than the one supplied.")]
Notes = Annotated[NoteMapChoice, typer.Option(help="Which drum instrument the notes are for.")]
Channel = Annotated[int, typer.Option(min=1, max=16, metavar="1..16", help="MIDI channel.")]
LoopFile = Annotated[Path, typer.Argument(metavar="FILE.mid", help="A MIDI file of drums, in 4/4.")]
LoopFolder = Annotated[Path, typer.Option("-o", "--output", metavar="FOLDER", help="Where to put them.")]
LoopNotes = Annotated[NoteMapChoice, typer.Option(help="Drum instrument of the notes, in and out.")]
Api = Annotated[ApiChoice, typer.Option(help="MIDI system; auto takes the best there is.")]
Evolve = Annotated[bool, typer.Option("--evolve", help="New drums every four bars.")]
InPort = Annotated[
    str | None, typer.Option("--in", metavar="PORT", help="Listen to this port (default: a virtual one).")
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
