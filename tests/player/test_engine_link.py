"""The player's core in an Ableton Link session, under a simulated clock: in phase, and a good guest."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.errors import GroovebridgeError
from bridge.groove.notes import TICKS_PER_BAR, loop_notes
from bridge.player.conductors import LinkSession
from bridge.player.conductors.link import HOLD_US, LOOK_US, SETTLE_US
from bridge.player.messages import (
    Anchor,
    ClockState,
    Command,
    FallIn,
    Fault,
    Finished,
    Motion,
    PlayerConfig,
    SetLoop,
    SetSync,
    SetTempo,
    Start,
    Stop,
    Sync,
)
from bridge.ports.base import PortLost
from tests.player.simulated_link import SimulatedSession
from tests.player.support import (
    MS,
    MemoryPort,
    MemoryPorts,
    Note,
    Rig,
    SimulatedClock,
    assert_played,
    notes_of,
    random_loop,
)

LOOP = random_loop(11, density=0.3, feel=0.5)
HOLD_MS = HOLD_US / 1000
JOINED_MS = (HOLD_US + LOOK_US + SETTLE_US) / 1000 + 20
WITHIN_MS = 0.1


class Guest(Rig):
    """A rig on Link; `session` is what it is in."""

    def __init__(self, config: PlayerConfig | None = None, **session: object) -> None:
        self.session: SimulatedSession

        def open_link(clock: SimulatedClock) -> LinkSession:
            self.session = SimulatedSession(clock, **session)  # type: ignore[arg-type]
            return self.session

        super().__init__(config or PlayerConfig(sync=Sync.LINK), open_link)
        self.do(SetLoop(LOOP, 1))

    def join(self) -> None:
        self.run_ms(JOINED_MS)

    def heard(self) -> list[Note]:
        return notes_of(self.port.in_order())

    @property
    def anchor(self) -> Anchor:
        return self.told(Anchor)[-1]

    def motion(self) -> Motion:
        return self.anchor.motion

    def check(self, zero_ns: int, bars: int, *, at_bar: int = 0, begins: bool = True) -> None:
        """These bars were played, the first of them from `zero_ns` on."""
        assert_played(
            self.heard(),
            LOOP,
            zero=zero_ns,
            per_tick=60e9 / self.session.bpm / 960,
            at_ticks=at_bar * TICKS_PER_BAR,
            until_ticks=(at_bar + bars) * TICKS_PER_BAR,
            within=WITHIN_MS * MS,
            first_within=WITHIN_MS * MS,
            begins=begins,
        )
        assert not self.port.late


# --- joining ------------------------------------------------------------------------------------------------


def test_nothing_of_ours_is_told_to_a_session_that_is_there() -> None:
    rig = Guest(PlayerConfig(sync=Sync.LINK, bpm=140), others=1, bpm=96, playing=True)
    rig.do(SetTempo(150))
    rig.run_ms(HOLD_MS + 20)
    rig.do(SetTempo(160))
    rig.join()
    rig.run_ms(10_000)
    assert rig.session.told == []
    assert rig.anchor.bpm == pytest.approx(96)


def test_alone_the_session_has_the_tempo_that_was_set_last() -> None:
    rig = Guest(PlayerConfig(sync=Sync.LINK, bpm=140))
    rig.do(SetTempo(150))
    rig.run_ms(HOLD_MS + 20)
    assert rig.session.bpm == 150
    rig.do(SetTempo(160))
    rig.join()
    assert rig.session.bpm == rig.anchor.bpm == 160


def test_the_anchor_says_how_many_others_there_are() -> None:
    rig = Guest(others=2)
    rig.run_ms(HOLD_MS)
    assert (rig.anchor.clock, rig.anchor.peers) == (ClockState.LOCKING, 0)
    rig.join()
    assert (rig.anchor.clock, rig.anchor.peers) == (ClockState.LOCKED, 2)
    rig.session.others = 0
    rig.run_ms(20)
    assert (rig.anchor.clock, rig.anchor.peers) == (ClockState.WAITING, 0)


def test_a_session_that_plays_is_joined_at_bar_1_on_its_next_bar_line() -> None:
    rig = Guest(others=1, playing=True)
    rig.run_ms(HOLD_MS + 50 + SETTLE_US / 1000)
    assert not rig.port.sent
    zero_ns = rig.session.next_bar_ns()
    rig.run_ms(4 * 2500 + 2600)
    rig.do(Stop())
    rig.check(zero_ns, 4)


# --- start and stop -----------------------------------------------------------------------------------------


def test_another_s_start_begins_the_song_at_bar_1_on_the_bar_line_that_it_names() -> None:
    rig = Guest(others=1)
    rig.join()
    zero_ns = rig.session.next_bar_ns()
    in_ms = (zero_ns - rig.clock.ns) / MS + 0.01  # named a little late, as rounding has it
    rig.session.play(True, in_ms)
    rig.run_ms(in_ms - 100)
    assert rig.motion() == Motion.ARMED
    rig.run_ms(100 + 8 * 2500)
    rig.session.play(False)
    rig.run_ms(30)
    assert rig.motion() == Motion.STOPPED
    rig.check(zero_ns, 7)
    assert rig.session.told == []


def test_our_start_waits_for_the_bar_line_and_tells_the_others_that_moment() -> None:
    rig = Guest(others=1)
    rig.join()
    rig.run_ms(700)
    zero_ns = rig.session.next_bar_ns()
    rig.do(Start(2 * TICKS_PER_BAR))
    assert rig.motion() == Motion.ARMED
    rig.run_ms(8 * 2500)
    rig.do(Stop())
    (start, at_us), (stop, _) = rig.session.told
    assert (start, stop) == ("start", "stop")
    assert 0 <= at_us - (zero_ns / 1000 + rig.session.ahead_us) < 2
    rig.check(zero_ns, 6, at_bar=2)


def test_alone_our_start_is_at_once() -> None:
    rig = Guest()
    rig.join()
    rig.run_ms(700)
    rig.do(Start())
    rig.run_ms(8 * 2500)
    rig.do(Stop())
    (_, at_us), _ = rig.session.told
    assert 0 < rig.session.ns_of(at_us) - (rig.clock.ns - 8 * 2500 * MS) < 60 * MS
    rig.check(rig.session.ns_of(at_us), 7)


def test_a_start_before_we_have_joined_waits_until_we_have() -> None:
    rig = Guest()
    rig.do(Start())
    rig.run_ms(HOLD_MS + 500)
    assert rig.motion() == Motion.ARMED
    assert not rig.session.told
    rig.run_ms(LOOK_US / 1000 - 500 + 60)
    assert rig.motion() == Motion.ROLLING


def test_a_start_before_we_have_joined_a_session_that_plays_starts_nothing_twice() -> None:
    rig = Guest(others=1, playing=True)
    rig.do(Start())
    rig.join()
    rig.run_ms(3000)
    assert rig.motion() == Motion.ROLLING
    assert rig.session.told == []


def test_a_start_while_it_rolls_begins_again_on_the_next_bar_line() -> None:
    rig = Guest(others=1, playing=True)
    rig.join()
    rig.run_ms(9_000)
    zero_ns = rig.session.next_bar_ns()
    rig.do(Start())
    rig.run_ms(8 * 2500)
    rig.do(Stop())
    rig.check(zero_ns, 6)


@pytest.mark.parametrize("others", [0, 1])
def test_a_player_that_takes_another_s_place_joins_at_the_bar_where_the_song_is(others: int) -> None:
    rig = Guest(others=others, playing=True, bpm=110)
    gone_ns = rig.clock.ns - 21_300 * MS  # where bar 1 was
    rig.do(FallIn(Anchor(0.0, gone_ns, 110, Motion.ROLLING, Sync.LINK)))
    rig.join()
    rig.run_ms(2_400)
    assert rig.motion() == Motion.ROLLING
    bar_ns = 4 * 60e9 / 110
    begin_ns = (rig.clock.ns - gone_ns) / bar_ns
    assert rig.anchor.ticks / TICKS_PER_BAR + (rig.clock.ns - rig.anchor.at_ns) / bar_ns == pytest.approx(
        begin_ns, abs=0.5 if others else 1e-3
    )
    assert abs(phase_ms(rig)) < 0.1
    assert rig.session.bpm == pytest.approx(110)
    rig.do(Stop())
    assert rig.heard()
    assert not rig.port.late


def test_the_number_of_bars_is_kept_and_the_session_plays_on() -> None:
    rig = Guest(PlayerConfig(sync=Sync.LINK, bars=2), others=1, playing=True)
    rig.join()
    zero_ns = rig.session.next_bar_ns()
    rig.run_ms(8_000)
    assert rig.told(Finished)
    rig.session.jump(1.5)
    rig.run_ms(8_000)
    assert rig.session.playing
    assert rig.session.told == []
    assert rig.motion() == Motion.STOPPED
    rig.check(zero_ns, 2)


# --- tempo and phase ----------------------------------------------------------------------------------------


def test_a_tempo_that_we_set_is_everybody_s() -> None:
    rig = Guest(others=1, playing=True)
    rig.join()
    rig.do(SetTempo(133))
    rig.run_ms(100)
    assert rig.session.told == [("tempo", 133)]
    assert rig.anchor.bpm == pytest.approx(133)


def assert_nothing_swallowed_or_doubled(notes: list[Note]) -> None:
    """Each key was struck as the loop says, turn after turn, whatever the tempo was."""
    assert notes
    for key in {note.key for note in notes}:
        turn = [each.velocity for each in loop_notes(LOOP) if 9 << 7 | each.note == key]
        played = [note.velocity for note in notes if note.key == key]
        assert played == (turn * (len(played) // len(turn) + 1))[: len(played)]


def phase_ms(rig: Guest) -> float:
    """How far the song is off the session by what was told last."""
    anchor, session = rig.anchor, rig.session
    beat = anchor.ticks / 960 + (rig.clock.ns - anchor.at_ns) * anchor.bpm / 60e9
    return ((beat - session.beat_at(session.now_us) + 2) % 4 - 2) * 60e3 / session.bpm


@pytest.mark.parametrize(("first", "then"), [(96, 140), (140, 96), (20, 999), (999, 20)])
def test_another_s_tempo_swallows_and_doubles_nothing(first: float, then: float) -> None:
    rig = Guest(others=1, playing=True, bpm=first)
    rig.join()
    rig.run_ms(13_000)
    for _ in range(3):
        rig.session.change_tempo(then)
        rig.run_ms(1_300)
        rig.session.change_tempo(first)
        rig.run_ms(1_300)
    rig.session.change_tempo(120)
    rig.run_ms(6_000)
    assert abs(phase_ms(rig)) < 20
    rig.do(Stop())
    assert_nothing_swallowed_or_doubled(rig.heard())
    longest_ns = max(note.off - note.on for note in rig.heard())
    assert longest_ns < 60_000 * MS / min(first, then) / 4  # a step at the slower of the two


@pytest.mark.parametrize("beats", [0.1, -0.1])
def test_a_small_jump_of_the_beat_is_followed_and_swallows_and_doubles_nothing(beats: float) -> None:
    rig = Guest(others=1, playing=True, bpm=120)
    rig.join()
    rig.run_ms(6_300)
    before = phase_ms(rig)
    rig.session.jump(beats)
    rig.run_ms(9_000)
    assert phase_ms(rig) == pytest.approx(before, abs=0.1)
    rig.do(Stop())
    assert_nothing_swallowed_or_doubled(rig.heard())


def test_a_great_jump_of_the_beat_closes_all_notes_and_goes_on_in_phase() -> None:
    rig = Guest(others=1, playing=True, bpm=120)
    rig.join()
    rig.run_ms(2_000)
    zero_ns = round(rig.anchor.at_ns - rig.anchor.ticks * 500 * MS / 960)
    rig.run_ms(4_300)
    rig.session.jump(41.5)  # one and a half beats ahead in the bar
    rig.run_ms(9_000)
    rig.do(Stop())
    rig.check(zero_ns - round(1.5 * 500 * MS) + 4 * 2000 * MS, 2, at_bar=4, begins=False)


# --- ports and leaving --------------------------------------------------------------------------------------


def test_with_new_ports_the_song_goes_on_at_a_bar_line_where_it_would_be() -> None:
    rig = Guest(others=1, playing=True, bpm=120)
    rig.join()
    rig.run_ms(2_000)
    zero_ns = round(rig.anchor.at_ns - rig.anchor.ticks * 500 * MS / 960)
    rig.run_ms(4_300)
    rig.do(PortLost("Gone. Open another."))
    rig.run_ms(3_000)
    assert rig.motion() != Motion.ROLLING
    assert notes_of(rig.port.in_order())
    rig.port = MemoryPort(rig.clock)
    rig.clock.ns += 5_000 * MS  # another clock
    rig.session.ahead_us -= 5_000_000
    rig.engine.attach(MemoryPorts(rig.clock, rig.port), rig.clock.ns)
    rig.port.sent.clear()  # note-offs for what the lost port may have left sounding
    rig.run_ms(8_000)
    rig.do(Stop())
    first = min(note.on for note in rig.heard())
    zero_ns += 5_000 * MS
    bar = round((first - zero_ns) / (2000 * MS))
    rig.check(zero_ns + bar * 2000 * MS, 3, at_bar=bar)


def test_leaving_stops_us_and_nobody_else() -> None:
    rig = Guest(others=1, playing=True)
    rig.join()
    rig.run_ms(5_000)
    rig.do(SetSync(Sync.INTERNAL))
    assert rig.motion() == Motion.STOPPED
    rig.do(Start())
    rig.run_ms(1_000)
    assert (rig.anchor.sync, rig.anchor.bpm, rig.anchor.motion) == (Sync.INTERNAL, 120, Motion.ROLLING)
    assert rig.session.playing
    assert rig.session.told == []
    assert not rig.session.peers


def test_where_link_is_not_installed_a_sentence_says_so_and_the_song_plays_on() -> None:
    def missing(_clock: SimulatedClock) -> LinkSession:
        raise GroovebridgeError("Link is not here. Install it.")

    rig = Rig(PlayerConfig(), missing)
    rig.do(SetLoop(LOOP, 1), Start(), SetSync(Sync.LINK))
    assert [fault.text for fault in rig.told(Fault)] == ["Link is not here. Install it."]
    assert (rig.told(Anchor)[-1].sync, rig.told(Anchor)[-1].motion) == (Sync.INTERNAL, Motion.ROLLING)


# --- whatever happens ---------------------------------------------------------------------------------------

_OTHERS = st.one_of(
    st.tuples(st.just("change_tempo"), st.floats(20, 999)),
    st.tuples(st.just("jump"), st.floats(-9, 9)),
    st.tuples(st.just("play"), st.booleans()),
    st.tuples(st.just("others"), st.integers(0, 2)),
)
_OURS = st.one_of(
    st.builds(Start, st.none() | st.integers(0, 200).map(lambda step: step * 240)),
    st.builds(Stop),
    st.builds(SetTempo, st.floats(20, 400)),
    st.builds(SetSync, st.sampled_from([Sync.INTERNAL, Sync.LINK])),
)


@given(
    st.integers(0, 2),
    st.lists(st.tuples(_OURS | _OTHERS, st.floats(0, 30) | st.floats(30, 3000)), max_size=25),
)
@settings(max_examples=100, deadline=None)
def test_whatever_happens_every_note_on_has_its_note_off_and_a_song_that_rolls_is_in_phase(
    others: int, script: list[tuple[Command | tuple[str, float], float]]
) -> None:
    rig = Guest(PlayerConfig(sync=Sync.LINK, send_clock=True), others=others)
    rig.join()
    for item, wait_ms in script:
        if not isinstance(item, tuple):
            rig.do(item)
        elif item[0] == "others":
            rig.session.others = int(item[1])
        else:
            getattr(rig.session, item[0])(item[1])
        rig.run_ms(wait_ms)
    rig.run_ms(JOINED_MS + 12_100)  # a bar at 20 BPM
    if rig.anchor.sync is Sync.LINK and rig.motion() == Motion.ROLLING:
        assert abs(phase_ms(rig)) < 20.1  # an anchor is told anew when the song is 20 ms astray
    rig.engine.detach(rig.clock.ns)
    assert rig.engine.stats().open_notes == 0
    notes_of([entry for entry in rig.port.in_order() if entry[1][0] < 0xF0])
