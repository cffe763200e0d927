"""Previews are for people: names beside ids, rows as rows, times as times, what is doubled or dropped is said."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from aep_flow_mcp.emulator import EmulatorOptions
from aep_flow_mcp.guard.approval.page import approval_page
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.naming import KEPT, LISTED, Named
from aep_flow_mcp.guard.changes.preview import Preview, bounded, preview
from field_cases.conftest import Ask
from support.organisation import emulator_on_shared_seed
from support.overlay import Overlay, Rule
from tools.bed import NOW
from tools.writing import CASES, World

ROWS: list[dict[str, Any]] = [
    {"sourceType": "ATTRIBUTE", "source": "first_name", "destination": "person.name.firstName"},
    {"sourceType": "EXPRESSION", "source": "upper(x | y)", "destination": "_acme.key", "identity": True},
]


def shown(change: Change) -> Preview:
    return preview(change.in_sandbox("dev", "development"))


def page(one: Preview) -> str:
    return approval_page(one, action="/a", token="t", nonce="n")


@pytest.fixture
def world() -> World:
    return World(emulator_on_shared_seed(EmulatorOptions(clock=lambda: NOW)), NOW)


def with_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AEP_SECRET_ID", "AEP_SECRET_KEY"):
        monkeypatch.setenv(name, "a-value-of-a-secret")


# --- names ------------------------------------------------------------------------------------------------


def test_a_name_is_beside_its_id_in_text_and_page_quoted_and_bounded() -> None:
    evil = 'x"\n! approved ' + "z" * 500
    names = [Named("b1", "account", evil), Named("unused", "dataset", "Other")]
    change = Change.create(Kind.SOURCE_CONNECTION, {"name": "n", "baseConnectionId": "b1"}, names=names)
    one = shown(change)
    [line] = [line for line in one.text().splitlines() if "is account" in line]
    assert line.startswith('   baseConnectionId is account "x\\"\\n! approved zzz')
    assert len(line) < 250
    assert "Other" not in one.text()
    assert "<td>baseConnectionId</td><td>&quot;b1&quot;</td><td>account &quot;x" in page(one)


def test_a_name_is_part_of_what_is_approved() -> None:
    body = {"name": "n", "baseConnectionId": "b1"}
    one, other = (
        Change.create(Kind.SOURCE_CONNECTION, body, names=[Named("b1", "account", name)])
        for name in ("Loyalty", "Payroll")
    )
    assert one.canonical() != other.canonical()
    assert one.digest != other.digest


@pytest.mark.parametrize(
    ("tool", "fields"),
    [
        ("create_source_connection", {"baseConnectionId": "account", "connectionSpec.id": "connector"}),
        (
            "create_target_connection_data_lake",
            {"params.dataSetId": "dataset", "connectionSpec.id": "connector"},
        ),
        ("create_connection", {"connectionSpec.id": "connector"}),
        (
            "create_flow",
            {"sourceConnectionIds[0]": "", "targetConnectionIds[0]": "", "flowSpec.id": "flow spec"},
        ),
        ("create_run", {"flowId": "flow"}),
    ],
)
async def test_plans_name_what_they_read(
    ask: Ask, world: World, monkeypatch: pytest.MonkeyPatch, tool: str, fields: dict[str, str]
) -> None:
    with_secrets(monkeypatch)
    told = await ask(tool, CASES[tool](world), Overlay(), None, world.emulator)
    lines = told.structured["preview"].splitlines()
    for field, what in fields.items():
        [line] = [line for line in lines if line.strip().startswith(f"{field} is ")]
        assert re.fullmatch(
            rf'{re.escape(field)} is {what or "(source|target) connection"} "[^"]+"', line.strip()
        )


async def test_a_pipeline_names_account_dataset_and_specs(
    ask: Ask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_secrets(monkeypatch)
    told = await ask("create_pipeline", CASES["create_pipeline"](world), Overlay(), None, world.emulator)
    text = told.structured["preview"]
    assert re.search(r'connectionSpec\.id is connector "[^"]+"', text)
    assert re.search(r'params\.dataSetId is dataset "[^"]+"', text)
    assert re.search(r'flowSpec\.id is flow spec "[^"]+"', text)


async def test_what_stays_after_a_flow_is_deleted_is_named(ask: Ask, world: World) -> None:
    told = await ask("delete_flow", CASES["delete_flow"](world), Overlay(), None, world.emulator)
    assert re.search(
        r'These stay: source connection "[^"]+" \([\w-]+\); target connection "[^"]+" \([\w-]+\)\.',
        told.structured["preview"],
    )


# --- rows and bodies --------------------------------------------------------------------------------------


def test_rows_of_a_mapping_are_a_table_and_nothing_of_a_row_is_hidden() -> None:
    one = shown(Change.create(Kind.MAPPING_SET, {"name": "m", "mappings": ROWS}))
    lines = [line.strip() for line in one.text().splitlines()]
    assert 'map "first_name" -> "person.name.firstName" (ATTRIBUTE)' in lines
    assert 'map "upper(x | y)" -> "_acme.key" (EXPRESSION) {"identity": true}' in lines
    assert 'body: {"mappings": "(the 2 rows above)", "name": "m"}' in lines
    shown_page = page(one)
    assert "<caption>Mapping, 2 rows</caption>" in shown_page
    assert (
        "<tr><td>&quot;first_name&quot;</td><td>&quot;person.name.firstName&quot;</td><td>ATTRIBUTE</td></tr>"
        in shown_page
    )
    # On demand it is whole, as it is sent.
    whole = re.findall(r"<details><summary>What is sent, as JSON</summary><pre>(.*?)</pre>", shown_page)
    assert len(whole) == 1
    assert json.loads(whole[0].replace("&quot;", '"')) == {"name": "m", "mappings": ROWS}


@pytest.mark.parametrize("rows", [[], ["no row"], [{"source": "a"}], [*ROWS, {"odd": 1}], {"source": "a"}])
def test_what_is_no_list_of_rows_is_shown_as_it_is(rows: Any) -> None:
    text = shown(Change.create(Kind.MAPPING_SET, {"name": "m", "mappings": rows})).text()
    assert "map " not in text
    assert json.dumps(rows, sort_keys=True) in text


def test_the_json_comes_after_what_a_person_reads() -> None:
    body = {"name": "n", "scheduleParams": {"startTime": 1772503200}}
    text = shown(Change.create(Kind.FLOW, body, warnings=["It costs."])).text().splitlines()
    places = [
        next(n for n, line in enumerate(text) if part in line) for part in ("times:", "! It costs.", "body: ")
    ]
    assert places == sorted(places)


def test_a_time_that_changes_is_told_before_and_after() -> None:
    flow = {"id": "f", "name": "n", "scheduleParams": {"startTime": "1772503200", "interval": 1}}
    op = {"op": "replace", "path": "/scheduleParams/startTime", "value": 1795777561}
    one = shown(Change.update(Kind.FLOW, "f", flow, [op], etag='"e"'))
    told = (
        'scheduleParams.startTime: "1772503200" (2026-03-03T02:00:00Z) -> 1795777561 (2026-11-27T11:06:01Z)'
    )
    assert [line.strip() for line in one.text().splitlines() if "Time" in line] == [told]
    assert told.replace('"', "&quot;").replace("->", "-&gt;") in page(one)


# --- lists that stay short --------------------------------------------------------------------------------


def test_a_thousand_dependents_are_a_few_lines_and_a_number() -> None:
    lines = [f'flow "{"n" * 120}" (id-{number}), enabled' for number in range(1_000)]
    one = shown(Change.delete(Kind.CONNECTION, {"id": "c", "name": "x"}, dependents=lines))
    assert len(one.text()) < 3_000
    assert one.cuts == ()
    told = [line for line in one.text().splitlines() if line.startswith("! Stops working: ")]
    assert len(told) == LISTED + 1
    assert told[-1] == f"! Stops working: and {1_000 - LISTED} more."
    assert page(one).count("<li>flow") == 1_000
    other = shown(
        Change.delete(Kind.CONNECTION, {"id": "c", "name": "x"}, dependents=[*lines[:-1], "another"])
    )
    assert other.digest != one.digest


async def test_the_whole_list_is_in_the_structure_and_bounded(ask: Ask, world: World) -> None:
    account = world.first("connections", lambda item: item["state"] == "enabled")
    source = world.first("sourceConnections", lambda item: True)
    for number in range(KEPT + 50):
        world.copy("sourceConnections", source, name=f"{number} {'n' * 700}", baseConnectionId=account["id"])
    arguments = {"connection_id": account["id"]}
    refused = await ask("delete_connection", arguments, Overlay(), None, world.emulator)
    assert refused.is_error
    assert len(refused.text) < 3_500
    assert re.search(r"; and \d+ more\.", refused.text)
    told = await ask(
        "delete_connection", {**arguments, "delete_anyway": True}, Overlay(), None, world.emulator
    )
    assert len(told.structured["preview"]) < 5_000
    dependents = told.structured["dependents"]
    assert len(dependents) == KEPT + 1
    assert re.fullmatch(r"and \d+ more", dependents[-1])
    assert max(map(len, dependents)) < 250


def test_no_preview_passes_its_bound() -> None:
    rows = [{**ROWS[0], "destination": f"_acme.field{number}"} for number in range(900)]
    one = shown(Change.create(Kind.MAPPING_SET, {"name": "m", "mappings": rows}))
    assert one.cuts
    assert len(one.text()) > 24_000
    assert len(bounded(one)) <= 24_000
    assert f"(cut: {len(one.text())} characters in all" in bounded(one)


# --- what is doubled --------------------------------------------------------------------------------------

DOUBLED = "Loads the same path into the same dataset already: flow "


async def test_a_second_flow_over_the_same_path_is_a_warning(ask: Ask, world: World) -> None:
    told = await ask("create_flow", CASES["create_flow"](world), Overlay(), None, world.emulator)
    assert DOUBLED in told.structured["preview"]
    assert told.structured["status"] == "needs_confirmation"


@pytest.mark.parametrize("other", ["path", "dataset", "ended"])
async def test_another_path_another_dataset_and_a_deleted_flow_are_none(
    ask: Ask, world: World, other: str
) -> None:
    arguments = CASES["create_flow"](world)
    store = world.emulator.store
    if other == "ended":
        for flow in world.all("flows"):
            store.put("dev", "flows", {**flow, "state": "deleted"})
    changes: dict[str, tuple[str, str, dict[str, str]]] = {
        "path": ("sourceConnections", "source_connection_id", {"path": "/never/seen/"}),
        "dataset": ("targetConnections", "target_connection_id", {"dataSetId": "never seen"}),
        "ended": ("sourceConnections", "source_connection_id", {}),
    }
    kind, key, params = changes[other]
    end = world.get(kind, arguments[key])
    store.put("dev", kind, {**end, "params": {**end["params"], **params}})
    told = await ask("create_flow", arguments, Overlay(), None, world.emulator)
    assert told.structured["status"] == "needs_confirmation"
    assert DOUBLED not in told.structured["preview"]
    assert "it was not checked" not in told.structured["preview"]


async def test_where_it_was_not_looked_for_that_is_said(
    ask: Ask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = Overlay(rules=(Rule(r"/sourceConnections\?", json={}, status=403),))
    told = await ask("create_flow", CASES["create_flow"](world), closed, None, world.emulator)
    assert "Could not be read, so it was not checked: whether another flow loads the same path" in told.text
    with_secrets(monkeypatch)
    told = await ask("create_pipeline", CASES["create_pipeline"](world), Overlay(), None, world.emulator)
    assert (
        DOUBLED in told.text or "Not looked for, since the account is new: whether another flow" in told.text
    )


# --- what is dropped --------------------------------------------------------------------------------------


async def test_new_credentials_say_which_fields_they_drop(
    ask: Ask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_secrets(monkeypatch)
    arguments = CASES["update_connection"](world)
    account = world.get("connections", arguments["connection_id"])
    assert {"bucketName", "folderPath"} <= set(account["auth"]["params"])
    value = {"s3AccessKey": "${AEP_SECRET_ID}", "s3SecretKey": "${AEP_SECRET_KEY}"}
    operation = {"op": "replace", "path": "/auth/params", "value": value}
    told = await ask(
        "update_connection", {**arguments, "operations": [operation]}, Overlay(), None, world.emulator
    )
    [line] = [one for one in told.structured["preview"].splitlines() if "All credentials" in one]
    assert 'it keeps only "s3AccessKey", "s3SecretKey".' in line
    assert 'Dropped: "bucketName", "folderPath".' in line
    assert 'Dropped where they are stored: "s3SessionToken", "serviceUrl".' in line


# --- what the spec refuses --------------------------------------------------------------------------------

TOO_OFTEN: dict[str, Any] = {"frequency": "minute", "interval": 5}


def _refusals(world: World) -> dict[str, Any]:
    flow = world.first("flows", lambda item: (item.get("scheduleParams") or {}).get("frequency") == "day")
    schedule = {**flow["scheduleParams"], **TOO_OFTEN}
    whole = {"op": "replace", "path": "/scheduleParams", "value": schedule}
    parts = [
        {"op": "replace", "path": f"/scheduleParams/{name}", "value": TOO_OFTEN[name]} for name in TOO_OFTEN
    ]
    made = CASES["create_flow"](world)
    return {
        "create_flow": {**made, "schedule": {**made["schedule"], **TOO_OFTEN}},
        "create_flow_landing_zone_to_data_lake": {
            **CASES["create_flow_landing_zone_to_data_lake"](world),
            **TOO_OFTEN,
        },
        "create_pipeline": {**CASES["create_pipeline"](world), "every": "5 minutes"},
        "update_flow": {"flow_id": flow["id"], "operations": [whole]},
        "update_flow by parts": {"flow_id": flow["id"], "operations": parts},
    }


@pytest.mark.parametrize(
    "case",
    [
        "create_flow",
        "create_flow_landing_zone_to_data_lake",
        "create_pipeline",
        "update_flow",
        "update_flow by parts",
    ],
)
async def test_a_schedule_that_the_spec_refuses_is_refused_before_anybody_is_asked(
    ask: Ask, world: World, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    with_secrets(monkeypatch)
    arguments = _refusals(world)[case]
    told = await ask(case.split()[0], arguments, Overlay(), None, world.emulator)
    assert told.is_error, told.text
    assert re.search(r"interval|every", told.text)
    assert "15" in told.text
    assert "confirmation_id" not in told.structured


async def test_a_draft_without_its_schedule_is_not_published(ask: Ask, world: World) -> None:
    flow = world.first("flows", lambda item: (item.get("scheduleParams") or {}).get("frequency") == "day")
    draft = {**flow, "state": "draft"}
    arguments = {"flow_id": flow["id"], "action": "publish"}
    world.emulator.store.put("dev", "flows", {**draft, "scheduleParams": {}})
    told = await ask("run_flow_action", arguments, Overlay(), None, world.emulator)
    assert told.is_error
    assert "scheduleParams: is required" in told.text
    world.emulator.store.put("dev", "flows", draft)
    told = await ask("run_flow_action", arguments, Overlay(), None, world.emulator)
    assert told.structured["status"] == "needs_confirmation", told.text
