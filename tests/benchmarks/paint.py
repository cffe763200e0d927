"""How long a board takes from its data to what is seen, against an empty one in the same run; needs Chromium."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

import anyio

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from aep_flow_mcp.apps.pages import HEALTH
from aep_flow_mcp.board.file import with_data
from apps.stage import board
from support.chromium import CHROMIUM, DRIVER, Chromium, running_driver, window

ROUNDS = 7
_MEASURE = "return performance.measure('shown', 'data', 'painted').duration"


async def painted(chromium: Chromium, folder: Path, flows: int) -> float:
    """Milliseconds from the data to the paint after it, the median of some rounds."""
    file = folder / f"{flows}.html"
    file.write_text(with_data(HEALTH, {}, board(flows)), "utf-8")
    times = []
    for _ in range(ROUNDS):
        await chromium.open(file.as_uri())
        await chromium.holds("return performance.getEntriesByName('painted').length > 0")
        times.append(float(await chromium.script(_MEASURE)))
    return statistics.median(times)


async def main() -> None:
    with running_driver() as driver, tempfile.TemporaryDirectory() as folder:
        async with window(driver, Path(folder) / "profile") as chromium:
            await chromium.size(1_000)
            empty, fifty, many = [await painted(chromium, Path(folder), flows) for flows in (0, 50, 1_000)]
    print(f"board of 0, 50 and 1,000 flows painted: {empty:.0f}, {fifty:.0f}, {many:.0f} ms after its data")
    print(f"50 flows against none: {fifty / empty:.1f} times")


if __name__ == "__main__":
    if DRIVER is None or CHROMIUM is None:
        sys.exit("no Chromium on this machine (Debian: apt-get install chromium chromium-driver)")
    anyio.run(main)
