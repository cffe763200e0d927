"""A second question reads only what changed since the first, and answers as if it had read everything."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from mcp import Client

from aep_flow_mcp.app import platform_config
from aep_flow_mcp.emulator import Emulator
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.gathering import times
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.server import build_server
from aep_flow_mcp.settings import Settings
from tools.asked import ms
from tools.bed import SANDBOX, Bed
from tools.conftest import NOW

ASKED: dict[str, Any] = {"window": "24h", "group_by": "flow", "top": 50}
Change = Callable[[Emulator], None]


@pytest.fixture(autouse=True)
def _the_emulators_present(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(times, "now", lambda: NOW)


@asynccontextmanager
async def serving(emulator: Emulator, settings: Settings) -> AsyncIterator[Bed]:
    platform = PlatformClient(platform_config(settings), transport=EmulatorTransport(emulator))
    async with Client(build_server(settings, client=platform, emulated=True)) as client:
        yield Bed(client, emulator)


def _flow(emulator: Emulator, at: int = 0) -> dict[str, Any]:
    """A flow that has runs."""
    run = emulator.store.all(SANDBOX, "runs")[at]
    found = emulator.store.collection(SANDBOX, "flows").get(run["flowId"])
    assert found is not None
    return deepcopy(found)


def _run(
    emulator: Emulator, number: int, *, status: str, changed: timedelta, ago: timedelta = timedelta(hours=3)
) -> dict[str, Any]:
    start = ms(NOW - ago)
    times_: dict[str, Any] = {"startedAtUTC": start}
    if status not in ("inProgress", "scheduled"):
        times_["completedAtUTC"] = start + 60_000
    run = {
        "id": f"{number:08}-0000-4000-8000-000000000000",
        "flowId": _flow(emulator)["id"],
        "createdAt": start - 400,
        "updatedAt": ms(NOW - changed),
        "metrics": {
            "durationSummary": {} if status == "scheduled" else times_,
            "statusSummary": {"status": status},
            "recordSummary": {"inputRecordCount": number, "outputRecordCount": number},
        },
        "activities": [],
    }
    if status == "failed":
        run["metrics"]["statusSummary"]["errors"] = [{"code": "CONNECTOR-1001-500", "message": "refused"}]
    return run


def put_run(number: int, *, status: str, changed: timedelta = timedelta()) -> Change:
    return lambda emulator: emulator.store.put(
        SANDBOX, "runs", _run(emulator, number, status=status, changed=changed)
    )


def drop_run(number: int) -> Change:
    return lambda emulator: emulator.store.remove(SANDBOX, "runs", f"{number:08}-0000-4000-8000-000000000000")


def alter_flow(at: int = 0, *, changed: timedelta = timedelta(), **fields: Any) -> Change:
    def change(emulator: Emulator) -> None:
        flow = _flow(emulator, at)
        emulator.store.put(SANDBOX, "flows", flow | fields | {"updatedAt": ms(NOW - changed)})

    return change


NEW = "99999999-0000-4000-8000-000000000000"


def put_new(*, changed: timedelta = timedelta(), **fields: Any) -> Change:
    """A flow that is due and, unless the fields say otherwise, enabled and has never run."""

    def change(emulator: Emulator) -> None:
        other = _flow(emulator)
        other.pop("lastRunDetails", None)
        made = other | {"id": NEW, "name": "New", "state": "enabled", "updatedAt": ms(NOW - changed)}
        emulator.store.put(SANDBOX, "flows", made | fields)

    return change


def add_flow(emulator: Emulator) -> None:
    put_new()(emulator)


def delete_flow(emulator: Emulator) -> None:
    emulator.store.remove(SANDBOX, "flows", _flow(emulator)["id"])


def both(*changes: Change) -> Change:
    def change(emulator: Emulator) -> None:
        for each in changes:
            each(emulator)

    return change


def nothing(emulator: Emulator) -> None:
    """Nothing changes."""


LONG_AGO = timedelta(hours=2)
DAYS_AGO = timedelta(days=9)
_LAST = {"id": "x", "state": "success", "startedAtUTC": ms(NOW), "completedAtUTC": ms(NOW)}
CASES: dict[str, tuple[Change, Change, bool]] = {
    # what is there before the first question, what changes after it, whether everything must be read again
    "nothing": (nothing, nothing, False),
    "new run": (nothing, put_run(7, status="failed"), False),
    "run under way": (nothing, put_run(7, status="inProgress"), False),
    "run that has not started": (nothing, put_run(7, status="scheduled"), False),
    "finished run": (
        put_run(7, status="inProgress", changed=LONG_AGO),
        put_run(7, status="failed", changed=LONG_AGO),
        False,
    ),
    "started run": (
        put_run(7, status="scheduled", changed=LONG_AGO),
        put_run(7, status="success", changed=LONG_AGO),
        False,
    ),
    "run corrected later": (
        put_run(7, status="success", changed=LONG_AGO),
        put_run(7, status="failed"),
        False,
    ),
    "deleted run": (put_run(7, status="failed", changed=LONG_AGO), drop_run(7), True),
    "run in another's place": (
        put_run(7, status="failed", changed=LONG_AGO),
        both(drop_run(7), put_run(8, status="success")),
        True,
    ),
    "renamed flow": (nothing, alter_flow(name="By another name"), False),
    "disabled flow": (put_new(changed=DAYS_AGO), put_new(state="disabled"), False),
    "flow that settles": (
        put_new(state="enabling", changed=DAYS_AGO),
        put_new(changed=DAYS_AGO),
        False,
    ),
    "flow that ran": (
        put_new(changed=DAYS_AGO),
        put_new(changed=DAYS_AGO, lastRunDetails=_LAST),
        False,
    ),
    "new flow": (nothing, add_flow, False),
    "deleted flow": (nothing, delete_flow, True),
    "flow in another's place": (nothing, both(add_flow, delete_flow), True),
}


@pytest.mark.parametrize("name", CASES)
async def test_the_second_answer_is_that_of_a_server_that_knows_nothing(
    emulator: Emulator, settings: Settings, name: str
) -> None:
    before, change, afresh = CASES[name]
    before(emulator)
    async with serving(emulator, settings) as bed:
        first = await bed.answer("pipeline_health", **ASKED)
        read = len(bed.sent("/flows") + bed.sent("/runs"))
        change(emulator)
        second = await bed.answer("pipeline_health", **ASKED)
        sent = (bed.sent("/flows") + bed.sent("/runs"))[read:] if read else []
    async with serving(emulator, settings) as other:
        truth = await other.answer("pipeline_health", **ASKED)
    assert second == truth
    assert (second == first) == (name == "nothing")
    swept = [one for one in sent if "createdAt" in str(one.query) and "count" not in str(one.query)]
    assert not _everything(swept) or afresh


def _everything(swept: list[Any]) -> bool:
    """Whether a whole list was read, as the first question does."""
    return any("createdAt>=0" in str(one.query) for one in swept)


async def test_a_service_that_does_not_filter_by_changes_is_read_afresh(
    emulator: Emulator, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aep_flow_mcp.gathering.remembered import flows, runs

    monkeypatch.setattr(flows, "_CHANGES", ("noSuchField",))
    monkeypatch.setattr(runs, "_CHANGES", ("noSuchField",))
    async with serving(emulator, settings) as bed:
        await bed.answer("pipeline_health", **ASKED)
        put_run(7, status="failed")(emulator)
        alter_flow(name="By another name")(emulator)
        second = await bed.answer("pipeline_health", **ASKED)
    async with serving(emulator, settings) as other:
        assert second == await other.answer("pipeline_health", **ASKED)


async def test_a_longer_window_is_read_afresh(emulator: Emulator, settings: Settings) -> None:
    async with serving(emulator, settings) as bed:
        await bed.answer("pipeline_health", window="1h")
        longer = await bed.answer("pipeline_health", window="7d")
    async with serving(emulator, settings) as other:
        assert longer == await other.answer("pipeline_health", window="7d")
