"""The model card of a bundle: what a person should know before relying on it, made of bundle.json alone.

Its headings follow Mitchell et al., "Model Cards for Model Reporting", 2019. The card is written whenever
bundle.json is, so the two cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

CARD = "MODEL_CARD.md"

_USE = """\
## What it is for

Making music: drawing four-bar drum loops with the touch and timing of drummers, varying and steering them, on
the player's own machine. Loops are in 4/4 on a grid of sixteenths with micro-timing, for nine voices.

It is not for telling who played something, for judging drummers, or for passing loops off as a named
drummer's. It knows no other metres, no triplets but as late or early sixteenths, no hi-hat pedal, no cymbal
chokes, no brushes and no percussion."""

_LIMITS = """\
## Limits

- A few drummers taught it, on one electronic kit. What they did not play it does not know, and rare voices
  (toms, crashes, open hats) are rebuilt worse than kick, snare and hats: compare macro-F1 with F1.
- The official split puts the same drummers into training and test, so the figures say how well it knows *new
  loops of these drummers*, not new drummers.
- At a temperature of 0 it plays the most likely loop, which is plainer than a drummer; above 0 it draws.
- Loops of its own may resemble loops of the training set, as a drummer's resemble those of his teachers."""

HEAD = ("", "loops", "F1", "macro-F1", "exact step", "velocity MAE", "offset MAE, ms")
"""What the cells of an evaluation's row are, the first one its name."""


def model_card(manifest: Mapping[str, Any]) -> str:
    """The card as Markdown, from the content of a bundle.json. Keys that a bundle may lack are left out."""
    parts = [
        "# Model card: Groovebridge drum MusicVAE",
        "Written by `model_export` from `bundle.json`; edit neither by hand.",
        _what(manifest),
        _USE,
        _data(manifest),
        _measures(manifest.get("metrics", {})),
        _training(manifest["provenance"]["training"]),
        _LIMITS,
        _licence(manifest["licence"]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def write_card(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write the card beside bundle.json in a bundle's folder. OSError as from any write."""
    (folder / CARD).write_text(model_card(manifest), encoding="utf-8")


def _what(manifest: Mapping[str, Any]) -> str:
    told = [axis["nats"] for axis in manifest["axes"]]
    code = manifest["provenance"]["code"]
    lines = [
        "## What it is",
        "",
        "A variational autoencoder for four bars of drums (MusicVAE): a bidirectional encoder, a latent",
        "vector z and a hierarchical decoder, exported to ONNX; `docs/method.md` describes it.",
        "",
        f"- bundle format {manifest['format_version']}, Groovebridge {code['groovebridge']}",
        f"- z has {manifest['latent_size']} coordinates, which tell {sum(told):.0f} nats about a loop of the",
        "  training set (KL against the standard normal); "
        f"{sum(nats >= 0.1 for nats in told)} tell 0.1 or more",
        f"- each step is one choice among {manifest['choices']} combinations of "
        f"{len(manifest['voices'])} voices",
    ]
    if styles := manifest.get("styles"):
        lines.append(f"- styles that its prior can be asked for: {', '.join(styles)}")
    if sliders := manifest.get("sliders"):
        lines.append(f"- named sliders: {', '.join(_name(slider) for slider in sliders)}")
    if manifest.get("map"):
        lines.append("- a two-dimensional map of the training loops")
    return "\n".join(lines)


def _name(slider: object) -> str:
    return str(slider["name"]) if isinstance(slider, Mapping) else str(slider)


def _data(manifest: Mapping[str, Any]) -> str:
    data = manifest["provenance"]["data"]
    if not data:
        return "## Data\n\nExported without the data at hand; the licence below names what it was trained on."
    counts = ", ".join(f"{data[f'{split}_loops']:,} for {split}" for split in ("train", "validation", "test"))
    return (
        f"## Data\n\n`{data['source']}` (sha256 `{data['sha256']}`): 4/4, windows of four bars.\n"
        f"Loops without overlap: {counts}."
    )


def _measures(metrics: Mapping[str, Any]) -> str:
    """The rows of `training.evaluate.Evaluation`, where the bundle stores one."""
    found = metrics.get("rows")
    rows = [row for row in found if _is_row(row)] if isinstance(found, Sequence) else []
    if not rows:
        return "## How good it is\n\nNo measures are stored in this bundle."
    loops, files, split = (metrics.get(name, "?") for name in ("loops", "files", "split"))
    lines = [
        "## How good it is",
        "",
        f"Reconstruction of {loops} loops of {files} files of the {split} split at temperature 0.",
        "[ ]: 95 % interval by file. ( ): error at matched hits; without, a missed hit counts as 0.",
        "The rows from *bars 1-2 played twice* on are rivals that need no model.",
        "",
        "| " + " | ".join(HEAD) + " |",
        "| --- " + "| ---: " * (len(HEAD) - 1) + "|",
    ]
    lines += ["| " + " | ".join((row["name"], *cells(row))) + " |" for row in rows]
    return "\n".join(lines)


def _is_row(row: object) -> bool:
    """Whether this is a row of an evaluation: a bundle stores the measures as they came."""
    return isinstance(row, Mapping) and {"name", "loops", "measures", "interval"} <= row.keys()


def cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """A row of an evaluation after its name, as `HEAD` says; "-" for what was not measured."""
    measures, interval = row["measures"], row["interval"]

    def share(name: str) -> str:
        if name not in measures:
            return "-"
        low, high = interval[name]
        return f"{measures[name]:.3f} [{low:.3f}, {high:.3f}]"

    def error(name: str, digits: int) -> str:
        if name not in measures:
            return "-"
        matched = measures.get(f"{name}_matched")
        return f"{measures[name]:.{digits}f}" + ("" if matched is None else f" ({matched:.{digits}f})")

    shares = (share(name) for name in ("f1", "macro_f1", "exact_step"))
    return (str(row["loops"]), *shares, error("velocity_mae", 3), error("offset_ms", 1))


def _training(training: Mapping[str, Any]) -> str:
    """The checkpoint's own record, key by key; what is nested in it on one line."""
    if not training:
        return ""
    lines = [f"- {key.replace('_', ' ')}: {_plain(value)}" for key, value in sorted(training.items())]
    return "## How it was trained\n\n" + "\n".join(lines)


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(part)}" for key, part in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_plain, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _licence(licence: Mapping[str, str]) -> str:
    return (
        f"## Licence\n\nCode and weights: {licence['code']}. Data: {licence['data']}. {licence['citation']}"
    )
