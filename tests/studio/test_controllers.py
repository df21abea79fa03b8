"""Controllers at a studio: bytes come in, the desk moves; what is learned is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge.errors import GroovebridgeError
from bridge.groove import Voice
from bridge.model import Settings
from bridge.model.settings import AXIS_RANGE
from bridge.player.messages import Panic, Start
from bridge.studio import Studio
from bridge.studio.controllers import Controllers
from bridge.studio.controls import Kind, Source
from bridge.studio.controls_file import ControlSetup, load_controls, save_change
from bridge.studio.dials import Dial
from bridge.studio.journey import Journey
from bridge.studio.morphing import Morpher
from bridge.studio.presets import PresetFolder
from bridge.studio.sketch import Sketch
from bridge.studio.targets import FADER_BPM, targets
from tests.studio.conftest import Desk


class Hands:
    """A studio with its controllers; knobs are heard as bytes."""

    def __init__(self, desk: Desk, tmp_path: Path) -> None:
        self.desk, self.studio = desk, desk.studio
        self.morpher = Morpher(self.studio)
        self.presets = PresetFolder()
        self.path = tmp_path / "controllers.json"
        self.told = 0
        self.targets = targets(self.studio, (), ("z1",), self.morpher, lambda _: {"z1": 1.0})
        self.controllers = Controllers(self.studio, self.targets, ControlSetup(), self.path, self._tell)

    def _tell(self) -> None:
        self.told += 1

    def map(self, target: str, source: Source) -> None:
        """Have a control move a target, as a file would say it."""
        setup = ControlSetup((), {**self.controllers.setup.mappings, source: target})
        self.controllers = Controllers(self.studio, self.targets, setup, self.path, self._tell)

    def turn(self, *values: int, number: int = 74) -> None:
        """Move a knob."""
        for value in values:
            self.controllers.receive(bytes((0xB0, number, value)))

    def waits_for(self, target: str) -> bool:
        """Whether the next knob is to move this target."""
        return self.controllers.learning == target

    @property
    def fault(self) -> str | None:
        """What the user is told that went wrong."""
        return self.studio.state.fault

    @property
    def settings(self) -> Settings:
        """What the desk is set to."""
        return self.studio.state.settings


@pytest.fixture
def hands(make_desk: Callable[..., Desk], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hands]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    made = Hands(make_desk(), tmp_path)
    yield made
    made.controllers.close()
    made.morpher.close()


KNOB = Source(Kind.ABSOLUTE, 0, 74)


def test_a_knob_picks_up_its_dial_and_then_moves_it_to_the_end(hands: Hands) -> None:
    hands.map("temperature", KNOB)  # 0..2, at 0.75
    hands.turn(10)
    assert hands.settings.temperature == 0.75
    hands.turn(40)
    assert hands.settings.temperature == 0.75
    hands.turn(64)
    assert hands.settings.temperature == 1.0
    hands.turn(127)
    assert hands.settings.temperature == 2.0


def test_a_dial_that_undo_took_away_is_not_torn_back(hands: Hands) -> None:
    hands.map("temperature", KNOB)
    hands.turn(10, 64, 100)
    hands.studio.undo()
    assert hands.settings.temperature == 0.75
    hands.turn(101)
    assert hands.settings.temperature == 0.75


def test_an_encoder_goes_on_from_where_the_dial_is_and_stops_at_its_ends(hands: Hands) -> None:
    hands.map("temperature", Source(Kind.TWOS, 0, 74))
    hands.turn(1)
    assert hands.settings.temperature == pytest.approx(0.77)
    hands.turn(*[63] * 10)
    assert hands.settings.temperature == 2.0
    hands.turn(*[65] * 10)
    assert hands.settings.temperature == 0.0


def test_a_raw_axis_that_nobody_holds_is_picked_up_where_the_draw_put_it(hands: Hands) -> None:
    hands.map("z1", KNOB)
    hands.turn(0, 1)
    assert hands.settings.axes == {}
    hands.turn(127)
    assert hands.settings.axes == {"z1": AXIS_RANGE[1]}


def test_the_tempo_goes_by_about_one_bpm_and_by_encoder_also_beyond_the_fader(hands: Hands) -> None:
    hands.map("tempo", KNOB)
    hands.turn(59, 60, 61)
    assert hands.studio.state.bpm == 121.0
    hands.studio.set_tempo(FADER_BPM[1] + 20)
    hands.map("tempo", Source(Kind.OFFSET, 0, 74))
    hands.turn(66)
    assert hands.studio.state.bpm == FADER_BPM[1] + 22


def test_a_fader_swept_over_the_styles_is_one_step_of_undo(make_desk: Callable[..., Desk]) -> None:
    studio = make_desk().studio
    fader = targets(studio, styles=("rock", "jazz", "funk"))["style"]
    assert isinstance(fader, Dial)
    for value in (0.0, 1.0, 2.0, 3.0):
        fader.write(value)
    assert studio.state.settings == Settings(style="funk")
    studio.undo()
    assert studio.state.settings == Settings()
    assert not studio.state.can_undo


def test_a_fader_swept_over_the_bars_of_a_path_is_one_step_of_undo(make_desk: Callable[..., Desk]) -> None:
    studio = make_desk().studio
    journey = Journey(studio)
    fader = targets(studio, journey=journey, place_of=lambda _: None)["path bars"]
    assert isinstance(fader, Dial)
    before = journey.journeying.path
    for value in (0.0, 1.0, 2.0, 3.0):
        fader.write(value)
    assert journey.journeying.path.leg_bars == 8
    studio.undo()
    journey.close()
    assert (journey.journeying.path, studio.state.can_undo) == (before, False)


def test_pads_and_buttons_press_once(hands: Hands) -> None:
    hands.map("panic", Source(Kind.NOTE, 9, 36))
    for message in (b"\x99\x24\x40", b"\x99\x24\x00", b"\x89\x24\x40"):
        hands.controllers.receive(message)
    assert hands.desk.link.commands.count(Panic()) == 1
    hands.map("play", KNOB)
    hands.turn(127, 127, 0)
    assert hands.desk.link.commands.count(Start(0)) == 1
    hands.map("mute kick", KNOB)
    hands.turn(127, 0)
    assert hands.studio.state.voicing.muted[Voice.KICK]
    hands.turn(127, 0)
    assert not hands.studio.state.voicing.muted[Voice.KICK]
    hands.map("lock snare", KNOB)
    hands.turn(127, 0)
    assert set(hands.studio.state.sketch.locks) == {Voice.SNARE}
    hands.turn(127, 0)
    assert not hands.studio.state.sketch.locks


def test_every_button_of_the_desk_can_be_pressed(hands: Hands) -> None:
    hands.map("new idea", KNOB)
    hands.turn(127, 0)
    assert hands.settings.index == 1
    hands.map("undo", KNOB)
    hands.turn(127, 0)
    assert hands.settings.index == 0
    hands.map("redo", KNOB)
    hands.turn(127, 0)
    assert hands.settings.index == 1
    hands.map("solo ride", KNOB)
    hands.turn(127)
    assert hands.studio.state.voicing.soloed[Voice.RIDE]


def test_what_was_refused_is_over_once_a_controller_does_something(hands: Hands) -> None:
    hands.map("morph", KNOB)
    hands.turn(64)
    assert hands.studio.state.refusal
    hands.turn(20, number=99)
    assert hands.studio.state.refusal, "a knob that moves nothing has done nothing"
    hands.map("undo", KNOB)
    hands.turn(127, 0)
    assert hands.studio.state.refusal is None


def test_the_morph_s_fader_needs_ends_and_says_so(hands: Hands) -> None:
    hands.map("morph", KNOB)
    hands.turn(64)
    assert "both its ends" in (hands.studio.state.refusal or "")
    assert hands.fault is None
    hands.morpher.take_a()
    first = hands.studio.state.loop_id
    hands.studio.new_idea()
    hands.desk.wait_for(lambda state: state.next_loop_id not in (None, first))
    hands.morpher.set_ends(hands.morpher.morphing.a, hands.studio.state.next_loop)
    hands.turn(64)
    assert hands.morpher.morphing.share == 0.5


def test_a_program_change_recalls_the_preset_of_its_number_unless_that_is_off(hands: Hands) -> None:
    hands.presets.save("Beta", Sketch(Settings(2)))
    hands.presets.save("alpha", Sketch(Settings(1)))
    hands.controllers.receive(b"\xc3\x01")
    assert hands.settings.seed == 2
    hands.controllers.receive(b"\xc3\x00")
    assert hands.settings.seed == 1
    hands.controllers.receive(b"\xc3\x02")  # there is none
    hands.controllers.set_programs(False)
    hands.controllers.receive(b"\xc3\x01")
    assert hands.settings.seed == 1
    assert hands.fault is None


def test_what_is_learned_moves_the_dial_at_once_and_is_kept(hands: Hands) -> None:
    hands.controllers.learn("temperature")
    assert hands.waits_for("temperature")
    hands.turn(100, 101, 102, 103, 104, 105)
    assert not hands.waits_for("temperature")
    assert hands.controllers.sources("temperature") == (KNOB,)
    assert hands.settings.temperature == 0.75  # learning itself changes nothing
    hands.turn(127)  # the hand is on it
    assert hands.settings.temperature == 2.0
    assert load_controls(hands.path)[0].mappings == {KNOB: "temperature"}
    assert hands.told == 2


def test_learning_can_be_left_and_a_mapping_forgotten_or_made_to_speak_otherwise(hands: Hands) -> None:
    hands.controllers.learn("play")
    hands.controllers.stop_learning()
    hands.turn(127)
    assert hands.controllers.setup.mappings == {}
    hands.map("temperature", KNOB)
    hands.controllers.set_kind(KNOB, Kind.SIGN)
    assert hands.controllers.sources("temperature") == (Source(Kind.SIGN, 0, 74),)
    hands.turn(0x41)
    assert hands.settings.temperature == pytest.approx(0.73)
    hands.controllers.forget(*hands.controllers.sources("temperature"))
    assert load_controls(hands.path)[0].mappings == {}
    hands.turn(0x41)
    assert hands.settings.temperature == pytest.approx(0.73)


def test_a_mapping_to_what_this_model_has_not_moves_nothing(hands: Hands) -> None:
    hands.map("wah", KNOB)
    hands.turn(0, 127)
    assert hands.fault is None


def test_a_file_that_cannot_be_written_is_said_and_what_was_learned_holds(hands: Hands) -> None:
    hands.path.mkdir()
    hands.controllers.learn("panic")
    hands.turn(127)
    assert "cannot be written" in (hands.fault or "")
    assert hands.controllers.sources("panic") == (KNOB,)
    with pytest.raises(GroovebridgeError):
        hands.controllers.set_programs(False)


def test_what_two_hands_change_at_once_is_all_in_the_file(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, other_is_done = threading.Event(), threading.Event()

    def slow(path: Path, old: ControlSetup, new: ControlSetup) -> None:
        if not begun.is_set():
            begun.set()
            other_is_done.wait(0.5)
        save_change(path, old, new)

    monkeypatch.setattr("bridge.studio.controllers.save_change", slow)
    hands.map("temperature", KNOB)
    window = threading.Thread(target=hands.controllers.set_programs, args=(False,))
    window.start()
    assert begun.wait(10)
    hands.controllers.forget(KNOB)
    other_is_done.set()
    window.join()
    assert load_controls(hands.path)[0] == hands.controllers.setup == ControlSetup(programs=False)


def test_a_port_that_goes_is_said_and_taken_back_when_it_returns(hands: Hands) -> None:
    told: list[str | None] = []
    for text, well in (("Gone: Pads.", False), ("Back: Pads.", True), ("Gone: Pads.", False)):
        hands.controllers._hear_news(text, well)
        told.append(hands.fault)
    hands.studio.report_fault("something else")
    hands.controllers._hear_news("Back: Pads.", True)
    assert [*told, hands.fault] == ["Gone: Pads.", None, "Gone: Pads.", "something else"]


def test_a_studio_without_sliders_has_targets_for_all_else(make_desk: Callable[..., Desk]) -> None:
    studio: Studio = make_desk().studio
    assert {"tempo", "temperature", "play", "lock crash"} <= set(targets(studio))
    assert "morph" not in targets(studio)
