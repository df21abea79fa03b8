"""What can go wrong in an export, as the user reads it."""

from bridge.errors import GroovebridgeError


class ExportError(GroovebridgeError):
    """An export that could not be done; nothing was written."""


class ParityError(ExportError):
    """The exported graphs do not answer as PyTorch does; nothing was written."""
