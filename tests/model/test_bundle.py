"""A bundle is either whole and of this version, or refused in one sentence that says what to do."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bridge.model import Bundle, BundleError, Model

if TYPE_CHECKING:
    from tests.model.conftest import BundleCopy

FILES = ("encoder.onnx", "decoder.onnx", "prior.onnx", "pair.npz")


def refusal(path: Path) -> str:
    """The sentence with which a bundle is refused, checked to be one that a person can act on."""
    with pytest.raises(BundleError) as caught:
        Model(Bundle.load(path), "cpu").replay()
    text = str(caught.value)
    assert text.endswith(".")
    assert "Leave out --bundle" in text or "Update Groovebridge" in text
    return text


def test_the_shipped_bundle_is_whole(shipped: Bundle) -> None:
    manifest = shipped.manifest
    assert manifest.format_version == 2
    assert manifest.licence.data == "CC BY 4.0"
    assert "Groove MIDI Dataset" in manifest.licence.citation
    assert sorted(axis.index for axis in manifest.axes) == list(range(manifest.latent_size))


def test_axes_stand_in_the_order_of_how_much_they_matter(shipped: Bundle) -> None:
    effects = [axis.effect for axis in shipped.manifest.axes]
    assert None not in effects
    assert effects == sorted(effects, key=lambda effect: -(effect or 0))
    assert all(axis.nats > 0 for axis in shipped.manifest.axes[:8])


def test_no_file_of_the_shipped_bundle_names_a_path_of_the_machine_that_made_it(shipped: Bundle) -> None:
    for path in shipped.path.iterdir():
        content = path.read_bytes()
        leak = re.search(rb'/(home|root|work|tmp)/|site-packages|Traceback|File "', content)
        assert leak is None, f"{path.name}: {leak}"


def test_a_copied_bundle_is_as_good_as_the_first(copy: BundleCopy) -> None:
    assert Model(Bundle.load(str(copy.path)), "cpu").replay() < 1e-4


def test_a_folder_without_a_bundle_is_refused(tmp_path: Path) -> None:
    assert "bundle.json is missing" in refusal(tmp_path)
    assert "bundle.json is missing" in refusal(tmp_path / "nowhere")


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(copy: BundleCopy, name: str) -> None:
    (copy.path / name).unlink()
    assert f"{name} is missing" in refusal(copy.path)


@pytest.mark.parametrize("name", FILES)
def test_a_changed_byte_is_noticed(copy: BundleCopy, name: str) -> None:
    content = bytearray((copy.path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy.path / name).write_bytes(content)
    assert "sha256 differs" in refusal(copy.path)
    assert name in refusal(copy.path)


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_noticed(copy: BundleCopy, name: str) -> None:
    content = (copy.path / name).read_bytes()
    (copy.path / name).write_bytes(content[:-1])
    assert "sha256 differs" in refusal(copy.path)


def test_a_folder_in_place_of_a_file_is_refused(copy: BundleCopy) -> None:
    (copy.path / "encoder.onnx").unlink()
    (copy.path / "encoder.onnx").mkdir()
    assert "cannot be read" in refusal(copy.path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "does not describe"),
        (b"null", "does not describe"),
        (b'{"format": "something else"}', "does not describe"),
    ],
)
def test_a_manifest_that_is_not_ours_is_refused(copy: BundleCopy, content: bytes, reason: str) -> None:
    (copy.path / "bundle.json").write_bytes(content)
    assert reason in refusal(copy.path)


def test_a_newer_version_asks_for_an_update(copy: BundleCopy) -> None:
    copy.edit(lambda manifest: manifest.update(format_version=3, voices="all of them"))
    text = refusal(copy.path)
    assert "version 3" in text
    assert "Update Groovebridge" in text


@pytest.mark.parametrize("version", [0, 1, "2", None])
def test_another_version_asks_for_another_bundle(copy: BundleCopy, version: object) -> None:
    copy.edit(lambda manifest: manifest.update(format_version=version))
    assert f"version {version}" in refusal(copy.path)


def test_keys_of_a_later_program_are_ignored(copy: BundleCopy) -> None:
    copy.edit(lambda manifest: manifest.update(moods=[{"name": "gloomy"}]))
    assert Model(Bundle.load(copy.path), "cpu").replay() < 1e-4


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda m: m.pop("axes"), "axes"),
        (lambda m: m.update(axes=[]), "axes"),
        (lambda m: m["axes"][0].update(name="z2"), "z1, z2"),
        (lambda m: m["axes"][0].update(name="density"), "axes.0.name"),
        (lambda m: m["axes"][0].update(index=m["axes"][1]["index"]), "different indices"),
        (lambda m: m["axes"][0].update(index=10**6), "different indices"),
        (lambda m: m["axes"][0].update(nats=float("nan")), "axes.0.nats"),
        (lambda m: m["voices"].reverse(), "voices"),
        (lambda m: m.update(steps=32), "steps"),
        (lambda m: m.update(latent_size=0), "latent_size"),
        (lambda m: m.update(choices=513), "choices"),
        (lambda m: m.update(licence={"code": "GPL-3.0-or-later"}), "licence"),
        (lambda m: m["files"].pop("decoder.onnx"), "decoder.onnx"),
        (lambda m: m["files"].update({"decoder.onnx": "abc"}), "files.decoder.onnx"),
        (lambda m: m["files"].update({"../../etc/passwd": "0" * 64}), "plain file names"),
    ],
)
def test_a_manifest_that_breaks_the_format_is_refused(copy: BundleCopy, change: Any, reason: str) -> None:
    copy.edit(change)
    text = refusal(copy.path)
    assert "does not follow the bundle format" in text
    assert reason in text


def npz(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def test_a_pair_that_is_not_stored_arrays_is_refused(copy: BundleCopy) -> None:
    copy.put("pair.npz", b"PK\x03\x04 no")
    assert "cannot be read as stored arrays" in refusal(copy.path)
    copy.put("pair.npz", npz(z=np.array([{"code": "not arrays"}], dtype=object)))
    assert "cannot be read as stored arrays" in refusal(copy.path)


def test_a_pair_of_other_shapes_is_refused(copy: BundleCopy, shipped: Bundle) -> None:
    pair = shipped.pair()
    copy.put("pair.npz", npz(**(pair | {"hits": pair["hits"][:, :32]})))
    assert "array hits" in refusal(copy.path)
    del pair["mu"]
    copy.put("pair.npz", npz(**pair))
    assert "array mu" in refusal(copy.path)


@pytest.mark.parametrize("name", ["encoder.onnx", "decoder.onnx", "prior.onnx"])
def test_a_graph_that_is_not_onnx_is_refused(copy: BundleCopy, name: str) -> None:
    copy.put(name, b"certainly not a graph")
    assert "onnxruntime cannot run" in refusal(copy.path)


@pytest.mark.parametrize("name", ["encoder.onnx", "decoder.onnx", "prior.onnx"])
def test_a_graph_with_other_inputs_is_refused(copy: BundleCopy, name: str) -> None:
    other = {
        "encoder.onnx": "decoder.onnx",
        "decoder.onnx": "prior.onnx",
        "prior.onnx": "encoder.onnx",
    }[name]
    copy.put(name, (copy.path / other).read_bytes())
    assert f"The inputs of {name}" in refusal(copy.path)


def test_a_graph_of_another_size_is_refused(copy: BundleCopy, shipped: Bundle) -> None:
    size = shipped.manifest.latent_size
    pair = shipped.pair()
    for part in ("noise", "z", "mu", "sigma"):
        pair[part] = pair[part][:, : size // 2]

    def halve(manifest: dict[str, Any]) -> None:
        manifest["latent_size"] = size // 2
        del manifest["files"]["sliders.npz"]
        manifest["axes"] = [
            {"name": f"z{index + 1}", "index": index, "nats": 0} for index in range(size // 2)
        ]

    copy.put("pair.npz", npz(**pair))
    copy.edit(halve)
    assert "The inputs of decoder.onnx" in refusal(copy.path)


def test_a_stored_pair_is_proof_at_every_batch_size(copy: BundleCopy, shipped: Bundle) -> None:
    pair = shipped.pair()
    for rows in ([0], [1], [0, 1, 0, 1, 1, 0, 1]):
        copy.put("pair.npz", npz(**{name: value[rows] for name, value in pair.items()}))
        assert Model(Bundle.load(copy.path), "cpu").replay() < 1e-4


def test_a_replay_shows_a_difference(copy: BundleCopy, shipped: Bundle) -> None:
    pair = shipped.pair()
    pair["mu"][0, 0] += 0.25
    copy.put("pair.npz", npz(**pair))
    assert Model(Bundle.load(copy.path), "cpu").replay() == pytest.approx(0.25, abs=1e-3)


def test_the_manifest_is_json_that_other_programs_read(shipped: Bundle) -> None:
    content = json.loads(
        (shipped.path / "bundle.json").read_text(encoding="utf-8"), parse_constant=pytest.fail
    )
    assert set(content["files"]) >= set(FILES)
