"""What a plan costs when nothing has changed: requests, against the first index of find_flows; memory; and what a
process imports for it."""

from __future__ import annotations

import functools
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import anyio

from aep_flow_mcp.app import App
from aep_flow_mcp.command_settings import emulator_settings
from aep_flow_mcp.documents.text import read, written
from aep_flow_mcp.emulator import Emulator, EmulatorOptions, Scale
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.gathering import times
from aep_flow_mcp.gathering.flow_index import read_index
from aep_flow_mcp.gathering.whole_lists import Reading
from aep_flow_mcp.planning.as_code.whole import Kept, WholePlan, export_documents, plan_documents
from as_code.test_apply import NEW

MOST = 1.5
ROOM = 60_000_000


def test_a_plan_over_200_pipelines_asks_no_more_than_the_index() -> None:
    emulator = Emulator(EmulatorOptions(scale=Scale(flows=160, runs=0)))

    def calls(work: Any) -> tuple[int, Any]:
        async def run() -> Any:
            transport = functools.partial(EmulatorTransport, emulator)
            app = App(emulator_settings(), transport=transport, emulated=True)
            try:
                return await work(app.reader())
            finally:
                await app.aclose()

        emulator.journal.clear()
        found = anyio.run(run)
        return len([one for one in emulator.journal if "/ims/" not in one.path]), found

    _, (pairs, _) = calls(export_documents)
    texts = {f"{number}.yaml": written(one.document) for number, (_, one) in enumerate(pairs)}
    kept = Kept({f"{number}.yaml": str(flow["id"]) for number, (flow, _) in enumerate(pairs)})
    documents = [one for file, text in texts.items() for one in read(text, file).documents]
    assert len(documents) >= 200
    index, _ = calls(lambda aep: read_index(Reading.of(aep, now=times.now())))
    tracemalloc.start()
    try:
        asked, plan = calls(lambda aep: plan_documents(aep, documents, kept=kept))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(plan, WholePlan)
    assert (plan.change, plan.problems) == (None, [])
    assert asked <= MOST * index, f"{asked} requests, the index takes {index}"
    assert peak < ROOM, f"{peak / 1e6:.0f} MB"


PLAN = """
import sys
from pathlib import Path
from aep_flow_mcp import code_command
try:
    code_command.plan(Path(sys.argv[1]), emulator=True)
except SystemExit as end:
    print(end.code, *sorted({"mcp", "mcp_types", "ruamel.yaml", "starlette"} & set(sys.modules)))
"""


def test_a_plan_imports_neither_the_sdk_nor_what_writes_files(tmp_path: Path) -> None:
    """They take longer to import than 200 pipelines to plan."""
    (tmp_path / "new.yaml").write_text(NEW.replace("2026-04-01", "2096-04-01"))
    command = [sys.executable, "-c", PLAN, str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ended.stdout.splitlines()[-1:] == ["2"], ended.stdout + ended.stderr
