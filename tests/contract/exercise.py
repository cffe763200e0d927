"""Every operation of the Flow Service, called on an emulator as the documentation calls it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

from aep_flow_mcp.emulator import Emulator, FaultRule
from contract.bodies import (
    FILES_TO_LAKE,
    S3_SOURCE,
    START,
    Json,
    account,
    add,
    files,
    into,
    mapping_step,
    remove,
    replace,
    scheduled,
)
from contract.caller import Caller

EXPORT_SOURCE = "23598e46-f560-407b-88d5-ea6207e49db0"
LANDING_ZONE_SOURCE = "26f526f2-58f4-4712-961d-e41bf1ccc0e8"
LANDING_ZONE_TARGET = "10440537-2a7b-4583-ac39-ed38d4b848e8"
EXPORT_TO_LANDING_ZONE = "cd2fc47e-e838-4f38-a581-8fff2f99b63a"
COLLECTIONS = ("connections", "sourceConnections", "targetConnections", "flows", "runs")
SPECS = ("connectionSpecs", "flowSpecs")
UNKNOWN = "00000000-0000-4000-8000-000000000000"


async def everything(call: Caller) -> None:
    """All 45 operations, each answered with success at least once; needs an emulator with provider access."""
    await read_collections(call)
    await explore(call)
    await write_flow(call)
    await write_drafts(call)
    await write_export(call)
    await write_specs(call)
    await act_on_runs(call)


async def read_collections(call: Caller) -> None:
    """Lists with pages, filters, order and count; single objects; searches."""
    for collection in COLLECTIONS:
        page = await call("GET", f"/{collection}", query={"limit": 2, "orderby": "-updatedAt"})
        assert len(page["items"]) == 2
        assert (await call("GET", f"/{collection}", query={"limit": 100}))["items"]
        following = await call("GET", page["_links"]["next"]["href"])
        assert following["items"][0]["id"] not in {item["id"] for item in page["items"]}
        one = page["items"][0]["id"]
        assert (await call.item(f"/{collection}/{one}"))["id"] == one
        assert (await call("GET", f"/{collection}", query={"count": "true"}))["count"] > 2
        filters = [("property", f"id=={one},{UNKNOWN}"), ("property", "createdAt>0")]
        assert [i["id"] for i in (await call("GET", f"/{collection}", query=filters))["items"]] == [one]
    for collection in ("connections", "flows"):
        body = {"queryString": "state==enabled", "limit": 2, "orderby": "name"}
        page = await call("POST", f"/{collection}/search", body=body)
        assert {item["state"] for item in page["items"]} == {"enabled"}
    counted = await call("POST", "/flows/search", body={"queryString": "state==enabled", "count": True})
    assert counted["count"] > 2
    for collection in SPECS:
        every = (await call("GET", f"/{collection}"))["items"]
        found = await call.first(collection, f"id=={every[-1]['id']}")
        assert (await call.item(f"/{collection}/{found['id']}"))["name"] == every[-1]["name"]
    found = await call(
        "POST", "/flowSpecs/search", body={"queryString": "name==CloudStorageToAEP", "limit": 5}
    )
    assert [spec["id"] for spec in found["items"]] == [FILES_TO_LAKE]


async def explore(call: Caller) -> None:
    """A connection tested, explored down to a file or table, and the landing zone without an account."""
    bucket = await explorable(call, S3_SOURCE)
    assert (await call("GET", f"/connections/{bucket['id']}/test")) == {"result": True}
    assert (await call("GET", f"/connections/{bucket['id']}/configs"))["items"]
    await _preview_a_file(call, f"/connections/{bucket['id']}/explore")
    await _preview_a_file(call, f"/connectionSpecs/{LANDING_ZONE_SOURCE}/explore")
    await _preview_a_table(call, f"/connections/{(await explorable(call, '*'))['id']}/explore")
    configs = await call("GET", f"/connectionSpecs/{EXPORT_SOURCE}/configs", query=_CONFIGS)
    assert configs["items"]
    named = await call(
        "GET", f"/connectionSpecs/{EXPORT_SOURCE}/configs", query=_CONFIGS | {"properties": "name"}
    )
    assert {frozenset(item) for item in named["items"]} == {frozenset({"id", "name"})}


_CONFIGS = {"outputType": "activationDatasets", "outputField": "datasets", "start": 0, "limit": 20}
_PREVIEWS: tuple[Json, ...] = (
    {"fileType": "delimited", "preview": "true"},
    {"determineProperties": "true", "preview": "true"},
    {"fileType": "delimited", "columnDelimiter": ",", "encoding": "UTF-8", "preview": "false"},
    {"fileType": "delimited", "compressionType": "gzip", "preview": "true"},
)


async def explorable(call: Caller, spec: str) -> Json:
    """A connection of a spec; for `*` one to a database."""
    if spec != "*":
        return await call.first("connections", f"connectionSpec.id=={spec}", "state==enabled")
    for source in (await call("GET", "/sourceConnections", query={"limit": 100}))["items"]:
        if source.get("data", {}).get("format") == "tabular" and "baseConnectionId" in source:
            base = await call.item(f"/connections/{source['baseConnectionId']}")
            if base["state"] == "enabled":
                return base
    raise AssertionError("the seed has no enabled connection to a database")


async def _csv_file(call: Caller, path: str, asked: Json) -> str | None:
    """The path of the first delimited file below a place, depth first."""
    for entry in await call("GET", path, query=asked):
        if entry["type"] == "file" and entry["name"].endswith(".csv"):
            found: str | None = entry["path"]
        elif entry["type"] == "folder":
            found = await _csv_file(call, path, {"objectType": "folder", "object": entry["path"]})
        else:
            found = None
        if found is not None:
            return found
    return None


async def _preview_a_file(call: Caller, path: str) -> None:
    """A file below the root, read with properties given and with properties found."""
    file = await _csv_file(call, path, {"objectType": "root"})
    for preview in _PREVIEWS:
        asked = {"objectType": "file", "object": file} | preview
        found = await call("GET", path, query=asked)
        assert found["schema"]["columns"]
        assert bool(found["data"]) is (preview["preview"] == "true")


async def _preview_a_table(call: Caller, path: str) -> None:
    """A table from the root, its rows filtered at the source, and its first object as a REST source shows it."""
    answer = await call("GET", path, query={"objectType": "root"})
    table = (answer["items"] if isinstance(answer, dict) else answer)[0]
    asked = {"objectType": "table", "object": table["path"], "preview": "true"}
    found = await call("GET", path, query=asked)
    name, value = next((n, v) for n, v in found["data"][0].items() if v is not None)
    field = {"nodeType": "fieldLookup", "fieldName": name}
    literal = {"nodeType": "literal", "value": value}
    condition = {"nodeType": "fnApply", "fnName": "=", "params": [field, literal]}
    wanted = base64.b64encode(
        json.dumps({"type": "PQL", "format": "pql/json", "value": condition}).encode()
    ).decode()
    filtered = await call("GET", path, query=asked | {"filters": wanted})
    assert {row[name] for row in filtered["data"]} == {value}
    shown = await call(
        "GET", path, query={"objectType": "rest", "object": table["path"], "sourceParams": "e30="}
    )
    assert shown["format"] == "hierarchical"


async def write_flow(call: Caller) -> None:
    """Account, source, target and flow: created, patched, acted upon, run on demand, deleted in order."""
    lake, mapping = await mapped_target(call)
    base = await call("POST", "/connections", body=account("contract account"))
    source = await call("POST", "/sourceConnections", body=files(base["id"]))
    target = await call("POST", "/targetConnections", body=into(lake))
    flow = await call("POST", "/flows", body=scheduled(source["id"], target["id"], mapping))
    path = f"/flows/{flow['id']}"
    await call.patch(f"/connections/{base['id']}", replace("/name", "contract account renamed"))
    await call.patch(f"/connections/{base['id']}", replace("/auth/params", account("")["auth"]["params"]))
    await call.patch(f"/sourceConnections/{source['id']}", add("/description", "orders"))
    await call.patch(f"/targetConnections/{target['id']}", add("/description", "orders"))
    for end, made in (("sourceConnections", source), ("targetConnections", target)):
        assert (await call.item(f"/{end}/{made['id']}"))["description"] == "orders"
        assert (await call.first(end, f"id=={made['id']}"))["description"] == "orders"
    await call.patch(path, add("/description", "orders"), remove("/description", "orders"))
    await call.patch(path, replace("/options/errorDiagnosticsEnabled", False))
    await call.patch(path, replace("/transformations/0", mapping_step(mapping)))
    await call.patch(path, replace("/scheduleParams/interval", 16))
    await call.patch(path, add("/policy", {"enforcementRefs": ["/dulepolicy/marketingActions/core/x"]}))
    assert (await call.item(path))["policy"]["enforcementRefs"]
    await call("POST", f"{path}/action", query={"op": "disable"})
    await call("POST", f"{path}/action", query={"op": "enable"}, If_Match=(await call.item(path))["etag"])
    once = scheduled(source["id"], target["id"], mapping) | {
        "scheduleParams": {"startTime": START, "frequency": "once"}
    }
    single = await call("POST", "/flows", body=once)
    window = {"startTime": START, "windowStartTime": START - 3600, "windowEndTime": START}
    run = await call("POST", "/runs", body={"flowId": single["id"], "params": window})
    created = run["items"][0] if "items" in run else run
    assert (await call.item(f"/runs/{created['id']}"))["flowId"] == single["id"]
    for doomed in (path, f"/flows/{single['id']}", f"/sourceConnections/{source['id']}"):
        await call("DELETE", doomed)
    await call("DELETE", f"/targetConnections/{target['id']}")
    await call("DELETE", f"/connections/{base['id']}")
    await call("GET", f"/connections/{base['id']}", expect=404)


async def write_drafts(call: Caller) -> None:
    """Each of the four kinds made as a draft and published."""
    lake, mapping = await mapped_target(call)
    draft = {"mode": "draft"}
    publish = {"op": "publish"}
    base = await call("POST", "/connections", body=account("draft account"), query=draft)
    await call("POST", f"/connections/{base['id']}/action", query=publish)
    source = await call("POST", "/sourceConnections", body=files(base["id"]), query=draft)
    await call("POST", f"/sourceConnections/{source['id']}/action", query=publish)
    target = await call("POST", "/targetConnections", body=into(lake), query=draft)
    await call("POST", f"/targetConnections/{target['id']}/action", query=publish)
    flow = await call("POST", "/flows", body=scheduled(source["id"], target["id"], mapping), query=draft)
    await call("POST", f"/flows/{flow['id']}/action", query=publish)
    for collection, made in (
        ("connections", base),
        ("sourceConnections", source),
        ("targetConnections", target),
    ):
        assert (await call.item(f"/{collection}/{made['id']}"))["state"] == "enabled"


async def write_export(call: Caller) -> None:
    """A dataset export to the landing zone, read back, and deleted as destinations are."""
    asked = await call("GET", f"/connectionSpecs/{EXPORT_SOURCE}/configs", query=_CONFIGS)
    dataset = asked["items"][0]
    spec = {"id": LANDING_ZONE_TARGET, "version": "1.0"}
    base = await call("POST", "/connections", body={"name": "landing zone", "connectionSpec": spec})
    source = await call(
        "POST",
        "/sourceConnections",
        body={
            "name": "lake",
            "connectionSpec": {"id": EXPORT_SOURCE, "version": "1.0"},
            "params": {"datasets": [{"dataSetId": dataset["id"], "name": dataset["name"]}]},
        },
    )
    params = {"mode": "Server-to-server", "path": "orders", "compression": "GZIP", "datasetFileType": "JSON"}
    target = await call(
        "POST",
        "/targetConnections",
        body={"name": "files", "baseConnectionId": base["id"], "connectionSpec": spec, "params": params},
    )
    await call.patch(f"/targetConnections/{target['id']}", replace("/params/path", "orders/daily"))
    assert (await call.item(f"/targetConnections/{target['id']}"))["params"]["path"] == "orders/daily"
    schedule = {
        "timeUnit": "day",
        "interval": 1,
        "exportMode": "FIRST_FULL_THEN_INCREMENTAL",
        "startTime": START,
        "endTime": START + 86_400,
        "folderNameTemplate": "%DATASET_NAME%",
    }
    body = {
        "name": "export",
        "flowSpec": {"id": EXPORT_TO_LANDING_ZONE, "version": "1.0"},
        "sourceConnectionIds": [source["id"]],
        "targetConnectionIds": [target["id"]],
        "transformations": [],
        "scheduleParams": schedule,
    }
    flow = await call("POST", "/flows", body=body)
    assert (await call.item(f"/flows/{flow['id']}"))["inheritedAttributes"]["properties"] == {
        "isDestinationFlow": True
    }
    await call("DELETE", f"/flows/{flow['id']}")


async def write_specs(call: Caller) -> None:
    """What only a connector's provider may do: a copy of a spec, then the copy under another name."""
    for collection, copied in (("connectionSpecs", S3_SOURCE), ("flowSpecs", FILES_TO_LAKE)):
        body = await call.item(f"/{collection}/{copied}") | {"name": "contract-spec"}
        del body["id"]
        for variant in ("transformationSpec", "transformationSpecs"):
            if variant in body:
                body["transformationSpecDTOS"] = body.pop(variant)
        held = body["permissionsInfo"]
        body["permissionsInfo"] = {k: v if isinstance(v, list) else [v] for k, v in held.items()}
        made = await call("POST", f"/{collection}", body=body)
        await call("PUT", f"/{collection}/{made['id']}", body=body | {"name": "contract-spec-renamed"})
        assert (await call.item(f"/{collection}/{made['id']}"))["name"] == "contract-spec-renamed"


