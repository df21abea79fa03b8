"""The built-in drums: when they sound, and that they sound what goes out, no more and no less."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.groove import Voice
from bridge.player import midi
from bridge.player.messages import (
    Command,
    Fault,
    Panic,
    Report,
    SetLoop,
    SetVoicing,
    Sound,
    SoundStage,
    SoundWhen,
    Start,
    Stop,
    SwapAt,
)
from bridge.player.speaker import SoundTold, Speaker
from bridge.player.voicing import Voicing
from bridge.sound import SoundFailed, SoundNews, SoundOpened
from tests.player.support import MS, MemoryPort, MemoryPorts, Rig, SimulatedClock, random_loop, voicings

OFF, OPENING = Sound(SoundStage.OFF), Sound(SoundStage.OPENING)
ON = Sound(SoundStage.ON, "speakers")


@dataclass
class DoubleLink:
    """A sound process in memory."""

    on_news: Callable[[SoundNews], None]
    blows: list[int] = field(default_factory=list)
    silences: list[int] = field(default_factory=list)
    ended: bool = False
    closed: bool = False

    def strike(self, voice: int, velocity: int, host_ns: int) -> None:
        self.blows.append(host_ns)

    def cancel_from(self, host_ns: int) -> None:
        self.blows = [blow for blow in self.blows if blow < host_ns]

    def silence(self, host_ns: int) -> None:
        self.silences.append(host_ns)

    def end(self) -> None:
        self.ended = True

    def close(self) -> None:
        self.closed = True


@dataclass
class WobblyClock(SimulatedClock):
    """Its idea of host time differs from one look to the next."""

    wobble: list[int] = field(default_factory=list)

    def to_host_ns(self, at_ns: int) -> int:
        return at_ns + (self.wobble.pop() if self.wobble else 0)


class Room:
    """A speaker with what is around it."""

    def __init__(self, when: SoundWhen, clock: SimulatedClock | None = None) -> None:
        self.clock = clock or SimulatedClock()
        self.reports: list[Report] = []
        self.inbox: list[SoundTold] = []
        self.links: list[DoubleLink] = []
        self.speaker = Speaker(when, self.reports.append, self.inbox.append, self._start)

    def _start(self, on_news: Callable[[SoundNews], None]) -> DoubleLink:
        self.links.append(DoubleLink(on_news))
        return self.links[-1]

    def attach(self, api: str = "jack", destination: str | None = None) -> None:
        out = MemoryPort(self.clock)
        self.speaker.attach(MemoryPorts(self.clock, out, api, destination=destination))

    def hear(self, news: SoundNews, link: int = -1) -> None:
        """A sound process says something, and the player's loop takes it."""
        self.links[link].on_news(news)
        self.speaker.told(self.inbox.pop())

    def sounds(self) -> bool:
        """Whether a process is there, or on its way."""
        return bool(self.links) and not self.links[-1].ended


# --- when it sounds ---


@pytest.mark.parametrize(
    ("when", "api", "destination", "sounds"),
    [
        (SoundWhen.AUTO, "none", None, True),
        (SoundWhen.AUTO, "jack", None, True),
        (SoundWhen.AUTO, "jack", "synth:in", False),
        (SoundWhen.AUTO, "alsa", None, False),  # a DAW may listen, and nobody would tell
        (SoundWhen.ON, "alsa", "synth:in", True),
        (SoundWhen.OFF, "none", None, False),
    ],
)
def test_it_sounds_as_chosen(when: SoundWhen, api: str, destination: str | None, sounds: bool) -> None:
    room = Room(when)
    assert not room.sounds()
    room.attach(api, destination)
    assert room.sounds() is sounds
    assert room.reports == ([OPENING] if sounds else [])


def test_auto_falls_silent_for_a_daw_that_connects_and_comes_back_when_it_leaves() -> None:
    room = Room(SoundWhen.AUTO)
    room.attach()
    room.hear(SoundOpened("speakers"))
    room.speaker.heard(True)
    assert room.links[0].ended
    room.links[0].on_news(SoundFailed("Its last words."))
    room.speaker.told(room.inbox.pop())  # nobody asks that one any more
    room.speaker.heard(False)
    assert room.reports == [OPENING, ON, OFF, OPENING]
    room.attach("alsa")
    assert not room.sounds()


def test_always_means_with_a_daw_too_and_off_means_off() -> None:
    room = Room(SoundWhen.ON)
    room.attach()
    room.speaker.heard(True)
    assert room.sounds()
    room.speaker.set(SoundWhen.AUTO)
    assert not room.sounds()
    room.speaker.set(SoundWhen.ON)
    assert room.sounds()
    room.speaker.set(SoundWhen.OFF)
    assert not room.sounds()
    assert room.reports == [OPENING, OFF, OPENING, OFF]


@pytest.mark.parametrize("when", [SoundWhen.ON, SoundWhen.AUTO])
def test_what_fails_is_said_as_a_fault_if_it_was_asked_for_and_tried_again_when_asked_or_with_other_ports(
    when: SoundWhen,
) -> None:
    room = Room(when)
    room.attach()
    room.hear(SoundFailed("Plug in."))
    failed = Sound(SoundStage.FAILED, "Plug in.")
    assert room.reports == [OPENING, *([Fault("Plug in.")] if when is SoundWhen.ON else []), failed]
    room.speaker.heard(False)
    assert len(room.links) == 1
    room.speaker.set(when)
    assert len(room.links) == 2
    assert room.reports[-1] == OPENING
    room.hear(SoundFailed("Plug in."))
    room.attach()  # a JACK server that came brings sound as well
    assert len(room.links) == 3
    assert room.reports[-1] == OPENING


