"""MusicVAE and its prior -> ONNX: three graphs without stack traces, local paths or files beside them.

`torch.onnx` writes the stack trace of the Python line that each node comes from into the graph, with the
paths of the machine that it ran on. `clean` removes all metadata and doc strings; `find_path` proves that
none is left.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from bridge.groove import STEPS, VOICES
from model_export.errors import ExportError
from model_export.unrolled import UnrolledDecoder
from training.model import MusicVAE
from training.prior import Prior

OPSET = 20
LOOP = ("hits", "velocities", "offsets")
LATENT = ("mu", "sigma")
PRIOR_INPUTS = ("noise", "style")
POINT = ("z",)
DECODER_INPUTS = ("z", "temperature", "hit_noise", "expression_noise")

# Torch freezes a batch dimension that is 1 in the example.
_EXAMPLE_BATCH = 3
# Two separators between plain characters: "/home/x/", "C:\\Users\\", "torch/nn/modules".
_PATH = re.compile(rb"[\w.~:-]*[/\\][\w. -]+[/\\][\w.-]+")


class _Encoder(nn.Module):
    """The encoder as a module of its own, which is what torch.onnx exports."""

    def __init__(self, model: MusicVAE) -> None:
        super().__init__()
        self.model = model

    def forward(self, hits: Tensor, velocities: Tensor, offsets: Tensor) -> tuple[Tensor, ...]:
        """Mu and sigma."""
        return self.model.encode(hits, velocities, offsets)


def encoder_graph(model: MusicVAE) -> bytes:
    """The encoder: hits, velocities, offsets [B, 64, 9] -> mu, sigma [B, Z], float32."""
    loops = tuple(torch.zeros(_EXAMPLE_BATCH, STEPS, VOICES) for _ in LOOP)
    return export_graph(_Encoder(model), loops, LOOP, LATENT)


def decoder_graph(model: MusicVAE) -> bytes:
    """The whole autoregressive decoder: z, temperature and noise -> hits, velocities, offsets [B, 64, 9]."""
    example = (
        torch.zeros(_EXAMPLE_BATCH, model.config.latent),
        torch.zeros(_EXAMPLE_BATCH),
        torch.zeros(_EXAMPLE_BATCH, STEPS, model.config.choices),
        torch.zeros(_EXAMPLE_BATCH, STEPS, 2 * VOICES),
    )
    return export_graph(UnrolledDecoder(model), example, DECODER_INPUTS, LOOP)


def prior_graph(prior: Prior) -> bytes:
    """The prior: noise [B, Z] and style [B] (int64) -> z [B, Z]."""
    noise = torch.zeros(_EXAMPLE_BATCH, prior.config.latent)
    example = (noise, torch.zeros(_EXAMPLE_BATCH, dtype=torch.int64))
    return export_graph(prior, example, PRIOR_INPUTS, POINT)


def export_graph(
    module: nn.Module, example: tuple[Tensor, ...], inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> bytes:
    """Export with a free batch and the weights inside. ExportError if the graph branches or names a path."""
    batch = torch.export.Dim("batch")
    with _quiet():
        program: Any = torch.onnx.export(
            module.eval(),
            example,
            dynamo=True,
            input_names=inputs,
            output_names=outputs,
            dynamic_shapes=tuple({0: batch} for _ in example),
            opset_version=OPSET,
            verbose=False,
        )
    graph: onnx.ModelProto = program.model_proto
    clean(graph)
    onnx.checker.check_model(graph)
    branching = {node.op_type for node in graph.graph.node} & {"Loop", "If", "Scan"}
    if branching:
        raise ExportError(
            f"The exported graph contains {', '.join(sorted(branching))}, which onnxruntime runs slowly. "
            "Write the model with loops of a fixed length and no branch on data."
        )
    if path := find_path(graph):
        raise ExportError(f"The exported graph still names a local path ({path}): a bug of the exporter.")
    content: bytes = graph.SerializeToString(deterministic=True)
    return content


def clean(message: Any) -> None:
    """Remove metadata and doc strings from a graph, in place and all the way down.

    The shapes of intermediate values stay: onnxruntime opens the decoder five times faster with them.
    """
    for field, value in message.ListFields():
        if field.name in ("metadata_props", "doc_string"):
            message.ClearField(field.name)
        elif field.type == field.TYPE_MESSAGE:
            for child in [value] if hasattr(value, "ListFields") else value:
                clean(child)


def find_path(graph: onnx.ModelProto) -> str:
    """The first thing in a graph that looks like a path, or "".

    Weights are left out of the search for anything like a path, since they hold any bytes; the folders of
    this process are looked for in them too.
    """
    own = (str(Path.cwd()), str(Path.home()), str(Path(torch.__file__).parent))
    content = graph.SerializeToString()
    for path in own:
        if len(path) > 1 and path.encode() in content:
            return path
    text = onnx.ModelProto()
    text.CopyFrom(graph)
    for tensor in text.graph.initializer:
        tensor.ClearField("raw_data")
    found = _PATH.search(text.SerializeToString())
    return found.group().decode(errors="replace") if found else ""


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back what torch.onnx warns of meanwhile: what an export is worth is proved by running it."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
