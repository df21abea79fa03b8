"""The real-time process: it owns ports and clock and plays loops. `PlayerLink` is all that others need of
it.
"""

from bridge.player.link import PlayerLink
from bridge.player.messages import PlayerConfig

__all__ = ["PlayerConfig", "PlayerLink"]
