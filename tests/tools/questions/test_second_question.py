"""A second question reads only what changed since the first, and answers as if it had read everything."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from copy import deepcopy
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import pytest
from mcp import Client

from aep_flow_mcp.app import platform_config
from aep_flow_mcp.emulator import Emulator, EmulatorOptions, Exchange
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.gathering import times
from aep_flow_mcp.gathering.remembered import keeping
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.transport import PlatformClient
from aep_flow_mcp.server import build_server
from aep_flow_mcp.settings import Settings
from tools.asked import ms
from tools.bed import SANDBOX, Bed
from tools.conftest import NOW

ASKED: dict[str, Any] = {"window": "24h", "group_by": "flow", "top": 50}
Change = Callable[[Emulator], None]


class Clocks:
    """The service's, and that of this machine, which is wrong by `skew`; `passed` is what both went on."""

    def __init__(self) -> None:
        self.skew = self.passed = timedelta()

    def service(self) -> datetime:
        return NOW + self.passed

    def here(self) -> datetime:
        return self.service() + self.skew


@pytest.fixture(autouse=True)
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    found, real = Clocks(), time.monotonic
    monkeypatch.setattr(times, "now", found.here)
    monkeypatch.setattr(keeping, "seconds", lambda: real() + found.passed.total_seconds())
    return found


