"""The exported network as one call: from sliders to a loop, and from a loop to its place in latent space."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.groove import STEPS, VOICES, DrumLoop
from bridge.model import noise
from bridge.model.bundle import OTHER_BUNDLE, Bundle, BundleError
from bridge.model.providers import AUTO, open_decoder, open_session
from bridge.model.settings import Settings, SliderError
from bridge.model.sliders import Sliders

Floats = NDArray[np.float32]
Shapes = dict[str, tuple[int, ...]]


class Model:
    """A bundle, opened in onnxruntime. Thread-safe; not real-time-safe (a loop takes milliseconds).

    Opening reads the decoder and times it where there is a GPU; the encoder is opened when it is first
    needed. Raises BundleError for graphs that do not have the inputs and outputs of docs/bundle.md and for
    damaged sliders, and ProviderError for a provider that was asked for by name ("cpu", "cuda") and cannot
    start.
    """

    def __init__(self, bundle: Bundle, provider: str = AUTO) -> None:
        self.bundle = bundle
        self._decoder, self._provider = open_decoder(bundle, provider)
        manifest = bundle.manifest
        self._latent_size, self._choices = manifest.latent_size, manifest.choices
        self._coordinates = {axis.name: axis.index for axis in manifest.axes}
        self._styles = {name: number for number, name in enumerate(manifest.styles, start=1)}
        self._sliders = Sliders.load(bundle)
        self._encoder: Any = None
        self._opening = threading.Lock()
        grid = (STEPS, VOICES)
        self._loop_shapes: Shapes = {"hits": grid, "velocities": grid, "offsets": grid}
        self._latent_shapes: Shapes = {"mu": (self._latent_size,), "sigma": (self._latent_size,)}
        inputs: Shapes = {
            "z": (self._latent_size,),
            "temperature": (),
            "hit_noise": (STEPS, self._choices),
            "expression_noise": (STEPS, noise.EXPRESSIONS),
        }
        _check_graph(self._decoder, bundle.decoder.name, inputs, self._loop_shapes)
        self._prior = open_session(bundle.prior)  # on the CPU always: it takes microseconds there
        point: Shapes = {"z": (self._latent_size,)}
        _check_graph(self._prior, bundle.prior.name, {"noise": (self._latent_size,), "style": ()}, point)

    @property
    def provider(self) -> str:
        """What the decoder runs on: "cpu" or "cuda"."""
        return self._provider

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the raw axes, those that matter most first."""
        return tuple(self._coordinates)

    @property
    def sliders(self) -> tuple[str, ...]:
        """The names of the named sliders; none where the bundle is not calibrated."""
        return self._sliders.names if self._sliders else ()

    @property
    def styles(self) -> tuple[str, ...]:
        """The styles that can be asked for; none where the training data named none."""
        return tuple(self._styles)

    def latent(self, settings: Settings) -> Floats:
        """The point z [Z]: the prior's draw for (seed, index) and the style, raw axes in place of their
        coordinates, and from there where the named sliders lead.

        Raises SliderError for an axis, a slider or a style that this bundle does not have.
        """
        drawn = noise.prior_noise(settings.seed, settings.index, self._latent_size)
        style = np.array([self._style_number(settings.style)], dtype=np.int64)
        (points,) = self._prior.run(["z"], {"noise": drawn[np.newaxis], "style": style})
        return self.shaped(points[0], settings)

    def shaped(self, z: Floats, settings: Settings) -> Floats:
        """Where the raw axes and the named sliders of the settings lead from z [Z]: raw axes replace their
        coordinates, then the named sliders move the point. z itself where all are at rest.

        Raises SliderError for an axis or a slider that this bundle does not have.
        """
        if settings.axes:
            z = z.copy()
        for name, value in settings.axes.items():
            if name not in self._coordinates:
                raise SliderError(f"There is no slider {name!r}. This model has {_span(self.axes)}.")
            z[self._coordinates[name]] = value
        return self.steer(z, settings.sliders)

    def steer(self, z: Floats, sliders: Mapping[str, float]) -> Floats:
        """The point [Z] to which named sliders (-1..1) lead from z [Z]; z itself where all are at rest.

        Raises SliderError for a slider that this bundle does not have.
        """
        if not any(sliders.values()):
            return z
        unknown = [name for name in sliders if name not in self.sliders]
        if self._sliders is None:
            raise SliderError(
                f"This model has no named sliders, so {unknown[0]!r} cannot be set. Calibrate it with "
                f"`python -m model_export calibrate`, or set {_span(self.axes)}."
            )
        if unknown:
            raise SliderError(
                f"There is no slider {unknown[0]!r}. This model has {', '.join(self.sliders)} and "
                f"{_span(self.axes)}."
            )
        moved: Floats = self._sliders.move(z[np.newaxis], self._sliders.values(sliders))[0]
        return moved

    def loop(self, settings: Settings) -> DrumLoop:
        """The loop of these settings: the same bytes each time, on one machine and provider."""
        return self.decode(self.latent(settings), settings)

    def decode(self, z: Floats, settings: Settings) -> DrumLoop:
        """The loop at z [Z], with the temperature and the noise of (seed, index) of the settings."""
        return self.decode_batch(np.asarray(z)[np.newaxis], [settings])[0]

    def decode_batch(self, z: Floats, settings: Sequence[Settings]) -> list[DrumLoop]:
        """Many loops in one run: row i of z [B, Z] with settings i.

        A batch rounds otherwise than a single loop does, so near ties may fall otherwise than in `decode`.
        """
        if np.shape(z) != (len(settings), self._latent_size):
            raise ValueError(
                f"z must have the shape ({len(settings)}, {self._latent_size}), not {np.shape(z)}"
            )
        if not settings:
            return []
        feed = {
            "z": np.asarray(z, dtype=np.float32),
            "temperature": np.array([each.temperature for each in settings], dtype=np.float32),
            "hit_noise": np.stack([noise.hit_noise(s.seed, s.index, self._choices) for s in settings]),
            "expression_noise": np.stack([noise.expression_noise(s.seed, s.index) for s in settings]),
        }
        arrays = self._decoder.run(list(self._loop_shapes), feed)
        return [DrumLoop.of(*parts) for parts in zip(*arrays, strict=True)]

    def encode(self, loop: DrumLoop) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the loop's posterior, [Z] each; the mean is where the loop lies."""
        mu, sigma = self.encode_batch([loop])
        return mu[0], sigma[0]

    def encode_batch(self, loops: Sequence[DrumLoop]) -> tuple[Floats, Floats]:
        """`encode` for many loops in one run: [B, Z] each."""
        if not loops:
            nothing = np.zeros((0, self._latent_size), dtype=np.float32)
            return nothing, nothing
        feed = {
            name: np.stack([getattr(loop, name) for loop in loops]).astype(np.float32)
            for name in self._loop_shapes
        }
        mu, sigma = self._open_encoder().run(list(self._latent_shapes), feed)
        return mu, sigma

    def replay(self) -> float:
        """Run the bundle's stored pair; return the largest difference from what PyTorch answered to it.

        Below 1e-4 where all is well, on every provider: the exporter stores a pair without near ties.
        """
        pair = self.bundle.pair()
        return max(
            float(np.max(np.abs(answer - pair[output.name])))
            for session in (self._prior, self._decoder, self._open_encoder())
            for output, answer in zip(
                session.get_outputs(),
                session.run(None, {value.name: pair[value.name] for value in session.get_inputs()}),
                strict=True,
            )
        )

    def _style_number(self, name: str | None) -> int:
        """The prior's input for a style: 0 for None."""
        if name is None:
            return 0
        if not self._styles:
            raise SliderError(
                f"There is no style {name!r}: this model was trained without styles. Leave the style open."
            )
        if name not in self._styles:
            raise SliderError(f"There is no style {name!r}. This model has {', '.join(self._styles)}.")
        return self._styles[name]

    def _open_encoder(self) -> Any:
        with self._opening:
            if self._encoder is None:
                session = open_session(self.bundle.encoder, self._provider)
                _check_graph(session, self.bundle.encoder.name, self._loop_shapes, self._latent_shapes)
                self._encoder = session
            return self._encoder


def _check_graph(session: Any, name: str, inputs: Shapes, outputs: Shapes) -> None:
    """Compare a graph with the format: names, types, a free batch dimension, then these shapes."""
    for kind, found, expected in (
        ("inputs", session.get_inputs(), inputs),
        ("outputs", session.get_outputs(), outputs),
    ):
        if {value.name: tuple(value.shape[1:]) for value in found} != expected or any(
            value.type != ("tensor(int64)" if value.name == "style" else "tensor(float)")
            or isinstance(value.shape[0], int)
            for value in found
        ):
            described = ", ".join(f"{value.name} {value.shape}" for value in found)
            raise BundleError(
                f"The {kind} of {name} ({described}) are not those of the bundle format. {OTHER_BUNDLE}"
            )


def _span(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
