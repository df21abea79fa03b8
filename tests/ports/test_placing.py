"""Which messages go out in which period of an audio server, and on which frame."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.ports.frames import FrameRate
from bridge.ports.placing import Placer

RATE = FrameRate(48_000)


class Server:
    """Periods as a server hands them out, and the frames on which messages were written."""

    def __init__(self, start: int = 1000) -> None:
        self.placer = Placer(RATE)
        self.next = start
        self.out: list[tuple[int, bytes]] = []
        self.room = 1000

    def period(self, frames: int = 128) -> None:
        written: list[int] = []

        def write(offset: int, message: bytes) -> bool:
            assert 0 <= offset < frames
            assert not written or offset >= written[-1], "JACK takes a period's events in order only"
            if len(written) == self.room:
                return False
            written.append(offset)
            self.out.append((self.next + offset, message))
            return True

        self.placer.place(self.next, frames, write)
        self.next += frames

    def send(self, message: bytes, frame: int) -> None:
        self.placer.pending.put(message, RATE.to_ns(frame))


SIZES = st.sampled_from([16, 64, 128, 256, 1024])


@given(st.lists(st.integers(1000, 5000), max_size=40), SIZES)
def test_what_comes_in_time_is_on_its_frame_in_order(frames: list[int], size: int) -> None:
    server = Server()
    for number, frame in enumerate(frames):
        server.send(bytes([number]), frame)
    while server.next <= 5000:
        server.period(size)
    expected = sorted((frame, number) for number, frame in enumerate(frames))
    assert server.out == [(frame, bytes([number])) for frame, number in expected]
    assert server.placer.late_handover == 0
    assert server.placer.lateness.percentiles_ms() == (0.0, 0.0, 0.0)


@given(st.lists(st.tuples(st.integers(0, 300), SIZES), max_size=30))
def test_a_message_is_never_early_and_late_by_no_more_than_its_hand_over(
    script: list[tuple[int, int]],
) -> None:
    server = Server()
    due: list[int] = []
    earliest: list[int] = []
    for ahead, size in script:
        due.append(server.next + ahead - 150)
        earliest.append(max(due[-1], server.next))
        server.send(bytes([len(due) - 1]), due[-1])
        server.period(size)
    server.period(1024)
    assert sorted(message[0] for _, message in server.out) == list(range(len(due)))
    for frame, message in server.out:
        assert frame == earliest[message[0]]
    assert server.placer.late_handover == sum(a > b for a, b in zip(earliest, due, strict=True))


def test_what_an_xrun_tore_away_goes_out_at_once_and_is_nobody_s_late_hand_over() -> None:
    server = Server()
    server.period()
    server.send(b"gap", server.next + 200)
    server.next += 1000  # the frame counter jumps
    server.send(b"torn", server.next - 500)  # handed over before the period that would have held it
    server.period()
    assert [message for _, message in server.out] == [b"gap", b"torn"]
    assert {frame for frame, _ in server.out} == {2128}
    assert server.placer.late_handover == 0
    assert server.placer.lateness.percentiles_ms()[2] > 16


def test_a_late_hand_over_is_counted_with_its_lateness() -> None:
    server = Server(1000)
    server.period()
    server.send(b"late", 1100)
    server.period()
    assert server.out == [(1128, b"late")]
    assert server.placer.late_handover == 1
    assert server.placer.lateness.percentiles_ms()[2] == RATE.to_ns(28) / 1e6


@given(st.lists(st.integers(1000, 1300), max_size=30), st.integers(1, 4))
def test_a_full_period_passes_the_rest_on_in_order(frames: list[int], room: int) -> None:
    server = Server()
    server.room = room
    for number, frame in enumerate(frames):
        server.send(bytes([number]), frame)
    for _ in range(len(frames) + 3):
        server.period()
    order = [number for _, number in sorted((frame, number) for number, frame in enumerate(frames))]
    assert [message[0] for _, message in server.out] == order
    assert server.placer.refused == 0


def test_what_never_fits_is_dropped_and_counted() -> None:
    server = Server()
    server.room = 0
    server.send(b"\xf0 far too long \xf7", 1000)
    server.period()
    server.room = 1000
    server.period()
    assert server.out == []
    assert server.placer.refused == 1
    assert server.placer.pending.waiting() == 0
