"""Answers in shapes that Adobe documents, or that follow from its documents, and what is concluded from them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from field_cases.conftest import Ask
from support.overlay import Overlay, Rule

FLOW = "84224def-0000-4000-8000-0000000000aa"
SERVICE = "/data/foundation/flowservice"


def flow(**fields: Any) -> dict[str, Any]:
    """A flow as the service gives it, with some fields in other shapes."""
    return {
        "id": FLOW,
        "name": "Orders",
        "state": "enabled",
        "etag": '"5a01"',
        "flowSpec": {"id": "9753525b-82c7-4dce-8a9b-5ccfce2b9876", "version": "1.0"},
        "sourceConnectionIds": [],
        "targetConnectionIds": [],
        **fields,
    }


def answering(item: dict[str, Any], *more: Rule) -> Overlay:
    return Overlay((Rule(rf"/flows/{FLOW}$", json={"items": [item]}), *more))


def run(status: Any = "success", **counts: Any) -> dict[str, Any]:
    metrics = {"statusSummary": {"status": status}, "recordSummary": counts}
    return {"id": "run-1", "flowId": FLOW, "metrics": metrics, "activities": []}


def of_run(item: dict[str, Any]) -> Overlay:
    return Overlay((Rule(r"/runs/run-1$", json={"items": [item]}),))


# --- shapes of objects


@pytest.mark.parametrize("spec", ["9753525b-82c7-4dce-8a9b-5ccfce2b9876", None, {"id": None}])
async def test_a_bare_flow_spec_does_not_stop_an_update(ask: Ask, spec: Any) -> None:
    ops = [{"op": "replace", "path": "/name", "value": "New"}]
    told = await ask("update_flow", {"flow_id": FLOW, "operations": ops}, answering(flow(flowSpec=spec)))
    assert "New" in told.text
    assert not told.is_error


async def test_steps_as_a_lone_object_and_nulls_do_not_stop_a_new_mapping(ask: Ask) -> None:
    steps = {"name": "Mapping", "params": None}
    overlay = answering(flow(transformations=steps, targetConnectionIds=None, policy=None))
    told = await ask("update_flow_mapping", {"flow_id": FLOW}, overlay)
    assert "name the mapping set" in told.text
    policies = await ask("update_flow_policies", {"flow_id": FLOW, "policies": ["/dulepolicy/x"]}, overlay)
    assert "/dulepolicy/x" in policies.text


async def test_a_state_in_capitals_is_that_state(ask: Ask) -> None:
    told = await ask(
        "run_flow_action", {"flow_id": FLOW, "action": "disable"}, answering(flow(state="ENABLED"))
    )
    assert "op=disable" in told.text
    assert not told.is_error


@pytest.mark.parametrize(
    "ways",
    [
        {
            "transformationSpecs": {
                "name": "Mapping",
                "spec": {"properties": {"mappingId": {"type": "string"}}},
            }
        },
        {"transformationSpecs": [{"name": "Mapping", "spec": {"properties": {"mappingId": {}}}}, None]},
        {"transformationSpec": None, "transformationSpecs": [{"name": "Mapping", "spec": None}]},
    ],
)
async def test_steps_of_a_flow_spec_are_read_from_every_name(ask: Ask, ways: dict[str, Any]) -> None:
    spec = {"id": "f5", "name": "One", "version": 1, "attributes": {"isSourceFlow": "true"}, **ways}
    told = await ask("get_flow_spec", {"flow_spec_id": "f5"}, Overlay(flow_specs={"f5": spec}))
    assert [step["name"] for step in told.structured["transformations"]] == ["Mapping"]
    assert told.structured["kind"] == "source"
    assert told.structured["version"] == "1"


async def test_a_null_does_not_hide_the_other_name_of_a_field(ask: Ask) -> None:
    item = run("success")
    item |= {"activities": None, "activites": [{"name": "Copy", "statusSummary": {"status": "FAILED"}}]}
    told = await ask("get_run", {"run_id": "run-1"}, of_run(item))
    assert told.structured["activities"][0]["status"] == "failed"


async def test_what_describe_flow_once_left_out(ask: Ask) -> None:
    last = {
        "id": "r9",
        "state": "partialSuccess",
        "startedAtUTC": "1700000000000",
        "completedAtUTC": 1700000060000,
    }
    item = flow(
        options={"inletUrl": "https://dcs.adobedc.net/collection/abc"},
        labels=["core/C12"],
        lastRunDetails=last,
    )
    overlay = answering(item, Rule(r"/runs\?", json={"items": []}))
    told = await ask("describe_flow", {"flow_id": FLOW}, overlay)
    assert told.structured["endpoint"] == "https://dcs.adobedc.net/collection/abc"
    assert told.structured["labels"] == ["core/C12"]
    assert told.structured["last_run"]["status"] == "partial_success"
    assert told.structured["last_run"]["started_at"] == "2023-11-14T22:13:20Z"
    assert "not run yet" not in told.text
    diagnosed = await ask("diagnose_flow", {"flow": FLOW}, overlay)
    assert "partialSuccess" in diagnosed.text
    assert diagnosed.structured["cause"] != "nothing_wrong_found"


async def test_texts_for_numbers_and_booleans(ask: Ask) -> None:
    options = {"errorDiagnosticsEnabled": "true", "partialIngestionPercent": "12.5"}
    steps = [None, {"name": "Mapping", "params": {"mappingId": 4711, "mappingVersion": "2"}}]
    item = flow(
        name=2030,
        options=options,
        transformations=steps,
        scheduleParams={"interval": "15", "frequency": "minute"},
    )
    told = await ask("describe_flow", {"flow_id": FLOW}, answering(item))
    assert told.structured["name"] == "2030"
    assert told.structured["error_diagnostics"] is True
    assert told.structured["partial_ingestion_percent"] == 12.5
    assert told.structured["mapping"]["id"] == "4711"
    assert "every 15 minutes" in told.structured["schedule"]


async def test_older_names_of_a_source_connection(ask: Ask) -> None:
    connector = "ecadc60c-7455-4d87-84dc-2a0e293d997b"
    account = {"id": "acc", "connectionSpec": {"id": connector, "version": 1}}
    item = {
        "id": "s1",
        "connectionId": "acc",
        "inheritedAttributes": {"baseConnection": account},
        "params": {"datasets": ["d1", {"datasetId": "d2"}, None, 5]},
    }
    told = await ask(
        "list_source_connections", {}, Overlay((Rule(r"/sourceConnections\?", json={"items": [item]}),))
    )
    row = told.structured["items"][0]
    assert (row["base_connection_id"], row["connection_spec_id"]) == ("acc", connector)
    assert row["dataset_ids"] == ["d1", "d2", "5"]


async def test_a_connector_is_shown_by_the_label_that_people_see(ask: Ask) -> None:
    specs = {
        f"spec-{number}": {
            "id": f"spec-{number}",
            "name": "generic-streaming",
            "attributes": {"isSource": "true", "uiAttributes": {"label": label}},
        }
        for number, label in enumerate(["Shopify Streaming", {"value": "Zephyr"}])
    }
    listed = await ask("find_connection_spec", {"name": "zephyr"}, Overlay(specs=specs))
    assert [item["id"] for item in listed.structured["items"]] == ["spec-1"]
    assert "Zephyr" in listed.text
    mapped = await ask("map_connection_specs", {}, Overlay(specs=specs))
    assert "spec-0 (Shopify Streaming), spec-1 (Zephyr)" in mapped.text
    shown = await ask("get_connection_spec", {"connection_spec_id": "spec-0"}, Overlay(specs=specs))
    assert shown.structured["label"] == "Shopify Streaming"


# --- runs


@pytest.mark.parametrize(
    ("status", "read"),
    [
        ("partialSuccess", "partial_success"),
        ("PARTIAL_SUCCESS", "partial_success"),
        ("partial-success", "partial_success"),
        ("partially_succeeded", "partial_success"),
        ("Partial Failure", "partial_failure"),
        ("partiallyFailed", "partial_failure"),
        ("Failed", "failed"),
        ("SUCCESS", "success"),
    ],
)
async def test_every_name_of_a_status(ask: Ask, status: str, read: str) -> None:
    told = await ask("get_run", {"run_id": "run-1"}, of_run(run(status)))
    assert told.structured["status"] == read


@pytest.mark.parametrize(
    ("counts", "clean"),
    [
        ({"inputRecordCount": 100, "outputRecordCount": 70}, None),
        ({"inputRecordCount": "100", "outputRecordCount": "70", "failedRecordCount": 0}, None),
        ({}, None),
        ({"inputRecordCount": 100, "outputRecordCount": 100}, True),
        ({"inputRecordCount": 100, "outputRecordCount": 70, "skippedRecordCount": 30}, False),
        ({"inputRecordCount": 100, "outputRecordCount": 70, "failedRecordCount": "30"}, False),
        ({"inputRecordCount": 9, "outputRecordCount": 9, "failedInfo": ["row 3 is bad"]}, False),
        (
            {"inputRecordCount": 9, "outputRecordCount": 9, "targetSummaries": [{"failedRecordCount": 2}]},
            False,
        ),
    ],
)
async def test_a_run_is_clean_only_where_its_counts_say_so(
    ask: Ask, counts: dict[str, Any], clean: bool | None
) -> None:
    told = await ask("get_run", {"run_id": "run-1"}, of_run(run("success", **counts)))
    assert told.structured.get("clean") is clean


async def test_rows_that_nobody_accounts_for_are_said(ask: Ask) -> None:
    item = run("success", inputRecordCount=100, outputRecordCount=70) | {"createdAt": 1700000000000}
    overlay = answering(flow(), Rule(r"/runs\?", json={"items": [item]}))
    told = await ask("diagnose_flow", {"flow": FLOW}, overlay)
    assert told.structured["cause"] == "records_unaccounted"
    assert "30 of 100 records" in told.text


# --- what a 404 says


NOT_FOUND = {
    "type": "https://ns.adobe.com/aep/errors/FLOW-1439-404",
    "title": "Resource not found",
    "status": 404,
    "report": {"detailed-message": "The requested flows resource is not found.", "request-id": "RQ-77"},
}


async def test_a_404_may_be_a_label_and_shows_its_request_id(ask: Ask) -> None:
    rule = Rule(rf"/flows/{FLOW}$", status=404, json=NOT_FOUND)
    for tool in ("describe_flow", "get_flow"):
        told = await ask(tool, {"flow_id": FLOW}, Overlay((rule,)))
        assert told.is_error
        assert "access label" in told.text
        assert "RQ-77" in told.text
        assert "FLOW-1439-404" in told.text


async def test_an_account_that_is_hidden_is_not_said_to_be_deleted(ask: Ask) -> None:
    """Its flow's runs succeed, so the account must be there."""
    hidden = Overlay((Rule(r"/connections/[0-9a-f-]+$", status=404, json=NOT_FOUND),))
    told = await ask("diagnose_flow", {"flow": SCENARIOS["healthy"]}, hidden)
    assert "proved" not in told.text
    assert "_deleted" not in told.text
    assert told.structured["cause"] != "account_not_found"
    assert "account_not_found" in {other["cause"] for other in told.structured["others"]}
    assert "it may only be hidden from this credential" in told.text


