"""Where the sound goes: JACK where a server answers, else the computer's own output through PortAudio."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.errors import GroovebridgeError
from bridge.ports.jack_client import jack_answers, load_jack, open_client
from bridge.ports.jack_life import JackLife

CLIENT_NAME = "Groovebridge Drums"
JACK_GONE = (
    "JACK has ended, and the drum sound with it. "
    "Start it again, and switch the drum sound on if it stays silent."
)
OUTPUT_GONE = (
    "The sound output has gone ({name}). Plug it in again, or choose another in the computer's sound "
    "settings, then switch the drum sound on again."
)
_PERIOD = 256  # frames a callback that we ask PortAudio for: 5 ms at 48 kHz
_LOOKS = 4
_HUNG_S = 3.0  # without a callback: not every system says that a device was unplugged
_SOUNDED_S = 2.0  # an output that played so long was one; one that goes at once would go again

Render = Callable[[int, int], NDArray[np.float32]]
"""(frames, host_ns) -> the next period, float32 [frames, 2]; called in the audio thread."""

MakeRender = Callable[[int, int], Render]
"""(sample rate, frames a period) -> what renders: called once, before the first period."""


Gone = Callable[[str, bool], None]
"""(a sentence for the user, whether it is worth opening another at once): the output has ended by itself."""


class SoundError(GroovebridgeError):
    """There is nothing to hear the drums with; the sentence says what is missing and what to do."""


@dataclass(frozen=True, slots=True)
class Device:
    """An output that runs: its name for people, its sample rate in Hz, and what ends it."""

    name: str
    rate: int
    close: Callable[[], None]


def open_device(make_render: MakeRender, gone: Gone) -> Device:
    """Open the output that this machine would use now, and start it. Raises SoundError.

    gone: called in another thread.
    """
    return _open_jack(make_render, gone) if jack_answers() else _open_portaudio(make_render, gone)


def _open_jack(make_render: MakeRender, gone: Gone) -> Device:
    client = open_client(load_jack(), CLIENT_NAME)
    left, right = (client.outports.register(name) for name in ("left", "right"))
    render = make_render(client.samplerate, client.blocksize)
    life = JackLife(client)

    def process(frames: int) -> None:
        period = render(frames, time.perf_counter_ns())
        left.get_array()[:] = period[:, 0]
        right.get_array()[:] = period[:, 1]
        life.cycle()

    def server_gone(_status: object, _reason: str) -> None:
        life.lose()
        gone(JACK_GONE, False)

    client.set_process_callback(process)
    client.set_shutdown_callback(server_gone)
    client.activate()
    speakers = client.get_ports(is_audio=True, is_physical=True, is_input=True)
    for ours, theirs in zip((left, right), speakers[:2], strict=False):
        client.connect(ours, theirs)
    where = "its first two outputs" if speakers else "no outputs of its own: connect the ports left and right"

    return Device(f"JACK ({where})", int(client.samplerate), life.leave)


def _open_portaudio(make_render: MakeRender, gone: Gone) -> Device:
    try:
        import sounddevice
    except (ImportError, OSError):
        raise SoundError(
            "The built-in drum sound needs the PortAudio library (on Debian and Ubuntu: apt install "
            "libportaudio2), or a JACK server."
        ) from None
    try:
        info = sounddevice.query_devices(kind="output")
        rate = int(info["default_samplerate"])
        render = make_render(rate, _PERIOD)
        life = _Life()

        def callback(out: NDArray[np.float32], frames: int, _time: Any, _status: Any) -> None:
            life.callbacks += 1
            out[:] = render(frames, time.perf_counter_ns())

        stream = sounddevice.OutputStream(
            samplerate=rate,
            blocksize=_PERIOD,
            channels=2,
            dtype="float32",
            latency="low",
            callback=callback,
            finished_callback=life.ended.set,
        )
        stream.start()
    except (sounddevice.PortAudioError, ValueError) as error:
        raise SoundError(
            f"There is no sound output that would open ({error}). Plug in headphones or speakers, or choose "
            f"an output in the computer's sound settings, then switch the drum sound on again."
        ) from None
    name = str(info["name"])
    life.watch(lambda: gone(OUTPUT_GONE.format(name=name), life.callbacks * _PERIOD > _SOUNDED_S * rate))

    def close() -> None:
        life.closing = True
        stream.close()

    return Device(name, rate, close)


class _Life:
    """Whether a PortAudio stream still runs: it tells of its end, or its callbacks stop coming."""

    def __init__(self) -> None:
        self.callbacks = 0
        self.ended = threading.Event()
        self.closing = False  # its end is our own wish

    def watch(self, gone: Callable[[], None]) -> None:
        """Call `gone` in a thread once it has ended by itself."""
        threading.Thread(target=self._watch, args=(gone,), name="sound-watch", daemon=True).start()

    def _watch(self, gone: Callable[[], None]) -> None:
        seen = still = (
            0  # looks are counted, not seconds: the machine may be suspended, and this process stopped
        )
        while still < _LOOKS and not self.ended.wait(_HUNG_S / _LOOKS):
            still = still + 1 if self.callbacks == seen else 0
            seen = self.callbacks
        if not self.closing:
            gone()
