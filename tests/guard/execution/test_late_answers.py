"""Writes that are answered with an error and carried out seconds later: looking finds them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from aep_flow_mcp.emulator import FaultRule
from guard.bed import Bed
from guard.execution.lost import (
    ACTION,
    ADOBE,
    CREATE,
    DELETE,
    PATCH,
    TARGET,
    MakeBed,
    described,
    named,
    unattended,
)


@dataclass
class Late:
    """One request of a route is answered with an error at once, and carried out when `after` seconds were slept."""

    bed: Bed
    route: str
    after: float = 10.0
    status: int = 504
    body: Any = None
    _held: list[tuple[Any, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        rule = FaultRule(self.route, "status", status=self.status, body=self.body, times=1)
        self.bed.emulator.faults.add(rule)
        self._act = self.bed.emulator.handle
        self.bed.emulator.handle = self  # type: ignore[method-assign,assignment]

    def __call__(self, method: str, path: str, *rest: Any) -> Any:
        if self._held and sum(self.bed.slept) >= self.after:
            self._act(*self._held.pop())
        if re.search(self.route, f"{method} {path}") and not self.bed.emulator.faults.hits:
            self._held.append((method, path, *rest))
        return self._act(method, path, *rest)


LATE = [(504, None), (500, ADOBE), (503, ADOBE), (302, None), (599, None)]


@pytest.mark.parametrize(("status", "body"), LATE)
async def test_a_creation_that_comes_seconds_after_its_answer_is_found(
    make_bed: MakeBed, status: int, body: Any
) -> None:
    bed = unattended(make_bed)
    Late(bed, CREATE, status=status, body=body)
    result = await bed.call("make_connection", {"name": "Orders"})
    assert result.status == "done", result.text
    assert [result.data["done"][0]["id"]] == [row["id"] for row in named(bed, "connections", "Orders")]


async def test_a_deletion_that_comes_seconds_after_its_answer_is_seen(make_bed: MakeBed) -> None:
    bed = unattended(make_bed)
    flow = bed.flow()
    Late(bed, DELETE)
    result = await bed.call("remove_flow", {"flow_id": flow["id"]})
    assert result.status == "done", result.text
    assert flow["id"] not in bed.stored("flows")


async def test_an_update_that_comes_seconds_after_its_answer_is_seen(make_bed: MakeBed) -> None:
    bed = unattended(make_bed)
    flow = bed.flow()
    Late(bed, PATCH, status=500, body=ADOBE)
    result = await bed.call("change_flow", described(flow))
    assert result.status == "done", result.text
    assert result.data["done"][0]["etag"] == bed.stored("flows")[flow["id"]]["etag"]


async def test_an_action_that_comes_seconds_after_its_answer_is_seen(make_bed: MakeBed) -> None:
    bed = unattended(make_bed)
    flow = bed.flow()
    Late(bed, ACTION)
    result = await bed.call("switch_flow", {"flow_id": flow["id"], "on": False})
    assert result.status == "done", result.text
    assert bed.stored("flows")[flow["id"]]["state"] == "disabled"


async def test_the_last_object_of_an_export_is_found_although_it_comes_late(make_bed: MakeBed) -> None:
    bed = unattended(make_bed)
    Late(bed, TARGET, status=500, body=ADOBE)
    result = await bed.call("make_export", {"name": "Orders"})
    assert result.status == "done", result.text
    (target,) = named(bed, "targetConnections", "Orders target")
    (account,) = named(bed, "connections", "Orders account")
    assert [one["id"] for one in result.data["done"]] == [account["id"], target["id"]]


async def test_what_comes_after_the_last_look_finds_what_it_needs_and_is_announced(make_bed: MakeBed) -> None:
    bed = unattended(make_bed)
    late = Late(bed, TARGET, after=1e9)
    result = await bed.call("make_export", {"name": "Orders"})
    assert result.status == "unknown", result.text
    (account,) = named(bed, "connections", "Orders account")
    assert account["id"] in result.text
    assert "may still come" in result.text
    late.after = 0.0
    await bed.call("make_connection", {"name": "Another"})
    (target,) = named(bed, "targetConnections", "Orders target")
    assert target["baseConnectionId"] == account["id"]
