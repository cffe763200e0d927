"""How many a day: over processes, restarts, rotation and replicas; what cannot be counted is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import anyio
import pytest

from aep_flow_mcp.guard.execution.audit import Audit
from aep_flow_mcp.guard.execution.verifying import verify
from aep_flow_mcp.guard.rules.counting import CountError, Counts, LogCounts, NoCounts, StoreCounts
from aep_flow_mcp.store.kept import StoreDown
from aep_flow_mcp.store.memory import MemoryStore

TODAY, TOMORROW = date(2026, 3, 2), date(2026, 3, 3)


@pytest.fixture(params=["store", "log"])
def counts(request: pytest.FixtureRequest, audit_file: Path) -> Counts:
    if request.param == "log":
        Audit(audit_file).check()
        return LogCounts(Audit(audit_file), audit_file)
    return StoreCounts(MemoryStore(), "counts")


async def test_a_rule_a_person_and_a_day_have_a_count_of_their_own(counts: Counts) -> None:
    assert await counts.take("r", "ada", TODAY, 2)
    assert await counts.take("r", "ada", TODAY, 2)
    assert not await counts.take("r", "ada", TODAY, 2)
    assert await counts.used("r", "ada", TODAY) == 2
    for rule, who, day in (("other", "ada", TODAY), ("r", "bob", TODAY), ("r", "ada", TOMORROW)):
        assert await counts.used(rule, who, day) == 0
        assert await counts.take(rule, who, day, 1)


async def test_of_many_at_once_no_more_than_the_limit_get_a_place(counts: Counts) -> None:
    taken: list[bool] = []

    async def one() -> None:
        taken.append(await counts.take("r", "ada", TODAY, 3))

    async with anyio.create_task_group() as group:
        for _ in range(12):
            group.start_soon(one)
    assert sum(taken) <= 3
    assert len(taken) == 12


def test_processes_count_together_in_one_log(audit_file: Path) -> None:
    code = (
        "import sys, anyio; from datetime import date; from pathlib import Path\n"
        "from aep_flow_mcp.guard.execution.audit import Audit\n"
        "from aep_flow_mcp.guard.rules.counting import LogCounts\n"
        "path = Path(sys.argv[1]); counts = LogCounts(Audit(path), path)\n"
        "print(sum(anyio.run(counts.take, 'r', 'ada', date(2026, 3, 2), 10) for _ in range(8)))"
    )
    Audit(audit_file).check()
    command = [sys.executable, "-c", code, str(audit_file)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=120)[0] for process in running]
    assert sum(map(int, said)) == 10
    assert verify([audit_file]).good


async def test_after_rotation_the_day_is_not_over(audit_file: Path) -> None:
    counts = LogCounts(Audit(audit_file), audit_file)
    Audit(audit_file).check()
    for number in range(3):
        assert await counts.take("r", "ada", TODAY, 3)
        moved = audit_file.with_name(f"audit.jsonl-{number}")
        os.rename(audit_file, moved)
        os.utime(moved, (1_000 + number,) * 2)
        assert await counts.used("r", "ada", TODAY) == number + 1
        await Audit(audit_file).write({"event": "declined"})
    assert await counts.used("r", "ada", TODAY) == 3
    assert not await counts.take("r", "ada", TODAY, 3)


async def test_what_cannot_be_counted_is_an_error(tmp_path: Path) -> None:
    class Down(MemoryStore):
        async def count(self, *_: Any, **__: Any) -> int:
            raise StoreDown("the store does not answer")

    for broken in (StoreCounts(Down(), "counts"), LogCounts(Audit(tmp_path), tmp_path), NoCounts()):
        with pytest.raises(CountError):
            await broken.used("r", "ada", TODAY)
        with pytest.raises(CountError):
            await broken.take("r", "ada", TODAY, 1)
