"""All randomness of the program: numbers that depend on (seed, index) alone, everywhere and always.

Philox 4x64-10 is a counter-based generator: its output is a pure function of a key and a counter. The key is
(seed, stream), the counter's second word is the index; the first word counts blocks. So each of the three
streams of each (seed, index) has 2^64 blocks of its own, and none overlaps another:

    key      seed            | stream: 0 prior, 1 hits, 2 expression
    counter  block 0, 1, ... | index | 0 | 0

Only the raw bits are numpy's (a bit generator's stream is fixed by numpy's compatibility policy; those of
`Generator.normal` and friends are not). What makes numbers of the bits is written out here, in float64, and
rounded to float32 once at the end.

Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011; Box and Muller
1958. All functions are pure and thread-safe.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from bridge.groove import STEPS, VOICES

EXPRESSIONS = 2 * VOICES
"""Normals a step: nine for the velocities, then nine for the offsets."""

WORD = 2**64


class _Stream(IntEnum):
    PRIOR = 0
    HITS = 1
    EXPRESSION = 2


def prior_noise(seed: int, index: int, size: int) -> NDArray[np.float32]:
    """What the prior makes a point of, [size], standard normal. A longer draw begins with the shorter one."""
    return _normals(seed, index, _Stream.PRIOR, size).astype(np.float32)


def hit_noise(seed: int, index: int, choices: int) -> NDArray[np.float32]:
    """Gumbel noise, [64, choices]: argmax(logits + noise) is a draw from softmax(logits)."""
    uniforms = _uniforms(seed, index, _Stream.HITS, STEPS * choices)
    gumbel = -np.log(-np.log(uniforms))
    return gumbel.reshape(STEPS, choices).astype(np.float32)


def expression_noise(seed: int, index: int) -> NDArray[np.float32]:
    """Standard normals for velocities (first nine columns) and offsets (last nine), [64, 18]."""
    normals = _normals(seed, index, _Stream.EXPRESSION, STEPS * EXPRESSIONS)
    return normals.reshape(STEPS, EXPRESSIONS).astype(np.float32)


def open_unit(bits: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Raw 64-bit words as numbers of the open interval (0, 1): the middle of one of 2^52 equal cells.

    The upper 52 bits choose the cell. All are exact in float64; with 53 bits the last middle would round to
    1, whose Gumbel is infinite.
    """
    return ((bits >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def _uniforms(seed: int, index: int, stream: _Stream, count: int) -> NDArray[np.float64]:
    if not (0 <= seed < WORD and 0 <= index < WORD):
        raise ValueError(f"seed and index must lie in 0..2^64-1, not {seed} and {index}")
    key = np.array([seed, int(stream)], dtype=np.uint64)
    counter = np.array([0, index, 0, 0], dtype=np.uint64)
    return open_unit(np.random.Philox(key=key, counter=counter).random_raw(count))


def _normals(seed: int, index: int, stream: _Stream, count: int) -> NDArray[np.float64]:
    """Standard normals by Box and Muller: each pair of uniforms makes a cosine and a sine."""
    uniforms = _uniforms(seed, index, stream, count + count % 2).reshape(-1, 2)
    radius = np.sqrt(-2.0 * np.log(uniforms[:, 0]))
    angle = 2.0 * np.pi * uniforms[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)[:count]
