"""What a player keeps for the studio that comes after one that died."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

from bridge.player.limits import SettingError, check_bpm, check_latency
from bridge.player.messages import (
    Anchor,
    Command,
    Fault,
    Legacy,
    LoopPlaying,
    OpenPorts,
    PlayerConfig,
    PortsOpened,
    Remember,
    Report,
    SetLatency,
    SetLoop,
    SetSendClock,
    SetSound,
    SetSync,
    SetTempo,
    SetVoicing,
    Sound,
)

_REMEMBERED = 256  # loops; one that the song comes back to later is given anew by the studio
_AHEAD = 4  # how many of the newest loops are passed on, beside the one that plays


class Keepsake:
    """Looks on as commands and reports pass, and knows what it would take to go on from here.

    Owned by the player's loop, which shows it everything; `config` may be read by any thread. Memory is
    bounded.
    """

    def __init__(self, config: PlayerConfig) -> None:
        self.config = config
        """What a player would have to start with to be set as this one is."""
        self._memo = b""
        self._loops: OrderedDict[int, SetLoop] = OrderedDict()
        self._base: SetLoop | None = None
        self._playing: LoopPlaying | None = None
        self._ports: PortsOpened | Fault | None = None
        self._anchor: Anchor | None = None
        self._sound: Sound | None = None

    @property
    def api(self) -> str:
        """The API whose ports are open; while none are, the one that was asked for."""
        return self._ports.api if isinstance(self._ports, PortsOpened) else self.config.api

    def command(self, command: Command) -> None:
        """The studio has asked for this."""
        match command:
            case Remember(memo):
                self._memo = memo
            case SetLoop():
                self._add(command)
            case _:
                self.config = settled(self.config, command)

    def report(self, report: Report) -> None:
        """The player has said this."""
        match report:
            case Anchor():
                self._anchor = report
            case Sound():
                self._sound = report
            case LoopPlaying():
                self._playing = report
            case PortsOpened():
                self._ports = report
            case Fault(ports_lost=True):
                self._ports = report

    def legacy(self) -> Legacy:
        """What the next studio has to know, beside `reports`."""
        base = [] if self._base is None else [self._base]
        newest = list(self._loops.values())[-_AHEAD:]
        playing = None if self._playing is None else self._loops.get(self._playing.loop_id)
        loops = {each.loop_id: each for each in (*base, *newest, *([playing] if playing else []))}
        return Legacy(self.config, tuple(loops[number] for number in sorted(loops)), self._memo)

    def reports(self) -> list[Report]:
        """What was said last about each: said again, it tells where things stand."""
        return [each for each in (self._ports, self._playing, self._anchor, self._sound) if each is not None]

    def _add(self, command: SetLoop) -> None:
        self._loops[command.loop_id] = command
        if command.block is None:
            self._base = command
        if len(self._loops) > _REMEMBERED:
            self._loops.popitem(last=False)


def settled(config: PlayerConfig, command: Command) -> PlayerConfig:
    """What `config` comes to once `command` has been carried out; pure. What is out of range changes
    nothing.
    """
    try:
        match command:
            case OpenPorts(api, out, inp):
                return replace(config, api=api, out=out, inp=inp)
            case SetTempo(bpm):
                return replace(config, bpm=check_bpm(bpm))
            case SetSync(sync):
                return replace(config, sync=sync)
            case SetLatency(latency_ms):
                return replace(config, latency_ms=check_latency(latency_ms))
            case SetSendClock(on, while_stopped):
                return replace(config, send_clock=on, clock_while_stopped=while_stopped)
            case SetSound(when):
                return replace(config, sound=when)
            case SetVoicing(voicing):
                return replace(config, voicing=voicing)
    except SettingError:
        pass  # the engine says so
    return config
