"""The pages of the side sheet, in the order of the menu: a new page is one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PyQt6.QtWidgets import QWidget

from gui.models import SessionModel
from gui.views.about_page import AboutPage
from gui.views.controllers_page import ControllersPage
from gui.views.guide_page import GuidePage
from gui.views.help_page import HelpPage
from gui.views.sessions_page import SessionsPage
from gui.views.settings_page import SettingsPage
from gui.views.shortcuts_page import ShortcutsPage


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its name in the program, its title in the menu, and what makes it."""

    name: str
    title: str
    make: Callable[[SessionModel], QWidget]


PAGES: tuple[Page, ...] = (
    Page("sessions", "Session", SessionsPage),
    Page("controllers", "Controllers", ControllersPage),
    Page("settings", "Settings", SettingsPage),
    Page("guide", "First steps", GuidePage),
    Page("help", "Help with your DAW", HelpPage),
    Page("shortcuts", "Keyboard shortcuts", ShortcutsPage),
    Page("about", "About Groovebridge", AboutPage),
)


def page_named(name: str) -> Page:
    """The page of this name. KeyError."""
    return {page.name: page for page in PAGES}[name]
