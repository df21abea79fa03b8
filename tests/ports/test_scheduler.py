"""What a system that sends by itself is handed, and when: stepped through by hand on a simulated clock."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from bridge.ports.scheduler import AHEAD_NS, LEAD_NS, Scheduler

MS = 1_000_000


class Desk:
    """A scheduler with a clock that moves when told, and what it has handed over: (time, due, message)."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.now_ns = 1_000 * MS
        self.handed: list[tuple[int, int, bytes]] = []
        self.failures: list[Exception] = []
        self.fails_at = fails_at
        self.scheduler = Scheduler(self.hand, self.failures.append, lambda: self.now_ns)

    def hand(self, message: bytes, due_ns: int) -> None:
        if len(self.handed) == self.fails_at:
            raise OSError("No such device")
        self.handed.append((self.now_ns, due_ns, message))

    def run_until(self, end_ns: int, late_ns: int = 0) -> None:
        """Wake the scheduler so much later than it asks to be woken."""
        while (next_ns := self.scheduler.give_due()) is not None and next_ns + late_ns <= end_ns:
            self.now_ns = max(self.now_ns, next_ns + late_ns)
        self.now_ns = end_ns


@given(st.lists(st.integers(0, 50), max_size=40), st.integers(0, AHEAD_NS))
def test_every_message_is_handed_over_in_order_and_in_time_by_a_thread_that_wakes_up_late(
    ahead_ms: list[int], late_ns: int
) -> None:
    desk = Desk()
    dues = [desk.now_ns + AHEAD_NS + ahead * MS for ahead in ahead_ms]
    for number, due in enumerate(dues):
        desk.scheduler.send(bytes([number]), due)
    desk.run_until(desk.now_ns + 100 * MS, late_ns)
    in_order = sorted(zip(dues, range(40), strict=False))
    assert [(due, message[0]) for _, due, message in desk.handed] == in_order
    assert all(at <= due for at, due, _ in desk.handed)
    counters = desk.scheduler.counters()
    assert (counters.messages, counters.late_handover, counters.lateness_max_ms) == (len(dues), 0, 0.0)


@given(st.lists(st.integers(0, 30), max_size=20), st.integers(0, 30))
def test_a_message_goes_out_or_comes_back_and_what_went_out_is_due_within_a_lead(
    ahead_ms: list[int], when_ms: int
) -> None:
    desk = Desk()
    for number, ahead in enumerate(ahead_ms):
        desk.scheduler.send(bytes([number]), desk.now_ns + ahead * MS)
    desk.run_until(desk.now_ns + when_ms * MS)
    back = desk.scheduler.cancel_from(desk.now_ns)
    went = [message for _, _, message in desk.handed]
    late = [due for _, due, _ in desk.handed if due >= desk.now_ns + LEAD_NS]
    assert sorted([message for message, _ in back] + went) == [bytes([each]) for each in range(len(ahead_ms))]
    assert not late


def test_a_system_that_takes_no_more_is_told_once_and_what_follows_is_counted_as_dropped() -> None:
    desk = Desk(fails_at=2)
    for number in range(5):
        desk.scheduler.send(bytes([number]), desk.now_ns + number * MS)
    desk.run_until(desk.now_ns + 10 * MS)
    desk.scheduler.send(b"\xf8", desk.now_ns)
    assert [str(error) for error in desk.failures] == ["No such device"]
    assert (desk.scheduler.counters().messages, desk.scheduler.counters().dropped) == (2, 4)


def test_closing_waits_until_the_system_has_sent_what_it_has_and_drops_the_rest() -> None:
    handed: list[int] = []
    scheduler = Scheduler(lambda _message, due_ns: handed.append(due_ns), lambda _error: None)
    scheduler.start()
    now_ns = time.perf_counter_ns()
    scheduler.send(b"\x89\x24\x40", now_ns + LEAD_NS // 2)
    scheduler.send(b"\x99\x24\x40", now_ns + 1000 * LEAD_NS)
    assert scheduler.close()
    assert handed == [now_ns + LEAD_NS // 2]
    assert time.perf_counter_ns() > handed[0]
    scheduler.send(b"\xf8", now_ns)
    assert scheduler.counters().dropped == 1
