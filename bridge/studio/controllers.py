"""The controllers at a desk: which ports they are heard on, what they move, and learning that.

    ControlLink (process) --> receive --> Controls --> gesture --> Dial or Press of the desk
                                 +------> Learner, while something waits to be learned

A fader takes hold of a dial when it passes the dial's place (`pickup`), so nothing jumps; an encoder goes on
from where the dial is. A program change recalls the preset of that number, in the order in which presets are
shown.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from bridge.errors import GroovebridgeError
from bridge.ports.control_link import ControlLink
from bridge.studio.controls import Controls, Kind, Learner, Moved, Pressed, Programmed, Source, Turned
from bridge.studio.controls_file import ControlSetup, save_change
from bridge.studio.dials import Dial, Press, Target
from bridge.studio.pickup import PickUp
from bridge.studio.presets import PresetFolder
from bridge.studio.saved import load_preset
from bridge.studio.studio import Studio


class Controllers:
    """All controllers of one studio. Thread-safe.

    studio    whose ports' API is used, and who tells what goes wrong (`report_fault`, `report_refusal`)
    targets   what there is to move
    setup     what they are set to at first
    keep      the file that each change is written to, beside what others write there; None: none is
    told      called, from any thread, when there is something new to see; must not block
    recall    what a program change 0..127 does, called from any thread; None: it plays the preset of that
              number in the user's folder
    strayed   called, from any thread, when `astray` tells something else; must not block
    """

    def __init__(
        self,
        studio: Studio,
        targets: Mapping[str, Target],
        setup: ControlSetup,
        keep: Path | None = None,
        told: Callable[[], None] = lambda: None,
        recall: Callable[[int], None] | None = None,
        strayed: Callable[[], None] = lambda: None,
    ) -> None:
        self._studio = studio
        self._targets = targets
        self._keep = keep
        self._told = told
        self._recall = recall or self._play_preset
        self._strayed = strayed
        self._astray: dict[str, float] = {}
        self._lock = threading.RLock()
        self._saving = threading.Lock()
        self._setup = self._kept = setup
        self._controls = Controls(setup.mappings)
        self._pickup = PickUp()
        self._learning: tuple[str, Learner] | None = None
        self._trouble: str | None = None
        self._links: list[ControlLink] = []  # the newest last; those before are ending
        self._listen()

    # --- what there is to see ---

    @property
    def setup(self) -> ControlSetup:
        """Ports, mappings, and whether program changes recall presets."""
        return self._setup

    @property
    def learning(self) -> str | None:
        """The target that waits for a control to be moved."""
        learning = self._learning
        return None if learning is None else learning[0]

    def sources(self, target: str) -> tuple[Source, ...]:
        """The controls that move a target."""
        return tuple(source for source, moved in self._setup.mappings.items() if moved == target)

    def knows(self, target: str) -> bool:
        """Whether there is such a target: a model may have no map, say."""
        return target in self._targets

    def presses(self, target: str) -> bool:
        """Whether a target is a button, not a dial."""
        return isinstance(self._targets.get(target), Press)

    def astray(self, target: str) -> float | None:
        """Where on its way, 0..1, the knob is that was last turned for this target in vain, since it has not
        passed its value yet; None: none was.
        """
        return self._astray.get(target)

    # --- what one can do ---

    def choose(self, inputs: tuple[str, ...]) -> None:
        """Listen to these ports, and no others. FileWriteError: it holds until the end, and is not kept."""
        with self._lock:
            changed = inputs != self._setup.inputs
            self._setup = replace(self._setup, inputs=inputs)
            if changed:
                self._trouble = None
                self._listen()
        self._save()

    def learn(self, target: str) -> None:
        """Have the next control that is moved move this target; nothing where there is no such target."""
        if target not in self._targets:
            return
        with self._lock:
            self._learning = target, Learner(self.presses(target))
        self._told()

    def stop_learning(self) -> None:
        """Wait for no control any more."""
        with self._lock:
            self._learning = None
        self._told()

    def forget(self, *sources: Source) -> None:
        """Have controls move nothing any more. FileWriteError as for `choose`."""

        def forget(controls: Controls) -> None:
            for source in sources:
                controls.forget(source)

        self._change(forget)

    def set_kind(self, source: Source, kind: Kind) -> None:
        """The control speaks otherwise than was learned. FileWriteError as for `choose`."""
        with self._lock:
            target = self._setup.mappings.get(source)
        if target is not None:
            self._change(lambda controls: controls.assign(replace(source, kind=kind), target))

    def set_programs(self, on: bool) -> None:
        """Have program changes recall presets, or not. FileWriteError as for `choose`."""
        with self._lock:
            self._setup = replace(self._setup, programs=on)
        self._save()

    def close(self) -> None:
        """Listen no more, before the studio is closed. Idempotent."""
        with self._lock:
            links, self._links = self._links, []
        for link in links:
            link.end()
        for link in links:
            link.close()

    # --- what controllers do ---

    def receive(self, message: bytes) -> None:
        """A MIDI message has arrived: do what it asks for; learn from it, if something waits for that.

        What cannot be done is told by the studio. For any thread but those of the studio and of Qt: a preset
        is read from its file.
        """
        with self._lock:
            learning = self._learning
            source = None if learning is None else learning[1].receive(message)
        try:
            if learning is None:
                if self._obey(message):
                    self._studio.report_refusal(None)
            elif source is not None:
                self._learned(source, learning[0])
        except GroovebridgeError as error:
            if learning is None:
                self._studio.report_refusal(str(error))
            else:
                self._studio.report_fault(str(error))

    def _learned(self, source: Source, target: str) -> None:
        with self._lock:
            self._learning = None
            if isinstance(dial := self._targets[target], Dial):
                self._pickup.has_hold(source, _place(dial))
        self._change(lambda controls: controls.assign(source, target))

    def _obey(self, message: bytes) -> bool:
        """Whether something was done."""
        with self._lock:
            gesture = self._controls.receive(message)
        match gesture:
            case Moved(name, place, source):
                match self._targets.get(name):
                    case Dial() as dial:
                        return self._move(name, dial, place, source)
                    case Press(act) if self._pickup.rises(source, place):
                        act()
                        return True
            case Turned(name, steps):
                if isinstance(turned := self._targets.get(name), Dial):
                    _turn(turned, steps)
                    return True
            case Pressed(name):
                if isinstance(pressed := self._targets.get(name), Press):
                    pressed.act()
                    return True
            case Programmed(number) if self._setup.programs:
                self._recall(number)
                return True
        return False

    def _move(self, name: str, dial: Dial, place: float, source: Source) -> bool:
        takes = self._pickup.takes(source, place, _place(dial))
        self._stray(name, None if takes else place)
        if takes:
            dial.write(dial.low + place * (dial.high - dial.low))
            self._pickup.has_hold(source, _place(dial))
        return takes

    def _stray(self, name: str, place: float | None) -> None:
        before = self._astray.pop(name, None)
        if place is not None:
            self._astray[name] = place
        if place != before:
            self._strayed()

    def _play_preset(self, number: int) -> None:
        presets = PresetFolder().presets()
        if number < len(presets):
            self._studio.load(load_preset(presets[number].path)[1])

    # --- inside ---

    def _change(self, change: Callable[[Controls], object]) -> None:
        with self._lock:
            change(self._controls)
            self._setup = replace(self._setup, mappings=self._controls.mappings)
        for name in tuple(self._astray):
            self._stray(name, None)
        self._save()

    def _save(self) -> None:
        self._told()
        if self._keep is not None:
            with self._saving:  # what is written last is the newest
                setup = self._setup
                save_change(self._keep, self._kept, setup)
                self._kept = setup

    def _listen(self) -> None:
        for link in self._links:
            link.end()
        if self._setup.inputs:
            api = self._studio.config.api
            self._links.append(ControlLink(api, self._setup.inputs, self.receive, self._hear_news))

    def _hear_news(self, text: str, well: bool) -> None:
        """A port went or came back; what was told of its loss is over then."""
        with self._lock:
            trouble, self._trouble = self._trouble, None if well else text
        if not well:
            self._studio.report_fault(text)
        elif trouble is not None and self._studio.state.fault == trouble:
            self._studio.dismiss_fault()


def _place(dial: Dial) -> float | None:
    """Where a dial is on a fader's way, 0..1; beyond it where only an encoder gets."""
    value = dial.read()
    return None if value is None else (value - dial.low) / (dial.high - dial.low)


def _turn(dial: Dial, steps: int) -> None:
    value = dial.read()
    if value is None:
        value = (dial.low + dial.high) / 2
    low, high = dial.limits
    dial.write(min(max(value + steps * dial.step, low), high))
