"""The player's figures, over all the ports that it had open."""

from __future__ import annotations

from bridge.player.messages import Anchor, ClockState, Stats
from bridge.player.output import Output
from bridge.ports.base import OutCounters


class Figures:
    """Adds up what outputs have counted. Owned by the player's loop."""

    def __init__(self) -> None:
        self._past = OutCounters()  # of outputs that are closed
        self._past_notes = 0
        self._clock: dict[str, object] = {"state": ClockState.OFF.value, "phase_ms": 0.0}

    def close(self, output: Output) -> None:
        """Keep the counts of an output that is about to be closed."""
        self._past = _sum(self._past, output.counters())
        self._past_notes += output.notes_sent

    def clock(self, anchor: Anchor) -> None:
        """The clock was held like this."""
        self._clock = {"state": anchor.clock.value, "phase_ms": anchor.phase_ms}

    def stats(self, output: Output | None, swaps: int) -> Stats:
        """All so far, with the output that is open."""
        counters = self._past if output is None else _sum(self._past, output.counters())
        return Stats(
            notes_sent=self._past_notes + (output.notes_sent if output else 0),
            messages=counters.messages,
            lateness_ms={
                "p50": counters.lateness_p50_ms,
                "p99": counters.lateness_p99_ms,
                "max": counters.lateness_max_ms,
            },
            clock=self._clock,
            swaps=swaps,
            xruns=counters.xruns,
            late_handover=counters.late_handover,
            open_notes=len(output.open_keys) if output else 0,
        )


def _sum(past: OutCounters, latest: OutCounters) -> OutCounters:
    """Counts add up over the ports that were open; of latenesses the worst is kept."""
    return OutCounters(
        messages=past.messages + latest.messages,
        lateness_p50_ms=max(past.lateness_p50_ms, latest.lateness_p50_ms),
        lateness_p99_ms=max(past.lateness_p99_ms, latest.lateness_p99_ms),
        lateness_max_ms=max(past.lateness_max_ms, latest.lateness_max_ms),
        late_handover=past.late_handover + latest.late_handover,
        xruns=past.xruns + latest.xruns,
    )
