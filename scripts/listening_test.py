"""A blind listening test: pairs of loops, one of them a drummer's. See docs/listening.md.

    .venv/bin/python -m scripts.listening_test make FOLDER [--pairs 8] [--seed 1]
    .venv/bin/python -m scripts.listening_test analyse FOLDER [FOLDER ...] [--json]

`make` fills a folder for the listener (loops/01-a.mid, loops/01-b.mid, ..., answers.csv) and writes the key
beside it, where the listener does not look. The two loops of a pair have the same tempo and length, the same
grain of velocity and time, and differ in nothing but their notes.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bridge.errors import GroovebridgeError
from bridge.groove import DrumLoop
from bridge.groove.midifile import save_loop
from bridge.model import Bundle, Model, Settings
from training.baselines import medians, nearest_loops
from training.corpus import Loops, load_split

KINDS = {
    "prior": "a loop that the model drew, at the app's temperature",
    "variation": "the drummer's loop, varied by the model at the app's temperature",
    "reconstruction": "the drummer's loop as the model plays it back, at temperature 0",
    "nearest": "the training loop with the most similar hits: a drummer's too, so answers should be chance",
    "flattened": "the drummer's hits on the grid, with each voice's median velocity: no touch, no feel",
}
"""What the other loop of a pair may be. The last two are controls: one cannot be heard, one can."""

COLUMNS = ("pair", "drummer", "prefer", "comment")
TICKS_PER_STEP = 120
"""The recordings' own ticks, to which all offsets are rounded: no grain gives the model's files away."""


class ListeningError(GroovebridgeError):
    """A test that cannot be made, or answers that cannot be read."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One pair of the key: what the other loop is, which one is the drummer's ("a" or "b"), and its tempo."""

    pair: int
    kind: str
    drummer: str
    bpm: float
    source: str


@dataclass(frozen=True, slots=True)
class Result:
    """How often the other loop of a kind was taken for the drummer's, or preferred.

    share      of the answers that chose it; interval: Wilson's, 95 %
    p_value    exact, two-sided, that chance alone (1/2) is as far from one half
    """

    kind: str
    question: str
    answers: int
    share: float
    interval: tuple[float, float]
    p_value: float


def make(folder: Path, corpus: Path, bundle: Path | None, pairs: int, seed: int) -> list[Pair]:
    """Write the test: `pairs` pairs of each kind in random order. The key, in the order of the pairs.

    ListeningError for a folder that is not empty, and for a test split with too few loops.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ListeningError(f"{folder} is not empty. Give a new folder.")
    truth = load_split(corpus, "test")
    loops, paths = truth.loops(stride_bars=4), [record.path for record in truth.records]
    draw = np.random.default_rng(seed)
    kinds = draw.permutation(np.repeat(list(KINDS), pairs))
    if len(loops) < len(kinds):
        raise ListeningError(
            f"{corpus} has {len(loops)} test loops, too few for {len(kinds)} pairs. Give a smaller --pairs."
        )
    chosen = _spread(loops.files, len(kinds), draw)
    made = list(_others(kinds.tolist(), chosen, loops, load_split(corpus, "train").loops(1), bundle, seed))
    key = []
    (folder / "loops").mkdir(parents=True, exist_ok=True)
    for number, (kind, index, other) in enumerate(zip(kinds, chosen, made, strict=True), start=1):
        side = "ab"[int(draw.integers(2))]
        bpm = float(loops.bpm[index])
        for name, loop in ((side, _loop(loops, index)), ("ba"["ab".index(side)], other)):
            save_loop(folder / "loops" / f"{number:02d}-{name}.mid", _grained(loop), bpm)
        key.append(Pair(number, str(kind), side, bpm, paths[loops.files[index]]))
    with (folder / "answers.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *([str(pair.pair), "", "", ""] for pair in key)])
    text = json.dumps([asdict(pair) for pair in key], indent=1)
    key_path(folder).write_text(text + "\n", encoding="utf-8")
    return key


def key_path(folder: Path) -> Path:
    """Where the key of a test lies: beside its folder."""
    return folder.with_name(folder.name + ".key.json")


def analyse(folders: Sequence[Path]) -> list[Result]:
    """What the answers in these tests' folders say, for each kind and question that has any.

    Empty answers are left out. ListeningError for a key or answers that cannot be read, naming the line.
    """
    chosen: dict[tuple[str, str], list[bool]] = {}
    for folder in folders:
        for pair, question, answer in _answers(folder / "answers.csv", _read_key(key_path(folder))):
            chosen.setdefault((pair.kind, question), []).append(answer != pair.drummer)
    return [
        Result(
            kind,
            question,
            len(found),
            sum(found) / len(found),
            wilson(sum(found), len(found)),
            p_value(sum(found), len(found)),
        )
        for question in ("drummer", "prefer")
        for kind in KINDS
        if (found := chosen.get((kind, question)))
    ]


def wilson(successes: int, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (Wilson, 1927); 0..1 without trials."""
    if not trials:
        return 0.0, 1.0
    share, spread = successes / trials, z * z / trials
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def p_value(successes: int, trials: int) -> float:
    """The exact binomial test against 1/2, two-sided."""
    fewer = min(successes, trials - successes)
    tail = sum(math.comb(trials, count) for count in range(fewer + 1))
    return min(1.0, 2 * tail / (1 << trials))


