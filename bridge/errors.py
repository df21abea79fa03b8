"""The one family of errors that a user is meant to read."""


class GroovebridgeError(Exception):
    """What went wrong and what to do about it, in one or two plain sentences.

    Every mistake that a user can make (a missing port, a damaged file, a full disk) is raised as this or
    as a subclass. The command line prints the text and exits with 1; the window shows it. A bug is any other
    exception.
    """
