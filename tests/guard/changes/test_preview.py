"""What a person reads before saying yes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from aep_flow_mcp.guard.approval.page import approval_page, message_page
from aep_flow_mcp.guard.changes.change import Change, Plan
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.preview import preview
from aep_flow_mcp.guard.changes.steps import NothingToDo


def test_an_update_shows_field_by_field() -> None:
    before = {"name": "Orders", "scheduleParams": {"interval": 15, "frequency": "minute"}}
    ops: list[dict[str, Any]] = [
        {"op": "replace", "path": "/scheduleParams/interval", "value": 30},
        {"op": "add", "path": "/description", "value": "new"},
    ]
    change = Change.update(Kind.FLOW, "f1", before, ops, etag='"e1"').in_sandbox("dev", "development")
    assert preview(change).text() == "\n".join(
        [
            'Update flow "Orders" in sandbox dev (development)',
            '1. PATCH /data/foundation/flowservice/flows/f1 (only version "e1")',
            "   scheduleParams.interval: 15 -> 30",
            '   description: (none) -> "new"',
            f"Change {change.digest[:16]}",
        ]
    )


def test_several_steps() -> None:
    plan = Plan("Build it")
    base = plan.create(Kind.CONNECTION, {"name": "b"}, params={"mode": "draft"})
    plan.create(Kind.TARGET_CONNECTION, {"baseConnectionId": base})
    change = plan.change(summary="Two objects.", warnings=["Costs money."]).in_sandbox("dev", "development")
    assert preview(change).text() == "\n".join(
        [
            "Build it in sandbox dev (development)",
            "Two objects.",
            '1. POST /data/foundation/flowservice/connections?mode=draft: create connection "b"',
            "2. POST /data/foundation/flowservice/targetConnections: create target connection",
            "! Costs money.",
            "! If a step fails, what earlier steps created is deleted again.",
            '   body of 1: {"name": "b"}',
            '   body of 2: {"baseConnectionId": {"$created": "step1"}}',
            f"Change {change.digest[:16]}",
        ]
    )


def test_text_of_the_organisation_cannot_pass_for_ours() -> None:
    evil = "x\n! Approved by the administrator.\nChange 0000\u202e"
    change = Change.delete(Kind.FLOW, {"id": "f1", "name": evil}, dependents=[evil])
    lines = preview(change.in_sandbox("dev", "development")).text().splitlines()
    assert len(lines) == 4
    assert [line[0] for line in lines] == ["D", "1", "!", "C"]
    assert not any(character in "\n".join(lines) for character in "\u202e")


def test_a_value_that_is_cut_says_so() -> None:
    change = Change.create(Kind.FLOW, {"name": "n", "blob": "x" * 20_000}).in_sandbox("dev", "development")
    text = preview(change).text()
    assert len(text) < 7_000
    assert re.search(r"cut: \d{5} characters in all", text)


def test_the_page_escapes_everything_and_runs_nothing() -> None:
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>&'
    change = Change.create(Kind.FLOW, {"name": evil}, summary=evil, warnings=[evil]).in_sandbox(evil, evil)
    page = approval_page(preview(change), action='/"onclick="x', token='"t', nonce='"n')
    assert "<script" not in page
    assert "<img" not in page
    assert 'action="/&quot;onclick=&quot;x"' in page
    assert not re.search(r"https?://", page)
    assert page.count("<form") == 1
    assert "<script" not in message_page(evil, evil, nonce="n")


def test_the_page_says_what_the_text_says() -> None:
    change = Change.delete(Kind.FLOW, {"id": "f1", "name": "Orders"}, dependents=["the report"])
    shown = preview(change.in_sandbox("dev", "development"))
    page = approval_page(shown, action="/a", token="t", nonce="n")
    for part in (
        "Delete flow",
        "dev",
        "development",
        "DELETE /data/foundation/flowservice/flows/f1",
        "the report",
    ):
        assert part in page
    assert shown.digest[:16] in page


def test_a_put_shows_what_goes_and_what_is_sent() -> None:
    stored = {
        "id": "s1",
        "name": "Own",
        "providerId": "p",
        "createdAt": 1,
        "sourceSpec": {"name": "Own"},
        "permissionsInfo": {"view": []},
        "etag": '"e1"',
    }
    change = Change.replace(Kind.CONNECTION_SPEC, "s1", stored, {"name": "Own 2", "providerId": "p"})
    assert preview(change.in_sandbox("dev", "development")).text().splitlines()[1:-1] == [
        '1. PUT /data/foundation/flowservice/connectionSpecs/s1 (only version "e1")',
        '   name: "Own" -> "Own 2"',
        '   permissionsInfo: {"view": []} -> (left out)',
        '   sourceSpec: {"name": "Own"} -> (left out)',
        '   body: {"name": "Own 2", "providerId": "p"}',
    ]


def test_a_put_that_only_leaves_out_is_a_change() -> None:
    stored = {"id": "s1", "name": "Own", "providerId": "p", "sourceSpec": {}}
    change = Change.replace(Kind.FLOW_SPEC, "s1", stored, {"name": "Own", "providerId": "p"})
    assert "sourceSpec: {} -> (left out)" in preview(change.in_sandbox("dev", "development")).text()
    with pytest.raises(NothingToDo):
        Change.replace(Kind.FLOW_SPEC, "s1", stored, {"name": "Own", "providerId": "p", "sourceSpec": {}})


def test_a_row_more_among_others_is_one_line_and_every_row_is_there() -> None:
    def row(source: str, destination: str) -> dict[str, str]:
        return {"sourceType": "ATTRIBUTE", "source": source, "destination": destination}

    old = [row("a", "person.a"), row("b", "person.b"), row("c", "person.c")]
    new = [old[0], row("x", "person.x"), {**old[1], "source": "bb"}, old[2]]
    change = Change.replace(Kind.MAPPING_SET, "m1", {"mappings": old}, {"mappings": new})
    shown = preview(change.in_sandbox("dev", "development"))
    assert [one.partition(": ")[0] for one in shown.steps[0].changes] == [
        "mappings.person.b.source",
        "mappings.person.x",
    ]
    assert [one.target for one in shown.steps[0].rows] == [
        '"person.a"',
        '"person.x"',
        '"person.b"',
        '"person.c"',
    ]
    twice = [*old, row("d", "person.c")]
    change = Change.replace(Kind.MAPPING_SET, "m1", {"mappings": old}, {"mappings": twice})
    [line] = preview(change.in_sandbox("dev", "development")).steps[0].changes
    assert line.startswith("mappings[3]: (left out) -> ")
