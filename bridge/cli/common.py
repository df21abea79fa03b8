"""What several commands do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from bridge.model import Model, Settings


def load_model(
    bundle: Path | None, seed: int, style: str | None, temperature: float, sliders: Sequence[str] | None
) -> tuple[Model, Settings]:
    """The model, and its settings as the options say. Raises GroovebridgeError for what it does not know."""
    from bridge.model import Bundle, Model, Settings

    settings = Settings(seed=seed, temperature=temperature, style=style)
    for name, value in map(_slider, sliders or ()):
        settings = settings.holding(name, value)
    model = Model(Bundle.load(bundle))
    model.latent(settings)  # an unknown slider or style is told before anything opens
    return model, settings


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


def as_json_text(value: Any) -> str:
    """For programs to read."""
    return json.dumps(value, indent=2) + "\n"
