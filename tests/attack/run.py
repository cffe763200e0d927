"""The second attack: `python tests/attack/run.py --attempts 50000`, or one story again with `--seed 17`."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from attack.moves import MOVES
from attack.pages import visit
from attack.story import Report, Story
from support.instant import in_no_time

MOVES_IN_A_STORY = 120
PART = 10


def tell(seed: int, moves: int = MOVES_IN_A_STORY) -> Report:
    """One story, from its seed."""

    async def whole() -> Report:
        story = Story(seed, visit)
        await story.start()
        choices, weights = zip(*MOVES, strict=True)
        # A page takes real time, and is attacked several times.
        for _ in range(moves // 4 if story.mode == "browser" else moves):
            await story.rng.choices(choices, weights)[0](story)
        return await story.end()

    return in_no_time(whole)


def part(seeds: list[int]) -> tuple[list[Report], float]:
    """Some stories, in a process of the pool, and the seconds of CPU that they took."""
    logging.disable(logging.CRITICAL)
    for name in [name for name in os.environ if name.startswith("AEP_")]:
        del os.environ[name]
    began = time.process_time()
    return [tell(seed) for seed in seeds], time.process_time() - began


def main() -> int:
    """1 where anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attempts", type=int, default=50_000)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    if arguments.seed is not None:
        reports, seconds = part([arguments.seed])
        print("\n".join(reports[0].told))
        return _told(reports, seconds, time.process_time())
    began, seconds = time.monotonic(), 0.0
    reports = []
    with ProcessPoolExecutor(arguments.processes) as pool:
        start = arguments.start
        while sum(report.attempts.total() for report in reports) < arguments.attempts:
            parts = [list(range(at, at + PART)) for at in range(start, start + PART * 8, PART)]
            start += PART * 8
            for found, took in pool.map(part, parts):
                reports += found
                seconds += took
                print(
                    f"{sum(one.attempts.total() for one in reports):,} attempts", file=sys.stderr, flush=True
                )
    return _told(reports, seconds, time.monotonic() - began)


def _told(reports: list[Report], seconds: float, elapsed: float) -> int:
    attempts: Counter[str] = sum((report.attempts for report in reports), Counter())
    faults: Counter[str] = sum((report.faults for report in reports), Counter())
    ends: Counter[str] = sum((report.ends for report in reports), Counter())
    for title, counted in (("tried", attempts), ("faults of the service", faults), ("ends", ends)):
        print(f"{title}:")
        for name, count in sorted(counted.items()):
            print(f"  {count:7,} {name}")
    wrong = [report for report in reports if report.found]
    for report in wrong:
        print(f"seed {report.seed} ({report.mode}):")
        for sentence in report.found:
            print(f"  {sentence}")
    total = attempts.total()
    print(f"{sum(report.enveloped for report in reports):,} calls through call_tool")
    print(
        f"{total:,} attempts in {len(reports)} stories, {seconds:.0f} s of CPU, {elapsed:.0f} s; "
        f"{total / seconds:.0f} attempts a second of CPU; {len(wrong)} stories with faults"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
