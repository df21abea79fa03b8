"""What is saved comes back as it was; what is damaged is refused in a sentence and nothing is lost."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.errors import GroovebridgeError
from bridge.files import FileWriteError
from bridge.groove.edit import REST, Touch
from bridge.model import Settings
from bridge.studio.history import History, Take
from bridge.studio.journal import Journal, read_journal
from bridge.studio.saved import SavedFileError, SketchData, load_preset, save_preset, set_aside
from bridge.studio.sketch import Drawn, Given, Sketch, Spot, Way
from tests.player.support import random_loop

shares = st.floats(0, 1)
loops = st.builds(random_loop, st.integers(0, 20))
origins = st.one_of(
    st.just(Drawn()),
    st.builds(Spot, st.floats(-1, 1), st.floats(-1, 1)),
    st.builds(Way, loops, loops, shares),
    st.builds(Given, loops),
)
touches = st.one_of(st.just(REST), st.builds(Touch, st.floats(0.0625, 1), st.floats(-0.5, 0.4375)))
sketches = st.builds(
    lambda chosen, origin, locks, by_hand: _locked(Sketch(chosen, origin), locks).touching(by_hand),
    st.builds(
        Settings,
        seed=st.integers(0, 2**63 - 1),
        temperature=st.floats(0, 2),
        style=st.sampled_from([None, "rock"]),
        sliders=st.dictionaries(st.sampled_from(["density", "swing"]), st.floats(-1, 1)),
        axes=st.dictionaries(st.sampled_from(["z1", "z12"]), st.floats(-3, 3)),
    ),
    origins,
    st.dictionaries(st.integers(0, 8), loops, max_size=2),
    st.dictionaries(st.tuples(st.integers(0, 63), st.integers(0, 8)), touches, max_size=4),
)
FULL = (
    Sketch(Settings(seed=3, sliders={"density": 0.5}), Spot(0.25, -0.5))
    .locking(1, random_loop(1))
    .touching({(3, 4): Touch(0.5, 0.125)})
)


def _locked(sketch: Sketch, locks: dict[int, object]) -> Sketch:
    for voice, loop in locks.items():
        sketch = sketch.locking(voice, loop)  # type: ignore[arg-type]
    return sketch


@given(sketches)
@settings(deadline=None, max_examples=60)
def test_a_sketch_comes_back_from_text_as_it_was(sketch: Sketch) -> None:
    text = SketchData.of(sketch).model_dump_json()
    assert SketchData.model_validate_json(text).build() == sketch


def test_a_preset_comes_back_as_it_was(tmp_path: Path) -> None:
    save_preset(tmp_path / "mine.json", "Mine", FULL)
    assert load_preset(tmp_path / "mine.json") == ("Mine", FULL)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.update(version=99), "later version"),
        (lambda c: c.update(groovebridge="session"), "no preset"),
        (lambda c: c.pop("name"), "damaged preset: field required at name"),
        (lambda c: c["sketch"]["settings"].update(seed=-1), "seed -1 is out of range"),
        (lambda c: c["sketch"]["settings"].update(temperature="warm"), "at sketch.settings.temperature"),
        (lambda c: c["sketch"].update(touches=[[99, 0, 1, 0]]), "no cell 99, 0"),
        (lambda c: c["sketch"].update(extra=1), "damaged preset"),
    ],
)
def test_a_preset_that_is_none_is_refused_in_a_sentence(tmp_path: Path, change, words: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "mine.json"
    save_preset(path, "Mine", FULL)
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(SavedFileError, match=words):
        load_preset(path)


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=60)
def test_no_bytes_whatsoever_bring_anything_but_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes
) -> None:
    path = tmp_path_factory.mktemp("junk") / "junk.json"
    path.write_bytes(junk)
    with pytest.raises(SavedFileError, match=r"junk\.json"):
        load_preset(path)


def test_a_preset_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SavedFileError, match="no such file"):
        load_preset(tmp_path / "none.json")


# --- history ---


def seen(path: Path) -> tuple[tuple[Take, ...], int]:
    """The takes in a journal, and how many lines are damaged."""
    kept = read_journal(path)
    return kept.takes, kept.damaged


def history_of(path: Path) -> tuple[History, Journal]:
    kept = read_journal(path)
    assert not kept.damaged
    journal = Journal(path, lambda error: pytest.fail(str(error)))
    return History(kept.takes, journal.add, count(100.0).__next__), journal


def test_what_was_played_is_there_after_a_restart_with_names_and_pins(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "history.jsonl"
    history, journal = history_of(path)
    for number in range(3):
        history.played(random_loop(number), FULL)
    history.rename(2, "  the good \n one ")
    history.pin(2, True)
    history.pin(3, True)
    history.pin(3, False)
    journal.close()
    again, journal = history_of(path)
    assert again.takes == history.takes
    assert again.take(2) == Take(2, 101.0, random_loop(1), FULL, "the good one", pinned=True)
    again.played(random_loop(9), FULL)
    journal.close()
    assert [take.number for take in read_journal(path).takes] == [1, 2, 3, 4]


def test_the_same_loop_twice_in_a_row_is_one_take() -> None:
    history = History()
    assert history.played(random_loop(1), FULL) is history.played(random_loop(1), FULL)
    history.played(random_loop(2), FULL)
    assert history.played(random_loop(1), FULL).number == 3


def test_a_crash_in_the_middle_of_a_line_loses_that_line_alone(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    history, journal = history_of(path)
    for number in range(3):
        history.played(random_loop(number), FULL)
    journal.close()
    path.write_bytes(path.read_bytes()[:-40])
    takes, damaged = seen(path)
    assert (len(takes), damaged) == (2, 1)
    journal = Journal(path, lambda error: pytest.fail(str(error)))
    History(takes, journal.add).played(random_loop(7), FULL)
    journal.close()
    takes, damaged = seen(path)
    assert ([take.loop for take in takes][-1], damaged) == (random_loop(7), 1)


def test_two_windows_that_write_at_once_lose_each_other_nothing(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    one, two = (history_of(path) for _ in range(2))
    for number, (history, _) in enumerate((one, two)):
        history.played(random_loop(number), FULL)
        history.rename(1, f"of window {number}")
    one[1].close()
    two[1].close()
    takes, damaged = seen(path)
    assert damaged == 0
    assert {take.loop for take in takes} == {random_loop(0), random_loop(1)}
    assert sorted(take.number for take in takes) == [1, 2]


def test_junk_among_the_lines_is_skipped_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    lines = [
        b"\xff\xfe",
        b"[]",
        b"7",
        b'{"take": "x"}',
        b'{"take": 5, "name": "nobody"}',
        b'{"take": 1, "loop": [[99,0,1,0]]}',
    ]
    path.write_bytes(b"\n".join(lines) + b"\n")
    assert seen(path) == ((), len(lines))


def test_a_disk_that_takes_no_more_is_said_once_and_playing_goes_on(tmp_path: Path) -> None:
    told: list[GroovebridgeError] = []
    blocker = tmp_path / "file"
    blocker.write_text("in the way")
    journal = Journal(blocker / "history.jsonl", told.append)
    history = History((), journal.add)
    for number in range(5):
        history.played(random_loop(number), FULL)
    journal.close()
    assert len(told) == 1
    assert isinstance(told[0], FileWriteError)
    assert len(history.takes) == 5


def test_a_take_that_is_not_there_is_refused() -> None:
    with pytest.raises(GroovebridgeError, match="no take 7"):
        History().pin(7, True)


# --- what cannot be read ---


def test_what_is_set_aside_is_never_written_over_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "desk.json"
    for text in ("first", "second", "third"):
        path.write_text(text)
        sentence = set_aside(path)
        assert not path.exists()
    names = ("desk.old.json", "desk.old-2.json", "desk.old-3.json")
    assert [(tmp_path / name).read_text() for name in names] == ["first", "second", "third"]
    assert str(tmp_path / names[-1]) in sentence


def test_what_cannot_be_set_aside_is_said(tmp_path: Path) -> None:
    path = tmp_path / "none" / "desk.json"
    assert set_aside(path) == f"{path} cannot be given another name, so it will be written over."


def test_takes_that_are_brought_while_a_loop_plays_do_not_make_it_a_take_once_more() -> None:
    history = History()
    plays = history.played(random_loop(1), Sketch())
    (brought,) = history.bring([Take(1, 5.0, random_loop(2), Sketch())])
    assert history.played(random_loop(1), Sketch()) == plays
    assert history.played(random_loop(2), Sketch()).number == brought
    assert history.played(random_loop(1), Sketch()).number not in (plays.number, brought)
