"""What stands between the marks of docs/method.md: tables and numbers for `scripts.regions.fill`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scripts.regions import table

Json = Mapping[str, Any]
SHARES = ("f1", "macro_f1", "exact_step")
GRID_NAMES = {
    "2": "eighths",
    "3": "eighth triplets",
    "4": "**sixteenths**",
    "6": "sixteenth triplets",
    "8": "32nds",
    "12": "48ths",
}


SETTINGS = {
    "free_nats": "$F$, free nats",
    "beta": "$\\beta$, cost of each further nat",
    "beta_steps": "steps over which it rises from 0",
    "expression": "$w$, weight of velocities and offsets",
    "input_dropout": "share of his previous steps hidden from the drummer",
    "rate": "peak learning rate",
    "weight_decay": "weight decay",
    "warm_up": "steps of warm-up",
    "clip": "gradient norm at most",
    "average": "decay of the averaged weights, a step",
    "batch": "loops a step",
    "epochs": "epochs until the best on validation",
    "seed": "seed",
}
AUGMENTATIONS = {
    "rotate": "*rotate*: start at another bar (share of the loops)",
    "borrow": "*borrow*: play feet, snare, cymbals or toms as another loop does (share)",
    "splice": "*splice*: play one bar as another loop does (share)",
    "swap": "*swap*: hi-hat and ride change places (share)",
    "silence": "*silence*: leave one voice out (share)",
    "dynamics": "*dynamics*: louder or softer as a whole (deviation of log velocity)",
    "touch": "*touch*: each hit a little harder or softer (deviation)",
    "feel": "*feel*: later or earlier as a whole (deviation, steps)",
    "timing": "*timing*: each hit a little later or earlier (deviation, steps)",
}


def contents(measured: Json) -> dict[str, str]:
    """All regions of all that was measured; see `scripts.method_figures.MEASURED`."""
    makers: dict[str, Callable[[Any], dict[str, str]]] = {
        "data": of_data,
        "bundle": of_bundle,
        "evaluation": of_evaluation,
        "curve": of_curve,
    }
    found: dict[str, str] = {}
    for name, make in makers.items():
        if name in measured:
            found |= {f"{name}.{key}": text for key, text in make(measured[name]).items()}
    return found


def of_data(data: Json) -> dict[str, str]:
    """The dataset, as `scripts.method_data` measured it."""
    grid, voices, leaks = data["grid"], data["voices"], data["leaks"]
    everything, corpus, combinations = data["all_files"], data["corpus"], data["combinations"]
    splits = data["splits"]
    return {
        "all_files": f"{everything['files']:,}",
        "all_hours": f"{everything['hours']:.1f}",
        "fills": f"{everything['fills']}",
        "other_metres": f"{everything['beats_in_other_metres']}",
        "files": f"{corpus['files']}",
        "hours": f"{corpus['hours']:.1f}",
        "hits": f"{corpus['hits']:,}",
        "hits_a_loop": f"{corpus['hits_a_loop']:.0f}",
        "drummers": f"{corpus['drummers']}",
        "top_drummers": percent(top_share(data["drummers"], 4), 0),
        "styles": f"{len(data['styles'])}",
        "top_styles": percent(top_share(data["styles"], 3), 0),
        "bpm_low": f"{data['tempi']['range'][0]:.0f}",
        "bpm_high": f"{data['tempi']['range'][1]:.0f}",
        "bpm_middle": f"{data['tempi']['bpm'][2]:.0f}",
        "four_voices": percent(
            sum(voices[name]["share"] for name in ("kick", "snare", "closed_hat", "ride")), 0
        ),
        "early_ms": f"{-median_late(voices):.0f}",
        "full": percent(sum(each["full_share"] * each["share"] for each in voices.values()), 0),
        "ghosts": percent(voices["snare"]["soft_share"], 0),
        "late_place": percent(data["explained"]["late_ms"]["place"], 0),
        "late_file": percent(data["explained"]["late_ms"]["file"], 0),
        "late_both": percent(data["explained"]["late_ms"]["both"], 0),
        "velocity_place": percent(data["explained"]["velocity"]["place"], 0),
        "velocity_file": percent(data["explained"]["velocity"]["file"], 0),
        "velocity_both": percent(data["explained"]["velocity"]["both"], 0),
        "combinations": f"{combinations['used']}",
        "silent": percent(combinations["silent_share"], 0),
        "covered_64": percent(combinations["sizes"]["64"], 1),
        "unplayable": percent(max(combinations["unplayable"].values()), 2),
        "equal_bars": percent(data["repetition"]["equal_to_former"], 1),
        "taken": percent(grid["grids"]["4"]["taken"], 1),
        "merged_ms": f"{grid['merged']['apart_ms'][2]:.0f}",
        "merged_velocity": f"{grid['merged']['velocity'][2]:.2f}",
        "merged_snare": percent(
            grid["merged"]["by_voice"]["snare"] / max(1, sum(grid["merged"]["by_voice"].values())), 0
        ),
        "edge": percent(grid["edge"], 1),
        "pitches": f"{grid['pitches']}",
        "folded": percent(grid["folded"], 0),
        "test_drummers": f"{leaks['test_drummers_in_train']} of {leaks['test_drummers']}",
        "test_sessions": f"{leaks['test_sessions_in_train']} of {leaks['test_sessions']}",
        "test_loops_in_train": f"{leaks['test_loops_in_train']}",
        "eval_session": f"{leaks['eval_session_loops']}",
        "test_loops": f"{splits['test']['loops_apart']}",
        "split_table": split_table(splits),
        "voice_table": voice_table(voices, sum_bars(data)),
        "grid_table": grid_table(grid["grids"]),
    }


def percent(share: float, digits: int) -> str:
    """A share as a percentage."""
    return f"{100 * share:.{digits}f} %"


def top_share(rows: Mapping[str, Json], count: int) -> float:
    """The share of the hours that the longest rows have."""
    hours = sorted((row["hours"] for row in rows.values()), reverse=True)
    return float(sum(hours[:count]) / max(sum(hours), 1e-9))


def median_late(voices: Mapping[str, Json]) -> float:
    """The voices' median lateness, weighted by their hits, in milliseconds."""
    told = [(voice["late_ms"][2], voice["hits"]) for voice in voices.values() if voice["late_ms"]]
    return float(sum(late * hits for late, hits in told) / max(1, sum(hits for _, hits in told)))


