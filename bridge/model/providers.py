"""Which of onnxruntime's providers (CUDA, CPU) start on this machine, and sessions on them.

onnxruntime lists a provider as available when it was *built* with it. Whether it starts depends on a
driver, a GPU and libraries, so the only proof is to start it. What goes wrong on the way is silent for the
user and comes back in words from `probe`, for `groovebridge doctor`.

onnxruntime is imported here and nowhere else, because of what must come before:
- since 1.29 it sends usage data to its maker over the network unless ORT_DISABLE_TELEMETRY is set before
  the import; this program runs offline;
- its import writes warnings to stderr about display devices that it cannot read (onnxruntime issues 26763
  and 27092), which only a redirected file descriptor holds back.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import math
import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from bridge.errors import GroovebridgeError
from bridge.model.bundle import OTHER_BUNDLE, Bundle, BundleError

CPU = "cpu"
CUDA = "cuda"
AUTO = "auto"
NAMES = (AUTO, CPU, CUDA)

_PROVIDERS = {CPU: "CPUExecutionProvider", CUDA: "CUDAExecutionProvider"}
_FATAL = 4  # onnxruntime's log severity: errors come back as exceptions, they need not be printed as well
_CLEARLY = 0.5
_lock = threading.Lock()


class ProviderError(GroovebridgeError):
    """A provider that was asked for by name and cannot start here."""


@dataclass(frozen=True, slots=True)
class ProviderReport:
    """What became of one provider.

    available   onnxruntime was built with it
    starts      a session runs on it here
    reason      why it does not start, in words; empty where it does
    decode_ms   the time of one loop, if it was measured
    """

    name: str
    available: bool
    starts: bool
    reason: str = ""
    decode_ms: float | None = None


@cache
def runtime() -> ModuleType:
    """onnxruntime, imported with its telemetry off and its chatter held back. Thread-safe."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    with _lock, contextlib.nullcontext() if "onnxruntime" in sys.modules else _silent_stderr():
        import onnxruntime
    onnxruntime.disable_telemetry_events()
    onnxruntime.set_default_logger_severity(_FATAL)
    module: ModuleType = onnxruntime
    return module


def open_session(path: Path, provider: str = CPU) -> Any:
    """An onnxruntime InferenceSession of the graph at `path` on exactly this provider, "cpu" or "cuda".

    One thread: at a batch of one the graph is a chain of small products, for which a second thread brought
    nothing measurable, and cores are better left to the player. Raises ProviderError if the provider cannot
    start here, BundleError for a graph that onnxruntime cannot read.
    """
    onnxruntime = runtime()
    if provider not in _PROVIDERS:
        raise ProviderError(
            f"There is no inference provider {provider!r}. Choose one of: {', '.join(NAMES)}."
        )
    if provider == CUDA and (reason := _cuda_obstacle()):
        raise ProviderError(f"CUDA cannot start here: {reason}")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _FATAL
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    chosen: list[str | tuple[str, dict[str, str]]] = [_PROVIDERS[CPU]]
    if provider == CUDA:
        # TF32 would round the logits to 10 bits and decide near ties otherwise than the CPU does.
        chosen.insert(0, (_PROVIDERS[CUDA], {"use_tf32": "0"}))
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=chosen, enable_fallback=0)
    except Exception as error:  # onnxruntime's exceptions have no base class of their own
        if provider == CUDA:
            raise ProviderError(f"CUDA cannot start here: {_cuda_failure()}") from error
        raise BundleError(f"onnxruntime cannot run {path}. {OTHER_BUNDLE}") from error
    if session.get_providers()[0] != _PROVIDERS[provider]:
        raise ProviderError(f"CUDA cannot start here: {_cuda_failure()}")
    return session


def open_decoder(bundle: Bundle, provider: str = AUTO) -> tuple[Any, str]:
    """A session of the bundle's decoder, and the name of the provider that it runs on.

    "auto" is the fastest provider that starts; loops are timed only where more than one does. It leaves
    the CPU only for one that takes less than half of its time: a seed gives the same bytes on one provider
    only, so the choice must not turn with the machine's load.
    """
    if provider != AUTO:
        return open_session(bundle.decoder, provider), provider
    session = open_session(bundle.decoder, CPU)
    if not _cuda_obstacle():
        try:
            other = open_session(bundle.decoder, CUDA)
            if decode_ms(other, bundle) < _CLEARLY * decode_ms(session, bundle):
                return other, CUDA
        except (
            Exception
        ):  # `probe` says what went wrong; a GPU that does not work must not keep anyone from playing
            return session, CPU
    return session, CPU


def decode_ms(session: Any, bundle: Bundle, takes: int = 12) -> float:
    """How long one loop takes, in ms: the least of some takes, whatever else the machine does now."""
    pair = bundle.pair()
    feed = {value.name: pair[value.name][:1] for value in session.get_inputs()}
    best = math.inf
    for _ in range(takes):
        start = time.perf_counter_ns()
        session.run(None, feed)
        best = min(best, (time.perf_counter_ns() - start) / 1e6)
    return best


def probe(bundle: Bundle | None = None) -> list[ProviderReport]:
    """Every provider that onnxruntime lists, started and timed on the bundle (None: the shipped one).

    What goes wrong with a provider is its reason. Raises BundleError only, for a bundle that cannot be
    loaded.
    """
    bundle = bundle or Bundle.load()
    listed = runtime().get_available_providers()
    reports = [_probe_one(name, _PROVIDERS[name] in listed, bundle) for name in (CPU, CUDA)]
    unused = [
        name.removesuffix("ExecutionProvider").lower() for name in listed if name not in _PROVIDERS.values()
    ]
    reason = "Groovebridge does not use it: the model is too small to gain from it."
    return reports + [ProviderReport(name, True, False, reason) for name in unused]


def _probe_one(name: str, available: bool, bundle: Bundle) -> ProviderReport:
    try:
        taken_ms = decode_ms(open_session(bundle.decoder, name), bundle)
    except GroovebridgeError as error:
        return ProviderReport(name, available, False, str(error))
    except Exception as error:  # a GPU that starts but has no code for this graph, say
        return ProviderReport(name, available, False, f"It starts but cannot run the model: {error}")
    return ProviderReport(name, available, True, decode_ms=taken_ms)


@cache
def _cuda_obstacle() -> str:
    """Why CUDA need not even be tried here, or "". Asks the driver itself: where there is none, at once."""
    if _PROVIDERS[CUDA] not in runtime().get_available_providers():
        return "this onnxruntime was built without CUDA."
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return "there is no NVIDIA driver on this machine."
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0 or count.value == 0:
        return "there is an NVIDIA driver but no GPU that it can use."
    _preload()
    return ""


@cache
def _preload() -> str:
    """Load CUDA's libraries from the packages of the `cuda` extra, once; return what onnxruntime says."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        runtime().preload_dlls()
    return said.getvalue()


def _cuda_failure() -> str:
    missing = [
        line.split()[3].rstrip(":") for line in _preload().splitlines() if line.startswith("Failed to load ")
    ]
    if missing:
        return (
            f"the CUDA libraries are not complete ({', '.join(missing)}). Install them with "
            "`pip install 'groovebridge[cuda]'`."
        )
    return "the GPU or its driver does not suit this onnxruntime. Update the NVIDIA driver."


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Point file descriptor 2 to nowhere for a moment: C++ writes there without asking Python."""
    try:
        saved = os.dup(2)
    except OSError:  # no stderr at all (pythonw): nothing to hold back
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        if sys.stderr:
            sys.stderr.flush()
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
