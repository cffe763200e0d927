"""Many foreign organisations: `python tests/foreign/run.py --count 2000`, or one again with `--seed 17`.

Every organisation follows from its seed. What was wrong is told once a kind, with the seeds that show it; for one
seed, `--shrink` names the few decisions of the generator that the fault needs (the others made ordinary).
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from foreign.asking import Bench
from foreign.checking import Report, check_organisation
from foreign.draw import shrunk
from foreign.open_faults import OPEN, known

PART = 20
SHOWN_SEEDS = 5
_TOLD = 400


def main() -> int:
    """1 where anything was wrong that is not known."""
    arguments = _arguments()
    for name in [name for name in os.environ if name.startswith("AEP_")]:
        del os.environ[name]
    if arguments.seed is not None:
        return _one(arguments.seed, shrink=arguments.shrink)
    seeds = range(arguments.start, arguments.start + arguments.count)
    print(f"seeds {seeds.start} to {seeds.stop - 1}, {arguments.processes} processes", flush=True)
    return _many(seeds, arguments.processes)


def check(seeds: list[int], plain: frozenset[str] = frozenset()) -> list[Report]:
    """Some organisations, in a process of the pool."""
    logging.lastResort = None
    return asyncio.run(_check(seeds, plain))


async def _check(seeds: list[int], plain: frozenset[str]) -> list[Report]:
    async with Bench().open() as bench:
        return [await check_organisation(bench, seed, plain) for seed in seeds]


def _many(seeds: range, processes: int) -> int:
    began, wrong = time.monotonic(), 0
    shown: dict[str, list[int]] = defaultdict(list)
    first: dict[str, str] = {}
    answers = flows = runs = 0
    varied: set[str] = set()
    with ProcessPoolExecutor(processes) as pool:
        parts = [list(seeds[start : start + PART]) for start in range(0, len(seeds), PART)]
        for number, report in enumerate((one for part in pool.map(check, parts) for one in part), 1):
            answers, flows, runs = answers + report.answers, flows + report.flows, runs + report.runs
            varied |= {point.rsplit(".", 1)[-1] for point in report.varied}
            wrong += bool(report.found)
            for kind, where in report.found:
                if kind not in first:
                    print(f"seed {report.seed}: {kind}", flush=True)
                shown[kind].append(report.seed)
                first.setdefault(kind, where)
            if number % 100 == 0:
                print(f"{number} organisations, {wrong} with faults of {len(shown)} kinds", flush=True)
    for kind in sorted(shown, key=lambda kind: -len(shown[kind])):
        pattern = known(kind)
        print(f"\n{kind}{f' (known: {OPEN[pattern]})' if pattern else ''}")
        print(
            f"  {len(shown[kind])} organisations, seeds {shown[kind][:SHOWN_SEEDS]}\n  {first[kind][:_TOLD]}"
        )
    took = time.monotonic() - began
    print(
        f"\n{len(seeds)} organisations ({flows} flows, {runs} runs, {len(varied)} kinds of decisions out of the "
        f"ordinary), {answers} answers in {took:.0f} s: {wrong} organisations with faults, {len(shown)} kinds of faults"
    )
    for pattern in set(OPEN) - {known(kind) for kind in shown}:
        print(f"known and not seen any more: {pattern}")
    return 1 if any(known(kind) is None for kind in shown) else 0


def _one(seed: int, *, shrink: bool) -> int:
    [report] = check([seed])
    print(
        f"seed {seed}: {report.flows} flows, {report.runs} runs, {report.answers} answers, {report.requests} requests"
    )
    for kind, where in report.found:
        print(f"\n{kind}\n  {where}")
        if shrink:
            needed = shrunk(lambda plain, kind=kind: _shows(seed, plain, kind), set(report.varied))  # type: ignore[misc]
            print(f"  needs: {', '.join(sorted(needed)) or 'nothing out of the ordinary'}")
    return 1 if report.found else 0


def _shows(seed: int, plain: frozenset[str], kind: str) -> bool:
    return kind in check([seed], plain)[0].kinds


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="this organisation alone")
    parser.add_argument("--shrink", action="store_true", help="with --seed: which decisions each fault needs")
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
