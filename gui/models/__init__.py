"""Observable state of the window, without widgets: the session, the playhead, the status sentence."""

from gui.models.opened import Opened, Phase
from gui.models.playhead import Place, Playhead, loop_steps
from gui.models.ports import PortModel
from gui.models.session import SessionModel
from gui.models.status import Level, Remedy, Status

__all__ = [
    "Level",
    "Opened",
    "Phase",
    "Place",
    "Playhead",
    "PortModel",
    "Remedy",
    "SessionModel",
    "Status",
    "loop_steps",
]