def test_an_output_that_went_is_followed_by_another_without_a_word() -> None:
    room = Room(SoundWhen.ON)
    room.attach()
    room.hear(SoundOpened("headphones"))
    room.hear(SoundFailed("Gone.", again=True))
    assert [link.ended for link in room.links] == [True, False]
    room.hear(SoundOpened("speakers"))
    assert room.reports == [OPENING, Sound(SoundStage.ON, "headphones"), OFF, OPENING, ON]


def test_it_is_ended_with_the_player() -> None:
    room = Room(SoundWhen.ON)
    room.speaker.close()
    room.attach()
    room.speaker.close()
    assert room.links[0].closed


# --- what sounds ---


def test_nothing_is_kept_for_an_output_that_opens_later() -> None:
    room = Room(SoundWhen.ON)
    room.attach()
    room.speaker.strike(Voice.KICK, 100, 5)
    room.speaker.silence(5)
    room.hear(SoundOpened("speakers"))
    room.speaker.strike(Voice.KICK, 100, 6)
    room.speaker.silence(7)
    assert (room.links[0].blows, room.links[0].silences) == ([6], [7])


@given(
    wobble=st.lists(st.integers(-30_000, 30_000), min_size=120, max_size=120),
    cancels=st.lists(st.integers(0, 40), min_size=1, max_size=6),
)
@settings(deadline=None)
def test_a_blow_that_is_taken_back_and_struck_anew_sounds_once_though_the_clocks_drift(
    wobble: list[int], cancels: list[int]
) -> None:
    room = Room(SoundWhen.ON, WobblyClock(wobble=wobble))
    room.attach()
    room.hear(SoundOpened("speakers"))
    due = [MS * number for number in range(40)]
    for at in due:
        room.speaker.strike(Voice.SNARE, 100, at)
    for first in cancels:
        room.speaker.cancel_from(first * MS)
        for at in due[first:]:
            room.speaker.strike(Voice.SNARE, 100, at)
    sounding = sorted(room.links[0].blows)
    assert len(sounding) == len(due)
    assert max(abs(heard - at) for heard, at in zip(sounding, due, strict=True)) <= 30_000


@dataclass
class MemoryDrums:
    """`Drums` that remember what will have sounded."""

    clock: SimulatedClock
    struck: list[tuple[int, int, int]] = field(default_factory=list)  # due, voice, velocity
    silences: list[int] = field(default_factory=list)

    def strike(self, voice: int, velocity: int, due_ns: int) -> None:
        self.struck.append((due_ns, voice, velocity))

    def cancel_from(self, from_ns: int) -> None:
        self.struck = [blow for blow in self.struck if blow[0] < from_ns or blow[0] <= self.clock.ns]

    def silence(self, due_ns: int) -> None:
        self.silences.append(due_ns)


GESTURES: st.SearchStrategy[Command] = st.one_of(
    st.builds(SetLoop, st.builds(random_loop, st.integers(0, 5)), st.just(2), st.sampled_from(SwapAt)),
    st.builds(SetVoicing, voicings()),
    st.sampled_from((Start(), Stop(), Panic())),
)


@given(st.lists(st.tuples(GESTURES, st.floats(0, 300)), max_size=8))
@settings(deadline=None, max_examples=60)
def test_what_sounds_is_what_went_out(gestures: list[tuple[Command, float]]) -> None:
    rig = Rig(drums=MemoryDrums)
    drums = rig.drums
    assert isinstance(drums, MemoryDrums)
    rig.do(SetLoop(random_loop(9, density=0.4), 1), Start())
    voices = Voicing()
    for gesture, ms in gestures:
        rig.run_ms(ms)
        rig.do(gesture)
        voices = gesture.voicing if isinstance(gesture, SetVoicing) else voices
    rig.run_ms(200)
    rig.do(Stop())
    rig.run_ms(100)
    went_out = sorted(
        (at, message[2]) for at, message in rig.port.sent if message[0] & 0xF0 == 0x90 and message[2]
    )
    assert sorted((at, velocity) for at, _, velocity in drums.struck) == went_out


@pytest.mark.parametrize("end", [Stop(), Panic()])
def test_stop_and_panic_silence_what_rings_on_and_a_swap_does_not(end: Command) -> None:
    rig = Rig(drums=MemoryDrums)
    assert isinstance(rig.drums, MemoryDrums)
    rig.do(SetLoop(random_loop(9), 1), Start())
    rig.run_ms(300)
    rig.do(SetLoop(random_loop(8), 2, SwapAt.NOW), SetVoicing(Voicing().of(Voice.KICK, muted=True)))
    rig.run_ms(100)
    assert rig.drums.silences == []
    before_ns = rig.clock.ns
    rig.do(end)
    assert rig.drums.silences == [before_ns + rig.port.lead_ns]
    if isinstance(end, Stop):
        assert all(due_ns <= before_ns for due_ns, _, _ in rig.drums.struck)
        offs = [at for at, message in rig.port.sent if midi.key_struck(message) and at > before_ns]
        assert set(offs) <= {before_ns + rig.port.lead_ns}
