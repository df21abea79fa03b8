"""A place in an Ableton Link session, through the package LinkPython-extern (the extra `link`).

Link runs in threads of its own and takes no part in our loop. Its callbacks are not used: they would come in
those threads and wait for the interpreter lock, which whoever closes a session holds while it waits for them.
"""

from __future__ import annotations

from bridge.errors import GroovebridgeError
from bridge.timing.link import BEATS_PER_BAR, LinkState


class LinkMissingError(GroovebridgeError):
    """Link is wanted and is not installed."""


def require_link() -> type:
    """The package's `Link`; LinkMissingError where it is not installed. Starts nothing."""
    try:
        from link import Link
    except ImportError:
        raise LinkMissingError(
            'Ableton Link is an extra that is not installed. Add it with: pip install "groovebridge[link]"'
        ) from None
    return Link


class AbletonLink:
    """See `LinkSession`. Raises LinkMissingError. All methods are for one thread; none of them blocks.

    A call takes some microseconds and holds the interpreter lock for as long; Link's own lock, which it
    takes, is never held for longer than the copy of a few numbers.
    """

    def __init__(self) -> None:
        self._link = require_link()(120.0)
        self._link.startStopSyncEnabled = True
        self._clock = self._link.clock()

    def capture(self) -> LinkState:
        """The session as it is now."""
        state = self._link.captureAppSessionState()
        at_us = self._clock.micros()
        return LinkState(
            at_us,
            state.beatAtTime(at_us, BEATS_PER_BAR),
            state.tempo(),
            state.isPlaying(),
            state.timeForIsPlaying(),
            self._link.numPeers(),
        )

    def enter(self, bpm: float) -> None:
        """Meet the others, with this tempo if there are none, and with a transport that stands."""
        state, now_us = self._link.captureAppSessionState(), self._clock.micros()
        state.setTempo(bpm, now_us)
        state.setIsPlaying(False, now_us)
        self._link.commitAppSessionState(state)
        self._link.enabled = True

    def leave(self) -> None:
        """Meet nobody any more; those who are left are told by Link's thread."""
        self._link.enabled = False

    def set_tempo(self, bpm: float) -> None:
        """Change the tempo for all, now; beats are kept."""
        state = self._link.captureAppSessionState()
        state.setTempo(bpm, self._clock.micros())
        self._link.commitAppSessionState(state)

    def start(self, at_us: int) -> None:
        """Have all transports play from this moment on. If we are alone, a bar begins there."""
        state = self._link.captureAppSessionState()
        state.setIsPlaying(True, at_us)
        if not self._link.numPeers():
            state.requestBeatAtTime(0.0, at_us, BEATS_PER_BAR)
        self._link.commitAppSessionState(state)

    def stop(self) -> None:
        """Have all transports stop, now."""
        state = self._link.captureAppSessionState()
        state.setIsPlaying(False, self._clock.micros())
        self._link.commitAppSessionState(state)
