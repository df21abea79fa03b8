"""The one sentence that the window says about itself: what is going on, or what is wrong and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from bridge.groove import DrumLoop, Voice
from bridge.player.messages import ClockState, Motion, SoundStage, SwapAt, Sync
from bridge.player.voicing import Voicing
from bridge.studio import StudioState


class Level(Enum):
    """How loudly a sentence is said."""

    CALM = "calm"
    BUSY = "busy"
    ATTENTION = "attention"


class Remedy(Enum):
    """What the button beside the sentence does; its value is the button's label."""

    RETRY = "Try again"
    REOPEN = "Look again"
    DISMISS = "Dismiss"
    PLAY_ALONE = "Play on alone"


@dataclass(frozen=True, slots=True)
class Status:
    """A sentence, how loud it is, and the one thing to press (None: nothing to press)."""

    level: Level
    text: str
    remedy: Remedy | None = None


_WHEN = {
    SwapAt.NOW: "The outlined loop takes over now.",
    SwapAt.STEP: "The outlined loop takes over at the next step.",
    SwapAt.BAR: "The outlined loop takes over at the next bar.",
    SwapAt.LOOP: "The outlined loop takes over when the four bars start again.",
}
_HEARD_ONLY = {
    False: "Ready: Space plays the built-in drums. To reach a DAW, start JACK or connect a MIDI interface.",
    True: "Playing the built-in drums. To reach a DAW, start JACK or connect a MIDI interface.",
}
LOADING = Status(Level.BUSY, "Loading the drummer …")


def status_of(state: StudioState, output: str | None = None, silent_s: int = 1) -> Status:
    """The sentence for a running session: faults first, then ports, then the clock, then what to do next.

    output: the port of another program that was chosen to send to; None is our own virtual port.
    silent_s: for how many seconds a lost clock has not come.
    """
    return (
        _trouble(state)
        or _clock(state, silent_s)
        or _count(state)
        or _unheard(state, output)
        or _news(state)
        or _link(state)
        or _calm(state, output)
    )


def _trouble(state: StudioState) -> Status | None:
    if state.fault:
        remedy = Remedy.REOPEN if state.ports is None else Remedy.DISMISS
        return Status(Level.ATTENTION, state.fault, remedy)
    if state.ports is None:
        return Status(Level.BUSY, "Opening the MIDI ports …")
    failed = state.sound.stage is SoundStage.FAILED
    if state.ports.api == "none" and state.sound.stage is SoundStage.OPENING:
        return Status(Level.BUSY, "Opening the built-in drum sound …")
    if state.ports.api == "none" and not state.sounding:
        text = (
            "No MIDI system is running, and no sound output opens, so nothing is heard. "
            "Start JACK or connect speakers, then press “Look again”."
            if failed
            else "No MIDI system is running, so nothing reaches a DAW. "
            "Start JACK or connect a MIDI interface, then press “Look again”."
        )
        return Status(Level.ATTENTION, text, Remedy.REOPEN)
    return None


def _clock(state: StudioState, silent_s: int) -> Status | None:
    if state.sync is not Sync.CLOCK:
        return None
    if state.ports is not None and state.ports.inp is None:
        text = "There is no MIDI input to hear a clock on. Choose an input, or set Sync to “Internal clock”."
        return Status(Level.ATTENTION, text)
    port = state.ports.inp if state.ports is not None else "our input"
    sentences: dict[ClockState, tuple[Level, str] | tuple[Level, str, Remedy]] = {
        ClockState.WAITING: (
            Level.BUSY,
            f"Waiting for MIDI clock at {port}. Send it from your DAW to this port, then press play there.",
        ),
        ClockState.LOCKING: (Level.BUSY, "MIDI clock arrives; finding its tempo …"),
        ClockState.LOST: (
            Level.ATTENTION,
            f"No MIDI clock at {port} for {_span(silent_s)}. Press play in your DAW, or play on from here by "
            "our own clock.",
            Remedy.PLAY_ALONE,
        ),
    }
    if state.clock in sentences:
        return Status(*sentences[state.clock])
    if state.motion is Motion.STOPPED:
        text = (
            f"Locked to the MIDI clock at {port}. Press play in your DAW; if it plays already, stop it and "
            "play again, since only that tells where the song is."
        )
        return Status(Level.CALM, text)
    return None