async def test_a_part_that_is_not_found_while_runs_fail_is_likely_not_proved(ask: Ask) -> None:
    told = await ask("diagnose_flow", {"flow": SCENARIOS["deleted_dataset"]})
    assert told.structured["cause"] == "dataset_not_found"
    assert told.structured["certainty"] in ("likely", "seen now, and named by the errors of its runs")
    assert "access label" in told.structured["headline"]


async def test_a_cause_from_old_errors_is_said_to_be_one(ask: Ask) -> None:
    told = await ask("diagnose_flow", {"flow": SCENARIOS["expired_credentials"]})
    assert "proved" not in told.text


# --- next links


@pytest.mark.parametrize(
    "href",
    [
        "https://platform.adobe.io:443/data/foundation/flowservice/flows?continuationToken=two",
        "https://platform-va7.adobe.io/data/foundation/flowservice/flows?continuationToken=two",
        "/flows?continuationToken=two",
        "?continuationToken=two",
    ],
)
async def test_the_position_is_taken_from_a_next_link_of_any_spelling(ask: Ask, href: str) -> None:
    first = {"items": [{"id": "f1"}], "_links": {"next": {"href": href}}}
    overlay = Overlay(
        (
            Rule(r"/flows\?.*continuationToken=two", json={"items": [{"id": "f2"}]}),
            Rule(r"/flows\?", json=first),
        )
    )
    one = await ask("list_flows", {}, overlay)
    two = await ask("list_flows", {"cursor": one.structured["next_cursor"]}, overlay)
    assert [item["id"] for item in two.structured["items"]] == ["f2"]
    assert {request.url.host for request in two.sent} == {one.sent[0].url.host}


