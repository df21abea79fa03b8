"""How long the player's loop is held by a new loop and by a change of the mix, while the song rolls.

    python -m benchmarks.swaps

The loop shares its process with JACK's callback, so it must not compute for long. The loops are random: as
full as a busy drummer's (120 hits), and fuller than any (240). What the port has not sent is taken back,
decided anew and handed over again; the messages lead nowhere (`--api none`).
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from bridge.groove import DrumLoop
from bridge.player.engine import Engine
from bridge.player.messages import Command, PlayerConfig, SetLoop, SetVoicing, Start, SwapAt
from bridge.player.patterns import pattern_of
from bridge.player.voicing import Voicing
from bridge.ports.nowhere import NowherePorts

PAUSE_S = 0.005
MIXES = Voicing(), Voicing(muted=(True, *(False,) * 8))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=400, help="calls a figure")
    rounds = parser.parse_args().rounds
    print("| what, ms | hits | p50 | p99 | max |\n| --- | --- | --- | --- | --- |")
    for hits in (120, 240):
        for name, (p50, p99, worst) in measure(random_loop(hits), rounds).items():
            print(f"| {name} | {hits} | {p50:.2f} | {p99:.2f} | {worst:.2f} |")


def measure(loop: DrumLoop, rounds: int) -> dict[str, tuple[float, float, float]]:
    """The rows of the table for a loop: p50, p99 and the most, in ms."""
    ports = NowherePorts()
    engine = Engine(PlayerConfig(), lambda _report: None)
    engine.attach(ports, ports.clock.now_ns())

    def handle(command: Command) -> None:
        engine.handle(command, ports.clock.now_ns())

    def make(_: int) -> None:
        pattern_of(loop)

    def swap(number: int) -> None:
        handle(SetLoop(loop, number + 2, SwapAt.NOW))

    def mute(number: int) -> None:
        handle(SetVoicing(MIXES[number % 2]))

    handle(SetLoop(loop, 1))
    handle(Start())
    rows: dict[str, tuple[float, float, float]] = {}
    for name, call in {"a loop as a pattern": make, "a swap now": swap, "a mute": mute}.items():
        took_ms = []
        for number in range(rounds):
            begin_ns = time.perf_counter_ns()
            call(number)
            took_ms.append((time.perf_counter_ns() - begin_ns) / 1e6)
            time.sleep(PAUSE_S)
            engine.advance(ports.clock.now_ns())
        rows[name] = tuple(np.percentile(took_ms, (50, 99, 100)))
    engine.detach(ports.clock.now_ns())
    ports.close()
    return rows


def random_loop(hits: int) -> DrumLoop:
    """A loop of so many hits, with feel."""
    numbers = np.random.default_rng(1)
    struck = np.zeros(64 * 9)
    struck[numbers.choice(struck.size, hits, replace=False)] = 1
    return DrumLoop.of(
        struck.reshape(64, 9), numbers.uniform(0.2, 1, (64, 9)), numbers.uniform(-0.4, 0.4, (64, 9))
    )


if __name__ == "__main__":
    main()
