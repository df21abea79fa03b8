"""The controllers' ears, as a process of its own: `python -m bridge.ports.control_process API SOURCE ...`.

Run by `ControlLink`. Each line of its output is a JSON object, `{"message": "b04a40"}` for MIDI that a
controller sent (no clock), or `{"news": "a sentence", "well": false}` when a port went or came back. It ends
when its input does, so it goes with whoever started it. Being apart, it lets no window, however busy, keep a
JACK server waiting.
"""

from __future__ import annotations

import gc
import json
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from bridge.ports.apis import best_api
from bridge.ports.base import Incoming, PeerBack, PeerGone, PortError, PortLost
from bridge.ports.control_inputs import ControlInputs, listen

LOOK_S = 1.0
"""How often a MIDI system that is not there is looked for again."""

SYSTEM = b"\xf0"
"""From this status on a message is no controller's: clock, active sensing, system exclusive."""

END = None
BACK = "The controllers are heard again."
Say = Callable[[dict[str, object]], None]


def main(argv: Sequence[str] | None = None) -> int:
    """Listen until standard input ends."""
    for name in ("SIGINT", "SIGHUP"):  # the terminal's: whoever started us decides
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    api, *sources = sys.argv[1:] if argv is None else argv
    inbox: SimpleQueue[object] = SimpleQueue()

    def await_end() -> None:
        sys.stdin.buffer.read()
        inbox.put(END)

    threading.Thread(target=await_end, name="controls-end", daemon=True).start()
    gc.freeze()
    gc.disable()  # a collection would keep JACK's callback waiting
    try:
        attend(api, sources, inbox, _say)
    except BrokenPipeError:  # nobody listens any more
        return 0
    return 0


def attend(api: str, sources: Sequence[str], inbox: SimpleQueue[object], say: Say) -> None:
    """Say what arrives until `END` does; a MIDI system that is not there, or goes, is looked for again."""
    inputs: ControlInputs | None = None
    missed = False
    try:
        while True:
            if inputs is None:
                if api == "auto" and (best := best_api()) != "none":
                    api = best  # and stay with it: its server may come back
                inputs, problem = _opened(api, sources, inbox)
                if problem and not missed:
                    say({"news": problem, "well": False})
                elif not problem and missed:
                    say({"news": BACK, "well": True})
                missed = bool(problem)
            try:
                item = inbox.get(timeout=LOOK_S if inputs is None else None)
            except Empty:
                continue
            match item:
                case None:
                    return
                case Incoming(message, _) if message < SYSTEM:
                    say({"message": message.hex()})
                case PeerGone(text):
                    say({"news": text, "well": False})
                case PeerBack(text):
                    say({"news": text, "well": True})
                case PortLost(text) if inputs is not None:
                    inputs.close()
                    inputs, missed = None, True
                    say({"news": text, "well": False})
    finally:
        if inputs is not None:
            inputs.close()


def _opened(api: str, sources: Sequence[str], inbox: SimpleQueue[object]) -> tuple[ControlInputs | None, str]:
    try:
        return listen("none" if api == "auto" else api, sources, inbox), ""
    except PortError as error:
        return None, str(error)


def _say(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
