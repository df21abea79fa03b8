"""What the window works at once the model is loaded, and how far that has got."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from bridge.model import Settings
from bridge.model.map import Map
from bridge.studio import Studio
from bridge.studio.last_time import LastTime


class Phase(Enum):
    """Where the window's life stands. FAILED: the model could not be loaded; one can try again."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Opened:
    """A studio that runs, and what its model has.

    coordinates   where the raw axes of given settings lie: name -> standard deviations. Called in the Qt
                  thread at every change, so quick
    sliders       the named sliders, in the order in which they are shown; none before calibration
    styles        the styles that can be asked for
    chart         its map; None where it has none
    place_of      where a point of latent space for given settings lies on that map
    ended         what is to be done once the studio has been closed
    last          what was at the desk last time, if it goes on with that
    """

    studio: Studio
    coordinates: Callable[[Settings], Mapping[str, float]]
    sliders: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    chart: Map | None = None
    place_of: Callable[[Settings], tuple[float, float] | None] = lambda _: None
    ended: Callable[[], None] = lambda: None
    last: LastTime | None = None
