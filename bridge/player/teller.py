"""What the player tells: where the song is, as far as that is news, and its figures."""

from __future__ import annotations

from collections.abc import Callable

from bridge.player.figures import Figures
from bridge.player.messages import Anchor, Report, Stats
from bridge.player.output import Output
from bridge.player.whereabouts import Whereabouts


class Teller:
    """The way of all reports. Owned by the player's loop; `report` must not block."""

    def __init__(self, report: Callable[[Report], None]) -> None:
        self._report = report
        self._figures = Figures()
        self._whereabouts = Whereabouts()

    def tell(self, *reports: Report | None) -> None:
        """Report what there is to report."""
        for report in reports:
            if report is not None:
                self._report(report)

    def moved(self) -> None:
        """The song started, stopped or jumped: tell the next anchor whatever it says."""
        self._whereabouts.moved = True

    def tell_anchor(self, anchor: Anchor) -> bool:
        """Report where the song is, if something about it has changed since that was told; whether it has."""
        self._figures.clock(anchor)
        is_news = self._whereabouts.is_news(anchor)
        if is_news:
            self._report(anchor)
        return is_news

    def close(self, output: Output) -> None:
        """Keep the counts of an output that is about to be closed."""
        self._figures.close(output)

    def stats(self, output: Output | None, swaps: int) -> Stats:
        """The figures so far, with the output that is open."""
        return self._figures.stats(output, swaps)
