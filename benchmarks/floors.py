"""The least time that a graph could take here: what its weights take to stream, what its products take.

    memory       bytes of weights that a loop reads / the rate at which one core reads a buffer of that size
    arithmetic   operations of its products / the rate of a large product in cache, two operations a
                 multiplication and addition

A weight that sixteen steps use is read sixteen times: nothing else fits into the core's own cache beside it.
The weights of one product over many rows are read once. Activations and everything elementwise are left out.
"""

from __future__ import annotations

import math
import statistics
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from bridge.model.providers import runtime

_BYTES = 4


@dataclass(frozen=True, slots=True)
class Work:
    """What one loop costs: bytes of weights read, operations, and the bytes that are read again and again."""

    bytes: int
    operations: int
    working_set: int


def work_of(graph: bytes) -> Work:
    """Count the products with weights (Gemm, MatMul, LSTM) in a graph at a batch of one."""
    model = onnx.load_from_string(graph)
    fixed = {tensor.name for tensor in model.graph.initializer}
    for node in model.graph.node:  # what follows from weights alone is folded when the graph is opened
        if all(name in fixed for name in node.input if name):
            fixed |= set(node.output)
    products = [
        node
        for node in model.graph.node
        if node.op_type in ("Gemm", "MatMul", "LSTM") and not set(node.output) <= fixed
    ]
    shapes = _shapes(model, {name for node in products for name in [*node.input[:3], *node.output] if name})
    reads: Counter[str] = Counter()
    operations = 0
    for node in products:
        if node.op_type == "LSTM":
            steps, batch, _ = shapes[node.input[0]]
            reads += Counter({node.input[1]: 1, node.input[2]: steps})
            weights, rows = node.input[1:3], steps * batch
        else:
            weights = [name for name in node.input[:2] if name in fixed]
            reads += Counter(weights)
            rows = math.prod(shapes[node.output[0]][:-1])
        operations += sum(2 * rows * math.prod(shapes[name]) for name in weights)
    sizes = {name: _BYTES * math.prod(shapes[name]) for name in reads}
    return Work(
        sum(sizes[name] * times for name, times in reads.items()),
        operations,
        sum(sizes[name] for name, times in reads.items() if times > 1),
    )


def read_rate(size_bytes: int) -> float:
    """Bytes a second at which one core reads a buffer of this size again and again, as a dot product."""
    buffer = torch.ones(max(1024, size_bytes // _BYTES))
    return buffer.nbytes / seconds(lambda: torch.dot(buffer, buffer))


def product_rate() -> float:
    """Operations a second of one core in a product of 256 x 256 matrices, which is arithmetic alone."""
    size = 256
    left = torch.ones(size, size)
    return 2 * size**3 / seconds(lambda: left @ left)


def seconds(take: Callable[[], object], takes: int = 41) -> float:
    """The median time that this thread spends on `take`, s; what other processes take is not counted."""
    take()
    spent = []
    for _ in range(takes):
        start = time.thread_time_ns()
        take()
        spent.append(time.thread_time_ns() - start)
    return max(1, statistics.median(spent)) / 1e9


def _shapes(model: Any, names: set[str]) -> dict[str, tuple[int, ...]]:
    """The shapes that values have in one run at a batch of one."""
    shapes = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    asked = sorted(names - set(shapes) - {value.name for value in model.graph.input})
    given = {value.name for value in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in asked if name not in given)
    options = runtime().SessionOptions()
    options.graph_optimization_level = runtime().GraphOptimizationLevel.ORT_DISABLE_ALL
    session = runtime().InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    feed = {value.name: one_loop(value) for value in session.get_inputs()}
    answers = session.run(asked, feed) if asked else []  # none asked for would mean all
    shapes |= {name: np.shape(answer) for name, answer in zip(asked, answers, strict=True)}
    return shapes | {name: value.shape for name, value in feed.items()}


def one_loop(value: Any) -> NDArray[Any]:
    """Zeros for an input of a session, at a batch of one."""
    kind = np.int64 if value.type == "tensor(int64)" else np.float32
    return np.zeros([size if isinstance(size, int) else 1 for size in value.shape], kind)
