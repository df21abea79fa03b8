"""The takes as a list that Qt's views can show, and that can be dragged out as MIDI files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence, Set
from pathlib import Path

from PyQt6.QtCore import QAbstractListModel, QMimeData, QModelIndex, Qt, QUrl, pyqtSignal

from bridge.errors import GroovebridgeError
from bridge.groove.midifile import save_loop
from bridge.studio.generate import save_loops
from bridge.studio.history import Take

TIP = (
    "Double click to play it again, drag it into your DAW or a folder.\n"
    "Right click for more: pin (P), name (F2), save as a MIDI file (Ctrl+E)."
)
_LONGEST_FILE = 48  # letters: file systems count bytes, up to 255
TAKE_ROLE = Qt.ItemDataRole.UserRole
NO_INDEX = QModelIndex()


class HistoryModel(QAbstractListModel):
    """The takes at hand, the newest first. `TAKE_ROLE` gives the `Take` of a row. Qt thread only.

    What is dragged out is a .mid file of each chosen take, in a folder of its own that goes with the model;
    `tempo` and `notes` (and channel) say how it is written, and `failed` gets the sentence when it cannot be.
    `renamed` tells the number and name of a take whose name was edited.
    """

    renamed = pyqtSignal(int, str)

    def __init__(
        self,
        tempo: Callable[[], float],
        notes: Callable[[], tuple[tuple[int, ...], int]],
        failed: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._takes: tuple[Take, ...] = ()
        self._tempo = tempo
        self._notes = notes
        self._failed = failed
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @property
    def takes(self) -> tuple[Take, ...]:
        """The takes at hand, the newest first."""
        return self._takes

    def show(self, takes: Sequence[Take]) -> None:
        """Show these takes, oldest first as the studio has them. Rows come and go: a selection stays."""
        newest_first = tuple(reversed(takes))
        self._remove_all_but({take.number for take in newest_first})
        added = len(newest_first) - len(self._takes)
        if added > 0 and [take.number for take in newest_first[added:]] == [t.number for t in self._takes]:
            self.beginInsertRows(NO_INDEX, 0, added - 1)
            self._takes = newest_first
            self.endInsertRows()
        elif added:
            self.beginResetModel()
            self._takes = newest_first
            self.endResetModel()
        before, self._takes = self._takes, newest_first
        for row, (old, new) in enumerate(zip(before, newest_first, strict=True)):
            if old != new:
                self.dataChanged.emit(self.index(row), self.index(row))

    def _remove_all_but(self, numbers: Set[int]) -> None:
        for row in reversed(range(len(self._takes))):
            if self._takes[row].number not in numbers:
                self.beginRemoveRows(NO_INDEX, row, row)
                self._takes = self._takes[:row] + self._takes[row + 1 :]
                self.endRemoveRows()

    # --- what Qt asks ---

    def rowCount(self, parent: QModelIndex = NO_INDEX) -> int:  # noqa: N802
        """How many takes there are."""
        return 0 if parent.isValid() else len(self._takes)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The take, its title, and what it is in words."""
        if not index.isValid():
            return None
        take = self._takes[index.row()]
        if role == TAKE_ROLE:
            return take
        if role == Qt.ItemDataRole.DisplayRole:
            return title_of(take)
        if role == Qt.ItemDataRole.EditRole:
            return take.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{title_of(take)}, {take.loop.hit_count} hits{', pinned' if take.pinned else ''}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{title_of(take)}\n{TIP}"
        return None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Takes can be chosen, named and dragged out."""
        chosen = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDragEnabled
        chosen |= Qt.ItemFlag.ItemIsEditable
        return chosen if index.isValid() else Qt.ItemFlag.NoItemFlags

    def setData(self, index: QModelIndex, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        """A name was typed."""
        if not index.isValid() or role != Qt.ItemDataRole.EditRole:
            return False
        self.renamed.emit(self._takes[index.row()].number, str(value))
        return True

    def supportedDragActions(self) -> Qt.DropAction:  # noqa: N802
        """A copy: the take stays."""
        return Qt.DropAction.CopyAction

    def mimeTypes(self) -> list[str]:  # noqa: N802
        """Files."""
        return ["text/uri-list"]

    def mimeData(self, indexes: Iterable[QModelIndex]) -> QMimeData | None:  # noqa: N802
        """The chosen takes as files; None, after a sentence, where they cannot be written."""
        return self.files([self._takes[index.row()] for index in indexes if index.isValid()])

    def files(self, takes: Sequence[Take]) -> QMimeData | None:
        """These takes as files to be dragged out."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="groovebridge-")
        notes, channel = self._notes()
        loops = {file_name(take): take.loop for take in takes}
        try:
            paths = save_loops(loops, Path(self._folder.name), self._tempo(), notes, channel)
        except GroovebridgeError as error:
            self._failed(str(error))
            return None
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        return data

    def save(self, take: Take, path: Path) -> bool:
        """Write a take as a MIDI file, over one that is there; False, after a sentence, if it cannot be."""
        try:
            save_loop(path, take.loop, self._tempo(), *self._notes())
        except GroovebridgeError as error:
            self._failed(str(error))
            return False
        return True

    def close(self) -> None:
        """Remove the files that were dragged out: whoever took them has copied them. Idempotent."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def title_of(take: Take) -> str:
    """The take's name, or its number."""
    return take.name or f"Take {take.number}"


def file_name(take: Take) -> str:
    """A file name for a take, not too long: what file systems do not like becomes a dash."""
    name = "".join(sign if sign.isalnum() or sign in " -_" else "-" for sign in take.name)
    name = name[:_LONGEST_FILE].strip()
    return f"groovebridge-{take.number:04d}{f'-{name}' if name else ''}"
