"""Blows with host times in, periods of audio out: what an audio callback calls."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bridge.ports.frames import SECOND_NS, FrameRate
from bridge.ports.placing import Placer
from bridge.sound.mixer import Mixer

_SILENCE = b""
_DRIFT = 500e-6
"""A sound card's clock is never further than this off the computer's."""
_WATCH_NS = SECOND_NS // 5
"""How long all callbacks must come late: where no period was missed, one in time follows a late one."""
_MISSED_NS = SECOND_NS // 1000


class StreamClock:
    """Host time -> frames of a stream, from callbacks that may come late and never come early.

        host    --+-------+--------+-------+---   callbacks, each late by its own bit
        frames  --|-------|-------|-------|----   the line touches the earliest of them

    The line follows an earlier callback at once, and a sound card that is slower than the computer at no more
    than 0.05 %. Where periods were missed (an xrun, a card that hung) all callbacks are late from then on: it
    follows them after a fifth of a second. Owned by the callback's thread.
    """

    def __init__(self, rate: FrameRate) -> None:
        self._rate = rate
        self._offset_ns: int | None = None  # host time of frame 0
        self._seen_ns = 0
        self._watched_ns = 0  # since when the earliest callback is looked for
        self._earliest_ns = 0

    def begin(self, start: int, host_ns: int) -> None:
        """A callback came at `host_ns` for the period that starts at frame `start`."""
        offset_ns = host_ns - self._rate.to_ns(start)
        if self._offset_ns is None:
            self._offset_ns = offset_ns
            self._watch(offset_ns, host_ns)
        else:
            allowed = self._offset_ns + int(_DRIFT * (host_ns - self._seen_ns))
            self._offset_ns = min(offset_ns, allowed)
            self._earliest_ns = min(self._earliest_ns, offset_ns)
            if host_ns - self._watched_ns > _WATCH_NS:
                if self._earliest_ns - self._offset_ns > _MISSED_NS:
                    self._offset_ns = self._earliest_ns
                self._watch(offset_ns, host_ns)
        self._seen_ns = host_ns

    def _watch(self, offset_ns: int, host_ns: int) -> None:
        self._earliest_ns, self._watched_ns = offset_ns, host_ns

    def stream_ns(self, host_ns: int) -> int:
        """The time within the stream, in ns from its frame 0; of no meaning before the first `begin`."""
        return host_ns - (self._offset_ns or 0)


class Stream:
    """A mixer on a time line. `strike`, `silence` and `cancel_from` are for one thread, `render` for the
    audio callback; neither waits for the other.

    A blow sounds a period after its time, the longest that there was, so that one that is handed over only
    just before is not late.
    """

    def __init__(self, mixer: Mixer, rate: int, frames: int) -> None:
        """`rate` in Hz; `frames`: the period that will come first."""
        self._mixer = mixer
        self._rate = FrameRate(rate)
        self._clock = StreamClock(self._rate)
        self._delay_ns = self._rate.to_ns(frames)
        self._placer = Placer(self._rate)
        self._frame = 0

    @property
    def late(self) -> int:
        """How many blows came too late to sound in time."""
        return self._placer.late_handover

    def strike(self, voice: int, velocity: int, host_ns: int) -> None:
        """A blow on voice 0..8 with MIDI velocity 1..127, due at a time of `time.perf_counter_ns`."""
        self._placer.pending.put(bytes((voice, velocity)), host_ns + self._delay_ns)

    def silence(self, host_ns: int) -> None:
        """Let all that sounds then die away."""
        self._placer.pending.put(_SILENCE, host_ns + self._delay_ns)

    def cancel_from(self, host_ns: int) -> None:
        """Forget the blows that are due at or after a time and do not sound yet."""
        self._placer.pending.cancel_from(host_ns + self._delay_ns)

    def render(self, frames: int, host_ns: int) -> NDArray[np.float32]:
        """The next period, [frames, 2]; the callback came at `host_ns`."""
        start = self._frame
        self._frame += frames
        self._delay_ns = max(self._delay_ns, self._rate.to_ns(frames))
        self._clock.begin(start, host_ns)
        # The placer counts in host time: this is the frame, since the host's zero, that our period starts at.
        first = self._rate.to_frame(self._rate.to_ns(start) + host_ns - self._clock.stream_ns(host_ns))

        def write(offset: int, blow: bytes) -> bool:
            if blow == _SILENCE:
                self._mixer.silence(start + offset)
            else:
                self._mixer.strike(blow[0], blow[1], start + offset)
            return True

        self._placer.place(first, frames, write)
        return self._mixer.render(start, frames)
