"""Three-way merge of what is at the desk: a change that was made then, made to what there is now.

    old ---- a change ----> new
     |                       |
     | a ride went on        | a ride went on
     v                       v
    now' <--- taken back -- now

What the change did not touch stays as it is now. Where nothing else went on, `now` is `new`, and the change
taken back gives `old` itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from bridge.model import Settings
from bridge.studio.sketch import Sketch

T = TypeVar("T")
K = TypeVar("K")


def merged(now: T, old: T, new: T) -> T:
    """`new` where the change from `old` made another value of it, else `now`."""
    return now if old == new else new


def merged_map(now: Mapping[K, T], old: Mapping[K, T], new: Mapping[K, T]) -> dict[K, T]:
    """The same key by key; one that came or went comes or goes. The order is that of `new` where nothing else
    changed, else that of `now`, and what comes is last.
    """
    if now == old:
        return dict(new)
    result = {key: value for key, value in now.items() if key in new or key not in old}
    result |= {key: value for key, value in new.items() if key not in old or old[key] != value}
    return result


def merged_settings(now: Settings, old: Settings, new: Settings) -> Settings:
    """The same setting by setting and slider by slider."""
    return replace(
        now,
        seed=merged(now.seed, old.seed, new.seed),
        index=merged(now.index, old.index, new.index),
        temperature=merged(now.temperature, old.temperature, new.temperature),
        style=merged(now.style, old.style, new.style),
        axes=merged_map(now.axes, old.axes, new.axes),
        sliders=merged_map(now.sliders, old.sliders, new.sliders),
    )


def merged_sketch(now: Sketch, old: Sketch, new: Sketch) -> Sketch:
    """The same part by part: settings, origin, lock by lock, cell by cell."""
    return replace(
        now,
        settings=merged_settings(now.settings, old.settings, new.settings),
        origin=merged(now.origin, old.origin, new.origin),
        locks=merged_map(now.locks, old.locks, new.locks),
        touches=merged_map(now.touches, old.touches, new.touches),
    )
