"""How far ahead of their time messages are handed over to the port.

Everything due before now + the port's lead + `LOOKAHEAD_NS` has been handed over; the player is woken again
every `WAKE_NS`. So it may wake up 30 ms late without a note being late: on a busy 2-core machine a process of
its own woke up 1.4 ms late (p99), a plain Python thread 13 ms. Further ahead costs nothing: Stop, panic and
relocation take back what is not out. So does a swap or a change of the mix, from its boundary on or from the
earliest moment at which new notes can still be on time (`REVISE_NS` beyond the lead). A new tempo begins
where the handed-over part ends, 40 ms from now, since the clock that others follow is in it.

         now        lead  REVISE      LOOKAHEAD
    ------|----------|------|------------|----------->
    out   |  as it was      |  may be    | cursor: not decided yet
          |                 |  revised   |
"""

from __future__ import annotations

LOOKAHEAD_NS = 40_000_000
WAKE_NS = 10_000_000
START_DELAY_NS = 5_000_000
"""From a Start to its beat 1, beyond the port's lead: time to hand the first notes over, and to arm clock
listeners."""

REVISE_NS = 3_000_000
"""Time to take back what is not out, decide it anew and hand it over again, beyond the port's lead."""

STALL_NS = 250_000_000
"""Further behind than this (the machine slept, JACK stalled) the player skips to where the song is, instead
of pouring out everything that it missed."""


def soon_ns(now_ns: int, lead_ns: int) -> int:
    """What is due before this is handed over now."""
    return now_ns + lead_ns + LOOKAHEAD_NS
