"""What waits for a reader that has stopped: bounded, and no control's last word is lost."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from bridge.ports.backlog import LIMIT, Backlog, News

MESSAGES = st.builds(
    lambda status, number, value: bytes((status, number, value)),
    st.sampled_from((0x80, 0x90, 0xB0, 0xB1, 0xE0)),
    st.integers(0, 3),
    st.integers(0, 127),
) | st.builds(lambda program: bytes((0xC0, program)), st.integers(0, 127))


def control(item: bytes | News) -> bytes | str:
    """What an item is the word of."""
    if isinstance(item, bytes):
        return item[:1] if item[0] == 0xC0 else item[:2]
    return item[0]


@given(st.lists(MESSAGES, max_size=20), st.integers(0, 3 * LIMIT))
def test_the_last_of_each_control_waits_in_order_and_few_more_do(items: list[bytes], repeats: int) -> None:
    backlog = Backlog()
    sent: list[bytes | News] = [*items, *[b"\xb0\x07\x01"] * repeats, ("Gone.", False), *items]
    for item in sent:
        backlog.put(item)
    taken = backlog.take()
    assert len(taken) <= LIMIT
    if len(sent) <= LIMIT:
        assert taken == sent
    assert {control(item): item for item in taken} == {control(item): item for item in sent}
    assert list(dict.fromkeys(map(control, reversed(taken)))) == list(
        dict.fromkeys(map(control, reversed(sent)))
    )


def test_a_reader_waits_for_the_first() -> None:
    backlog, taken = Backlog(), list[bytes | News]()
    reader = threading.Thread(target=lambda: taken.extend(backlog.take()))
    reader.start()
    backlog.put(b"\x90\x24\x64")
    reader.join(10)
    assert taken == [b"\x90\x24\x64"]
