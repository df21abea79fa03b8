"""What sounds now: blows come in with the frame on which they are due, stereo periods come out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.sound.kit import PANS, Kit, Sound

MAX_SOUNDING = 48
"""How many blows sound at once; the one that has sounded longest gives way."""

_CHOKE_S = 0.012
_CLOSED_HAT, _OPEN_HAT = 2, 3


@dataclass(slots=True)
class _Blow:
    voice: int
    sound: Sound
    start: int  # frame
    left: float
    right: float
    fade_from: int | None = None  # frame from which it is being choked


class Mixer:
    """Plays a kit. One thread owns it, such as an audio callback: `render` takes no lock.

    Frames are counted from 0 by whoever calls; `render` is called with periods in order.
    """

    def __init__(self, kit: Kit, gain: float = 0.8) -> None:
        self._kit = kit
        self._gain = gain
        self._blows: list[_Blow] = []
        self._takes = 0
        self._choke = max(1, round(_CHOKE_S * kit.rate))

    @property
    def sounding(self) -> int:
        """How many blows sound, or will."""
        return len(self._blows)

    def strike(self, voice: int, velocity: int, frame: int) -> None:
        """A blow on voice 0..8 with MIDI velocity 1..127 at a frame; a closed hat ends an open one."""
        if voice == _CLOSED_HAT:
            self._silence(_OPEN_HAT, frame)
        loud = self._gain * (velocity / 127) ** 1.6
        pan = (PANS[voice] + 1) * np.pi / 4  # constant power
        if len(self._blows) >= MAX_SOUNDING:
            del self._blows[0]
        self._takes += 1
        sound = self._kit.sound(voice, velocity, self._takes)
        self._blows.append(_Blow(voice, sound, frame, loud * float(np.cos(pan)), loud * float(np.sin(pan))))

    def silence(self, frame: int) -> None:
        """Let everything that sounds die away within 12 ms from a frame on."""
        for voice in range(len(PANS)):
            self._silence(voice, frame)

    def render(self, start: int, frames: int) -> NDArray[np.float32]:
        """The period of `frames` frames from frame `start` on: float32 [frames, 2], within -1..1."""
        out = np.zeros((frames, 2), np.float32)
        if not self._blows:
            return out
        kept = []
        for blow in self._blows:
            begin = blow.start - start  # in this period; negative: it began before
            at, into = max(0, begin), max(0, -begin)
            wave = blow.sound[into : into + max(0, frames - at)]
            if blow.fade_from is not None:
                frame = np.arange(start + at, start + at + len(wave))
                wave = wave * np.clip(1 - (frame - blow.fade_from) / self._choke, 0, 1).astype(np.float32)
            out[at : at + len(wave), 0] += blow.left * wave
            out[at : at + len(wave), 1] += blow.right * wave
            end = blow.start + len(blow.sound)
            if blow.fade_from is not None:
                end = min(end, blow.fade_from + self._choke)
            if end > start + frames:
                kept.append(blow)
        self._blows = kept
        return np.tanh(out, out=out)  # a limiter that is felt only where the sum is loud

    def _silence(self, voice: int, frame: int) -> None:
        for blow in self._blows:
            if blow.voice == voice and blow.fade_from is None and blow.start < frame:
                blow.fade_from = frame
