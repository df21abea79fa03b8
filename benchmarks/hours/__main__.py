"""See the package."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections import Counter

from benchmarks.hours.many import live, lives


def main() -> int:
    """Run them; 1 if one broke."""
    parser = argparse.ArgumentParser(description="A player's simulated hours, with all that can happen.")
    parser.add_argument("--hours", type=float, default=10, help="how many (10)")
    parser.add_argument("--processes", type=int, default=1, help="beside each other (1)")
    parser.add_argument("--seed", type=int, default=0, help="which hours (0)")
    parser.add_argument("--life", type=int, help="only this life of the seed")
    wanted = parser.parse_args()
    tasks = list(lives(wanted.seed, wanted.hours)) if wanted.life is None else [(wanted.seed, wanted.life)]
    total: Counter[str] = Counter()
    most = 0
    done_h = cpu_s = 0.0
    broken = 0
    with multiprocessing.get_context("spawn").Pool(wanted.processes) as pool:
        for lived in pool.imap_unordered(live, tasks):
            most = max(most, lived.counts.pop("most objects", 0))
            total += lived.counts
            done_h += lived.hours
            cpu_s += lived.cpu_s
            if lived.story is not None:
                broken += 1
                print(lived.story, flush=True)
            print(
                f"{done_h:8.2f} h  {cpu_s / done_h:5.2f} s/h  {broken} broken  RSS {lived.rss_mb:.0f} MB  "
                f"objects at most {most}  {total['notes']} notes",
                flush=True,
            )
    for name, count in sorted(total.items()):
        print(f"{count:>14,}  {name}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
