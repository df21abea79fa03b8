"""The controllers' ears, as a process of its own: `python -m bridge.ports.control_process API SOURCE ...`.

Run by `ControlLink`. Each line of its output is a JSON object, `{"message": "b04a40"}` for MIDI that a
controller sent (no clock), or `{"news": "a sentence", "well": false}` when a port went or came back. It ends
when its input does, so it goes with whoever started it. Being apart, it lets no window, however busy, keep a
JACK server waiting.

    MIDI callback --> inbox --> attend --> backlog --> standard output, where the reader may have stopped
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from bridge.ports.apis import best_api
from bridge.ports.backlog import Backlog, News
from bridge.ports.base import Incoming, PeerBack, PeerGone, PortError, PortLost
from bridge.ports.control_inputs import ControlInputs, listen

LOOK_S = 1.0
"""How often a MIDI system that is not there is looked for again."""

SYSTEM = b"\xf0"
"""From this status on a message is no controller's: clock, active sensing, system exclusive."""

END = None
BACK = "The controllers are heard again."
Say = Callable[[bytes | News], None]


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

    backlog = Backlog()

    def write() -> None:
        try:
            while True:
                sys.stdout.writelines(map(_line, backlog.take()))
                sys.stdout.flush()
        except BrokenPipeError:  # nobody listens any more
            inbox.put(END)

    threading.Thread(target=await_end, name="controls-end", daemon=True).start()
    threading.Thread(target=write, name="controls-write", daemon=True).start()
    gc.freeze()
    gc.disable()  # a collection would keep JACK's callback waiting
    attend(api, sources, inbox, backlog.put)
    os._exit(0)  # the writer may be amid a line that nobody takes


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
                    say((problem, False))
                elif not problem and missed:
                    say((BACK, True))
                missed = bool(problem)
            try:
                item = inbox.get(timeout=LOOK_S if inputs is None else None)
            except Empty:
                continue
            match item:
                case None:
                    return
                case Incoming(message, _) if message < SYSTEM:
                    say(message)
                case PeerGone(text):
                    say((text, False))
                case PeerBack(text):
                    say((text, True))
                case PortLost(text) if inputs is not None:
                    inputs.close()
                    inputs, missed = None, True
                    say((text, False))
    finally:
        if inputs is not None:
            inputs.close()


def _opened(api: str, sources: Sequence[str], inbox: SimpleQueue[object]) -> tuple[ControlInputs | None, str]:
    try:
        return listen("none" if api == "auto" else api, sources, inbox), ""
    except PortError as error:
        return None, str(error)


def _line(item: bytes | News) -> str:
    if isinstance(item, bytes):
        return json.dumps({"message": item.hex()}) + "\n"
    text, well = item
    return json.dumps({"news": text, "well": well}) + "\n"


if __name__ == "__main__":
    sys.exit(main())
