"""A drum kit made of arithmetic: nine voices, each as short mono sounds, without a sample file.

How a drum is made here, and where the recipes come from:

* *skins* (kick, toms, the snare's shell) are sines whose pitch falls to its rest while they die away, which
  is what a struck membrane does: its tension, and so its pitch, is highest at the blow;
* *wires and breath* (the snare's wires, a stick's tick) are noise in a band;
* *metal* (hats, ride, crash) is a cluster of square waves whose pitches have no common measure, with only
  the top let through, as in the circuits of the TR-808 and their analyses (Werner, Abel and Smith, "The
  TR-808 Cymbal: a Physically-Informed, Circuit-Bendable, Digital Model", ICMC 2014).

A harder blow is louder, brighter and longer. All of it is a pure function of voice, strength and take: the
same kit on every machine, made anew at each start in a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.groove import VOICES

Sound = NDArray[np.float32]
"""Mono, [frames], within -1..1."""

LAYERS = 4
"""How many strengths of each blow there are, the softest first."""

TAKES = 2
"""How many recordings, as it were, of each blow: repeated notes do not sound like a machine gun."""

PANS = (0.0, 0.0, 0.3, 0.3, -0.45, -0.1, 0.25, -0.5, 0.55)
"""Where each voice stands, -1 left to 1 right, as the drummer's audience sees it."""

_LOUDNESS = (0.95, 0.75, 0.34, 0.36, 0.75, 0.7, 0.65, 0.42, 0.36)  # peaks, in the balance of a recorded kit
_METAL_HZ = (205.3, 304.4, 369.6, 522.7, 540.0, 800.0)


