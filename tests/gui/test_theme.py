"""The colours can be told from their grounds."""

from __future__ import annotations

import pytest
from PyQt6.QtGui import QColor

from bridge.groove import Voice
from gui.views import theme


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.1)."""

    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.03928 else ((channel + 0.055) / 1.055) ** 2.4

    made = QColor(colour)
    red, green, blue = (linear(part) for part in (made.redF(), made.greenF(), made.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(colour: str, ground: str) -> float:
    light, dark = sorted((luminance(colour), luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    ("colour", "ground"),
    [
        (theme.TEXT, theme.CONTROL_HOVER),
        (theme.TEXT, theme.NOW_GROUND),
        (theme.TEXT, theme.ATTENTION_GROUND),
        (theme.DIM, theme.PANEL),
        (theme.DIM, theme.GROUND),
        (theme.ATTENTION, theme.CONTROL_HOVER),
        (theme.NOW, theme.NOW_GROUND),
        (theme.NEXT, theme.WELL),
        *((colour, theme.WELL) for colour in theme.VOICE_COLOURS.values()),
    ],
)
def test_text_and_marks_stand_out_from_their_ground(colour: str, ground: str) -> None:
    assert contrast(colour, ground) >= 4.5


def test_every_voice_has_a_colour() -> None:
    assert set(theme.VOICE_COLOURS) == set(Voice)


def test_a_shade_runs_from_its_ground_to_its_colour() -> None:
    assert theme.shade(theme.NEXT, 1.0) == QColor(theme.NEXT)
    assert theme.shade(theme.NEXT, 0.0) == QColor(theme.WELL)
