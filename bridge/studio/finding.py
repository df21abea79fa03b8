"""What an examination of this machine finds, one thing at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Verdict(Enum):
    """What a finding means for playing."""

    GOOD = "good"
    LIMITED = "limited"  # it plays, but less well or less comfortably than it could
    BROKEN = "broken"  # it cannot play


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: its name, what it means, a sentence, and the figures behind it."""

    name: str
    verdict: Verdict
    text: str
    figures: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The finding as values that JSON has."""
        return {"name": self.name, "verdict": self.verdict.value, "text": self.text, **self.figures}
