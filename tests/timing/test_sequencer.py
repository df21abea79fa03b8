"""What plays when, against a model that is told every command and reads every event."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bridge.timing import NoteEvent, Pattern, Sequencer, Span, next_boundary

KEYS = (36, 38, 42, 46)
CELL = 240
LENGTH = 4 * CELL  # a short loop, so that every run wraps around it many times


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    """Any pattern of four cells: offsets over the whole range, lengths from a tick to twice the loop."""
    spans = []
    for cell in range(0, LENGTH, CELL):
        for key in draw(st.sets(st.sampled_from(KEYS))):
            start = cell + draw(st.integers(-119, 119))
            end = start + draw(st.one_of(st.just(120), st.integers(1, 2 * LENGTH)))
            spans.append(Span(cell, start, end, key, draw(st.integers(1, 127))))
    return Pattern(LENGTH, tuple(spans), {42: (46,)})


def cell_of(ticks: float) -> int:
    """The cell whose window a tick lies in: the nearest."""
    return math.floor((ticks + CELL / 2) / CELL) * CELL


@dataclass
class Order:
    """A command of the model: play this pattern from this cell on, in one block or in all."""

    pattern: Pattern
    from_cell: float
    block: int | None
    whole: bool = False


class Song(RuleBasedStateMachine):
    """Random commands; a model that decides every cell by the last command that covers it."""

    def __init__(self) -> None:
        super().__init__()
        first = Pattern(LENGTH, (Span(0, -60, 60, 36, 100), Span(240, 241, 300, 42, 90)))
        self.sequencer = Sequencer(first)
        self.orders = [Order(first, -math.inf, None)]
        self.events: list[NoteEvent] = []  # what happened in this pass, what was taken back left out
        self.sounding: dict[int, int] = {}
        self.start = 0.0
        self.limit = math.inf
        self.joins: dict[
            int, float
        ] = {}  # the cell at which a command took over -> the cursor at that moment
        self.took_back_to = math.inf

    # --- commands ---

    @rule(by=st.one_of(st.integers(1, 200), st.floats(0.1, 3000)))
    def advance(self, by: float) -> None:
        before = self.sequencer.position_ticks
        until = before + by
        self.hear(self.sequencer.advance(until), before, until)

    @rule()
    def advance_to_an_earlier_time(self) -> None:
        assert self.sequencer.advance(self.sequencer.position_ticks - 1) == []

    @rule(pattern=patterns(), by=st.integers(-300, 2000))
    def swap(self, pattern: Pattern, by: int) -> None:
        now = self.sequencer.position_ticks
        wanted = now + by
        cell = self.sequencer.swap(pattern, wanted)
        assert cell == next_boundary(max(wanted, now), CELL)
        self.swapped(pattern, cell)

    @rule(pattern=patterns())
    def swap_now(self, pattern: Pattern) -> None:
        cell = self.sequencer.swap(pattern, None)
        assert cell == cell_of(self.sequencer.position_ticks)
        self.swapped(pattern, cell)

    def swapped(self, pattern: Pattern, cell: int) -> None:
        now = self.sequencer.position_ticks
        self.orders = [
            order
            for order in self.orders
            if order.whole or order.from_cell == -math.inf or order.from_cell <= min(cell - 1, cell_of(now))
        ]
        self.orders.append(Order(pattern, cell, None))
        self.joins[cell] = max(now, self.joins.get(cell, now))

    @rule(pattern=patterns(), ahead=st.integers(-1, 2), by=st.none() | st.integers(-300, 2000))
    def set_block(self, pattern: Pattern, ahead: int, by: int | None) -> None:
        now = self.sequencer.position_ticks
        block = max(0, math.floor(now / LENGTH) + ahead)
        cell = self.sequencer.set_block(block, pattern, None if by is None else now + by)
        assert cell >= max(cell_of(now) if by is None else now, block * LENGTH)
        whole = cell == block * LENGTH
        self.orders.append(Order(pattern, -math.inf if whole else cell, block, whole))
        self.joins[cell] = max(now, self.joins.get(cell, now))

    @rule(
        ticks=st.one_of(st.integers(0, 40).map(lambda n: n * 240), st.integers(0, 250).map(lambda n: n * 40))
    )
    def locate(self, ticks: int) -> None:
        self.check_pass()
        offs = self.sequencer.locate(ticks)
        assert {off.key for off in offs} == set(self.sounding)
        assert all(not off.on for off in offs)
        self.begin_pass(ticks)
        bases = [order for order in self.orders if order.block is None]
        later = self.orders[self.orders.index(bases[-1]) + 1 :]
        self.orders = [Order(o.pattern, -math.inf, o.block, o.whole) for o in (bases[-1], *later)]

    @rule(share=st.floats(0, 1))
    def take_back(self, share: float) -> None:
        now = self.sequencer.position_ticks
        recent = [event for event in self.events if now - 500 <= event.ticks <= now]
        kept = len(self.events) - math.floor(share * len(recent))
        taken = self.events[kept:]
        ticks = min(now, taken[0].ticks) if taken else now
        self.sequencer.take_back(ticks, taken)
        assert self.sequencer.position_ticks == ticks
        self.events = self.events[:kept]
        self.sounding = sounding(self.events)
        self.took_back_to = min(self.took_back_to, ticks)

    @rule()
    def release(self) -> None:
        now = self.sequencer.position_ticks
        offs = self.sequencer.release(now)
        assert {off.key for off in offs} == set(self.sounding)
        self.events += offs
        self.sounding = sounding(self.events)

    @rule(cells=st.integers(0, 12))
    def limit_to(self, cells: int) -> None:
        limit = next_boundary(self.sequencer.position_ticks, CELL) + cells * CELL
        if limit < self.limit:
            self.limit = limit
            self.sequencer.limit(limit)

    # --- what has to hold ---

    @invariant()
    def the_open_keys_are_those_that_sound(self) -> None:
        assert self.sequencer.open_keys == set(self.sounding)

    def hear(self, events: list[NoteEvent], after: float, until: float) -> None:
        assert events == sorted(events, key=lambda event: (event.ticks, event.on))
        assert all(after <= event.ticks < until for event in events)
        self.events += events
        self.sounding = sounding(self.events)

    def begin_pass(self, ticks: float) -> None:
        self.events, self.sounding, self.joins = [], {}, {}
        self.start, self.took_back_to = ticks, math.inf

    def pattern(self, cell: int) -> Pattern:
        return next(
            order.pattern
            for order in reversed(self.orders)
            if order.from_cell <= cell and order.block in (None, cell // LENGTH)
        )

    def check_pass(self) -> None:
        """Every cell of this pass was struck from its own pattern, each key once, at its tick."""
        now = self.sequencer.position_ticks
        struck: dict[int, dict[int, int]] = {}
        for event in self.events:
            if event.on:
                keys = struck.setdefault(cell_of(event.ticks), {})
                assert event.key not in keys, "a cell struck a key twice"
                keys[event.key] = event.ticks
        last = cell_of(now) if now < cell_of(now) + 119 else cell_of(now) + CELL
        for cell in range(cell_of(self.start), last, CELL):
            played = struck.pop(cell, {})
            if cell >= self.limit:
                continue  # a limit may come after an early hit has been handed out
            if cell < self.start:
                self.check_first(cell, played)
            else:
                self.check_cell(cell, played)
        assert all(cell >= last for cell in struck)

    def check_first(self, cell: int, played: dict[int, int]) -> None:
        """Located behind a cell: its late hits play, what was before the position does not."""
        for span in self.pattern(cell).spans_at(cell):
            start = cell - span.cell_ticks + span.start_ticks
            if start >= self.start:
                assert played[span.key] == start

    def check_cell(self, cell: int, played: dict[int, int]) -> None:
        join = self.joins.get(cell, -math.inf)
        if cell_of(self.start) == cell or cell - CELL / 2 < self.start:
            join = max(join, self.start)
        for span in self.pattern(cell).spans_at(cell):
            start = cell - span.cell_ticks + span.start_ticks
            on = played.pop(span.key, None)
            if on is None:
                assert max(start, cell) < join, "a hit was swallowed"
            elif cell + CELL / 2 > self.took_back_to:
                assert on == start or min(on, start) < join
            elif start >= join:
                assert on == start or on < join, "off its place"
            else:
                assert on == cell or on < join, "an early hit that came too late belongs on its cell"
        assert all(ticks < join for ticks in played.values()), "a hit of a pattern that was not on"

    def teardown(self) -> None:
        self.check_pass()
        now = self.sequencer.position_ticks
        end = now + 3 * LENGTH
        self.sequencer.limit(now)
        self.hear(self.sequencer.advance(end), now, end)
        if self.sounding:
            assert self.sequencer.release(end)
        assert not self.sequencer.open_keys


def sounding(events: list[NoteEvent]) -> dict[int, int]:
    """The keys left open after these events, with their note-ons; on and off have to alternate."""
    keys: dict[int, int] = {}
    last = -math.inf
    for event in events:
        assert event.ticks >= last, "events must ascend"
        last = event.ticks
        if event.on:
            assert event.key not in keys, "two notes overlap on one key"
            keys[event.key] = event.ticks
        else:
            assert keys.pop(event.key) < event.ticks, "a note that lasts no time"
    return keys


TestSong = Song.TestCase
TestSong.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def play(sequencer: Sequencer, until: float, step: float = LENGTH) -> list[NoteEvent]:
    """All events until a position, fetched in steps."""
    events: list[NoteEvent] = []
    while sequencer.position_ticks < until:
        events += sequencer.advance(min(until, sequencer.position_ticks + step))
    return events


def ons(events: list[NoteEvent]) -> list[tuple[int, int]]:
    return [(event.ticks, event.key) for event in events if event.on]


@settings(deadline=None)
@given(pattern=patterns(), step=st.floats(0.3, 2000))
def test_the_step_in_which_a_song_is_fetched_changes_nothing(pattern: Pattern, step: float) -> None:
    assert play(Sequencer(pattern), 3 * LENGTH, step) == play(Sequencer(pattern), 3 * LENGTH)


@settings(deadline=None)
@given(pattern=patterns(), away=st.integers(0, 30))
def test_the_same_position_plays_the_same_drums_again(pattern: Pattern, away: int) -> None:
    sequencer = Sequencer(pattern)
    first = [event for event in play(sequencer, 5 * LENGTH) if event.ticks >= LENGTH + 120]
    sequencer.locate(away * CELL)
    sequencer.advance((away + 3) * CELL)
    sequencer.locate(LENGTH)
    again = [event for event in play(sequencer, 5 * LENGTH) if event.ticks >= LENGTH + 120]
    assert ons(again) == ons(first)


def test_early_hits_of_the_first_step_sound_on_beat_one() -> None:
    pattern = Pattern(LENGTH, (Span(0, -50, 70, 36, 100), Span(0, -20, 100, 42, 80)))
    assert ons(play(Sequencer(pattern), LENGTH + 1)) == [
        (0, 36),
        (0, 42),
        (LENGTH - 50, 36),
        (LENGTH - 20, 42),
    ]


def test_a_new_pattern_that_joins_in_time_plays_its_early_hits_before_the_boundary() -> None:
    sequencer = Sequencer(Pattern(LENGTH, (Span(0, -50, 70, 36, 1),)))
    new = Pattern(LENGTH, (Span(0, -80, 20, 38, 2),))
    sequencer.advance(LENGTH - 100)
    assert sequencer.swap(new, LENGTH) == LENGTH
    assert ons(play(sequencer, LENGTH + 100)) == [(LENGTH - 80, 38)]


def test_a_new_pattern_that_joins_too_late_plays_its_early_hits_on_the_boundary() -> None:
    sequencer = Sequencer(Pattern(LENGTH, ()))
    sequencer.advance(LENGTH - 40)
    sequencer.swap(Pattern(LENGTH, (Span(0, -80, 20, 38, 2),)), LENGTH)
    assert ons(play(sequencer, LENGTH + 100)) == [(LENGTH, 38)]


def test_a_new_pattern_does_not_repeat_what_the_old_one_has_just_struck() -> None:
    sequencer = Sequencer(Pattern(LENGTH, (Span(0, -90, 30, 38, 1),)))
    assert ons(play(sequencer, LENGTH - 40)) == [(0, 38), (LENGTH - 90, 38)]
    sequencer.swap(Pattern(LENGTH, (Span(0, -80, 20, 38, 2), Span(0, 30, 90, 36, 2))), LENGTH)
    assert ons(play(sequencer, LENGTH + 100)) == [(LENGTH + 30, 36)]


def test_a_swap_now_goes_on_mid_cell_where_the_old_pattern_was() -> None:
    sequencer = Sequencer(Pattern(LENGTH, (Span(0, 10, 60, 36, 1), Span(0, 90, 110, 38, 1))))
    assert ons(sequencer.advance(50)) == [(10, 36)]
    new = Pattern(LENGTH, (Span(0, 20, 40, 36, 2), Span(0, 30, 40, 42, 2), Span(0, 70, 90, 46, 2)))
    assert sequencer.swap(new, None) == 0
    assert ons(play(sequencer, LENGTH)) == [(70, 46)]  # struck already; too late; in time


def test_a_swap_now_before_a_step_plays_that_step_from_the_new_pattern() -> None:
    sequencer = Sequencer(Pattern(LENGTH, (Span(240, 240, 300, 36, 1),)))
    sequencer.advance(200)
    sequencer.swap(Pattern(LENGTH, (Span(240, 150, 300, 38, 2), Span(240, 230, 300, 42, 2))), None)
    assert ons(play(sequencer, LENGTH)) == [(230, 42), (240, 38)]


def test_what_the_old_pattern_left_sounding_can_be_closed_at_once() -> None:
    sequencer = Sequencer(Pattern(LENGTH, (Span(0, 0, 700, 36, 1),)))
    sequencer.advance(50)
    sequencer.swap(Pattern(LENGTH, (Span(0, 60, 70, 36, 2),)), None)
    assert sequencer.release(50) == [NoteEvent(50, False, 36, 0)]
    assert not play(sequencer, LENGTH)


def test_a_later_swap_replaces_one_that_waits() -> None:
    sequencer = Sequencer(Pattern(LENGTH, ()))
    sequencer.swap(Pattern(LENGTH, (Span(0, 0, 60, 1, 1),)), LENGTH)
    sequencer.swap(Pattern(LENGTH, (Span(0, 0, 60, 2, 1),)), 2 * LENGTH)
    assert ons(play(sequencer, 3 * LENGTH)) == [(2 * LENGTH, 2)]


def test_a_swap_closes_at_the_latest_what_the_new_pattern_strikes() -> None:
    long = Pattern(LENGTH, (Span(720, 720, 3 * LENGTH, 38, 1),))
    sequencer = Sequencer(long)
    sequencer.swap(Pattern(LENGTH, (Span(0, 10, 60, 38, 2),)), LENGTH)
    assert play(sequencer, LENGTH + 20) == [
        NoteEvent(720, True, 38, 1),
        NoteEvent(LENGTH + 10, False, 38, 0),
        NoteEvent(LENGTH + 10, True, 38, 2),
    ]


def test_a_closed_hat_ends_an_open_one_across_a_swap() -> None:
    chokes = {42: (46,)}
    sequencer = Sequencer(Pattern(LENGTH, (Span(720, 720, 3 * LENGTH, 46, 1),), chokes))
    sequencer.swap(Pattern(LENGTH, (Span(0, 10, 60, 42, 2),), chokes), LENGTH)
    assert NoteEvent(LENGTH + 10, False, 46, 0) in play(sequencer, LENGTH + 20)


def test_a_swap_that_waits_takes_over_at_a_relocation() -> None:
    sequencer = Sequencer(Pattern(LENGTH, (Span(0, 0, 60, 1, 1),)))
    sequencer.swap(Pattern(LENGTH, (Span(0, 0, 60, 2, 1),)), 8 * LENGTH)
    sequencer.locate(0)
    assert ons(play(sequencer, LENGTH)) == [(0, 2)]


def test_a_block_has_its_own_pattern_and_keeps_it_when_the_song_returns() -> None:
    sequencer = Sequencer(Pattern(LENGTH, (Span(0, 0, 60, 1, 1),)))
    sequencer.set_block(1, Pattern(LENGTH, (Span(0, -30, 60, 2, 1),)))
    expected = [(0, 1), (LENGTH - 30, 2), (2 * LENGTH, 1)]
    assert ons(play(sequencer, 2 * LENGTH + 1)) == expected
    sequencer.locate(0)
    assert ons(play(sequencer, 2 * LENGTH + 1)) == expected


def test_a_block_that_is_playing_changes_at_the_boundary_and_as_a_whole_the_next_time() -> None:
    sequencer = Sequencer(Pattern(LENGTH, tuple(Span(c, c, c + 60, 1, 1) for c in range(0, LENGTH, CELL))))
    sequencer.advance(10)
    sequencer.set_block(
        0, Pattern(LENGTH, tuple(Span(c, c, c + 60, 2, 1) for c in range(0, LENGTH, CELL))), 480
    )
    assert ons(play(sequencer, LENGTH + 1)) == [(240, 1), (480, 2), (720, 2), (LENGTH, 1)]
    sequencer.locate(0)
    assert [key for _, key in ons(play(sequencer, LENGTH + 1))] == [2, 2, 2, 2, 1]


def test_a_block_that_is_set_where_a_swap_begins_leaves_the_swap_as_it_is() -> None:
    old, new, block = (Pattern(LENGTH, (Span(0, 0, 60, key, 1),)) for key in (1, 2, 3))
    sequencer = Sequencer(old)
    sequencer.advance(LENGTH + 10)
    sequencer.swap(new, 2 * LENGTH)
    sequencer.set_block(0, block, 2 * LENGTH)
    sequencer.set_block(3, block, 2 * LENGTH)
    assert ons(play(sequencer, 5 * LENGTH)) == [(2 * LENGTH, 2), (3 * LENGTH, 3), (4 * LENGTH, 2)]


def test_a_limit_plays_the_last_cell_and_closes_every_note() -> None:
    sequencer = Sequencer(Pattern(LENGTH, (Span(0, -50, 70, 36, 1), Span(720, 800, 900 + CELL, 38, 1))))
    sequencer.limit(LENGTH)
    assert not sequencer.finished
    assert ons(play(sequencer, LENGTH)) == [(0, 36), (800, 38)]
    assert not sequencer.finished
    assert sequencer.advance(4 * LENGTH) == [NoteEvent(900 + CELL, False, 38, 0)]
    assert sequencer.finished


def test_what_was_taken_back_plays_again_and_what_was_out_does_not() -> None:
    sequencer = Sequencer(Pattern(LENGTH, (Span(240, 240, 360, 36, 1), Span(240, 250, 400, 38, 1))))
    events = sequencer.advance(LENGTH)
    sequencer.take_back(245, events[1:])
    assert sequencer.open_keys == {36}
    assert sequencer.advance(LENGTH) == events[1:]


@pytest.mark.parametrize(
    ("length", "span"),
    [
        (100, Span(0, 0, 1, 1, 1)),
        (0, Span(0, 0, 1, 1, 1)),
        (960, Span(10, 10, 11, 1, 1)),
        (960, Span(960, 960, 970, 1, 1)),
        (960, Span(0, 120, 130, 1, 1)),
        (960, Span(0, -120, 130, 1, 1)),
        (960, Span(0, 10, 10, 1, 1)),
    ],
)
def test_a_span_off_the_grid_is_refused(length: int, span: Span) -> None:
    with pytest.raises(ValueError):
        Pattern(length, (span,))


def test_a_key_twice_in_a_cell_is_refused() -> None:
    with pytest.raises(ValueError, match="second on its key"):
        Pattern(960, (Span(0, 0, 10, 1, 1), Span(0, 50, 60, 1, 1)))


def test_a_pattern_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="among patterns of 960"):
        Sequencer(Pattern(960, ())).swap(Pattern(480, ()), 0)
