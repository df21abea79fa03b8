"""What a hand does at the desk, each as one change of the sketch: `ask(gestures.travel, x, y)`.

Each is a step of undo of its own, but for those that are made many times in a row, such as a drag on the map.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bridge.errors import GroovebridgeError
from bridge.groove import DrumLoop
from bridge.groove.edit import Cell, Touch, touched
from bridge.player.messages import SwapAt, Sync
from bridge.studio import flags
from bridge.studio.path import Place
from bridge.studio.sketch import Given, Sketch, Spot, Way
from bridge.studio.studio import Studio


def play_on_alone(studio: Studio) -> None:
    """Go on by our own clock from where the one we followed left us, in its tempo, to the hundredth that is
    shown. As with all that sets the transport, undo knows nothing of it.
    """
    bpm = round(studio.state.bpm, 2)
    studio.set_sync(Sync.INTERNAL)
    studio.set_tempo(bpm)
    studio.play(None)


def travel(studio: Studio, x: float, y: float) -> None:
    """Go to a place on the map, -1..1 both ways; GroovebridgeError for one beside it."""
    if not (-1 <= x <= 1 and -1 <= y <= 1):
        raise GroovebridgeError(f"There is no point {x:g}, {y:g} on the map: both go from -1 to 1.")
    studio.change(lambda sketch: sketch.at(Spot(x, y)), "map")


def toggle_flag(studio: Studio, place: Place | None) -> None:
    """Put a flag at a place of the map, or take away the one that is there. GroovebridgeError for a place
    beside the map or none at all, and for one flag too many.
    """
    if place is None:
        raise GroovebridgeError("What plays has no place on the map. Travel there first, then put a flag.")
    studio.set_flags(
        lambda there: (
            flags.put(there, place)
            if (number := flags.at(there, place)) is None
            else flags.take_away(there, number)
        )
    )


def move_flag(studio: Studio, number: int | None, place: Place, gesture: object = None) -> None:
    """Put a flag (from 0) somewhere else on the map. GroovebridgeError where there is none of this number, or
    for a place beside the map.
    """

    def moved(there: flags.Flags) -> flags.Flags:
        if number is None or not 0 <= number < len(there):
            raise GroovebridgeError(
                "There is no flag where we are. PageDown and PageUp go from flag to flag."
            )
        return flags.move(there, number, place)

    studio.set_flags(moved, gesture)


def visit(studio: Studio, number: int) -> None:
    """Travel to a flag (from 0). GroovebridgeError where there are not so many."""
    there = studio.state.flags
    if not 0 <= number < len(there):
        raise GroovebridgeError(f"There is no flag {number + 1} on the map yet: G puts one where we are.")
    travel(studio, *there[number].place)


def next_flag(studio: Studio, by: int = 1) -> None:
    """Travel to the flag after the one where we are, round and round; -1: to the one before.
    GroovebridgeError where there is none.
    """
    state = studio.state
    origin = state.sketch.origin
    here = flags.at(state.flags, (origin.x, origin.y)) if isinstance(origin, Spot) else None
    if here is None:
        here = -1 if by > 0 else 0
    visit(studio, (here + by) % len(state.flags) if state.flags else 0)


def morph(studio: Studio, start: DrumLoop, end: DrumLoop, share: float, gesture: object = "morph") -> None:
    """Stand on the way from one loop to another: share 0..1; GroovebridgeError for another."""
    way = Way(start, end, share)
    studio.change(lambda sketch: sketch.at(way), gesture)


def give(studio: Studio, loop: DrumLoop) -> None:
    """Play a loop as it is, with the sliders at rest until they are moved."""
    studio.change(lambda sketch: sketch.rested().at(Given(loop)))


def rest(studio: Studio) -> None:
    """Let every named slider rest and every raw axis go; nothing where none was moved."""
    if studio.state.settings.sliders or studio.state.settings.axes:
        studio.change(Sketch.rested)


def pin(studio: Studio) -> None:
    """Pin the take that plays, or take its pin off. GroovebridgeError where none does."""
    state = studio.state
    playing = [take for take in state.takes if take.number == state.take]
    if not playing:
        raise GroovebridgeError("What has not been heard yet cannot be pinned. Play it, then pin it.")
    studio.pin_take(playing[0].number, not playing[0].pinned)


def lock(studio: Studio, voice: int, on: bool) -> None:
    """Have a voice keep the part that it plays now while all else changes, or let it go.

    What a hand has just changed and is not heard yet is part of it.
    """
    state = studio.state
    loop = state.loop and touched(state.loop, state.sketch.touches)
    studio.change(lambda sketch: sketch.locking(voice, loop if on else None))


def tune(studio: Studio, notes: tuple[int, ...]) -> None:
    """Give the nine voices these MIDI notes, 0..127."""
    studio.set_voicing(replace(studio.state.voicing, notes=notes))


def touch(studio: Studio, touches: Mapping[Cell, Touch | None], gesture: object = None) -> None:
    """Change cells by hand, or (None) give them back to the model. `gesture`: what is one step of undo.

    A hand wants to hear what it does: at the next step, unless another loop waits to take over; then with
    that.
    """
    state = studio.state
    waits = state.next_loop is not None and state.next_at is not SwapAt.STEP
    studio.change(lambda sketch: sketch.touching(touches), gesture, None if waits else SwapAt.STEP)


def give_back(studio: Studio) -> None:
    """Give every cell that was changed by hand back to the model; nothing where none was."""
    if touches := studio.state.sketch.touches:
        touch(studio, dict.fromkeys(touches))