def _spread(files: Any, count: int, draw: np.random.Generator) -> list[int]:
    """`count` different loops, of as many files as there are: a second one of a file comes last."""
    order = draw.permutation(len(files))
    seen: dict[int, int] = {}
    turns = []
    for index in order:
        seen[int(files[index])] = seen.get(int(files[index]), 0) + 1
        turns.append(seen[int(files[index])])
    return [int(index) for index in order[np.argsort(turns, kind="stable")][:count]]


def _others(
    kinds: Sequence[str], chosen: Sequence[int], loops: Loops, learned: Loops, bundle: Path | None, seed: int
) -> Iterator[DrumLoop]:
    """The other loop of each pair."""
    model = Model(Bundle.load(bundle), "cpu")
    near = nearest_loops(learned.hits, loops.hits[list(chosen)])
    velocities, _ = medians(learned)
    noise = np.random.default_rng((seed, 1))
    for number, (kind, index) in enumerate(zip(kinds, chosen, strict=True)):
        loop = _loop(loops, index)
        settings = Settings(seed=seed, index=number)
        mu, sigma = model.encode(loop)
        if kind == "prior":
            yield model.loop(settings)
        elif kind == "variation":
            z = mu + sigma * noise.standard_normal(len(mu))
            yield model.decode(z.astype(np.float32), settings)
        elif kind == "reconstruction":
            yield model.decode(mu, Settings(temperature=0.0))
        elif kind == "nearest":
            yield _loop(learned, int(near[number]))
        else:
            yield DrumLoop(loop.hits, loop.hits * velocities, np.zeros_like(loop.offsets))


def _loop(loops: Loops, index: int) -> DrumLoop:
    return DrumLoop.of(loops.hits[index], loops.velocities[index], loops.offsets[index])


def _grained(loop: DrumLoop) -> DrumLoop:
    offsets = np.round(loop.offsets * TICKS_PER_STEP) / TICKS_PER_STEP
    return DrumLoop.of(loop.hits, loop.velocities, offsets)


def _read_key(path: Path) -> dict[int, Pair]:
    """The pairs by their number."""
    try:
        pairs = [Pair(**row) for row in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError) as error:
        raise ListeningError(
            f"{path} is not the key of a listening test. Give a folder that `make` wrote."
        ) from error
    return {pair.pair: pair for pair in pairs}


def _answers(path: Path, pairs: dict[int, Pair]) -> Iterator[tuple[Pair, str, str]]:
    """Pair, question and answer ("a" or "b") of each cell that a listener filled."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ListeningError(f"{path} cannot be read as a table. Give a filled answers.csv.") from error
    for line, row in enumerate(rows, start=2):
        number = (row.get("pair") or "").strip()
        if not number.isdecimal() or int(number) not in pairs:
            raise ListeningError(f"{path}, line {line}: there is no pair '{number}' in the key of this test.")
        for question in ("drummer", "prefer"):
            answer = (row.get(question) or "").strip().lower()
            if answer not in ("", "a", "b"):
                raise ListeningError(f"{path}, line {line}: '{answer}' should be a, b or nothing. Mend it.")
            if answer:
                yield pairs[int(number)], question, answer


def _report(results: Sequence[Result]) -> str:
    questions = {"drummer": "taken for the drummer's", "prefer": "preferred to the drummer's"}
    lines = []
    for result in results:
        low, high = (100 * bound for bound in result.interval)
        lines.append(
            f"{result.kind:15s} {questions[result.question]:27s} {100 * result.share:5.1f} % of "
            f"{result.answers:4d}  [{low:.1f}, {high:.1f}]  p = {result.p_value:.3f}"
        )
    return "\n".join(lines or ["No answers yet."])


def main() -> None:
    """Make a test, or analyse answers; a mistake is one sentence on stderr and exit code 1."""
    parser = argparse.ArgumentParser(description="A blind listening test; see docs/listening.md.")
    commands = parser.add_subparsers(dest="command", required=True)
    maker = commands.add_parser("make", help="pairs of loops, an answer sheet and a key")
    maker.add_argument("folder", type=Path)
    maker.add_argument("--pairs", type=int, default=8, help="pairs of each kind; default 8")
    maker.add_argument("--seed", type=int, default=1, help="another seed, other loops: one a listener")
    maker.add_argument("--corpus", type=Path, default=Path("data/corpus"))
    maker.add_argument("--bundle", type=Path, help="default: the shipped one")
    analyser = commands.add_parser("analyse", help="what the answers say")
    analyser.add_argument("folders", type=Path, nargs="+", help="tests whose answers.csv is filled")
    analyser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    try:
        if given.command == "make":
            if given.pairs < 1 or given.seed < 0:
                raise ListeningError("--pairs must be 1 or more, --seed 0 or more.")
            key = make(given.folder, given.corpus, given.bundle, given.pairs, given.seed)
            print(
                f"{given.folder} has {len(key)} pairs for the listener; the key is {key_path(given.folder)}."
            )
        else:
            results = analyse(given.folders)
            print(
                json.dumps([asdict(each) for each in results], indent=1) if given.json else _report(results)
            )
    except GroovebridgeError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
