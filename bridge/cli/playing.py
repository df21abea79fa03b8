"""`groovebridge play`: the drums live, without a window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridge.cli.common import as_json_text, load_model
from bridge.cli.options import (
    Api,
    ApiChoice,
    Bpm,
    Bundle,
    Channel,
    Evolve,
    InPort,
    NoteMapChoice,
    Notes,
    Pace,
    Seed,
    Sliders,
    Style,
    SyncChoice,
    Temperature,
    WanderBars,
    Wandering,
)
from bridge.errors import GroovebridgeError

if TYPE_CHECKING:
    from bridge.model import Model
    from bridge.studio import Studio

EXAMPLES = """Examples:

\b
groovebridge play                             drums on a virtual port at 120 BPM, until Ctrl-C
groovebridge play --bpm 96 --seed 7 --evolve  other drums, new ones every four bars
groovebridge play --wander 0.5                drums that change a little from bar to bar
groovebridge play --sync clock --in "Ardour"  follow your DAW's MIDI clock
groovebridge play --sync link                 share tempo, beat and start with others on Ableton Link
groovebridge play --sound                     heard at once, through the computer's own sound
groovebridge play --out "Synth" --bars 8 --record take.mid
"""


def play(
    evolve: Evolve = False,
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
    inp: InPort = None,
    control: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PORT",
            help="Hear a controller at this port, as learned in the window; again for another.",
        ),
    ] = None,
    api: Api = ApiChoice.auto,
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
    model, settings = load_model(bundle, seed, style, temperature, sliders)
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
                write_atomically(stats, as_json_text(figures).encode())
            except FileWriteError as error:
                faults.append(str(error))
        if outcome.stats.notes_sent:
            typer.echo(summary(outcome.stats))
    if faults:
        raise GroovebridgeError(" ".join(dict.fromkeys(faults)))
    if outcome.interrupted and bars is not None:
        raise typer.Exit(130)


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
