"""Since when a flow fails, or reads nothing: as it was made here, over histories of up to five thousand runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, cast

import pytest

from aep_flow_mcp.gathering.histories.look_back import look_back
from aep_flow_mcp.insight.facts import RunFacts
from aep_flow_mcp.insight.streaks.streak import EMPTY, FAILING, Streak, Trouble
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.filters import Condition
from aep_flow_mcp.platform.models.runs import FlowRun
from aep_flow_mcp.platform.paging import Page
from aep_flow_mcp.platform.reader import FlowReader
from insight.made import FLOW, NOW, ms

NEWEST = 20
PAGE = 100


@pytest.fixture(autouse=True)
def _read_from_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aep_flow_mcp.gathering.histories.look_back.LeanReader", lambda service: service)


COMPARED = {
    "==": lambda one, other: one == other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
    "<": lambda one, other: one < other,
}


@dataclass
class Service:
    """Lists and counts runs as the Flow Service does, and counts what it is asked."""

    runs: list[dict[str, Any]]
    refuses: str | None = None
    asked: int = 0
    kept: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    async def list_runs(self, filters: Iterable[Condition], order: str, cursor: str | None) -> Page[RunFacts]:
        found = self._found(filters)
        if order.startswith("-"):
            found = found[::-1]
        start = int(cursor or 0)
        items = [RunFacts.of(FlowRun.model_validate(run)) for run in found[start : start + PAGE]]
        return Page(items, str(start + PAGE) if start + PAGE < len(found) else None)

    async def count_runs(self, filters: Iterable[Condition]) -> int:
        return len(self._found(filters))

    def _found(self, filters: Iterable[Condition]) -> list[dict[str, Any]]:
        self.asked += 1
        listed = list(filters)
        if self.refuses and any(self.refuses in each.path for each in listed):
            raise PlatformError(ErrorKind.INVALID, "no such field")
        return [run for run in self.runs if all(_fulfils(run, each) for each in listed)]


def _fulfils(run: dict[str, Any], condition: Condition) -> bool:
    value: Any = run
    for part in condition.path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        return False
    wanted = [float(each) if isinstance(value, int) else each for each in condition.values]
    return any(COMPARED[condition.op](value, each) for each in wanted)


def made(at: datetime, kind: str, *, tells: bool, hidden: bool = False) -> dict[str, Any]:
    """A run of a kind, in one of the shapes that it has. `tells`: zeros are written down."""
    records = {"inputRecordCount": 50, "outputRecordCount": 50}
    status, errors, activity = "success", [{"code": "CONNECTOR-2001-500", "message": "refused"}], False
    match kind:
        case "failed":
            status, records = "failed", {"inputRecordCount": 0, "outputRecordCount": 0}
        case "lossy":
            if hidden:
                activity = True
            else:
                records |= {"outputRecordCount": 40, "failedRecordCount": 10}
        case "partial":
            status = "partialSuccess"
        case "empty":
            records = {"inputRecordCount": 0, "outputRecordCount": 0}
        case "running":
            status = "inProgress"
        case "odd":
            status = "reticulating"
    if tells:
        records.setdefault("failedRecordCount", 0)
    metrics: dict[str, Any] = {
        "durationSummary": {"startedAtUTC": ms(at)},
        "statusSummary": {"status": status, **({"errors": errors} if kind == "failed" else {})},
        "recordSummary": records,
    }
    if kind != "running":
        metrics["durationSummary"]["completedAtUTC"] = ms(at) + 60_000
    parts = [{"id": "copy", "statusSummary": {"status": "success", "errors": errors}}] if activity else []
    return {
        "id": f"r{ms(at)}",
        "flowId": FLOW,
        "createdAt": ms(at) - 300,
        "metrics": metrics,
        "activities": parts,
    }


@dataclass(frozen=True)
class History:
    """Runs oldest first, and what is true of them."""

    runs: list[dict[str, Any]]
    length: int
    first: datetime | None
    good: datetime | None


BAD = {
    "fails": ("failed",),
    "loses": ("lossy",),
    "partly": ("partial",),
    "all kinds": ("failed", "failed", "lossy", "partial"),
}
MEMBERS = {"failing": {"failed", "lossy", "partial"}, "empty": {"empty"}}
ENDS = {"failing": {"good", "empty"}, "empty": {"good", "lossy", "partial"}}


def history(seed: int, what: str) -> History:
    """A streak at the newest end, after a past of all kinds or of none. The truth is told from the kinds alone."""
    dice = Random(seed)
    length = dice.choice([1, 3, 19, 20, 21, 99, 100, 101, dice.randint(1, 700), dice.randint(1, 5000)])
    older = dice.choice([0, 0, 1, 30, dice.randint(1, 1500)])
    bad = BAD[dice.choice(list(BAD))]
    # A service either writes zeros down or it does not; a long streak of losses that only counts tell needs them.
    tells = dice.random() < 0.5 or ("lossy" in bad and length > 90)
    now = ["failed", "empty", "empty"] if what == "empty" and dice.random() < 0.4 else ["empty"]
    members = list(bad) if what == "failing" else now
    past = ["good", "good", "empty", "failed", "lossy", "odd"]
    kinds = [dice.choice(past) for _ in range(older)]
    if kinds and dice.random() < 0.8:
        kinds[-1] = "good"
    kinds += [dice.choice(members) if dice.random() < 0.97 else "odd" for _ in range(length)]
    if what == "empty" and "empty" not in kinds[-2:]:
        kinds[-1] = "empty"
    kinds += ["running"] * dice.choice([0, 0, 1])
    at, every = NOW - timedelta(minutes=7), timedelta(minutes=dice.choice([15, 60, 1440]))
    times = [at - every * back for back in range(len(kinds))][::-1]
    pairs = list(zip(times, kinds, strict=True))
    runs = [made(at, kind, tells=tells) for at, kind in pairs]
    streak, good = [], None
    for at, kind in reversed(pairs):
        if kind in ENDS[what]:
            good = at
            break
        if kind in MEMBERS[what]:
            streak.append(at)
    return History(runs, len(streak), streak[-1] if streak else None, good)


async def looked(service: Service, trouble: Trouble) -> Streak:
    newest = [FlowRun.model_validate(run) for run in service.runs[-NEWEST:]][::-1]
    return await look_back(cast(FlowReader, service), FLOW, newest, trouble)


@pytest.mark.parametrize("seed", range(120))
@pytest.mark.parametrize("trouble", [FAILING, EMPTY], ids=["failing", "empty"])
async def test_since_is_the_truth(trouble: Trouble, seed: int) -> None:
    truth = history(seed, "failing" if trouble is FAILING else "empty")
    service = Service(truth.runs)
    found = await looked(service, trouble)
    assert found.whole
    assert (found.first.at if found.first else None) == truth.first
    assert (found.last_good.at if found.last_good else None) == truth.good
    assert (found.runs, found.counted) == (truth.length, True)
    assert service.asked <= 9, "and the page of the newest runs"


@pytest.mark.parametrize("refuses", [None, "failedRecordCount"])
async def test_what_no_filter_tells_is_said_to_be_at_least(refuses: str | None) -> None:
    """Three thousand successes that lost records in their activities only: none of them can be told from a good one."""
    start = NOW - timedelta(hours=3001)
    runs = [made(start, "good", tells=True)]
    runs += [made(start + timedelta(hours=hour), "lossy", tells=True, hidden=True) for hour in range(1, 3001)]
    service = Service(runs, refuses=refuses)
    found = await looked(service, FAILING)
    assert not found.whole
    assert found.first is not None
    assert found.first.at is not None
    assert start < found.first.at <= NOW - timedelta(hours=NEWEST)
    assert found.last_good is None
    assert found.since == f"at least {found.first.at.strftime('%Y-%m-%dT%H:%M:%SZ')}"
    assert "at least since" in str(found)
    assert service.asked <= 9


async def test_a_short_history_needs_no_further_request() -> None:
    start = NOW.astimezone(UTC)
    runs = [made(start - timedelta(hours=hour), "failed", tells=True) for hour in range(1, 4)][::-1]
    service = Service([made(start - timedelta(hours=9), "good", tells=True), *runs])
    found = await looked(service, FAILING)
    assert (found.runs, found.whole, service.asked) == (3, True, 0)
    assert str(found).startswith("the newest 3 finished runs failed or lost records, since ")


async def test_the_last_good_run_is_none_that_read_nothing() -> None:
    """Seven runs found nothing; what ran before them brought data."""
    kinds = ["good", "good", *["empty"] * 7]
    runs = [made(NOW - timedelta(hours=len(kinds) - at), kind, tells=True) for at, kind in enumerate(kinds)]
    found = await looked(Service(runs), EMPTY)
    assert found.runs == 7
    assert found.last_good is not None
    assert found.last_good.records_in == 50
    assert str(found) == (
        "the newest 7 finished runs read 0 records, since 2026-03-02T02:00:00Z; "
        "the last one with data was 2026-03-02T01:00:00Z"
    )
