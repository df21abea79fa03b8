"""What stands between the marks of docs/method.md: tables and numbers for `scripts.regions.fill`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from model_export.card import HEAD, cells
from scripts import ablation_tables
from scripts.listening_test import wilson
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
        "sampling": of_sampling,
        "sliders": of_sliders,
        "map": of_map,
        "curve": of_curve,
        "prior": of_prior,
    }
    found = of_listening()
    for name, make in makers.items():
        if name in measured:
            found |= {f"{name}.{key}": text for key, text in make(measured[name]).items()}
    if "ablation" in measured:
        found |= ablation_tables.contents(measured["ablation"]["runs"])
    return found


def of_listening() -> dict[str, str]:
    """How wide the interval of so many answers is at one half, in points to each side."""
    widths = {answers: wilson(answers // 2, answers)[1] - 0.5 for answers in (24, 80, 240)}
    return {f"listening.width_{answers}": f"{100 * width:.0f}" for answers, width in widths.items()}


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
        "touches": f"{2 * corpus['hits_a_loop']:.0f}",
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
        "merged_ms": median(grid["merged"]["apart_ms"], 0),
        "merged_velocity": median(grid["merged"]["velocity"], 2),
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


def median(quantiles: Sequence[float], digits: int) -> str:
    """The middle one of five quantiles, - where there are none."""
    return f"{quantiles[2]:.{digits}f}" if quantiles else "-"


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


def of_sliders(measured: Json) -> dict[str, str]:
    """What the named sliders do, cold and warm: see `model_export.calibrate.measure_sliders`."""
    cold, warm = (measured["temperatures"][key] for key in sorted(measured["temperatures"], key=float))
    rows = [
        (
            name,
            f"{row['spearman']:.2f}",
            f"{warm[name]['spearman']:.2f}",
            percent(row["firm"], 0),
            percent(row["still"], 0),
            f"{row['movement']:.1f}",
            f"{warm[name]['movement']:.1f}",
            f"{row['others'][row['worst']]:.2f} ({row['worst']})",
            f"{warm[name]['others'][warm[name]['worst']]:.2f} ({warm[name]['worst']})",
        )
        for name, row in cold.items()
    ]
    head = ("slider", "Spearman", "warm", "0.9 or more", "still", "own", "warm", "largest other", "warm")
    return {
        "table": table(head, rows),
        "loops": f"{measured['loops']}",
        "positions": f"{measured['positions']}",
        "split": f"{measured['split']}",
    }


def of_map(measured: Json) -> dict[str, str]:
    """What the map is worth: see `model_export.map.measure_map`."""
    near, travel, grid = measured["neighbours"], measured["travel"], measured["grid"]
    kinds = {
        "real": "the loops as played",
        "own": "played back at their points",
        "map": "all over the square",
    }
    names = list(grid["map"])
    habits = [
        (
            label,
            f"{grid[kind]['hits']:.0f}",
            *(percent(grid[kind][name], 1) for name in names if name != "hits"),
        )
        for kind, label in kinds.items()
    ]
    neighbours = [
        (label, f"{near[key]:.0f}", f"{near[f'{key}_elsewhere']:.0f}" if f"{key}_elsewhere" in near else "-")
        for key, label in (("map", "on the map"), ("latent", "in z"), ("random", "any two loops"))
    ]
    return {
        "loops": f"{measured['loops']}",
        "side": f"{grid['side']}",
        "neighbours_table": table(("five nearest", "cells apart", "of other files"), neighbours),
        "travel": f"{travel['mean']:.1f}",
        "travel_p95": f"{travel['p95']:.0f}",
        "step": f"{travel['step']:g}",
        "habits_table": table(
            ("loops", "hits", *(name.replace("_", " ") for name in names if name != "hits")), habits
        ),
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
    found |= {name: f"{value:.0f}" for name, value in evaluation["details"].items()}
    return found


def of_sampling(sampling: Json) -> dict[str, str]:
    """What the bundle draws beside real loops: see `training.bundled.Sampling`."""
    tests = sampling["two_sample"]
    found = {
        "drawn": f"{sampling['loops']}",
        "temperature": f"{sampling['temperature']:g}",
        "two_sample_table": two_sample_table(tests),
        "temperature_table": temperature_table(sampling["by_temperature"]),
        "tells_table": tells_table(tests[0]["tells"]),
        "attributes_table": attributes_table(sampling["attributes"]),
        "validity_table": share_table(sampling["validity"], 100, 1),
        "nearest_table": nearest_table(sampling["nearest"]),
        "prior_told": f"{tests[0]['accuracy']:.3f}",
    }
    ways = sampling["interpolation"]["ways"]
    found |= {f"longest_{name}": f"{way['longest']:.2f}" for name, way in ways.items()}
    found |= {
        f"middle_{name}": f"{way['nearest'][len(way['nearest']) // 2]:.0f}" for name, way in ways.items()
    }
    found["end_nearest"] = f"{ways['coin']['nearest'][0]:.0f}"
    found["pairs"] = f"{sampling['interpolation']['pairs']}"
    if sampling["style"]:
        found["style_table"] = style_table(sampling["style"])
    return found


SAMPLES = {
    "real": "real loops (test)",
    "prior": "drawn from the prior",
    "around": "around real loops",
    "reconstruction": "reconstructions",
    "reconstruction_still": "reconstructions at temperature 0",
    "training": "training loops",
}
"""What `training.bundled` calls its samples, in words."""


def two_sample_table(tests: Sequence[Json]) -> str:
    """How well each sample is told from another."""
    rows = [
        (
            f"{SAMPLES[test['drawn']]} against {SAMPLES[test['real']]}",
            "{:.3f} [{:.3f}, {:.3f}]".format(test["accuracy"], *test["interval"]),
            test["classifier"],
            *(f"{test['by_classifier'][name]:.3f}" for name in ("logistic", "boosting", "forest")),
            f"{test['hits_alone']:.3f}",
        )
        for test in tests
    ]
    return table(("", "told apart", "by", "logistic", "boosting", "forest", "hits alone"), rows)


def temperature_table(tests: Sequence[Json]) -> str:
    """How well prior draws are told from real loops at each temperature."""
    rows = [
        (
            f"{each['temperature']:g}",
            "{:.3f} [{:.3f}, {:.3f}]".format(each["two_sample"]["accuracy"], *each["two_sample"]["interval"]),
            f"{each['two_sample']['hits_alone']:.3f}",
        )
        for each in tests
    ]
    return table(("temperature", "told apart", "hits alone"), rows)


def tells_table(tells: Sequence[Json]) -> str:
    """By what draws are told from real loops."""
    rows = [
        (tell["feature"], f"{tell['auc']:.2f}", f"{tell['drawn']:.3f}", f"{tell['real']:.3f}")
        for tell in tells
    ]
    return table(("feature", "area under the curve", "drawn", "real"), rows)


def attributes_table(samples: Mapping[str, Mapping[str, Json]]) -> str:
    """Attributes of the samples: mean and deviation of the real ones, then distances from them."""
    others = [name for name in samples if name != "real"]
    rows = [
        (
            name,
            f"{real['mean']:.3f} ± {real['std']:.3f}",
            f"{samples['prior'][name]['mean']:.3f} ± {samples['prior'][name]['std']:.3f}",
            *(f"{samples[other][name]['distance']:.2f}" for other in others),
        )
        for name, real in samples["real"].items()
    ]
    return table(("attribute", "real", "prior", *(f"{SAMPLES[name]}" for name in others)), rows)


def share_table(samples: Mapping[str, Json], scale: float, digits: int) -> str:
    """Shares of the samples, a row each."""
    names = list(next(iter(samples.values())))
    rows = [
        (SAMPLES[name], *(f"{scale * shares[key]:.{digits}f} %" for key in names))
        for name, shares in samples.items()
    ]
    return table(("", *(name.replace("_", " ") for name in names)), rows)


def nearest_table(samples: Mapping[str, Json]) -> str:
    """How many cells lie between loops and the nearest training loop."""
    rows = [
        (SAMPLES[name], f"{each['median']:.0f}", f"{each['percentile_5']:.0f}", percent(each["copies"], 1))
        for name, each in samples.items()
    ]
    return table(("", "median, cells", "5th percentile", "copies"), rows)


def style_table(style: Json) -> str:
    """How often a classifier names the style, of real loops and of draws."""
    rows = [
        ("real loops of the split", "{:.3f} [{:.3f}, {:.3f}]".format(style["real"], *style["real_interval"])),
        ("draws with a style", "{:.3f} [{:.3f}, {:.3f}]".format(style["drawn"], *style["drawn_interval"])),
        ("chance", f"{style['chance']:.3f}"),
    ]
    rows += [(f"draws: {name}", f"{share:.3f}") for name, share in style["by_style"].items()]
    return table(("", "named right"), rows)


def of_prior(prior: Json) -> dict[str, str]:
    """The fitted prior, as `scripts.method_prior` measured it."""
    rows = [(name, f"{nats:.1f}", f"{nats / prior['latent']:.3f}") for name, nats in prior["nats"].items()]
    return {
        "nats_table": table(("prior", "nats a loop", "a coordinate"), rows),
        "styles": ", ".join(prior["styles"]) or "none",
        "style_count": f"{len(prior['styles'])}",
        "components": f"{prior['components']:,}",
        "loops": f"{prior['loops']:,}",
    }


def reconstruction_table(rows: Sequence[Json]) -> str:
    """The rows of an evaluation, with intervals for shares and matched errors in brackets."""
    names = {"all loops": "**the model, all loops**"}
    return table(HEAD, [(names.get(str(row["name"]), str(row["name"])), *cells(row)) for row in rows])


def of_curve(runs: Sequence[Json]) -> dict[str, str]:
    """The runs among which the point between reconstruction and prior was chosen: see `training.curve`."""
    ordered = sorted(runs, key=lambda run: float(run["validation"]["kl"]))
    rows = [
        (
            run["name"],
            f"{run['latent']}",
            f"{run['validation']['kl']:.0f}",
            *(f"{run['validation'][name]:.3f}" for name in ("f1", "macro_f1", "exact_step", "forced_exact")),
            *(f"{run['validation'][name]:.3f}" for name in ("told_apart", "told_apart_standard_normal")),
        )
        for run in ordered
    ]
    head = (
        "run",
        "Z",
        "KL, nats",
        "F1",
        "macro-F1",
        "exact step",
        "told the truth",
        "told apart",
        "with N(0, 1)",
    )
    return {"table": table(head, rows), "epochs": f"{runs[0]['epochs']}" if runs else "-"}
