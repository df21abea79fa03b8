"""What moves a song at a desk beside its hands: the morph, the path over the map, the walk of the sliders."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.studio.journey import Journey
from bridge.studio.morphing import Morpher
from bridge.studio.wander import Wander


@dataclass(frozen=True, slots=True)
class Movers:
    """Those of one studio, which ends after them."""

    morpher: Morpher
    journey: Journey
    wander: Wander

    def close(self) -> None:
        """End them all. Idempotent. Not from a callback of the studio."""
        for each in (self.morpher, self.journey, self.wander):
            each.close()
