"""What a trial's figures are said to mean, and the trial itself: a real player, a bar long."""

from __future__ import annotations

import pytest

from bridge.player.messages import Stats
from bridge.studio.finding import Verdict
from bridge.studio.headless import summary
from bridge.studio.timekeeping import jack_finding, priority_finding, sender_finding
from bridge.studio.trial import TrialError, try_player


def stats(p99: float = 0.02, worst: float = 0.2, late: int = 0, xruns: int = 0) -> Stats:
    return Stats(
        notes_sent=300,
        messages=1000,
        lateness_ms={"p50": 0.01, "p99": p99, "max": worst},
        late_handover=late,
        xruns=xruns,
    )


def test_lateness_is_judged_by_what_one_can_hear() -> None:
    verdicts = [sender_finding(stats(ms, 2 * ms)).verdict for ms in (0.1, 1.9, 5, 30)]
    assert verdicts == [Verdict.GOOD, Verdict.GOOD, Verdict.GOOD, Verdict.LIMITED]


def test_a_late_hand_over_is_said_in_words() -> None:
    finding = sender_finding(stats(late=3))
    assert finding.verdict is Verdict.LIMITED
    assert "3 reached the port too late" in finding.text
    assert "3 of 1000 messages were ready only after their time" in summary(stats(late=3))
    assert "after their time:" not in summary(stats())


def test_on_jack_only_exact_frames_without_xruns_are_good() -> None:
    exact = stats(0, 0)
    assert jack_finding(exact).verdict is Verdict.GOOD
    assert "exact frame" in jack_finding(exact).text
    torn = jack_finding(stats(0, 0, xruns=2))
    assert (torn.verdict, "xruns: 2" in torn.text) == (Verdict.LIMITED, True)
    behind = jack_finding(stats(0, 1.5, late=4))
    assert (behind.verdict, "1.50 ms" in behind.text, "4 reached" in behind.text) == (
        Verdict.LIMITED,
        True,
        True,
    )
    assert "xruns: 2" in summary(stats(xruns=2))


def test_without_priority_the_exact_lines_that_grant_it_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    refused = priority_finding("")
    assert refused.verdict is Verdict.LIMITED
    for wanted in ("rtkit", "@audio - rtprio 95", "/etc/security/limits.d/", "usermod -aG audio"):
        assert wanted in refused.text
    granted = priority_finding("SCHED_FIFO")
    assert (granted.verdict, "SCHED_FIFO" in granted.text) == (Verdict.GOOD, True)


@pytest.mark.parametrize("realtime", [True, False])
def test_a_trial_plays_its_bars_through_a_real_player_and_takes_priority_only_if_asked(
    realtime: bool,
) -> None:
    played = try_player("none", bars=1, bpm=400, realtime=realtime)
    assert played.messages >= 96 + 2 * played.notes_sent
    assert played.notes_sent > 10
    assert played.open_notes == 0
    if not realtime:
        assert played.priority == ""


def test_a_trial_without_its_port_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "nobody-at-all")
    with pytest.raises(TrialError, match=r"JACK.*\.$"):
        try_player("jack", bars=1, bpm=400)
