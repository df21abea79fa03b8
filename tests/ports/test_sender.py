"""The sender of ports that send at once: stepped through by hand on a simulated clock, and once for real."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.ports.sender import LEAD_NS, Sender

MS = 1_000_000


class Desk:
    """A sender with a clock that moves when told, and what it has sent: (time, message)."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.now_ns = 1_000 * MS
        self.sent: list[tuple[int, bytes]] = []
        self.failures: list[Exception] = []
        self.fails_at = fails_at
        self.driver_ns = 0
        """How long the driver takes for a message."""
        self.sender = Sender(self.emit, self.failures.append, lambda: self.now_ns)

    def emit(self, message: bytes) -> None:
        if len(self.sent) == self.fails_at:
            raise OSError("device unplugged")
        self.sent.append((self.now_ns, message))
        self.now_ns += self.driver_ns

    def run_until(self, end_ns: int) -> None:
        """Wake the sender exactly when it asks to be woken, as a punctual system would."""
        while (due_ns := self.sender.give_due()) is not None and due_ns <= end_ns:
            self.now_ns = due_ns
        self.now_ns = end_ns


@given(st.lists(st.integers(0, 50), max_size=40))
def test_on_a_punctual_system_every_message_goes_out_when_it_is_due(ahead_ms: list[int]) -> None:
    desk = Desk()
    dues = [desk.now_ns + ahead * MS for ahead in ahead_ms]
    for number, due in enumerate(dues):
        desk.sender.send(bytes([number]), due)
    desk.run_until(desk.now_ns + 60 * MS)
    assert desk.sent == [(due, bytes([number])) for due, number in sorted(zip(dues, range(40), strict=False))]
    counters = desk.sender.counters()
    assert (counters.messages, counters.late_handover, counters.lateness_max_ms) == (len(dues), 0, 0.0)


def test_what_is_taken_back_does_not_go_out() -> None:
    desk = Desk()
    for ahead in (1, 5, 3):
        desk.sender.send(bytes([ahead]), desk.now_ns + ahead * MS)
    taken = desk.sender.cancel_from(desk.now_ns + 3 * MS)
    assert [(message[0], due - desk.now_ns) for message, due in taken] == [(3, 3 * MS), (5, 5 * MS)]
    desk.run_until(desk.now_ns + 10 * MS)
    assert [message for _, message in desk.sent] == [b"\x01"]


def test_lateness_is_the_return_of_the_send_minus_the_due_time() -> None:
    desk = Desk()
    desk.driver_ns = MS // 2
    desk.sender.send(b"\xf8", desk.now_ns + MS)
    desk.now_ns += 3 * MS  # the system woke us two ms late
    desk.sender.give_due()
    counters = desk.sender.counters()
    assert (counters.lateness_p50_ms, counters.lateness_max_ms) == (2.5, 2.5)
    assert counters.late_handover == 0


def test_a_message_that_comes_after_its_time_goes_out_and_is_counted() -> None:
    desk = Desk()
    desk.sender.send(b"\x90", desk.now_ns - MS)
    desk.sender.give_due()
    assert [message for _, message in desk.sent] == [b"\x90"]
    assert desk.sender.counters().late_handover == 1
    assert desk.sender.counters().lateness_max_ms == 1.0


def test_a_device_that_goes_is_reported_once_and_what_follows_is_counted_as_dropped() -> None:
    desk = Desk(fails_at=2)
    for number in range(5):
        desk.sender.send(bytes([number]), desk.now_ns + number * MS)
    desk.run_until(desk.now_ns + 10 * MS)
    desk.sender.send(b"\xf8", desk.now_ns)
    assert [str(error) for error in desk.failures] == ["device unplugged"]
    assert desk.sender.counters().messages == 2
    assert desk.sender.counters().dropped == 4


@pytest.mark.parametrize("sleep_ns", [0, LEAD_NS], ids=["as on Linux", "as on Windows"])
def test_the_thread_sends_in_order_and_never_early(sleep_ns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.ports.sender._SLEEP_NS", sleep_ns)
    sent: list[tuple[int, bytes]] = []
    sender = Sender(lambda message: sent.append((time.perf_counter_ns(), message)), lambda _error: None)
    sender.start()
    start = time.perf_counter_ns() + 5 * MS
    dues = [start + number * MS * 3 // 2 for number in range(100)]
    for number in [*range(0, 100, 2), *range(1, 100, 2)]:
        sender.send(bytes([number]), dues[number])
    while len(sent) < 100:
        time.sleep(0.001)
    assert sender.close()
    assert [message[0] for _, message in sent] == list(range(100))
    assert all(at >= due for (at, _), due in zip(sent, dues, strict=True))


def test_closing_sends_what_is_due_within_the_lead_and_drops_the_rest() -> None:
    sent: list[bytes] = []
    sender = Sender(sent.append, lambda _error: None)
    sender.start()
    now = time.perf_counter_ns()
    sender.send(b"later", now + 10_000 * MS)
    sender.send(b"soon", now + LEAD_NS // 2)
    sender.send(b"now", now)
    assert sender.close()
    assert sent == [b"now", b"soon"]
    sender.send(b"after", time.perf_counter_ns())
    assert sender.close()
    assert sent == [b"now", b"soon"]
    assert sender.counters().dropped == 1


def test_a_driver_that_hangs_does_not_hang_the_program() -> None:
    entered: list[bytes] = []
    leave: list[bool] = []

    def hang(message: bytes) -> None:
        entered.append(message)
        while not leave:
            time.sleep(0.001)

    sender = Sender(hang, lambda _error: None)
    sender.start()
    sender.send(b"\xf8", time.perf_counter_ns())
    while not entered:
        time.sleep(0.001)
    assert not sender.close(timeout_s=0.05)
    leave.append(True)
    assert sender.close()


def test_closing_sends_what_was_handed_over_a_lead_ahead_in_the_same_instant() -> None:
    desk = Desk()
    desk.sender.send(b"off", desk.now_ns + LEAD_NS)
    desk.sender.send(b"far", desk.now_ns + LEAD_NS + MS)
    desk.sender.close()
    desk.run_until(desk.now_ns + 60 * MS)
    assert [message for _, message in desk.sent] == [b"off"]
