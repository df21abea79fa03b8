"""A whole session: what is saved comes back as it was, a bad file changes nothing, and the beat goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.errors import GroovebridgeError
from bridge.files import FileWriteError
from bridge.groove import Voice
from bridge.groove.notes import TICKS_PER_BAR
from bridge.model import Settings
from bridge.player.messages import (
    Anchor,
    Motion,
    OpenPorts,
    PlayerConfig,
    PortsOpened,
    SetSync,
    SetTempo,
    SoundWhen,
    SwapAt,
    Sync,
)
from bridge.player.voicing import Voicing
from bridge.studio.flags import MOST_FLAGS, Flag, put
from bridge.studio.history import Take
from bridge.studio.journey import Journey
from bridge.studio.last_time import LastTime, load_last, save_last
from bridge.studio.morphing import Morpher
from bridge.studio.movers import Movers
from bridge.studio.opening import begin_with, go_on_with
from bridge.studio.path import LEGS
from bridge.studio.path import Path as MapPath
from bridge.studio.saved import SavedFileError
from bridge.studio.session_file import (
    NEWEST_TAKES,
    Session,
    load_session,
    playable,
    save_session,
    session_of,
    worth_keeping,
)
from bridge.studio.sketch import Given, Sketch, Spot
from bridge.studio.sway import PACES, Manner
from bridge.studio.wander import Wander, Wandering
from tests.player.support import random_loop, voicings
from tests.studio.conftest import Desk
from tests.studio.test_saved import FULL, sketches

TAKES = (
    Take(1, 100.5, random_loop(1), FULL),
    Take(2, 101.5, random_loop(2), Sketch(Settings(seed=4)), "verse", pinned=True),
)
configs = st.builds(
    PlayerConfig,
    api=st.sampled_from(["auto", "jack", "alsa"]),
    out=st.none() | st.text(max_size=8),
    inp=st.none() | st.text(max_size=8),
    sync=st.sampled_from(Sync),
    bpm=st.floats(20, 400),
    send_clock=st.booleans(),
    clock_while_stopped=st.booleans(),
    voicing=voicings(),
    latency_ms=st.floats(-200, 200),
    count_in=st.integers(0, 2),
    sound=st.sampled_from(SoundWhen),
)
ends = st.none() | st.builds(random_loop, st.integers(0, 9))
parts = st.floats(-1, 1)
flags = st.lists(st.builds(Flag, st.text(min_size=1, max_size=8), st.tuples(parts, parts)), max_size=3)
sessions = st.builds(
    Session,
    sketches,
    configs,
    st.sampled_from(SwapAt),
    st.booleans(),
    ends,
    ends,
    st.sampled_from([1, 2, 4, 8, 16]),
    st.just(TAKES) | st.just(()),
    flags.map(tuple),
    st.builds(
        MapPath,
        st.lists(st.tuples(parts, parts), max_size=3).map(tuple),
        st.sampled_from(LEGS),
        st.booleans(),
    ),
    st.just(False),
    st.builds(
        Wandering,
        st.booleans(),
        st.builds(Manner, st.floats(0, 1), st.sampled_from(PACES)),
        st.dictionaries(st.sampled_from(["swing", "z1"]), st.floats(-4, 4)),
        st.frozensets(st.sampled_from(["swing", "z1", "z2"])),
    ),
)
ROCK = Session(
    Sketch(Settings(seed=9)),
    PlayerConfig(bpm=97.5, latency_ms=12.0, voicing=Voicing(channel=3), send_clock=True),
    SwapAt.LOOP,
    True,
    takes=TAKES,
    flags=(Flag("verse", (0.25, -1.0)),),
    path=MapPath(((0.5, 0.5), (-1.0, 0.25)), 2, around=False),
    wandering=Wandering(manner=Manner(0.75, 8), still=frozenset({"swing"})),
)


@pytest.fixture
def moving(desk: Desk) -> Iterator[Movers]:
    """What moves the song of the desk."""
    made = Movers(Morpher(desk.studio), Journey(desk.studio), Wander(desk.studio, ()))
    yield made
    made.close()


@given(sessions)
@settings(deadline=None, max_examples=40)
def test_a_session_comes_back_from_its_file_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, session: Session
) -> None:
    path = tmp_path_factory.mktemp("session") / "mine.groovebridge"
    save_session(path, session)
    assert load_session(path) == session


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.update(version=99), "later version"),
        (lambda c: c.update(groovebridge="preset"), "no session"),
        (lambda c: c.pop("tempo"), "damaged session: field required at tempo"),
        (lambda c: c.update(tempo=1e9), "tempo of 1e"),
        (lambda c: c.update(tempo=float("nan")), "damaged session"),
        (lambda c: c["voices"].update(channel=99), "channel 99 is out of range"),
        (lambda c: c["voices"].update(notes=[1, 2]), "give 9 notes"),
        (lambda c: c.update(latency_ms=1e4), "latency of 10000 ms"),
        (lambda c: c.update(count_in=9), "count-in of 9 bars"),
        (lambda c: c.update(sync="tape"), "at sync"),
        (lambda c: c["morph"].update(bars=3), "cannot take 3 bars"),
        (lambda c: c["takes"][0].update(loop=[[99, 0, 1, 0]]), "no cell 99, 0"),
        (lambda c: c.update(extra=1), "damaged session"),
        (lambda c: c["flags"][0].update(x=1.5), "no point 1.5, -1 on the map"),
        (lambda c: c["flags"][0].pop("name"), "field required at flags.0.name"),
        (lambda c: c["flags"][0].update(name="x" * 41), "at most 40 characters at flags.0.name"),
        (lambda c: c.update(flags=c["flags"] * (MOST_FLAGS + 1)), "no more fit"),
        (lambda c: c["path"]["places"].append([0, 2]), "no point 0, 2 on the map"),
        (lambda c: c["path"]["places"].append([0]), "at path.places.2.1"),
        (lambda c: c["path"].update(leg_bars=3), "cannot take 3 bars"),
        (lambda c: c["path"].update(places=[], following=True), "no path to follow"),
        (lambda c: c["wander"].update(amount=float("nan")), "by nan"),
        (lambda c: c["wander"].update(bars=3), "every 3 bars"),
        (lambda c: c["wander"].update(still="swing"), "at wander.still"),
        (lambda c: c["wander"].update(homes={"swing": "left"}), "at wander.homes.swing"),
    ],
)
def test_a_session_that_is_none_is_refused_in_a_sentence(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], words: str
) -> None:
    path = tmp_path / "mine.groovebridge"
    save_session(path, ROCK)
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(SavedFileError, match=words):
        load_session(path)


def test_a_session_from_before_there_were_flags_paths_and_walks_opens(tmp_path: Path) -> None:
    path = tmp_path / "mine.groovebridge"
    save_session(path, ROCK)
    content = json.loads(path.read_text())
    for part in ("flags", "path", "wander"):
        del content[part]
    path.write_text(json.dumps(content))
    assert load_session(path) == replace(ROCK, flags=None, path=MapPath(), wandering=Wandering())


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=40)
def test_no_bytes_whatsoever_bring_anything_but_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes
) -> None:
    path = tmp_path_factory.mktemp("junk") / "junk.groovebridge"
    path.write_bytes(junk)
    with pytest.raises(SavedFileError, match=r"junk\.groovebridge"):
        load_session(path)
    assert load_last(path)[0] is None


def test_of_many_takes_the_newest_and_the_marked_ones_are_saved() -> None:
    takes = tuple(
        Take(
            number, float(number), random_loop(number % 7), FULL, pinned=number == 3, name="x" * (number == 5)
        )
        for number in range(1, NEWEST_TAKES + 100)
    )
    kept = worth_keeping(takes)
    assert kept[-NEWEST_TAKES:] == takes[-NEWEST_TAKES:]
    assert [take.number for take in kept[:-NEWEST_TAKES]] == [3, 5]
    assert worth_keeping(TAKES) == TAKES


def test_a_studio_goes_on_as_the_session_says(desk: Desk, moving: Movers) -> None:
    numbers, remark = go_on_with(desk.studio, moving, ROCK)
    assert remark is None
    now = session_of(desk.studio, moving, desk.state.takes)
    assert now == replace(ROCK, takes=now.takes)
    assert [(take.number, take.loop, take.name, take.pinned) for take in now.takes] == [
        (number, take.loop, take.name, take.pinned) for number, take in zip(numbers, TAKES, strict=True)
    ]
    assert not [command for command in desk.link.commands if isinstance(command, OpenPorts | SetSync)]


def test_one_undo_brings_back_what_the_song_was_and_redo_the_session(desk: Desk, moving: Movers) -> None:
    turned: list[Session] = []
    desk.studio.set_slider("z1", 1.0)
    desk.studio.set_flags(lambda there: put(there, (0.0, 0.5)))
    desk.studio.set_mute(Voice.SNARE, True)
    desk.studio.set_swap(SwapAt.STEP)
    moving.morpher.take_a()
    desk.studio.set_tempo(88.0)

    def song() -> Session:
        return session_of(desk.studio, moving)

    before = song()
    other = replace(ROCK, a=random_loop(1), b=random_loop(2), bars=8)
    go_on_with(desk.studio, moving, other, lambda: turned.append(song()))
    after = song()
    assert (after.sketch, after.a, after.b, after.bars, after.config.bpm) == (
        other.sketch,
        other.a,
        other.b,
        8,
        97.5,
    )
    kept = replace(after.config, bpm=before.config.bpm, voicing=before.config.voicing)
    for _ in range(2):
        desk.studio.undo()
        assert song() == replace(before, config=kept)
        desk.studio.redo()
        assert song() == after
    desk.studio.undo()
    desk.studio.undo()
    assert not desk.state.voicing.muted[1]
    assert [each.config.bpm for each in turned] == [97.5, 88.0, 97.5, 88.0, 97.5, 88.0]


def test_a_session_that_differs_in_its_tempo_alone_is_a_step_too(desk: Desk, moving: Movers) -> None:
    session = session_of(desk.studio, moving)
    go_on_with(desk.studio, moving, replace(session, config=replace(session.config, bpm=90.0)))
    desk.studio.undo()
    assert desk.state.bpm == 120.0


def test_a_session_that_followed_its_path_follows_it_and_undo_leads_back_to_stay(
    make_desk: Callable[..., Desk],
) -> None:
    desk = make_desk(make=lambda _: random_loop(1))
    moving = Movers(Morpher(desk.studio), Journey(desk.studio), Wander(desk.studio, ()))
    mine = MapPath(((0.0, 0.0),))
    moving.journey.set_path(mine)
    moving.journey.follow()
    desk.wait_for(lambda state: state.sketch.origin == Spot(0.0, 0.0))
    try:
        go_on_with(desk.studio, moving, replace(ROCK, following=True))
        desk.wait_for(lambda state: state.sketch.origin == Spot(0.5, 0.5))
        assert moving.journey.journeying.path == ROCK.path
        assert moving.journey.journeying.following
        desk.studio.undo()  # the ride
        desk.studio.undo()  # the opening
        assert moving.journey.journeying.path == mine
        moving.journey.close_ride()
        assert desk.state.sketch.origin == Spot(0.0, 0.0)
        desk.studio.redo()
        assert moving.journey.journeying == replace(
            moving.journey.journeying, path=ROCK.path, following=False
        )
    finally:
        moving.close()


def test_a_walk_that_was_saved_in_a_bar_wanders_on_about_the_same_places(desk: Desk, moving: Movers) -> None:
    studio, wander = desk.studio, moving.wander
    studio.set_slider("z1", 2.9)  # so near its end that it cannot go all its way
    wander.set_amount(1.0)
    wander.set_bars(1)
    wander.start()

    def in_bar(bar: int) -> float:
        """Where the axis is there."""
        desk.tell(Anchor((bar + 0.1) * TICKS_PER_BAR, 0, 1e-9, Motion.ROLLING, Sync.INTERNAL))

        def arrived() -> bool:
            """Whether the walk has gone there, and the studio says so, which it does a moment later."""
            return wander._last.bar == bar and wander._last.values["z1"] == studio.state.settings.axes["z1"]

        deadline = time.monotonic() + 5
        while not arrived():
            assert time.monotonic() < deadline, f"the walk does not get to bar {bar}"
            time.sleep(0.001)
        return studio.state.settings.axes["z1"]

    there = [in_bar(bar) for bar in range(6)]
    session = session_of(studio, moving)
    assert session.wandering.on
    wander.stop()
    studio.set_slider("z1", -1.0)
    in_bar_again = Anchor(2.1 * TICKS_PER_BAR, 0, 1e-9, Motion.ROLLING, Sync.INTERNAL)
    desk.tell(in_bar_again)
    go_on_with(studio, moving, session)
    assert wander.wandering.on
    assert [in_bar(bar) for bar in (2, 0, 1, 3, 4, 5)] == [there[bar] for bar in (2, 0, 1, 3, 4, 5)]
    assert session_of(studio, moving).wandering == session.wandering


def test_undo_of_an_opening_brings_back_the_manner_of_the_walk_and_ends_it(
    desk: Desk, moving: Movers
) -> None:
    moving.wander.set_amount(0.25)
    moving.wander.start()
    go_on_with(desk.studio, moving, ROCK)
    assert moving.wander.wandering == ROCK.wandering
    desk.studio.undo()
    assert moving.wander.wandering == Wandering(manner=Manner(0.25))
    desk.studio.redo()
    assert moving.wander.wandering == ROCK.wandering


def test_a_studio_that_begins_with_a_session_has_all_that_moves_it(desk: Desk, moving: Movers) -> None:
    begin_with(moving, replace(ROCK, a=random_loop(1), bars=8))
    now = session_of(desk.studio, moving)
    assert (now.a, now.bars, now.path, now.wandering) == (random_loop(1), 8, ROCK.path, ROCK.wandering)


def test_a_session_from_before_there_were_flags_leaves_those_on_the_map(desk: Desk, moving: Movers) -> None:
    desk.studio.set_flags(lambda there: put(there, (0.0, 0.5)))
    mine = desk.state.flags
    go_on_with(desk.studio, moving, replace(ROCK, flags=None))
    assert desk.state.flags == mine
    go_on_with(desk.studio, moving, replace(ROCK, flags=()))
    assert desk.state.flags == (), "one that has none is another matter"
    desk.studio.undo()
    assert desk.state.flags == mine


def test_takes_that_are_there_already_are_not_there_twice(desk: Desk, moving: Movers) -> None:
    first, _ = go_on_with(desk.studio, moving, ROCK)
    renamed = tuple(replace(take, name="chorus", pinned=True) for take in TAKES)
    again, _ = go_on_with(desk.studio, moving, replace(ROCK, takes=renamed))
    assert first == again
    assert [(take.name, take.pinned) for take in desk.state.takes] == [("chorus", True)] * 2


def test_a_song_that_rolls_is_not_stopped_by_a_session_with_another_sync(desk: Desk, moving: Movers) -> None:
    desk.tell(Anchor(0, 0, 120.0, Motion.ROLLING, Sync.INTERNAL))
    _, remark = go_on_with(desk.studio, moving, replace(ROCK, config=replace(ROCK.config, sync=Sync.CLOCK)))
    assert "rolls on" in (remark or "")
    assert SetSync(Sync.CLOCK) not in desk.link.commands
    assert SetTempo(97.5) in desk.link.commands
    desk.tell(Anchor(0, 0, 120.0, Motion.STOPPED, Sync.INTERNAL))
    assert (
        go_on_with(desk.studio, moving, replace(ROCK, config=replace(ROCK.config, sync=Sync.CLOCK)))[1]
        is None
    )
    assert desk.state.sync is Sync.CLOCK


def test_ports_are_opened_only_where_they_differ(desk: Desk, moving: Movers) -> None:
    desk.tell(PortsOpened("jack", "Groovebridge:out", None, "synth:in", None))
    go_on_with(
        desk.studio,
        moving,
        replace(ROCK, config=replace(ROCK.config, api="jack", out="synth:in")),
    )
    assert not [command for command in desk.link.commands if isinstance(command, OpenPorts)]
    go_on_with(
        desk.studio,
        moving,
        replace(ROCK, config=replace(ROCK.config, api="jack", out="live:in")),
    )
    assert desk.link.commands.count(OpenPorts("jack", "live:in", None)) == 1


def test_a_session_of_another_model_changes_nothing(desk: Desk, moving: Movers) -> None:
    before, config = desk.state, desk.studio.config
    foreign = replace(ROCK, sketch=Sketch(Settings(sliders={"density": 0.5})))
    with pytest.raises(GroovebridgeError, match="no slider"):
        go_on_with(desk.studio, moving, foreign)
    assert (desk.state, desk.studio.config) == (before, config)


def test_a_session_that_begins_keeps_the_instruments_and_evens_the_mix() -> None:
    voicing = Voicing((60,) * 9, 4).of(2, muted=True, trim=0.5)
    session = replace(ROCK, config=replace(ROCK.config, voicing=voicing, out="synth:in")).anew()
    assert session.config.voicing == Voicing((60,) * 9, 4)
    assert (session.config.out, session.config.latency_ms) == ("synth:in", 12.0)
    assert (session.sketch, session.takes) == (Sketch(), ())
    assert session.flags == ROCK.flags, "the map stays"
    assert (session.path, session.wandering) == (MapPath(), Wandering())


# --- what was at the desk last time ---


def test_what_was_at_the_desk_comes_back(tmp_path: Path) -> None:
    last = LastTime(
        replace(ROCK, takes=()), tmp_path / "a.groovebridge", True, (tmp_path / "b.groovebridge",), (3, 4), 2
    )
    save_last(tmp_path / "desk.json", last)
    assert load_last(tmp_path / "desk.json") == (last, "")


def test_the_first_time_there_is_nothing_and_nothing_is_said(tmp_path: Path) -> None:
    assert load_last(tmp_path / "desk.json") == (None, "")


def test_a_desk_that_cannot_be_read_is_set_aside_and_said_once(tmp_path: Path) -> None:
    path = tmp_path / "desk.json"
    path.write_text('{"groovebridge": "desk", "version": 99}')
    last, said = load_last(path)
    assert last is None
    assert "begins anew" in said
    assert (tmp_path / "desk.old.json").exists()
    assert str(tmp_path / "desk.old.json") in said
    assert load_last(path) == (None, "")


def test_what_this_machine_does_not_have_is_left_out_and_said(desk: Desk) -> None:
    config = PlayerConfig(api="none", out="synth:in", bpm=97.5)
    session, said = playable(
        Session(Sketch(Settings(sliders={"density": 1.0})), config),
        lambda sketch: desk.model.loop(sketch.settings),
    )
    assert session == Session(config=PlayerConfig(bpm=97.5))
    assert "ports are not as last time" in said
    assert "not that of last time" in said
    assert playable(ROCK, lambda _: random_loop(1)) == (ROCK, "")


def test_what_began_without_a_midi_system_is_heard_once_there_is_one() -> None:
    session, said = playable(Session(config=PlayerConfig(api="none")), lambda _: random_loop(1))
    assert (session.config.api, said) == ("auto", "")


def test_a_full_disk_leaves_the_session_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "mine.groovebridge"
    save_session(path, ROCK)
    before = path.read_bytes()
    with pytest.raises(FileWriteError, match="no space left on device"):
        save_session(Path("/dev/full"), ROCK)
    with pytest.raises(FileWriteError, match="cannot be written"):
        save_session(path / "below.groovebridge", Session(Sketch(origin=Given(random_loop(1)))))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