@pytest.fixture
def emulator_options(clocks: Clocks) -> EmulatorOptions:
    return EmulatorOptions(clock=clocks.service)


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
_UNDER_WAY = {"id": "x", "state": "inProgress", "startedAtUTC": ms(NOW - timedelta(hours=20))}
_HOURLY = {"startTime": str(ms(NOW - DAYS_AGO) // 1000), "frequency": "hour", "interval": 1}
CASES: dict[str, tuple[Change, Change, set[str]]] = {
    # what is there before the first question, what changes after it, of what everything must be read again
    "nothing": (nothing, nothing, set()),
    "new run": (nothing, put_run(7, status="failed"), set()),
    "run under way": (nothing, put_run(7, status="inProgress"), set()),
    "run that has not started": (nothing, put_run(7, status="scheduled"), set()),
    "finished run": (
        put_run(7, status="inProgress", changed=LONG_AGO),
        put_run(7, status="failed", changed=LONG_AGO),
        set(),
    ),
    "started run": (
        put_run(7, status="scheduled", changed=LONG_AGO),
        put_run(7, status="success", changed=LONG_AGO),
        set(),
    ),
    "run corrected later": (
        put_run(7, status="success", changed=LONG_AGO),
        put_run(7, status="failed"),
        set(),
    ),
    "deleted run": (put_run(7, status="failed", changed=LONG_AGO), drop_run(7), {"/runs"}),
    "run in another's place": (
        put_run(7, status="failed", changed=LONG_AGO),
        both(drop_run(7), put_run(8, status="success")),
        {"/runs"},
    ),
    "renamed flow": (nothing, alter_flow(name="By another name"), set()),
    "disabled flow": (put_new(changed=DAYS_AGO), put_new(state="disabled"), set()),
    "flow that settles": (
        put_new(state="enabling", changed=DAYS_AGO),
        put_new(changed=DAYS_AGO),
        set(),
    ),
    "flow that ran": (
        put_new(changed=DAYS_AGO),
        put_new(changed=DAYS_AGO, lastRunDetails=_LAST),
        set(),
    ),
    "flow whose run ends without saying when": (
        put_new(changed=DAYS_AGO, scheduleParams=_HOURLY, lastRunDetails=_UNDER_WAY),
        put_new(changed=DAYS_AGO, scheduleParams=_HOURLY, lastRunDetails=_UNDER_WAY | {"state": "success"}),
        set(),
    ),
    "new flow": (nothing, add_flow, set()),
    "deleted flow": (nothing, delete_flow, {"/flows"}),
    "flow in another's place": (nothing, both(add_flow, delete_flow), {"/flows"}),
}


@pytest.mark.parametrize("name", CASES)
async def test_the_second_answer_is_that_of_a_server_that_knows_nothing(
    emulator: Emulator, settings: Settings, name: str
) -> None:
    before, change, afresh = CASES[name]
    before(emulator)
    async with serving(emulator, settings) as bed:
        first = await bed.answer("pipeline_health", **ASKED)
        known = bed.sent()
        assert _read_whole(known) == {"/flows", "/runs"}
        change(emulator)
        second = await bed.answer("pipeline_health", **ASKED)
        sent = bed.sent()[len(known) :]
    assert second == await _truth(emulator, settings)
    assert (second == first) == (name == "nothing")
    assert _read_whole(sent) == afresh


async def _truth(emulator: Emulator, settings: Settings) -> dict[str, Any]:
    """What a server says that knows nothing."""
    async with serving(emulator, settings) as other:
        return await other.answer("pipeline_health", **ASKED)


def _read_whole(sent: list[Exchange]) -> set[str]:
    """Of what everything was read, rather than what changed or what belongs to some flows."""
    whole = set()
    for one in sent:
        query = str(one.query)
        for path, swept in (("/flows", "createdAt"), ("/runs", "metrics.durationSummary.startedAtUTC")):
            if one.path.endswith(path) and f"('orderby', '{swept}')" in query and "flowId" not in query:
                whole.add(path)
    return whole


@pytest.mark.parametrize("skew", [timedelta(), timedelta(hours=1), timedelta(hours=-1)], ids=str)
@pytest.mark.parametrize(
    ("passed", "afresh"),
    [(timedelta(minutes=5), set()), (timedelta(minutes=11), {"/flows", "/runs"})],
    ids=["5 minutes later", "11 minutes later"],
)
async def test_time_passes_between_them_and_clocks_are_wrong(
    emulator: Emulator,
    settings: Settings,
    clocks: Clocks,
    skew: timedelta,
    passed: timedelta,
    afresh: set[str],
) -> None:
    clocks.skew = skew
    put_run(7, status="inProgress", changed=LONG_AGO)(emulator)
    async with serving(emulator, settings) as bed:
        first = await bed.answer("pipeline_health", **ASKED)
        known = bed.sent()
        clocks.passed = passed
        moment = timedelta(minutes=1) - passed
        put_run(7, status="success", changed=LONG_AGO)(emulator)
        put_run(8, status="failed", changed=moment)(emulator)
        alter_flow(name="By another name", changed=moment)(emulator)
        second = await bed.answer("pipeline_health", **ASKED)
        sent = bed.sent()[len(known) :]
    assert second != first
    assert second == await _truth(emulator, settings)
    assert _read_whole(sent) == afresh


async def test_two_questions_at_once(emulator: Emulator, settings: Settings) -> None:
    async with serving(emulator, settings) as bed:
        first = await bed.answer("pipeline_health", **ASKED)
        put_run(8, status="failed")(emulator)
        both_at_once = await together([partial(bed.answer, "pipeline_health", **ASKED)] * 2)
        known = bed.sent()
        again = await bed.answer("pipeline_health", **ASKED)
        sent = bed.sent()[len(known) :]
    truth = await _truth(emulator, settings)
    assert truth != first
    assert [*both_at_once, again] == [truth] * 3
    assert _read_whole(sent) == set()


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


# --- how much is kept -------------------------------------------------------------------------------------


class Some(NamedTuple):
    id: str
    changed_at: datetime | None = None


def _some(number: int) -> keeping.Kept[Some]:
    facts = {str(each): Some(str(each)) for each in range(number)}
    return keeping.Kept(facts, 0, keeping.seconds())


def test_what_is_no_longer_fresh_is_given_back_whoever_asks(clocks: Clocks) -> None:
    store: keeping.Store[keeping.Kept[Some]] = keeping.Store()
    store.put("dev", _some(1))
    store.put("stage", _some(1))
    clocks.passed = timedelta(seconds=keeping.MAX_AGE)
    assert store.take("another") is None
    assert len(store) == 0


def test_of_few_sandboxes_those_asked_about_last() -> None:
    store: keeping.Store[keeping.Kept[Some]] = keeping.Store()
    for number in range(keeping.MOST_SANDBOXES):
        store.put(str(number), _some(1))
    kept = store.take("0")
    assert kept is not None
    store.put("0", kept)
    store.put("new", _some(1))
    assert len(store) == keeping.MOST_SANDBOXES
    assert store.take("1") is None
    assert store.take("0") is kept


def test_so_many_facts_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST_KEPT", 10)
    store: keeping.Store[keeping.Kept[Some]] = keeping.Store()
    store.put("dev", _some(6))
    store.put("stage", _some(6))
    assert store.take("dev") is None
    store.put("stage", _some(11))
    assert store.take("stage") is None
