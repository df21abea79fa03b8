"""The model bundle: a folder that holds all that the training side and the app share. See docs/bundle.md.

    bundle.json    this schema
    encoder.onnx   loop -> point of the latent space
    decoder.onnx   point of the latent space and noise -> loop
    prior.onnx     noise and a style -> point of the latent space where such loops lie
    pair.npz       inputs of the graphs and what PyTorch answered, to be replayed
    map.npz        once calibrated: loops on a plane (`bridge.model.map`)
    sliders.npz    once calibrated: the named sliders (`bridge.model.sliders`)

`Bundle.load` reads and verifies: each file's sha256 against bundle.json, and the stored pair's shapes. The
graphs' own inputs and outputs are checked when they are opened (`bridge.model.model`).
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from bridge.errors import GroovebridgeError
from bridge.groove import STEPS, VOICES, Voice

FORMAT = "groovebridge-bundle"
FORMAT_VERSION = 2
MANIFEST = "bundle.json"
ENCODER = "encoder.onnx"
DECODER = "decoder.onnx"
PRIOR = "prior.onnx"
PAIR = "pair.npz"
MAP = "map.npz"
SLIDERS = "sliders.npz"
FILES = (ENCODER, DECODER, PRIOR, PAIR)
SHIPPED = Path(__file__).parent / "shipped"
VOICE_NAMES = tuple(voice.name.lower() for voice in Voice)

OTHER_BUNDLE = (
    "Leave out --bundle to play the drummer that comes with Groovebridge. If you trained this one, export it "
    "again with `python -m model_export export`."
)
_REINSTALL = "Install Groovebridge again."


class BundleError(GroovebridgeError):
    """A bundle that cannot be used, and what to do about it."""


class _Part(BaseModel):
    """Keys that this version does not know are ignored: a new one needs no new format version."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())


class Axis(_Part):
    """A raw axis: the slider `name` (z1, z2, ...) is coordinate `index` of z.

    nats: the mean KL divergence of this coordinate over the training loops: what it tells about a loop.
    effect: how much the loop changes from -1.5 to 1.5, in hits of full velocity; None before calibration.
    """

    name: Annotated[str, Field(pattern=r"^z[1-9][0-9]*$")]
    index: Annotated[int, Field(ge=0)]
    nats: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    effect: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None


class Licence(_Part):
    """Under what the code and the data may be used, and whom to cite."""

    code: str
    data: str
    citation: str


class Provenance(_Part):
    """Where the weights come from: the data set, the code that trained and exported, the training run."""

    data: Mapping[str, JsonValue]
    code: Mapping[str, JsonValue]
    training: Mapping[str, JsonValue]


class Manifest(_Part):
    """bundle.json. Axes stand in the order of how much they matter, most first: by effect, else by nats.

    styles: what the prior can be asked for: its input is 0 for an open style, k for the k-th of these.
    sliders: the named sliders of sliders.npz, in the order in which they are shown; none before calibration.
    """

    format: Literal["groovebridge-bundle"]
    format_version: Literal[2]
    voices: tuple[str, ...]
    steps: Literal[64]
    latent_size: Annotated[int, Field(ge=1)]
    choices: Annotated[int, Field(ge=1, le=512)]
    axes: Annotated[tuple[Axis, ...], Field(min_length=1)]
    styles: tuple[Annotated[str, Field(pattern=r"^[a-z0-9]+$")], ...]
    sliders: tuple[Annotated[str, Field(pattern=r"^[a-z]+$")], ...] = ()
    metrics: Mapping[str, JsonValue]
    provenance: Provenance
    licence: Licence
    files: Mapping[str, Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.voices != VOICE_NAMES:
            raise ValueError(f"voices must be {', '.join(VOICE_NAMES)}")
        if [axis.name for axis in self.axes] != [f"z{n}" for n in range(1, len(self.axes) + 1)]:
            raise ValueError("axes must be named z1, z2, ... in this order")
        indices = [axis.index for axis in self.axes]
        if len(set(indices)) < len(indices) or max(indices) >= self.latent_size:
            raise ValueError(f"axes must have different indices below the latent size {self.latent_size}")
        if len(set(self.styles)) < len(self.styles):
            raise ValueError("styles must have different names")
        missing = sorted(set(FILES) - set(self.files))
        if missing:
            raise ValueError(f"files must name {', '.join(missing)}")
        if unsafe := sorted(
            name for name in self.files if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name)
        ):
            raise ValueError(f"files must be plain file names, not {unsafe[0]!r}")
        return self


