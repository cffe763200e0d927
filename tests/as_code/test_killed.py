"""`aep-flow-mcp apply` as a process that is killed (SIGKILL) while each of its writes is under way, before the service
has done it and after: a second apply finishes it, and nothing is there twice."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from aep_flow_mcp.emulator import Emulator, FaultRule
from as_code.bed import Bed, emptied, organisation
from as_code.test_apply import NEW, digest_of
from as_code.test_interrupted import WRITES, finished
from support.processes import server_environment
from support.waiting import until

pytestmark = [
    pytest.mark.subprocess,
    pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them"),
]

FIRST = NEW.replace("2026-04-01", "2031-04-01")
"""Its start is still to come, whatever time the process has."""
SECOND = (
    FIRST.replace("pipeline: Till refunds", "pipeline: Till vouchers").replace("/refunds/", "/vouchers/")
    + "state: disabled\n"
)
AT = datetime.now(UTC).replace(microsecond=0)
"""The processes have clocks of their own."""
HELD = ("timeout", "latency")
"""The service never hears of the request; it carries it out, and its answer stays away."""
WRITE = r"^(POST|PUT|PATCH) /data/foundation/(flowservice|conversion)/(?!.*search)"


def a_bed(folder: Path) -> Bed:
    bed = Bed(folder, emptied(organisation(AT)))
    bed.write("till-refunds.yaml", FIRST)
    bed.write("till-vouchers.yaml", SECOND)
    return bed


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an apply that nobody kills leaves."""
    bed = a_bed(tmp_path_factory.mktemp("whole") / "pipelines")
    assert bed.apply()[0] == 0
    assert len(bed.writes) == WRITES
    return finished(bed)


@contextmanager
def served(emulator: Emulator) -> Iterator[str]:
    """The emulator of this process on a socket."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(emulator.app, log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            until(lambda: server.started, "the emulator")
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = server.force_exit = True
            thread.join(30)


def killed(bed: Bed, digest: str, after: int, held: Any) -> None:
    """Apply the folder as a process, and kill it while its write after so many others has no answer yet."""
    bed.emulator.faults.add(FaultRule(route=WRITE, kind=held, seconds=600, times=1, after=after))
    with served(bed.emulator) as url:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AEP_")}
        process = subprocess.Popen(
            [sys.executable, "-m", "aep_flow_mcp", "apply", str(bed.folder), "--approve", digest],
            env={**inherited, **server_environment(url)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            until(lambda: bed.emulator.faults.hits, f"apply, before its write {after}", process=process)
        finally:
            process.kill()
            process.communicate()
    bed.emulator.faults.clear()
    done = [one for one in bed.writes if "search" not in one]
    assert len(done) == after + 1, "it was killed where it was to be"


@pytest.mark.parametrize("after", range(WRITES))
@pytest.mark.parametrize("held", HELD)
def test_a_second_apply_finishes_what_a_killed_process_left(
    tmp_path: Path, wanted: dict[str, Any], held: str, after: int
) -> None:
    bed = a_bed(tmp_path / "pipelines")
    killed(bed, digest_of(bed), after, held)
    assert not (bed.folder / "aep-flow-state.json").exists()
    code, said = bed.apply()
    assert code == 0, said
    assert finished(bed) == wanted
    code, said = bed.plan()
    assert (code, "Nothing to do." in said) == (0, True), said


CHANGES = 4
"""Requests that change the two pipelines: a source connection, a mapping set, and the two flows."""


def changed_bed(folder: Path) -> Bed:
    """Two pipelines that are there, whose files say something else."""
    bed = Bed(folder, organisation(AT))
    bed.export("Web orders", "Store POS receipts")
    bed.edit("web-orders.yaml", "every: hour", "every: 3 hours")
    bed.edit("store-pos-receipts.yaml", "path: /pos/receipts/", "path: /pos/receipts/v2/")
    bed.edit("store-pos-receipts.yaml", "source: store_id", "source: upper(store_id)")
    return bed


def changed(bed: Bed) -> dict[str, Any]:
    """What is there, object by object, without ids, ETags and times."""
    store = bed.emulator.store.sandboxes["dev"]
    left = (
        "id",
        "etag",
        "version",
        "updatedAt",
        "updatedBy",
        "updatedClient",
        "lastOperation",
        "transformations",
    )
    kinds = ("flows", "sourceConnections", "targetConnections")
    found = {
        kind: sorted(
            repr({name: value for name, value in row.items() if name not in left}) for row in store[kind]
        )
        for kind in kinds
    }
    rows = [row["source"] for row in mapping_of(bed, "Store POS receipts")["mappings"]]
    return {**found, "rows": rows, "mapping sets": len(store["mappingSets"])}


def mapping_of(bed: Bed, name: str) -> dict[str, Any]:
    step = next(step for step in bed.flow(name)["transformations"] if step["name"] == "Mapping")
    found = bed.emulator.store.sandboxes["dev"]["mappingSets"].get(step["params"]["mappingId"])
    assert found is not None
    return found


@pytest.mark.parametrize("after", range(CHANGES))
@pytest.mark.parametrize("held", HELD)
def test_a_second_apply_finishes_the_changes_of_a_killed_process(
    tmp_path: Path, held: str, after: int
) -> None:
    whole = changed_bed(tmp_path / "whole")
    assert whole.apply()[0] == 0
    assert len(whole.writes) == CHANGES
    bed = changed_bed(tmp_path / "pipelines")
    killed(bed, digest_of(bed), after, held)
    code, said = bed.apply()
    assert code == 0, said
    left, wanted = changed(bed), changed(whole)
    assert left == wanted
    assert "upper(store_id)" in left["rows"]
    code, said = bed.plan()
    assert (code, "Nothing to do." in said) == (0, True), said