def _span(seconds: int) -> str:
    """A time in words: seconds up to two minutes, then minutes."""
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} minutes"


def _count(state: StudioState) -> Status | None:
    if state.sync is not Sync.INTERNAL or state.motion is not Motion.ARMED:
        return None
    return Status(Level.BUSY, "Counting in: the drums begin on the next bar line. Space stops.")


def _news(state: StudioState) -> Status | None:
    return Status(Level.CALM, state.notice, Remedy.DISMISS) if state.notice else None


def _link(state: StudioState) -> Status | None:
    if state.sync is not Sync.LINK:
        return None
    if state.clock is ClockState.LOCKING:
        return Status(Level.BUSY, "Looking for others on Ableton Link …")
    if state.motion is Motion.ARMED:
        return Status(Level.BUSY, "The drums come in on the next bar line …")
    if state.motion is Motion.ROLLING:
        return None
    if not state.peers:
        return Status(Level.CALM, "No one else is on Link yet: switch it on in your DAW. Space plays.")
    others = "one other" if state.peers == 1 else f"{state.peers} others"
    return Status(Level.CALM, f"On Link with {others}. Space plays, on their next bar line.")


def _unheard(state: StudioState, output: str | None) -> Status | None:
    rolls = state.motion is Motion.ROLLING and state.ports is not None and state.ports.api != "none"
    if not rolls or not state.alone or output or state.sounding:
        return None
    failed = state.sound.stage is SoundStage.FAILED
    why = " and no sound output opens" if failed else ""
    again = " to try again" if failed else ""
    text = (
        f"Nothing is connected to {_out(state)}{why}, so nobody hears the drums. "
        f"Choose it as MIDI input in your DAW, or set Drum sound to “On”{again}."
    )
    return Status(Level.ATTENTION, text)


def _silent(voicing: Voicing, loop: DrumLoop) -> str | None:
    """Why the mix lets no hit of the loop through; None where it does, or where there is none."""
    played = [voice for voice in Voice if loop.hits[:, voice].any()]
    if not played or any(voicing.heard(voice) for voice in played):
        return None
    heard = [voice.title for voice in Voice if voicing.heard(voice)]
    if not any(voicing.soloed):
        return "Every voice that plays is muted, so nothing is heard."
    if len(heard) == 1:
        return f"Only the {heard[0]} is soloed, and it has no hits here, so nothing is heard."
    return f"What is soloed {'has no hits here' if heard else 'is muted'}, so nothing is heard."


def _out(state: StudioState) -> str:
    return state.ports.out if state.ports is not None else ""


def _calm(state: StudioState, output: str | None) -> Status:
    rolls = state.motion is Motion.ROLLING
    silent = _silent(state.voicing, state.loop) if rolls else None
    if state.ports is not None and state.ports.api == "none":
        return Status(Level.CALM, silent or _HEARD_ONLY[rolls], Remedy.REOPEN)
    out = output or _out(state)
    if rolls:
        unheard = state.alone and not output
        to = f"the built-in drums; nothing is connected to {out}" if unheard else f"to {out}"
        if silent is not None:
            return Status(Level.CALM, f"Playing {to}. {silent}")
        if state.next_loop is not None:
            return Status(Level.CALM, f"Playing {to}. {_WHEN[state.next_at]}")
        return Status(Level.CALM, f"Playing {to}.")
    where = f"The drums go to {out}" if output else f"Choose {out} as MIDI input in your DAW"
    if state.sounding and not output:
        where = f"You hear the built-in drums; for a DAW, choose {out} as its MIDI input"
    ready = f"Ready. {where}. Space plays, N brings a new idea."
    if state.stats is not None and (late := state.stats.late_handover):
        return Status(Level.CALM, f"{ready} So far {late} messages were ready only after their time.")
    return Status(Level.CALM, ready)
