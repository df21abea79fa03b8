"""What a graph and a training step cost at the least is counted right."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.training


def test_a_graphs_weights_and_operations_are_counted() -> None:
    import torch
    from torch import Tensor, nn

    from benchmarks.floors import work_of
    from model_export.graphs import export_graph

    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.step = nn.Linear(8, 8)
            self.lstm = nn.LSTM(8, 6, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            once = torch.tanh(self.step(x))
            again = torch.tanh(self.step(once))
            heard: Tensor = self.lstm(again.reshape(-1, 4, 8))[0]
            return heard

    work = work_of(export_graph(Twice(), (torch.zeros(3, 32).reshape(3, 4, 8),), ("x",), ("y",)))
    linear, inputs, recurrent = 8 * 8, 4 * 6 * 8, 4 * 6 * 6
    assert work.bytes == 4 * (2 * linear + inputs + 4 * recurrent)
    assert work.operations == 2 * 4 * (2 * linear + inputs + recurrent)
    assert work.working_set == 4 * (linear + recurrent)


def test_the_products_of_a_step_are_those_of_its_layers_both_ways() -> None:
    from benchmarks.training import Training
    from training.model import ModelConfig

    config = ModelConfig(
        common=6,
        differing=2,
        choices=20,
        encoder=10,
        whole=9,
        bar_encoder=8,
        conductor=14,
        decoder=16,
        score=6,
        embedding=5,
        expression=7,
    )
    products = Training(config, batch=3).products()
    rows = 3 * 64
    assert products.count((rows, 22, 20)) == 1  # hidden state and score to the logits
    assert products.count((rows, 20, 22)) == 1  # and back to them
    assert products.count((20, rows, 22)) == 1  # and to their weights
    assert products.count((12, 16, 64)) == 16  # the drummer's steps, four bars of each loop side by side
    assert (3 * 4, 9, 16 * 27) not in products  # nobody asks how a loop should change


@pytest.mark.parametrize("size", [4096, 2**20])
def test_a_rate_is_a_rate(size: int) -> None:
    from benchmarks.floors import read_rate

    assert 1e8 < read_rate(size) < 1e13