def sum_bars(data: Json) -> float:
    """Bars of the corpus: what the voices' shares of bars were taken of."""
    kick = data["voices"]["kick"]
    return float(kick["hits"] / max(sum(kick["by_step"]), 1e-9))


def split_table(splits: Mapping[str, Json]) -> str:
    """Files, hours and loops of the splits."""
    lines = (
        ("files", "files", "{:,}"),
        ("of these, shorter than four bars", "too_short", "{:,}"),
        ("hours", "hours", "{:.1f}"),
        ("loops, one every bar", "loops_every_bar", "{:,}"),
        ("loops without overlap", "loops_apart", "{:,}"),
        ("hits", "hits", "{:,}"),
    )
    rows = [(name, *(form.format(split[key]) for split in splits.values())) for name, key, form in lines]
    return table(("", *splits), rows)


def voice_table(voices: Mapping[str, Json], bars: float) -> str:
    """How often, how hard and how late each voice is played."""
    rows = [
        (
            name.replace("_", " "),
            percent(voice["share"], 1),
            f"{voice['hits'] / bars:.2f}",
            within(voice["velocity"], 2),
            within(voice["late_ms"], 0),
        )
        for name, voice in voices.items()
    ]
    return table(("voice", "of the hits", "hits a bar", "velocity", "lateness, ms"), rows)


