"""The colours can be told from their grounds, in the dark and by day, and all the window wears them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QGuiApplication, QImage
from PyQt6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from bridge.groove import Voice
from gui.models.preferences import Appearance
from gui.views import appearance as appearance_view
from gui.views import theme
from gui.views.palettes import DARK, LIGHT, Palette
from tests.gui.desk import Desk

TEXT, MARK = 4.5, 3.0
SYSTEMS = {Appearance.DARK: DARK, Appearance.LIGHT: LIGHT, Appearance.SYSTEM: DARK}
BOTH = pytest.mark.parametrize("palette", [DARK, LIGHT], ids=["dark", "light"])


@pytest.fixture(autouse=True)
def _dark_again(qapp: QApplication) -> Iterator[None]:
    yield
    theme.apply(qapp)


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


def worst(pairs: list[tuple[str, str]]) -> tuple[float, str, str]:
    return min((contrast(colour, ground), colour, ground) for colour, ground in pairs)


@BOTH
def test_text_stands_out_from_its_ground(palette: Palette) -> None:
    p = palette
    grounds = (p.ground, p.panel, p.well, p.control, p.control_hover, p.now_ground, p.attention_ground)
    pairs = [(p.text, ground) for ground in grounds]
    pairs += [(colour, ground) for colour in (p.dim, p.now) for ground in (p.ground, p.panel, p.control)]
    pairs += [(p.attention, p.panel), (p.attention, p.control_hover), (p.now, p.now_ground)]
    pairs += [(p.dim, p.well), (p.dim, p.beat_shade), (p.well, p.focus), (p.focus, p.panel)]
    pairs += [(colour, ground) for colour in p.voices.values() for ground in (p.well, p.control)]
    pairs += [(colour, p.well) for colour in p.styles]
    assert worst(pairs)[0] >= TEXT, worst(pairs)


@BOTH
def test_marks_stand_out_from_their_ground(palette: Palette) -> None:
    p = palette
    pairs = [(p.faint, ground) for ground in (p.ground, p.panel, p.well)]
    pairs += [(colour, ground) for colour in (p.next, p.now) for ground in (p.well, p.beat_shade)]
    pairs += [(p.focus, ground) for ground in (p.ground, p.panel, p.well, p.control)]
    pairs += [(p.attention, p.attention_ground)]
    assert worst(pairs)[0] >= MARK, worst(pairs)


@BOTH
def test_the_families_of_voices_and_now_and_next_are_told_apart(palette: Palette) -> None:
    p = palette
    hues = [p.skins, p.cymbals, p.toms, p.crash, p.now, p.next]
    assert len(set(hues)) == len(hues)
    assert set(p.voices) == set(Voice)


def test_a_shade_runs_from_its_ground_to_its_colour() -> None:
    assert theme.shade(theme.NEXT, 1.0) == QColor(theme.NEXT)
    assert theme.shade(theme.NEXT, 0.0) == QColor(theme.WELL)


def test_ink_keeps_its_name_and_changes_its_colour(qapp: QApplication, qtbot: QtBot) -> None:
    label = QLabel("words")
    qtbot.addWidget(label)
    theme.write_in(label, theme.Ink.NOW)
    label.ensurePolished()
    assert label.palette().windowText().color() == QColor(DARK.now)
    theme.apply(qapp, LIGHT)
    assert label.palette().windowText().color() == QColor(LIGHT.now)


def test_a_window_that_changes_its_palette_looks_like_one_that_was_made_in_it(
    qapp: QApplication, qtbot: QtBot
) -> None:
    def at_rest(desk: Desk) -> QImage:
        desk.open()
        assert desk.session.state is not None
        desk.until(lambda: desk.session.loop is not None)
        return picture(desk)

    def picture(desk: Desk) -> QImage:
        for _ in range(5):
            QApplication.processEvents()
        return desk.window.grab().toImage()

    changing = Desk(qtbot, chart=True)
    dark = at_rest(changing)
    changing.session.preferences.set_appearance(Appearance.LIGHT)
    light = picture(changing)
    assert theme.worn() is LIGHT
    assert light != dark
    made_so = Desk(qtbot, chart=True)
    assert at_rest(made_so) == light
    changing.session.preferences.set_appearance(Appearance.DARK)
    assert picture(changing) == dark
    changing.window.close()
    made_so.window.close()


def test_a_window_that_goes_with_the_desktop_changes_when_the_desktop_does(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    hints = QGuiApplication.styleHints()
    assert hints is not None
    monkeypatch.setattr(appearance_view, "palette_for", lambda wanted: SYSTEMS[wanted])
    desk.session.preferences.set_appearance(Appearance.LIGHT)
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert theme.worn() is LIGHT
    desk.session.preferences.set_appearance(Appearance.SYSTEM)
    assert theme.worn() is DARK
    monkeypatch.setitem(SYSTEMS, Appearance.SYSTEM, LIGHT)
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Light)
    assert theme.worn() is LIGHT
    desk.session.preferences.set_appearance(Appearance.DARK)


@pytest.mark.parametrize("appearance", list(Appearance))
def test_every_preference_has_a_palette(
    appearance: Appearance, desk: Desk, drive: Callable[[Appearance], None]
) -> None:
    drive(appearance)
    expected = {Appearance.LIGHT: LIGHT, Appearance.DARK: DARK}
    if appearance in expected:
        assert theme.worn() is expected[appearance]
    else:
        assert theme.worn() in (DARK, LIGHT)


@pytest.fixture
def drive(desk: Desk) -> Callable[[Appearance], None]:
    """Choose a palette as a person does, in the section that is for it."""
    from gui.views.appearance import CHOICES, AppearanceSection
    from tests.gui.hands import click

    def choose(appearance: Appearance) -> None:
        section = AppearanceSection(desk.session)
        desk.qtbot.addWidget(section)
        values = [value for _, value, _ in CHOICES]
        click(section.choices.buttons[values.index(appearance)])
        assert desk.session.preferences.wishes.appearance is appearance

    return choose
