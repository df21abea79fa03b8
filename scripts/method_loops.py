"""Loops to look at in docs/method.md: a drummer's, what the model makes of it, and one of its own.

    .venv/bin/python -m scripts.method_loops [--corpus data/corpus] [--bundle DIR]

The drummer's loop is not chosen by eye: of the test loops it is the one whose reconstruction is in the
middle, so that half of them come out better and half worse.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from bridge.groove import DrumLoop
from bridge.model import Bundle, Model, Settings
from bridge.model.bundle import VOICE_NAMES
from training.corpus import load_split

OUTPUT = Path(__file__).resolve().parent.parent / "docs" / "figures" / "loops.json"


def examples(corpus: Path, bundle: Path | None) -> dict[str, Any]:
    """The loops and their titles: hits as [step, voice, velocity, offset]."""
    model = Model(Bundle.load(bundle), "cpu")
    truth = load_split(corpus, "test").loops(stride_bars=4)
    loops = [DrumLoop.of(*each) for each in zip(truth.hits, truth.velocities, truth.offsets, strict=True)]
    mu, sigma = model.encode_batch(loops)
    still = Settings(temperature=0.0)
    back = model.decode_batch(mu, [still] * len(mu))
    scores = np.array([f1(loop, made) for loop, made in zip(loops, back, strict=True)])
    middle = int(np.argsort(scores, kind="stable")[len(scores) // 2])
    noise = np.random.default_rng(0).standard_normal(mu.shape[1])
    around = (mu[middle] + sigma[middle] * noise).astype(np.float32)
    shown = [
        ("a drummer, from the test split", loops[middle]),
        (f"its reconstruction at temperature 0: F1 {scores[middle]:.2f}, the median", back[middle]),
        (
            "a variation: another point of its posterior, at the app's temperature",
            model.decode(around, Settings()),
        ),
        ("the model's own: drawn from the prior with seed 0", model.loop(Settings())),
    ]
    return {
        "voices": list(VOICE_NAMES),
        "loops": [{"name": name, "hits": hits_of(loop)} for name, loop in shown],
    }


def f1(loop: DrumLoop, made: DrumLoop) -> float:
    """F1 of a reconstruction's hits."""
    total = int(loop.hits.sum() + made.hits.sum())
    return 2 * int((loop.hits & made.hits).sum()) / max(total, 1)


def hits_of(loop: DrumLoop) -> list[list[float]]:
    """The loop's hits as rows of step, voice, velocity and offset."""
    return [
        [
            int(step),
            int(voice),
            round(float(loop.velocities[step, voice]), 3),
            round(float(loop.offsets[step, voice]), 3),
        ]
        for step, voice in np.argwhere(loop.hits)
    ]


def main() -> None:
    """Write the JSON file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=Path("data/corpus"))
    parser.add_argument("--bundle", type=Path, help="default: the shipped one")
    parser.add_argument("-o", "--output", type=Path, default=OUTPUT)
    given = parser.parse_args()
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(examples(given.corpus, given.bundle)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
