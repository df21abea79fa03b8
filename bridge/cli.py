"""The command line: thin words around the studio. What is heavy is imported by the command that needs it."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bridge.errors import GroovebridgeError
from bridge.files import printing

if TYPE_CHECKING:
    from bridge.groove import DrumLoop, NoteMap
    from bridge.model import Model, Settings
    from bridge.studio import Studio

app = typer.Typer(
    name="groovebridge",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="A drum companion: drum loops for your DAW, in time with it. Without a command it opens the window; "
    "with --fresh, as at its first start.",
)


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
LOOPS = Path("groovebridge-loops")
LoopNotes = Annotated[NoteMapChoice, typer.Option(help="Drum instrument of the notes, in and out.")]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]

PLAY_EXAMPLES = """Examples:

\b
groovebridge play                             drums on a virtual port at 120 BPM, until Ctrl-C
groovebridge play --bpm 96 --seed 7 --evolve  other drums, new ones every four bars
groovebridge play --wander 0.5                drums that change a little from bar to bar
groovebridge play --sync clock --in "Ardour"  follow your DAW's MIDI clock
groovebridge play --sync link                 share tempo, beat and start with others on Ableton Link
groovebridge play --sound                     heard at once, through the computer's own sound
groovebridge play --out "Synth" --bars 8 --record take.mid
"""

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


@app.command(epilog=PLAY_EXAMPLES, short_help="Stream drums into your DAW.")
def play(
    evolve: Annotated[bool, typer.Option("--evolve", help="New drums every four bars.")] = False,
    wander: Wandering = None,
    wander_bars: WanderBars = Pace.four,
    sync: Annotated[
        SyncChoice, typer.Option(help="Keep our own tempo, follow MIDI clock, or share Ableton Link's.")
    ] = SyncChoice.internal,
    bpm: Bpm = 120.0,
    bars: Annotated[int | None, typer.Option(min=1, metavar="N", help="Stop after so many bars.")] = None,
    out: Annotated[
        str | None, typer.Option(metavar="PORT", help="Play to this MIDI port (default: a virtual one).")
    ] = None,
    inp: Annotated[
        str | None, typer.Option("--in", metavar="PORT", help="Listen to this port (default: a virtual one).")
    ] = None,
    control: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PORT",
            help="Hear a controller at this port, as learned in the window; again for another.",
        ),
    ] = None,
    api: Annotated[
        ApiChoice, typer.Option(help="MIDI system; auto takes the best there is.")
    ] = ApiChoice.auto,
    seed: Seed = 0,
    style: Style = None,
    temperature: Temperature = 0.75,
    sliders: Sliders = None,
    note_map: Notes = NoteMapChoice.gm,
    channel: Channel = 10,
    send_clock: Annotated[
        bool, typer.Option("--send-clock", help="Send MIDI clock, to lead others.")
    ] = False,
    count_in: Annotated[
        int, typer.Option(min=0, max=2, metavar="BARS", help="Count so many bars first, on the hi-hat.")
    ] = 0,
    latency: Annotated[
        float,
        typer.Option(
            min=-200,
            max=200,
            metavar="MS",
            help="Send notes so much earlier: for a late instrument.",
        ),
    ] = 0.0,
    clock_while_stopped: Annotated[
        bool,
        typer.Option(
            "--clock-while-stopped", help="Send MIDI clock also before the start and after the end."
        ),
    ] = False,
    sound: Annotated[
        bool, typer.Option("--sound", help="Sound the built-in drums, too: without a DAW.")
    ] = False,
    record: Annotated[
        Path | None, typer.Option(metavar="OUT.mid", help="Write down what was played as a MIDI file.")
    ] = None,
    stats: Annotated[
        Path | None, typer.Option(metavar="OUT.json", help="Write how precisely it was played.")
    ] = None,
    bundle: Bundle = None,
) -> None:
    """Stream drums into your DAW through a MIDI port, without a window."""
    from bridge.files import FileWriteError, check_place, write_atomically
    from bridge.groove import NOTE_MAPS
    from bridge.player.messages import PlayerConfig, SoundWhen, Sync
    from bridge.player.voicing import Voicing
    from bridge.ports import best_api

    for path in (record, stats):
        if path is not None:
            check_place(path)
    if record and stats and record.resolve() == stats.resolve() and (record.is_file() or not record.exists()):
        raise GroovebridgeError(f"--record and --stats both name {record}. Give each a file of its own.")
    if count_in and sync is not SyncChoice.internal:
        raise GroovebridgeError(
            f"A count-in is only for a song that we lead, and --sync {sync.value} has another lead: "
            "leave --count-in or --sync out."
        )
    chosen = best_api() if api is ApiChoice.auto else api.value
    homeless = api is ApiChoice.auto and chosen == "none"
    if homeless and (out or inp or control or sync is not SyncChoice.internal):
        raise GroovebridgeError(
            "There is no MIDI system here, so there are no ports to play to or to hear a clock from. "
            "Start a JACK server or load ALSA's sequencer (sudo modprobe snd-seq); "
            "`groovebridge doctor` says more."
        )
    if chosen == "none" and sync is SyncChoice.clock:
        raise GroovebridgeError(
            "Without a MIDI system there is no clock to follow: choose another --api, or leave --sync out."
        )
    heard = _inputs(chosen, control or ())
    model, settings = _model(bundle, seed, style, temperature, sliders)
    config = PlayerConfig(
        api=chosen,
        out=out,
        inp=inp,
        sync=Sync(sync.value),
        bpm=bpm,
        send_clock=send_clock or clock_while_stopped,
        clock_while_stopped=clock_while_stopped,
        voicing=Voicing(NOTE_MAPS[note_map.value].out_notes, channel - 1),
        latency_ms=latency,
        count_in=count_in,
        sound=SoundWhen.ON if sound else SoundWhen.OFF,
        bars=bars,
        record=None if record is None else str(record.absolute()),
    )
    from bridge.studio.headless import first_run, perform, summary

    if homeless:
        from bridge.ports.monitor import Monitor

        outcome = first_run(model, config, settings, typer.echo, Monitor().play)
    else:
        outcome = perform(
            model,
            config,
            settings,
            typer.echo,
            evolve=evolve,
            attach=_attached(heard, model, wander, int(wander_bars.value)),
        )
    faults = [outcome.fault] if outcome.fault else []
    if outcome.stats is not None:
        figures = asdict(outcome.stats)
        if stats is not None:
            try:
                write_atomically(stats, _json(figures).encode())
            except FileWriteError as error:
                faults.append(str(error))
        if outcome.stats.notes_sent:
            typer.echo(summary(outcome.stats))
    if faults:
        raise GroovebridgeError(" ".join(dict.fromkeys(faults)))
    if outcome.interrupted and bars is not None:
        raise typer.Exit(130)


@app.command(epilog=BOUNCE_EXAMPLES, short_help="Write a song of drums as one MIDI file.")
def bounce(
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT.mid", help="Where to put it.")],
    bars: Annotated[int, typer.Option(min=1, max=100_000, metavar="N", help="How long the song is.")],
    evolve: Annotated[bool, typer.Option("--evolve", help="New drums every four bars.")] = False,
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
    model, settings = _model(bundle, seed, style, temperature, sliders)
    voicing = Voicing(notes=NOTE_MAPS[note_map.value].out_notes, channel=channel - 1)
    config = PlayerConfig(bpm=bpm, bars=bars, record=str(output.absolute()), voicing=voicing)
    manner = None if wander is None else Manner(wander, int(wander_bars.value))
    write_song(model, config, settings, evolve=evolve, wander=manner, sliders=model.sliders)
    typer.echo(output)


@app.command(epilog=GENERATE_EXAMPLES, short_help="Write drum loops as MIDI files.")
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

    model, settings = _model(bundle, seed, style, temperature, sliders)
    notes = NOTE_MAPS[note_map.value].out_notes
    manner = None if wander is None else Manner(wander, int(wander_bars.value))
    for path in write_loops(model, settings, count, output, bpm, notes, wander=manner, sliders=model.sliders):
        typer.echo(path)


@app.command(epilog=VARY_EXAMPLES, short_help="Write variations of a loop as MIDI files.")
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


@app.command(epilog=MORPH_EXAMPLES, short_help="Write the way from one loop to another as MIDI files.")
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


@app.command(short_help="List the MIDI ports of other programs.")
def ports(
    api: Annotated[
        ApiChoice, typer.Option(help="MIDI system; auto takes the best there is.")
    ] = ApiChoice.auto,
    as_json: Json = False,
) -> None:
    """List the MIDI ports of other programs, by the names that `play --out` and `--in` take."""
    from bridge.ports import list_ports

    found = list_ports(api.value)
    if as_json:
        typer.echo(_json(asdict(found)))
    elif found.api == "none":
        typer.echo("There is no MIDI system here. `groovebridge doctor` says what is missing.")
    else:
        typer.echo(f"MIDI through {found.api}.")
        for title, names in (("Play to (--out):", found.outputs), ("Listen to (--in):", found.inputs)):
            typer.echo(title)
            typer.echo("\n".join(f"  {name}" for name in names) or "  nothing here yet")


@app.command(short_help="Measure how long notes take through your DAW and back.")
def latency(
    out: Annotated[
        str | None, typer.Option(metavar="PORT", help="Send to this MIDI port (default: a virtual one).")
    ] = None,
    inp: Annotated[
        str | None, typer.Option("--in", metavar="PORT", help="Listen to this port (default: a virtual one).")
    ] = None,
    api: Annotated[
        ApiChoice, typer.Option(help="MIDI system; auto takes the best there is.")
    ] = ApiChoice.auto,
    notes: Annotated[int, typer.Option(min=1, max=64, metavar="N", help="How many notes to send.")] = 32,
    wait: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="How long to wait for the loop to be there.")
    ] = 60.0,
    as_json: Json = False,
) -> None:
    """Send notes out and listen for them coming back, through a track of your DAW that returns them.

    It says how long they take, and which `--latency` makes up for that.
    """
    from bridge.player.messages import PlayerConfig
    from bridge.ports import best_api
    from bridge.studio.loopback import as_dict, in_words, measure

    chosen = best_api() if api is ApiChoice.auto else api.value
    if chosen == "none":
        raise GroovebridgeError(
            "There is no MIDI system here, so no note can come back. "
            "`groovebridge doctor` says what is missing."
        )
    config = PlayerConfig(api=chosen, out=out, inp=inp)
    found = measure(config, notes, wait, (lambda _: None) if as_json else typer.echo)
    typer.echo(_json(as_dict(found)) if as_json else in_words(found), nl=not as_json)


@app.command(short_help="Say what this machine offers and how well it keeps time.")
def doctor(as_json: Json = False, bundle: Bundle = None) -> None:
    """Say what MIDI and inference this machine offers, and whether it will keep time. Takes ten seconds."""
    from bridge.studio.doctor import examine
    from bridge.studio.finding import Finding, Verdict

    findings: list[Finding] = []
    for finding in examine(bundle):
        findings.append(finding)
        if not as_json:
            label, margin = f"{finding.verdict.value:8} {finding.name}: ", " " * 9
            first, *more = (label + finding.text).split("\n")
            typer.echo(textwrap.fill(first, 100, subsequent_indent=margin))
            for line in more:
                typer.echo(textwrap.fill(line, 100, initial_indent=margin, subsequent_indent=margin))
    broken = any(finding.verdict is Verdict.BROKEN for finding in findings)
    if as_json:
        typer.echo(_json({"ok": not broken, "findings": [finding.as_json() for finding in findings]}))
    if broken:
        raise typer.Exit(1)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status.

    0 all well, 1 a sentence on stderr says what is wrong and what to do, 2 a wrong command line, 130
    interrupted.
    """
    try:
        with printing():
            app(args=None if argv is None else list(argv), prog_name="groovebridge")
    except GroovebridgeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _model(
    bundle: Path | None, seed: int, style: str | None, temperature: float, sliders: list[str] | None
) -> tuple[Model, Settings]:
    from bridge.model import Bundle, Model, Settings

    settings = Settings(seed=seed, temperature=temperature, style=style)
    for name, value in map(_slider, sliders or ()):
        settings = settings.holding(name, value)
    model = Model(Bundle.load(bundle))
    model.latent(settings)  # an unknown slider or style is told before anything opens
    return model, settings