@dataclass(frozen=True, slots=True)
class Kit:
    """All sounds at one sample rate: `sounds[voice][layer][take]`; voices in the order of `Voice`."""

    rate: int
    sounds: tuple[tuple[tuple[Sound, ...], ...], ...]

    @classmethod
    def make(cls, rate: int) -> Kit:
        """Render the kit for a sample rate of 8,000..192,000 Hz. Takes about 0.3 s."""
        if not 8_000 <= rate <= 192_000:
            raise ValueError(f"a sample rate of {rate} Hz: it goes from 8000 to 192000")
        return cls(
            rate,
            tuple(
                tuple(
                    tuple(render(voice, (layer + 0.5) / LAYERS, take, rate) for take in range(TAKES))
                    for layer in range(LAYERS)
                )
                for voice in range(VOICES)
            ),
        )

    def sound(self, voice: int, velocity: int, take: int) -> Sound:
        """The sound of a blow: MIDI velocity 1..127, `take` any number."""
        layer = min(LAYERS - 1, max(0, velocity - 1) * LAYERS // 127)
        return self.sounds[voice][layer][take % TAKES]


def render(voice: int, strength: float, take: int, rate: int) -> Sound:
    """One blow on one voice; strength 0..1. Ends at the point where it can no longer be heard (-60 dB)."""
    stage = _Stage(rate, strength, np.random.default_rng((voice, take)))
    wave = _RECIPES[voice](stage)
    loud = np.flatnonzero(np.abs(wave) > np.abs(wave).max() * 1e-3)
    wave = wave[: loud[-1] + 1]
    fade = min(len(wave), max(1, rate // 200))
    wave[-fade:] *= np.linspace(1, 0, fade)
    sound: Sound = (wave * (_LOUDNESS[voice] / np.abs(wave).max())).astype(np.float32)
    return sound


@dataclass(frozen=True, slots=True)
class _Stage:
    """What the recipes have to cook with. Times in seconds, pitches in Hz."""

    rate: int
    strength: float
    random: np.random.Generator

    def time(self, seconds: float) -> NDArray[np.float64]:
        return np.arange(round(seconds * self.rate)) / self.rate

    def skin(
        self, seconds: float, rest_hz: float, blow: float, fall: float, decay: float
    ) -> NDArray[np.float64]:
        """A sine that falls from `blow` times its rest, and dies away (both time constants)."""
        time = self.time(seconds)
        cycles = rest_hz * (time + (blow - 1) * fall * (1 - np.exp(-time / fall)))
        return np.sin(2 * np.pi * cycles) * np.exp(-time / decay) * np.minimum(1, time / 0.001)

    def noise(self, seconds: float, low_hz: float, high_hz: float, decay: float) -> NDArray[np.float64]:
        """Noise in a band that dies away."""
        time = self.time(seconds)
        return self.band(self.random.standard_normal(len(time)), low_hz, high_hz) * np.exp(-time / decay)

    def metal(self, seconds: float, pitch: float, low_hz: float, decay: float) -> NDArray[np.float64]:
        """Square waves of no common measure, of which the top is let through, that die away."""
        time = self.time(seconds)
        squares = np.zeros(len(time))
        for hertz in _METAL_HZ:
            squares += np.sign(np.sin(2 * np.pi * (hertz * pitch * time + self.random.random())))
        return self.band(squares, low_hz, 0.45 * self.rate) * np.exp(-time / decay)

    def band(self, wave: NDArray[np.float64], low_hz: float, high_hz: float) -> NDArray[np.float64]:
        """The part of a wave within a band, with soft edges (an octave's roll-off of 12 dB), peak 1."""
        hertz = np.maximum(np.fft.rfftfreq(len(wave), 1 / self.rate), 1e-9)
        gain = 1 / (1 + (low_hz / hertz) ** 4) / (1 + (hertz / min(high_hz, 0.45 * self.rate)) ** 4)
        wave = np.fft.irfft(np.fft.rfft(wave) * gain, len(wave))
        return np.asarray(wave / np.abs(wave).max())


def _mix(*parts: tuple[float, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Add waves, each with its gain; the sum is as long as the longest."""
    total = np.zeros(max(len(wave) for _, wave in parts))
    for gain, wave in parts:
        total[: len(wave)] += gain * wave
    return total


def _kick(stage: _Stage) -> NDArray[np.float64]:
    hard = stage.strength
    body = stage.skin(0.7, 49, 3.2 + 1.3 * hard, 0.028, 0.13 + 0.05 * hard)
    beater = stage.noise(0.02, 1_500, 5_000, 0.003)
    return np.tanh(_mix((1.3, body), (0.12 + 0.25 * hard, beater)))


def _snare(stage: _Stage) -> NDArray[np.float64]:
    hard = stage.strength
    shell = stage.skin(0.3, 186, 1.35, 0.012, 0.055)
    ring = stage.skin(0.3, 331, 1.15, 0.010, 0.035)
    wires = stage.noise(0.45, 1_800 - 400 * hard, 6_500 + 4_000 * hard, 0.06 + 0.05 * hard)
    return _mix((0.8, shell), (0.35, ring), (0.55 + 0.35 * hard, wires))


def _hat(seconds: float, decay: float) -> Callable[[_Stage], NDArray[np.float64]]:
    def hat(stage: _Stage) -> NDArray[np.float64]:
        hard = stage.strength
        metal = stage.metal(seconds, 2.0, 7_800 - 1_800 * hard, decay * (0.7 + 0.5 * hard))
        breath = stage.noise(seconds, 8_000, 15_000, decay * 0.8)
        stick = stage.noise(0.02, 3_000, 9_000, 0.0025)
        return _mix((1.0, metal), (0.5, breath), (0.1 + 0.4 * hard, stick))

    return hat


def _tom(hertz: float) -> Callable[[_Stage], NDArray[np.float64]]:
    def tom(stage: _Stage) -> NDArray[np.float64]:
        hard = stage.strength
        skin = stage.skin(0.9, hertz, 1.5 + 0.3 * hard, 0.04, 0.14 + 0.08 * hard)
        over = stage.skin(0.4, hertz * 1.59, 1.3, 0.03, 0.06)  # a membrane's next mode
        stick = stage.noise(0.03, 900, 4_500, 0.005)
        return np.tanh(_mix((1.1, skin), (0.25, over), (0.08 + 0.2 * hard, stick)))

    return tom


def _crash(stage: _Stage) -> NDArray[np.float64]:
    hard = stage.strength
    wash = stage.noise(2.4, 2_600, 14_000, 0.35 + 0.25 * hard)
    metal = stage.metal(2.4, 2.3, 4_000, 0.30 + 0.15 * hard)
    return _mix((1.0, wash * np.minimum(1, stage.time(2.4) / 0.004)), (0.6, metal))


def _ride(stage: _Stage) -> NDArray[np.float64]:
    hard = stage.strength
    ping = sum(
        stage.skin(1.2, hertz, 1.0, 0.01, decay)
        for hertz, decay in ((3_140, 0.16), (4_470, 0.22), (5_830, 0.12), (7_930, 0.08))
    )
    wash = stage.metal(1.6, 2.7, 5_500, 0.25 + 0.1 * hard)
    stick = stage.noise(0.02, 4_000, 10_000, 0.002)
    return _mix((0.16, np.asarray(ping)), (0.45 + 0.3 * hard, wash), (0.3 + 0.3 * hard, stick))


_RECIPES: tuple[Callable[[_Stage], NDArray[np.float64]], ...] = (
    _kick,
    _snare,
    _hat(0.25, 0.035),
    _hat(1.1, 0.24),
    _tom(88),
    _tom(118),
    _tom(158),
    _crash,
    _ride,
)
