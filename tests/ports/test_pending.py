"""Messages that wait: none is lost, doubled or out of order, whoever races for them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.ports.pending import Pending

TIMES = st.integers(1, 50)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), TIMES),
        st.tuples(st.just("cancel"), TIMES),
        st.tuples(st.just("take"), TIMES),
        st.tuples(st.just("untake"), TIMES),
    ),
    max_size=60,
)


@given(STEPS)
def test_every_message_goes_out_once_or_comes_back_once(steps: list[tuple[str, int]]) -> None:
    pending = Pending()
    waiting: list[tuple[int, int]] = []  # the model: (due, number of the call)
    number = 0
    for step, at in steps:
        if step == "put":
            pending.put(number.to_bytes(2, "big"), at)
            waiting.append((at, number))
            number += 1
        elif step == "cancel":
            expected = sorted(item for item in waiting if item[0] >= at)
            waiting = [item for item in waiting if item[0] < at]
            assert [
                (due, int.from_bytes(message, "big")) for message, due in pending.cancel_from(at)
            ] == expected
        else:
            pending.collect()
            while (taken := pending.take(at)) is not None:
                due, message, entry = taken
                if step == "untake":
                    pending.untake(entry, message)
                    break
                assert (due, int.from_bytes(message, "big")) == min(waiting)
                waiting.remove(min(waiting))
            if step == "take":
                assert not [item for item in waiting if item[0] < at]
        assert pending.waiting() == len(waiting)


@given(st.lists(TIMES, max_size=20), TIMES)
def test_late_are_those_that_come_after_their_time(dues: list[int], now: int) -> None:
    pending = Pending()
    for due in dues:
        pending.put(b"\xf8", due)
    assert pending.collect(now) == sum(due < now for due in dues)
    assert pending.collect(now) == 0  # each is counted once


def test_the_next_due_time_is_that_of_a_message_that_still_waits() -> None:
    pending = Pending()
    for due in (3, 7):
        pending.put(b"\xf8", due)
    pending.collect()
    assert pending.next_due_ns() == 3
    assert pending.take(4) is not None
    pending.cancel_from(0)
    assert pending.next_due_ns() is None


def test_what_has_gone_out_is_not_kept() -> None:
    pending = Pending()
    pending.put(b"far", 1 << 60)
    for due in range(1, 100_000):
        pending.put(b"\xf8", due)
        pending.collect()
        assert pending.take(due + 1) is not None
    assert len(pending._mine) < 1000


@pytest.fixture
def restless_interpreter() -> Iterator[None]:
    """Threads change places as often as they can, so that a race that can happen does."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("restless_interpreter")
def test_a_race_for_a_message_has_exactly_one_winner() -> None:
    pending = Pending()
    total = 20_000
    out: list[int] = []
    done = threading.Event()

    def send() -> None:
        horizon = 0
        while not done.is_set() or pending.waiting():
            pending.collect()
            horizon = total if done.is_set() else min(horizon + 7, total)
            while (taken := pending.take(horizon)) is not None:
                out.append(int.from_bytes(taken[1], "big"))

    sender = threading.Thread(target=send)
    sender.start()
    back: list[int] = []
    for number in range(total):
        pending.put(number.to_bytes(4, "big"), number)
        if number % 5 == 0:  # take back just what the sender is reaching for
            back += [int.from_bytes(message, "big") for message, _ in pending.cancel_from(max(0, number - 3))]
    done.set()
    sender.join()
    assert sorted(out + back) == list(range(total))
    assert out and back
