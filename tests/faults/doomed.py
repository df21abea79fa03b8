"""A studio in a process of its own, to be killed or frozen, with a player that the tests' peer hears."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bridge.player.messages import Sync
from tests.player.support import random_loop
from tests.support.peer import Peer

BPM = 300.0
RATE = 48_000
PER_TICK = 60 * RATE / (960 * BPM)
BAR = 3840 * PER_TICK
LOOP = random_loop(21, density=0.25, feel=0.5)

STUDIO = """
import sys, threading
from bridge.player import PlayerConfig, PlayerLink
from bridge.player.messages import Anchor, PortsOpened, Remember, SetLoop, Start, Sync
from tests.player.support import random_loop

def main():
    def told(report):
        if isinstance(report, PortsOpened):
            print(link.pid, report.out, report.inp, sep="\\t", flush=True)
        elif not isinstance(report, Anchor):
            print(type(report).__name__, flush=True)
    sync = Sync(sys.argv[1])
    link = PlayerLink(PlayerConfig(api="jack", sync=sync, bpm=300), told)
    link.send(SetLoop(random_loop(21, density=0.25, feel=0.5), 7))
    link.send(Remember(b"what the studio was set to"))
    sys.stdin.readline()
    link.send(Start())
    threading.Event().wait()

if __name__ == "__main__":
    main()
"""


class Doomed:
    """A studio in a process of its own, with its player, which the peer hears."""

    def __init__(self, peer: Peer, sync: Sync = Sync.INTERNAL) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", STUDIO, sync.value],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        pid, self.out, self.inp = self.process.stdout.readline().rstrip("\n").split("\t")
        self.player = os.pidfd_open(int(pid))
        peer.forget()
        peer.connect(self.out, peer.inp)
        self.process.stdin.write("play\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def hears(self, what: str) -> bool:
        """Whether the studio says, soon, that it has been told this."""
        assert self.process.stdout is not None
        while select.select([self.process.stdout], [], [], 5)[0]:
            if what in os.read(self.process.stdout.fileno(), 1 << 16).decode():
                return True
        return False

    def player_ends(self, within_s: float) -> bool:
        return bool(select.select([self.player], [], [], within_s)[0])

    def close(self) -> None:
        self.kill()
        if not self.player_ends(0):
            signal.pidfd_send_signal(self.player, signal.SIGKILL)
            self.player_ends(5)
        os.close(self.player)
        self.process.communicate()


@contextmanager
def studio(peer: Peer, sync: Sync = Sync.INTERNAL) -> Iterator[Doomed]:
    doomed = Doomed(peer, sync)
    try:
        yield doomed
    finally:
        doomed.close()


def channel_messages(peer: Peer) -> list[tuple[int, bytes]]:
    return [(frame, message) for frame, message in peer.heard() if message[0] < 0xF0]