@pytest.mark.parametrize(
    "link",
    [
        {"href": "https://platform.adobe.io:443/x?limit={limit}&offset={offset}", "templated": True},
        {"href": "/x?continuationToken=%7Btoken%7D"},
        {"href": "/x{?offset}"},
    ],
)
async def test_a_template_is_no_next_page(ask: Ask, link: dict[str, Any]) -> None:
    listed = {"items": [{"id": "f1"}], "_links": {"next": link}}
    told = await ask("list_flows", {}, Overlay((Rule(r"/flows\?", json=listed),)))
    assert not told.is_error
    assert "next_cursor" not in told.structured


async def test_sandboxes_with_a_templated_link_are_all_read(ask: Ask) -> None:
    def page(numbers: range) -> dict[str, Any]:
        link = {"href": "https://platform.adobe.io:443/s/?limit={limit}&offset={offset}", "templated": True}
        names = [{"name": f"s{number}", "type": "development"} for number in numbers]
        return {"sandboxes": names, "_links": {"next": link}}

    last = page(range(100, 103))
    last["sandboxes"].append({"name": "dev", "type": "development", "state": "active"})
    overlay = Overlay(
        (
            Rule(r"sandbox-management/\?.*offset=100", json=last),
            Rule(r"sandbox-management/\?", json=page(range(100))),
        )
    )
    told = await ask("get_server_info", {}, overlay)
    assert told.structured["connection"] == "ok"
    assert told.structured["sandboxes"][0]["type"] == "development"