def within(spread: Sequence[float], digits: int) -> str:
    """The median of five quantiles, with the 5th and 95th percentile."""
    if not spread:
        return "-"
    low, _, middle, _, high = (f"{value:.{digits}f}" for value in spread)
    return f"{middle} ({low} to {high})"


def grid_table(grids: Mapping[str, Json]) -> str:
    """What finer and coarser grids would take away."""
    rows = [
        (
            GRID_NAMES[steps],
            f"{4 * int(steps)}",
            percent(grid["taken"], 1),
            f"{grid['away_ms'][2]:.0f}",
            f"{grid['away_ms'][4]:.0f}",
        )
        for steps, grid in grids.items()
    ]
    head = ("grid", "steps a bar", "hits in a taken cell", "distance to the grid, ms: median", "95 %")
    return table(head, rows)


def of_bundle(manifest: Json) -> dict[str, str]:
    """The shipped bundle's sizes, and how it was trained."""
    training = manifest["provenance"]["training"]
    settings = {
        **training.get("objective", {}),
        **training.get("optimisation", {}),
        **{name: training[name] for name in ("batch", "epochs", "seed") if name in training},
    }
    return {
        "latent": f"{manifest['latent_size']}",
        "choices": f"{manifest['choices']}",
        "objective_table": settings_table(settings, SETTINGS),
        "augmentation_table": settings_table(training.get("augmentation", {}), AUGMENTATIONS),
    }


def settings_table(settings: Json, about: Mapping[str, str]) -> str:
    """Settings with what they mean; those that `about` does not name are left out."""
    rows = [(about[name], f"{settings[name]:g}") for name in about if name in settings]
    return table(("setting", "value"), rows)


def of_evaluation(evaluation: Json) -> dict[str, str]:
    """What `python -m training evaluate --json` measured."""
    rows = {row["name"]: row for row in evaluation["rows"]}
    found = {
        "reconstruction_table": reconstruction_table(evaluation["rows"]),
        "loops": f"{evaluation['loops']}",
        "files": f"{evaluation['files']}",
    }
    if "all loops" in rows:
        found |= {name: f"{rows['all loops']['measures'][name]:.3f}" for name in SHARES}
    return found


def reconstruction_table(rows: Sequence[Json]) -> str:
    """The rows of an evaluation, with intervals for shares and matched errors in brackets."""

    def share(row: Json, name: str) -> str:
        if name not in row["measures"]:
            return "-"
        low, high = row["interval"][name]
        return f"{row['measures'][name]:.3f} [{low:.3f}, {high:.3f}]"

    def error(row: Json, name: str, digits: int) -> str:
        if name not in row["measures"]:
            return "-"
        measures = row["measures"]
        return f"{measures[name]:.{digits}f} ({measures[f'{name}_matched']:.{digits}f})"

    cells = [
        (
            "**the model, all loops**" if row["name"] == "all loops" else row["name"],
            f"{row['loops']}",
            *(share(row, name) for name in SHARES),
            error(row, "velocity_mae", 3),
            error(row, "offset_ms", 1),
        )
        for row in rows
    ]
    return table(("", "loops", "F1", "macro-F1", "exact step", "velocity MAE", "offset MAE, ms"), cells)


def of_curve(runs: Sequence[Json]) -> dict[str, str]:
    """The runs among which the point between reconstruction and prior was chosen."""
    rows = [
        (
            run["name"],
            f"{run['free_nats']:g}",
            f"{run['latent']}",
            f"{run['epochs']}",
            f"{run['validation']['kl']:.0f}",
            *(f"{run['validation'][name]:.3f}" for name in ("f1", "exact_step", "forced_exact")),
            f"{run['validation']['hit_nats']:.1f}",
        )
        for run in sorted(runs, key=lambda run: run["validation"]["kl"])
    ]
    head = ("run", "free nats", "Z", "epochs", "KL", "F1", "exact step", "told the truth", "hits, nats")
    return {"table": table(head, rows)}
