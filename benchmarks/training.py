"""How fast a training step is, and how much of it is the matrix products that cannot be left out.

    python -m benchmarks.training          a table
    python -m benchmarks.training --json   for docs/speed.md, see scripts/speed_tables.py

A step is what `train` does with a batch: augmentation, loss, gradients, clipping, AdamW, averaged weights.
The products are those of the model's layers, forwards and backwards, with the shapes that a step has them in,
run alone and in turn with the steps. One thread; CPU time, so that what else the machine does is not counted.
The loops are made up: no product's time depends on them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from bridge.groove.loop import STEPS
from bridge.groove.voices import VOICES
from training.augment import Augmentation, Batch
from training.learner import Optimisation, follow, optimizer_of
from training.model import ModelConfig, MusicVAE
from training.objective import Objective, loss_of

CHOICES = 147
BATCH = 64
Shape = tuple[int, int, int]
"""A product's sizes: [rows, inner] times [inner, columns]."""


@dataclass(frozen=True, slots=True)
class Report:
    """One thread's figures: `step_ms` and `products_ms` of CPU time, `parts` as shares of a step's time.

    operations   of the products of one step
    """

    batch: int
    load: tuple[float, float]
    step_ms: float
    products_ms: float
    operations: int
    loops_a_second: float
    share: float
    parts: Mapping[str, float]


class Training:
    """A model with all that trains it, on one batch of made-up loops."""

    def __init__(self, config: ModelConfig, batch: int) -> None:
        torch.manual_seed(0)
        table = (torch.arange(config.choices)[:, None] >> torch.arange(VOICES)) & 1
        self.model = MusicVAE(config, table)
        self.average = MusicVAE(config, table).requires_grad_(False)
        self.optimisation = Optimisation()
        self.optimizer = optimizer_of(self.model, self.optimisation)
        self.objective = Objective()
        self.augmentation = Augmentation()
        self.playable = self.model.playable
        hits = table[torch.randint(0, config.choices, (batch, STEPS))].to(torch.float32)
        self.batch = Batch(hits, hits * torch.rand_like(hits), hits * (torch.rand_like(hits) - 0.5))

    def step(self) -> None:
        """What `Learner` and Lightning do with one batch."""
        self.optimizer.zero_grad()
        batch = self.augmentation(self.batch, self.playable)
        torch.autograd.backward(loss_of(self.model, batch, self.objective, 1).loss)
        nn.utils.clip_grad_norm_(self.model.parameters(), self.optimisation.clip)
        self.optimizer.step()
        follow(self.average, self.model, self.optimisation.average)

    def products(self) -> list[Shape]:
        """The products of one step, forwards and backwards: the layers of a forward pass are watched."""
        found: list[Shape] = []

        def watch(layer: nn.Module, inputs: tuple[Any, ...], _: Any) -> None:
            heard: Tensor = inputs[0]
            if isinstance(layer, nn.Linear):
                rows = heard.numel() // layer.in_features
                found.extend(_both_ways(rows, layer.in_features, layer.out_features, heard.requires_grad))
            elif isinstance(layer, nn.LSTM):
                count, steps, size = heard.shape
                units, gates = layer.hidden_size, 4 * layer.hidden_size
                for _ in range(2 if layer.bidirectional else 1):
                    found.extend(_both_ways(count * steps, size, gates, heard.requires_grad))
                    found.extend(steps * [(count, units, gates), (count, gates, units)])
                    found.append((gates, count * steps, units))

        hooks = [layer.register_forward_hook(watch) for layer in self.model.modules()]
        loss_of(self.model, self.batch, self.objective, 1)
        for hook in hooks:
            hook.remove()
        return found


def _both_ways(rows: int, inner: int, columns: int, to_input: bool) -> list[Shape]:
    """A layer's product, its weight's gradient, and its input's where that is asked for."""
    return [(rows, inner, columns), (columns, rows, inner), *([(rows, columns, inner)] if to_input else [])]


def measure(rounds: int, config: ModelConfig | None = None, batch: int = BATCH) -> Report:
    """Steps and their products in turn; the medians over the rounds. Sets torch to one thread."""
    torch.set_num_threads(1)
    before = os.getloadavg()[0]
    training = Training(config or ModelConfig(choices=CHOICES), batch)
    shapes = Counter(training.products())
    factors = {(m, k, n): (torch.ones(m, k), torch.ones(k, n), torch.empty(m, n)) for m, k, n in shapes}

    def products() -> None:
        for shape, times in shapes.items():
            left, right, out = factors[shape]
            for _ in range(times):
                torch.mm(left, right, out=out)

    training.step()
    products()
    steps, alone = [], []
    for _ in range(rounds):
        steps.append(_cpu_ms(training.step))
        alone.append(_cpu_ms(products))
    step_ms, products_ms = statistics.median(steps), statistics.median(alone)
    return Report(
        batch=batch,
        load=(before, os.getloadavg()[0]),
        step_ms=step_ms,
        products_ms=products_ms,
        operations=sum(2 * m * k * n * times for (m, k, n), times in shapes.items()),
        loops_a_second=1e3 * batch / step_ms,
        share=products_ms / step_ms,
        parts=_parts(training.step),
    )


def _cpu_ms(take: Callable[[], object]) -> float:
    start = time.thread_time_ns()
    take()
    return (time.thread_time_ns() - start) / 1e6


def _parts(step: Callable[[], object], takes: int = 3) -> dict[str, float]:
    """The operators that spend the most, by torch.profiler: shares of the time of all of them."""
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        for _ in range(takes):
            step()
    spent = {event.key: float(event.self_cpu_time_total) for event in profiled.key_averages()}
    total = sum(spent.values())
    most = sorted(spent, key=lambda name: -spent[name])[:14]
    return {name: spent[name] / total for name in most}


def table(report: Report) -> str:
    """What a person reads."""
    lines = [
        f"a step of {report.batch} loops on one thread: {report.step_ms:.1f} ms, "
        f"{report.loops_a_second:.0f} loops a second",
        f"its {report.operations / 1e9:.2f} G operations of products alone: {report.products_ms:.1f} ms, "
        f"{report.share:.0%} of the step",
        *(f"  {name:50} {share:6.1%}" for name, share in report.parts.items()),
        f"load {report.load[0]:.1f} before and {report.load[1]:.1f} after",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="A training step, and its matrix products alone.")
    parser.add_argument("--rounds", type=int, default=20, help="steps measured (20)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args(arguments)
    report = measure(max(1, given.rounds))
    print(json.dumps(asdict(report), indent=2) if given.json else table(report))


if __name__ == "__main__":
    main()
