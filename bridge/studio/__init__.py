"""The session a person works in, without a window: `Studio` and the pictures that it shows of itself."""

from bridge.studio.state import StudioState, position_ticks
from bridge.studio.studio import Studio

__all__ = ["Studio", "StudioState", "position_ticks"]