async def act_on_runs(call: Caller) -> None:
    """A failed run triggered again, and a run updated as a provider does."""
    enabled = {
        f["id"]
        for f in (await call("GET", "/flows", query={"property": "state==enabled", "limit": 100}))["items"]
    }
    failed = await call(
        "GET", "/runs", query={"property": "metrics.statusSummary.status==failed", "limit": 100}
    )
    batch = await call.first("flowSpecs", "name==CloudStorageToAEP")
    run = next(r for r in failed["items"] if r["flowId"] in enabled and r["flowSpec"]["id"] == batch["id"])
    again = await call("POST", f"/runs/{run['id']}/action", query={"op": "re-trigger"})
    assert again["id"] != run["id"]
    metrics = {"statusSummary": {"status": "failed", "extensions": {}}, "sizeSummary": {"inputBytes": 7}}
    stored = await call.item(f"/runs/{run['id']}")
    await call(
        "PUT",
        f"/runs/{run['id']}",
        body={"flowId": run["flowId"], "metrics": metrics},
        If_Match=stored.get("etag") or stored["eTag"],
    )
    assert (await call.item(f"/runs/{run['id']}"))["metrics"]["sizeSummary"]["inputBytes"] == 7


async def errors(call: Caller) -> None:
    """The errors that the documentation names, each provoked once and left to the checker."""
    for collection in (*COLLECTIONS, *SPECS):
        await call("GET", f"/{collection}/{UNKNOWN}", expect=404)
    for collection in COLLECTIONS:
        await call("GET", f"/{collection}", query={"limit": 5, "count": "true"}, expect=400)
        await call("GET", f"/{collection}", query={"property": "noSuchField==1"}, expect=400)
        await call("GET", f"/{collection}", query={"orderby": "noSuchField"}, expect=400)
        await call("GET", f"/{collection}", Authorization="Bearer nobody", expect=401)
        await call("GET", f"/{collection}", x_sandbox_name="no-such-sandbox", expect=404)
        await call("GET", f"/{collection}", x_api_key="nobody", expect=403)
    flow = await call.first("flows", "state==enabled")
    operations = [replace("/name", "x")]
    await call("PATCH", f"/flows/{flow['id']}", body=operations, expect=400)
    await call("PATCH", f"/flows/{flow['id']}", body=operations, If_Match='"stale"', expect=412)
    await call("POST", f"/flows/{flow['id']}/action", query={"op": "enable"}, expect=400)
    await call("POST", "/connections", body={"name": "x", "connectionSpec": {"id": S3_SOURCE}}, expect=422)
    await call(
        "POST",
        "/connections",
        body={"name": "x", "connectionSpec": {"id": UNKNOWN, "version": "1.0"}},
        expect=400,
    )
    used = next(c for c in _bases(flow))
    await call("DELETE", f"/connections/{used}", expect=400)


async def faults(emulator: Emulator, call: Caller) -> None:
    """What a busy or broken service answers, on operations that declare the status and on others."""
    for status in (429, 500, 503):
        for collection in COLLECTIONS:
            emulator.faults.add(FaultRule(f"^GET .*/{collection}$", "status", status=status, times=1))
            await call("GET", f"/{collection}", expect=status)
            assert (await call("GET", f"/{collection}", query={"limit": 1}))["items"]
    emulator.faults.clear()


def _bases(flow: Json) -> Iterator[str]:
    for end in ("sourceConnections", "targetConnections"):
        for connection in flow["inheritedAttributes"][end]:
            if "baseConnection" in connection:
                yield connection["baseConnection"]["id"]


async def mapped_target(call: Caller) -> tuple[Json, str]:
    """A target connection in the data lake whose flow has a mapping, and the id of that mapping."""
    flow = await call.first("flows", f"flowSpec.id=={FILES_TO_LAKE}", "state==enabled")
    (mapping,) = [t["params"]["mappingId"] for t in flow["transformations"] if t["name"] == "Mapping"]
    return await call.item(f"/targetConnections/{flow['targetConnectionIds'][0]}"), mapping