def pair_shapes(latent_size: int, choices: int) -> dict[str, tuple[int, ...]]:
    """What pair.npz holds: arrays [B, ...] by name, here without their batch dimension B.

    The prior's inputs and the point z that it answered; the decoder's other inputs and the loop that it
    answered; what the encoder answered to that loop. All are float32 but `style`, which is int64.
    """
    grid = (STEPS, VOICES)
    return {
        "noise": (latent_size,),
        "style": (),
        "z": (latent_size,),
        "temperature": (),
        "hit_noise": (STEPS, choices),
        "expression_noise": (STEPS, 2 * VOICES),
        "hits": grid,
        "velocities": grid,
        "offsets": grid,
        "mu": (latent_size,),
        "sigma": (latent_size,),
    }


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle: where it is and what its manifest says."""

    path: Path
    manifest: Manifest

    @classmethod
    def load(cls, path: Path | str | None = None) -> Bundle:
        """Read and verify the bundle in the folder `path`; None is the one that comes with the program.

        Raises BundleError for a folder, file or hash that is not as it should be. Reads a few MB.
        """
        folder = SHIPPED if path is None else Path(path)
        advice = _REINSTALL if path is None else OTHER_BUNDLE
        if not (folder / MANIFEST).is_file():
            raise BundleError(f"There is no model bundle in {folder}: {MANIFEST} is missing. {advice}")
        manifest = _manifest(folder / MANIFEST, advice)
        for name, expected in manifest.files.items():
            content = _read(folder / name, advice)
            if hashlib.sha256(content).hexdigest() != expected:
                raise BundleError(
                    f"{folder / name} is damaged or not the file that {MANIFEST} was made with "
                    f"(its sha256 differs). {advice}"
                )
        bundle = cls(folder, manifest)
        bundle.pair()
        return bundle

    @property
    def encoder(self) -> Path:
        """The encoder graph."""
        return self.path / ENCODER

    @property
    def decoder(self) -> Path:
        """The decoder graph."""
        return self.path / DECODER

    @property
    def prior(self) -> Path:
        """The prior graph."""
        return self.path / PRIOR

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """The arrays of the bundle's file `name` (.npz). BundleError for none or one with pickles."""
        path = self.path / name
        try:
            with np.load(io.BytesIO(_read(path, OTHER_BUNDLE)), allow_pickle=False) as stored:
                return {array: stored[array] for array in stored.files}
        except (OSError, ValueError, EOFError, zlib.error, zipfile.BadZipFile) as error:
            raise BundleError(f"{path} cannot be read as stored arrays. {OTHER_BUNDLE}") from error

    def pair(self) -> dict[str, NDArray[Any]]:
        """The stored inputs and outputs, as `pair_shapes` with a batch dimension in front."""
        path = self.path / PAIR
        arrays = self.arrays(PAIR)
        shapes = pair_shapes(self.manifest.latent_size, self.manifest.choices)
        for name, shape in shapes.items():
            array = arrays.get(name)
            kind = np.int64 if name == "style" else np.float32
            if array is None or array.dtype != kind or array.ndim == 0 or array.shape[1:] != shape:
                found = "missing" if array is None else f"{array.dtype} {list(array.shape)}"
                wanted = f"{np.dtype(kind)} [{', '.join(map(str, ('B', *shape)))}]"
                raise BundleError(
                    f"The array {name} in {path} should be {wanted} but is {found}. {OTHER_BUNDLE}"
                )
        return {name: arrays[name] for name in shapes}


def _read(path: Path, advice: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BundleError(
            f"The model bundle in {path.parent} is incomplete: {path.name} is missing. {advice}"
        ) from None
    except OSError as error:
        raise BundleError(f"{path} cannot be read ({error.strerror}). {advice}") from error


def _manifest(path: Path, advice: str) -> Manifest:
    """Parse bundle.json; its format version first, since another version may differ in all else."""
    try:
        content = json.loads(_read(path, advice).decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise BundleError(f"{path} is damaged: it is not JSON. {advice}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BundleError(f"{path} does not describe a Groovebridge model bundle. {advice}")
    version = content.get("format_version")
    if version != FORMAT_VERSION:
        newer = isinstance(version, int) and version > FORMAT_VERSION
        cure = "Update Groovebridge, or choose another bundle." if newer else advice
        raise BundleError(
            f"The model bundle in {path.parent} has format version {version}; this Groovebridge reads "
            f"version {FORMAT_VERSION}. {cure}"
        )
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "its content"
        problem = first["msg"].removeprefix("Value error, ")
        raise BundleError(
            f"{path} does not follow the bundle format: {where}: {problem}. {advice}"
        ) from error
