"""What z costs under each prior, for docs/method.md: nats a loop on the validation split.

    .venv/bin/python -m scripts.method_prior CHECKPOINT [--corpus data/corpus]

The checkpoint holds the fitted prior: `python -m training prior` has put it there. Takes a minute or two.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch

from training.checkpoint import load_checkpoint, load_prior
from training.corpus import load_split
from training.prior_fit import nats, posteriors

OUTPUT = Path(__file__).resolve().parent.parent / "docs" / "figures" / "prior.json"


def measure(checkpoint: Path, corpus: Path) -> dict[str, Any]:
    """The styles, the families' nats as in `training.prior_fit.nats`, Z and the mixture's components."""
    model, prior = load_checkpoint(checkpoint), load_prior(checkpoint)
    learned, held_out = (
        posteriors(model, load_split(corpus, split), prior.styles) for split in ("train", "validation")
    )
    return {
        "styles": list(prior.styles),
        "latent": model.config.latent,
        "components": prior.config.components,
        "loops": len(held_out.mu),
        "nats": nats(prior, learned, held_out),
    }


def main() -> None:
    """Write the JSON file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--corpus", type=Path, default=Path("data/corpus"))
    parser.add_argument("-o", "--output", type=Path, default=OUTPUT)
    given = parser.parse_args()
    torch.set_num_threads(1)
    found = measure(given.checkpoint, given.corpus)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
