"""Each connector is found by its id, and its pipeline is planned and created from the fields of its page."""

from __future__ import annotations

from typing import Any

import pytest

from aep_flow_mcp.emulator.catalogue.reading import load_catalogue
from aep_flow_mcp.pipelines import wellknown
from tools.bed import SANDBOX
from tools.pipeline_talks import Stage, stage
from tutorials.replay import REFERENCE, SECRETS, Reader
from tutorials.tutorials import Json, Tutorial, alike, filled, tutorials

FIRST = {one.connector: one for one in reversed(tutorials())}
FIRST |= {one.connector: one for one in tutorials() if one.spec_of("source") == wellknown.DATA_LAKE_SOURCE}
"""One tutorial of each connector; where datasets can be exported, plan_pipeline is about these."""


def said(tutorial: Tutorial, known: dict[str, Any]) -> Json:
    """The arguments of plan_pipeline that say what the page says."""
    export = tutorial.target.get("spec") == "own"
    end: Json = filled(tutorial.target if export else tutorial.source, known)
    params = dict(end.get("params") or {})
    places = ("path", "tableName", *(("remotePath",) if "datasetFileType" in params else ()))
    path = next((params.pop(name) for name in places if name in params), None)
    params.pop("columns", None)
    auth = filled(tutorial.auth, known | {"$secret": REFERENCE})
    login = {"auth_spec": auth["specName"], "auth_params": auth["params"]} if auth else {}
    wish = {
        "name": f"planned {tutorial.name}",
        "connector": tutorial.connector,
        "path": path,
        "params": params,
    }
    if export:
        return {**wish, **login, "direction": "export", **_exported(tutorial, params, known)}
    return {**wish, **login, "direction": "import", **_imported(tutorial, known)}


def _imported(tutorial: Tutorial, known: dict[str, Any]) -> Json:
    flow = filled(tutorial.flow, known)
    steps = {step["name"]: step["params"] for step in flow.get("steps") or []}
    schedule = flow.get("schedule")
    rhythm = {"every": _every(schedule), "start_time": str(known["$start"])} if schedule else {}
    column = steps.get("Copy", {}).get("deltaColumn", {}).get("name")
    raw = "Mapping" in steps or schedule
    mapped = {"mapping_set": known["$mapping"]} if raw else {}
    data = tutorial.source.get("data") or {}
    files = {"format": data["format"]} if data.get("format") in ("delimited", "json") else {}
    return {"datasets": [known["$dataset"]], "delta_column": column, **rhythm, **mapped, **files}


def _exported(tutorial: Tutorial, params: Json, known: dict[str, Any]) -> Json:
    if tutorial.source.get("spec") != "lake":
        return {}
    kind = params.pop("datasetFileType")
    return {
        "datasets": [known["$dataset"]],
        "format": kind.lower(),
        "every": "3 hours",
        "start_time": str(known["$start"]),
        "end_time": str(known["$end"]),
    }


def _every(schedule: Json) -> str:
    if schedule["frequency"] == "once":
        return "once"
    return f"{schedule['interval']} {schedule['frequency']}s"


@pytest.mark.parametrize("tutorial", FIRST.values(), ids=[one.name for one in FIRST.values()])
async def test_a_pipeline_is_made_of_documented_fields(tutorial: Tutorial) -> None:
    async with stage("2026-07-28", secrets=SECRETS, mcp_approval="two-step") as on:
        reader = Reader.before(on)
        _put_file(on)
        arguments = {
            name: value for name, value in said(tutorial, reader.known).items() if value not in (None, {})
        }
        plan = await on.answer("plan_pipeline", **arguments)
        assert (plan["problems"], plan["missing"]) == ([], [])
        assert plan["ready"]
        asked = await on.answer("create_pipeline", **arguments)
        done = await on.answer("confirm_change", confirmation_id=asked["confirmation_id"])
        assert done["status"] == "done"
        side = "target" if arguments["direction"] == "export" else "source"
        [end] = reader.sent(f"{side}Connections")
        [flow] = reader.sent("flows")
        accounts = reader.sent("connections")
    assert end["connectionSpec"]["id"] == tutorial.connector
    wanted = alike(filled(getattr(tutorial, side).get("params") or {}, reader.known))
    wanted.pop("columns", None)
    sent = alike(end.get("params") or {})
    if "tablename" in sent and "path" in wanted:
        wanted["tablename"] = wanted.pop(
            "path"
        )  # An older page; newer ones of the same family say tableName.
    assert wanted.items() <= sent.items()
    assert flow["flowSpec"]["id"] in load_catalogue().by_name[tutorial.connector].flow_specs
    if tutorial.auth:
        [account] = accounts
        login = alike(filled(tutorial.auth, reader.known))
        assert account["auth"]["specName"] == login["specname"]
        assert login["params"].items() <= alike(account["auth"]["params"]).items()


def _put_file(on: Stage) -> None:
    """The file of the landing zone's page: what is planned there has to be there."""
    files = on.store.sandboxes[SANDBOX].files
    zone = files["landing-zone"]
    some = next(node for node in zone.values() if node["type"] == "file")
    files["landing-zone"] = zone | {"dlz-user-container/data8.csv": some}


async def test_every_connector_is_found_by_its_id() -> None:
    async with stage("2026-07-28") as on:
        for one in load_catalogue().connectors:
            if one.role == "internal":
                continue
            direction = "import" if one.is_source else "export"
            found = await on.answer("find_connector", words=one.id, direction=direction)
            assert [card["id"] for card in found["connectors"]] == [one.id]
            assert [way["name"] for way in found["connectors"][0].get("ways", [])] == [
                auth.name for auth in one.auths or ()
            ]
        both = await on.answer("find_connector", words="amazon kinesis", direction="export")
        assert both["connectors"][0]["direction"] == "export"
