"""The commands about this machine: `ports`, `latency` and `doctor`."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from typing import Annotated

import typer

from bridge.cli.common import as_json_text
from bridge.cli.options import Api, ApiChoice, Bundle, InPort, Json
from bridge.errors import GroovebridgeError


def ports(
    api: Api = ApiChoice.auto,
    as_json: Json = False,
) -> None:
    """List the MIDI ports of other programs, by the names that `play --out` and `--in` take."""
    from bridge.ports import list_ports

    found = list_ports(api.value)
    if as_json:
        typer.echo(as_json_text(asdict(found)))
    elif found.api == "none":
        typer.echo("There is no MIDI system here. `groovebridge doctor` says what is missing.")
    else:
        typer.echo(f"MIDI through {found.api}.")
        for title, names in (("Play to (--out):", found.outputs), ("Listen to (--in):", found.inputs)):
            typer.echo(title)
            typer.echo("\n".join(f"  {name}" for name in names) or "  nothing here yet")


def latency(
    out: Annotated[
        str | None, typer.Option(metavar="PORT", help="Send to this MIDI port (default: a virtual one).")
    ] = None,
    inp: InPort = None,
    api: Api = ApiChoice.auto,
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
    typer.echo(as_json_text(as_dict(found)) if as_json else in_words(found), nl=not as_json)


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
        typer.echo(as_json_text({"ok": not broken, "findings": [finding.as_json() for finding in findings]}))
    if broken:
        raise typer.Exit(1)