def _inputs(api: str, wanted: Sequence[str]) -> tuple[str, ...]:
    """The exact names of the controllers' ports."""
    from bridge.ports import list_ports
    from bridge.ports.names import match_port

    names = list_ports(api).inputs if wanted else ()
    return tuple(match_port(name, names, "input") for name in wanted)


def _attached(
    inputs: tuple[str, ...], model: Model, amount: float | None, pace: int
) -> Callable[[Studio], Callable[[], None]]:
    """What works at a studio beside it: the walk of its sliders, by this amount (None: they stay) and with
    `pace` bars from turn to turn, and the controllers, as they were set up in the window.
    """
    from bridge.studio.controllers import Controllers
    from bridge.studio.controls_file import controls_path, load_controls
    from bridge.studio.targets import targets
    from bridge.studio.wander import Wander

    if inputs:
        setup, trouble = load_controls(controls_path())
        if trouble or not setup.mappings:
            nothing = "No control was learned yet (the window does that): program changes recall presets."
            typer.echo(trouble or nothing, err=True)

    def attach(studio: Studio) -> Callable[[], None]:
        wander = Wander(studio, model.sliders)
        wander.set_bars(pace)
        if amount is not None:
            wander.set_amount(amount)
            wander.start_with_song()
        if not inputs:
            return wander.close
        desk = targets(studio, model.sliders, model.axes, wander=wander)
        controllers = Controllers(studio, desk, replace(setup, inputs=inputs))

        def detach() -> None:
            controllers.close()
            wander.close()

        return detach

    return attach


def _loop(file: Path, note_map: NoteMap) -> DrumLoop:
    from bridge.studio.vary import read_loop

    loop, more = read_loop(file, note_map)
    if more:
        typer.echo(f"{file} is longer than four bars: its first four are used.", err=True)
    return loop


def _slider(text: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    try:
        if not (name and equals):
            raise ValueError
        return name.strip(), float(value)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not NAME=VALUE with a number, such as density=0.5", param_hint="--set"
        ) from None


def _json(value: Any) -> str:
    return json.dumps(value, indent=2) + "\n"
