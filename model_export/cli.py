"""`python -m model_export`: the command line, thin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from bridge.errors import GroovebridgeError
from bridge.files import printing
from model_export.errors import ExportError

app = typer.Typer(
    help="From a trained checkpoint to the bundle that the app plays.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root() -> None:
    """From a trained checkpoint to the bundle that the app plays."""


@app.command()
def export(
    checkpoint: Annotated[Path, typer.Argument(help="The checkpoint of a training run.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The bundle's folder; an earlier bundle is replaced.")
    ],
    data: Annotated[Path | None, typer.Option(help="A prepared corpus: prove parity on its loops.")] = None,
    metrics: Annotated[
        Path | None, typer.Option(help="JSON of an evaluation, to store in the bundle.")
    ] = None,
) -> None:
    """Export CHECKPOINT as a bundle, once onnxruntime answers as PyTorch does.

    Example: python -m model_export export model.pt -o my-bundle --data data/corpus --metrics test.json
    """
    try:
        measured = _read_metrics(metrics) if metrics else None
        # Torch takes seconds to import: --help answers before that.
        from model_export.bundling import export as export_bundle

        proof = export_bundle(checkpoint, output, data, measured)
    except GroovebridgeError as error:
        _fail(error)
    typer.echo(
        f"{output}: onnxruntime answers as PyTorch does on {proof.encoded} loops encoded, {proof.decoded} "
        f"decoded and {proof.drawn} points drawn (largest difference {proof.largest_difference:.1e}, near "
        f"ties {proof.near_ties})."
    )


@app.command()
def calibrate(
    bundle: Annotated[Path, typer.Argument(help="The bundle's folder; the calibration is written into it.")],
    data: Annotated[Path, typer.Option(help="A prepared corpus: the bundle's own.")],
    split: Annotated[str, typer.Option(help="Whose loops, rebuilt, the sliders are measured on.")] = "test",
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")] = False,
) -> None:
    """Give BUNDLE its named sliders, its map and the order of its raw axes, and measure what they do.

    Example: python -m model_export calibrate my-bundle --data data/corpus
    """
    try:
        from model_export.calibrate import calibrate as calibrate_bundle
        from model_export.calibrate import report

        found = calibrate_bundle(bundle, data, split)
    except GroovebridgeError as error:
        _fail(error)
    if as_json:
        typer.echo(json.dumps(found.report, indent=1))
    else:
        from rich.console import Console

        report(found, Console())


def main() -> None:
    """Run the command line; a user's mistake is one sentence on stderr and exit code 1."""
    try:
        with printing():
            app(prog_name="python -m model_export")
    except GroovebridgeError as error:
        _fail(error)


def _fail(error: GroovebridgeError) -> NoReturn:
    typer.echo(str(error), err=True)
    raise SystemExit(1) from None


def _read_metrics(path: Path) -> dict[str, Any]:
    """The JSON object in a file; ExportError if there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ExportError(
            f"{path} cannot be read ({error.strerror}). Give the JSON of an evaluation."
        ) from error
    except ValueError as error:
        raise ExportError(
            f"{path} is not JSON. Make it with `python -m training evaluate --json`."
        ) from error
    if not isinstance(content, dict):
        raise ExportError(f"{path} should hold one JSON object of measures, not a {type(content).__name__}.")
    return content
