"""The JACK server as a client sees it: is there one, what ports does it offer, and a client of it."""

from __future__ import annotations

import os
from typing import Any

from bridge.ports.base import OTHER_API, PortError, PortNames


def load_jack() -> Any:
    """The JACK-Client module, with libjack's own messages silenced; PortError where libjack is missing."""
    try:
        import jack
    except OSError:
        raise PortError(
            "JACK's library (libjack) is not installed. Install JACK (on Debian and Ubuntu: "
            f"apt install jackd2) or {OTHER_API}."
        ) from None
    jack.set_error_function(_silence)
    jack.set_info_function(_silence)
    return jack


def _silence(_message: str) -> None:
    """Swallow what libjack would print: what matters of it comes as an exception or a callback."""


def open_client(jack: Any, name: str) -> Any:
    """A client of the running server; PortError when none answers. Never starts a server."""
    try:
        return jack.Client(name, no_start_server=True)
    except jack.JackOpenError as error:
        server = os.environ.get("JACK_DEFAULT_SERVER", "default")
        if error.status.server_failed or error.status.server_error:
            raise PortError(
                f"No JACK server named {server!r} answers. Start one (jackd, QjackCtl or PipeWire), "
                f"or {OTHER_API}."
            ) from None
        raise PortError(f"The JACK server {server!r} refused us: {error.status}.") from None


def jack_ports() -> PortNames:
    """The MIDI ports of other programs on the server; PortError when none answers."""
    client = open_client(load_jack(), "Groovebridge-list")
    try:
        outputs, inputs = port_names(client, is_input=True), port_names(client, is_output=True)
        return PortNames("jack", tuple(outputs), tuple(inputs))
    finally:
        client.close()


def jack_answers() -> bool:
    """Whether libjack is here and a server answers."""
    try:
        open_client(load_jack(), "Groovebridge-probe").close()
    except PortError:
        return False
    return True


def port_names(client: Any, **direction: bool) -> list[str]:
    """The MIDI ports of other clients. JACK's input ports are where we send to, and the reverse."""
    return [port.name for port in client.get_ports(is_midi=True, **direction) if not client.owns(port)]