# --- exploring


async def test_what_is_inside_hierarchical_data_is_shown(ask: Ask) -> None:
    schema = {
        "type": "object",
        "properties": {
            "id": {"type": ["string", "null"]},
            "address": {
                "type": "object",
                "properties": {"geo": {"type": "object", "properties": {"lat": {"type": "number"}}}},
            },
            "items": {
                "type": "array",
                "items": {"type": "object", "properties": {"sku": {"type": "string"}}},
            },
        },
    }
    deep = {"address": {"geo": {"lat": 1.5}}, "items": [{"sku": "x" * 5_000}] * 500}
    rule = Rule(r"/explore\?", json={"format": "hierarchical", "schema": schema, "data": [deep, None]})
    told = await ask(
        "explore_connection",
        {"connection_id": "c1", "object_type": "file", "object": "a.json"},
        Overlay((rule,)),
    )
    names = [column["name"] for column in told.structured["columns"]]
    assert names == ["id", "address", "address.geo", "address.geo.lat", "items", "items[].sku"]
    assert len(json.dumps(told.structured)) < 5_000


async def test_many_columns_are_read_in_pieces(ask: Ask) -> None:
    columns = [{"name": f"column_{number}", "type": "string"} for number in range(1_000)]
    overlay = Overlay(
        (Rule(r"/explore\?", json={"format": "flat", "schema": {"columns": columns}, "data": []}),)
    )
    names: list[str] = []
    cursor: str | None = "0"
    while cursor is not None:
        asked = {"account": "c1", "object_type": "table", "path": "t", "cursor": cursor}
        told = await ask("explore_connection", asked, overlay)
        names += [column["name"] for column in told.structured["columns"]]
        cursor = told.structured.get("next_cursor")
    assert names == [column["name"] for column in columns]


# --- another form


async def test_a_schema_is_asked_for_in_the_registrys_form(ask: Ask) -> None:
    path = "/data/foundation/schemaregistry/tenant/schemas/x"
    rule = Rule(r"/schemaregistry/", json={"title": "X"})
    plain = await ask("get_resource", {"path": path}, Overlay((rule,)))
    assert plain.sent[-1].headers["accept"] == "application/vnd.adobe.xed+json; version=1"
    named = "application/vnd.adobe.xed-full+json; version=2.1"
    told = await ask("get_resource", {"path": path, "accept": named}, Overlay((rule,)))
    assert told.sent[-1].headers["accept"] == named


@pytest.mark.parametrize(
    "accept", ["text/html", "application/json\r\nx-evil: 1", "application/vnd.evil+json", "*/*"]
)
async def test_no_other_form_is_asked_for(ask: Ask, accept: str) -> None:
    told = await ask("get_resource", {"path": f"{SERVICE}/flows", "accept": accept})
    assert told.is_error
    assert not told.sent


async def test_a_refused_form_says_what_can_be_done(ask: Ask) -> None:
    rule = Rule(r"/schemaregistry/", status=406, json={"title": "Not acceptable"})
    told = await ask(
        "get_resource", {"path": "/data/foundation/schemaregistry/tenant/schemas/x"}, Overlay((rule,))
    )
    assert "accept" in told.text
    assert "xed+json" in told.text
