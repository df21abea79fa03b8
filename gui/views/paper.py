"""Text to read in the side sheet, from Markdown, in the window's colours."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QUrl, pyqtSignal
from PyQt6.QtGui import (
    QDesktopServices,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrameFormat,
    QTextTable,
)
from PyQt6.QtWidgets import QFrame, QTextBrowser

from gui.models.guides import anchor_of
from gui.views import theme

CELL_PADDING = 5
INDENT = 20
HEADING_PX = {1: theme.TITLE_PX}
SMALLER_HEADING_PX = theme.BODY_PX + 1


class Paper(QTextBrowser):
    """Shows a Markdown text. A link to the web opens in the browser; `wanted` tells any other link."""

    wanted = pyqtSignal(str)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._text = ""
        self.setAccessibleName(name)
        self.setObjectName("paper")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.anchorClicked.connect(self._follow)

    def show_text(self, markdown: str) -> None:
        """Show this text from its beginning."""
        self._text = markdown
        self.setMarkdown(markdown)
        document = self.document()
        if document is not None:
            document.setDocumentMargin(0)
            document.setIndentWidth(INDENT)
            _set_type(document)
            _draw_tables(document)
        self.moveCursor(QTextCursor.MoveOperation.Start)

    def go_to(self, anchor: str) -> bool:
        """Scroll to the heading that a link means; False where there is none."""
        document = self.document()
        block = None if document is None else document.begin()
        while block is not None and block.isValid():
            if block.blockFormat().headingLevel() and anchor_of(block.text()) == anchor:
                self.moveCursor(QTextCursor.MoveOperation.End)  # so that the heading comes to the top
                self.setTextCursor(QTextCursor(block))
                return True
            block = block.next()
        return False

    def changeEvent(self, e: QEvent | None) -> None:  # noqa: N802
        """Other colours: the text keeps those of its making, so make it anew."""
        if theme.dressed_anew(e) and self._text:
            bar = self.verticalScrollBar()
            at = 0 if bar is None else bar.value()
            self.show_text(self._text)
            if bar is not None:
                bar.setValue(at)
        super().changeEvent(e)

    def _follow(self, url: QUrl) -> None:
        if url.scheme() in ("http", "https"):
            QDesktopServices.openUrl(url)
        else:
            self.wanted.emit(url.toString())


def _set_type(document: QTextDocument) -> None:
    """Headings of the window's sizes, and air between paragraphs."""
    block = document.begin()
    while block.isValid():
        cursor = QTextCursor(block)
        look, level = block.blockFormat(), block.blockFormat().headingLevel()
        if level:
            cursor.select(QTextCursor.SelectionType.BlockUnderCursor)
            letters = QTextCharFormat()
            letters.setFont(theme.font(HEADING_PX.get(level, SMALLER_HEADING_PX), bold=True))
            letters.setProperty(QTextFormat.Property.FontSizeAdjustment, 0)  # Qt would enlarge them once more
            cursor.mergeCharFormat(letters)
        if cursor.currentTable() is None:
            first = block == document.begin()
            look.setTopMargin(2 * theme.GAP if level and not first else 0)
            look.setBottomMargin(theme.GAP if block.textList() is None else theme.GAP / 2)
            QTextCursor(block).setBlockFormat(look)
        block = block.next()


def _draw_tables(document: QTextDocument) -> None:
    """Thin lines and some air: Qt draws the tables of Markdown bare."""
    root = document.rootFrame()
    for frame in [] if root is None else root.childFrames():
        if isinstance(frame, QTextTable):
            look = frame.format()
            look.setBorder(1)
            look.setBorderBrush(theme.translucent(theme.EDGE, 1))
            look.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
            look.setBorderCollapse(True)
            look.setCellPadding(CELL_PADDING)
            look.setTopMargin(theme.GAP / 2)
            frame.setFormat(look)
