"""The button with the presets: to play one, keep what plays, open a file, delete one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QInputDialog, QMenu

from bridge.studio.presets import DELETED, Preset
from gui.models import Phase, SessionModel
from gui.views import theme
from gui.views.controls import Button, explain
from gui.views.file_dialogs import ask_open
from gui.views.learn import learnable
from gui.views.shortcuts import DIGITS
from gui.views.words import unready

NONE_YET = "No presets yet"
WIDTH = 128


class PresetButton(Button):
    """Shows the preset that plays, and a menu on a click. Its dialogs keep nothing waiting."""

    def __init__(self, session: SessionModel) -> None:
        super().__init__("Presets", "")
        learnable(self, "next preset", "preset before")
        self._session = session
        self._menu: QMenu | None = None
        self.setFixedWidth(WIDTH)
        self.clicked.connect(self.show_menu)
        session.settings_changed.connect(self.refresh)
        session.phase_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the name of the preset that plays, if it is one."""
        state = self._session.state
        name = None if state is None else self._session.files.name_of(state.sketch)
        room = WIDTH - 2 * theme.MARGIN
        self.setText(
            self.fontMetrics()
            .elidedText(name or "Presets", Qt.TextElideMode.ElideRight, room)
            .replace("&", "&&")
        )
        self.setAccessibleName(f"Presets: {name}" if name else "Presets")
        tip = "Play a preset, keep what plays (Ctrl+P), open a file (Ctrl+O)"
        explain(self, self._ready, f"{name}\n{tip}" if name else tip, unready(self._session.phase))

    @property
    def _ready(self) -> bool:
        return self._session.phase is Phase.READY

    def show_menu(self) -> None:
        """Open the menu above the button."""
        menu = self.menu_now()
        menu.popup(self.mapToGlobal(QPoint(0, -menu.sizeHint().height())))

    def menu_now(self) -> QMenu:
        """The menu with the presets that there are now."""
        if self._menu is not None:
            self._menu.deleteLater()
        menu = self._menu = QMenu(self)
        menu.setToolTipsVisible(True)
        presets = self._session.files.presets()
        for number, preset in enumerate(presets, start=1):
            self._add_preset(menu, preset, f"\t{number}" if number in DIGITS else "")
        if not presets:
            _add(menu, NONE_YET, lambda: None, enabled=False)
        menu.addSeparator()
        _add(menu, "Save as …\tCtrl+P", self.ask_name)
        _add(menu, "Open a file …\tCtrl+O", lambda: ask_open(self.window() or self, self._session))
        delete = QMenu("Delete", menu)
        delete.setToolTipsVisible(True)
        delete.setEnabled(bool(presets))
        for preset in presets:
            tip = f"Moves its file into the folder “{DELETED}” in {self._session.files.folder.path}"
            _add(delete, preset.name, partial(self._session.files.delete, preset), tip)
        menu.addMenu(delete)
        return menu

    def _add_preset(self, menu: QMenu, preset: Preset, keys: str) -> None:
        problem = preset.problem
        if problem is None:
            _add(menu, preset.name + keys, lambda: self._session.files.open(preset.path))
        else:
            _add(menu, f"{preset.name} (cannot be read)", lambda: self._session.refuse(problem), problem)

    def ask_name(self) -> None:
        """Have the user name what plays, and keep it."""
        if self._ready:
            dialog = QInputDialog(self.window())
            dialog.setWindowTitle("Save a preset")
            dialog.setLabelText("Name of the preset:")
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.textValueSelected.connect(self._keep)
            dialog.show()  # not modal: what plays can be changed until it has a name

    def _keep(self, name: str) -> None:
        self._session.files.save(name)
        self.refresh()


def _add(menu: QMenu, text: str, act: Callable[[], object], tip: str = "", enabled: bool = True) -> None:
    # PyQt's addAction with a text would take a name's & for a key
    name, _, keys = text.partition("\t")
    action = menu.addAction(name.replace("&", "&&") + (f"\t{keys}" if keys else ""))
    if action is not None:
        action.setToolTip(tip or name)
        action.setEnabled(enabled)
        action.triggered.connect(lambda _checked: act())
