"""Every reading tool, resource and completion, with every id of an organisation."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from foreign.asking import Answer, Asker
from foreign.flows import DAYS, FIRST_DAY
from foreign.names import shown, typable
from foreign.truth import SANDBOX, Thing, TrueFlow

WINDOW = "2026-03-01T00:00Z/2026-03-16T00:00Z"
_PLAIN_ARGUMENTS: dict[str, Any] = {
    "name": "A new one",
    "path": "/in/orders.csv",
    "data_format": "delimited",
    "start_time": "2030-01-01T00:00Z",
    "every": "day",
    "window_start": "2026-03-01T00:00Z",
    "window_end": "2026-03-02T00:00Z",
    "connection_string": "${AEP_SECRET_A}",
    "access_key": "${AEP_SECRET_A}",
    "secret_key": "${AEP_SECRET_B}",
    "provider_id": "0ed90a81-07f4-4586-8190-b40eccef1c5a",
    "body": {"attributes": {}},
    "policies": [],
    "action": "disable",
    "operations": [{"op": "replace", "path": "/name", "value": "Renamed"}],
    "file_type": "JSON",
    "from_sandbox": SANDBOX,
}
assert FIRST_DAY + DAYS * 86_400 < 1_773_619_200, "every run is due within the window"


async def visit(ask: Asker) -> None:
    """All calls that need no look at what they answer; `oracle` compares answers with what is true."""
    await _lists(ask)
    for flow in ask.organisation.flows:
        await _around_flow(ask, flow)
    await _connections(ask)
    await _specs(ask)
    await _zone(ask)
    await _resources(ask)
    await _completions(ask)


async def _lists(ask: Asker) -> None:
    await ask.call("get_server_info")
    for tool in (
        "list_connections",
        "list_source_connections",
        "list_target_connections",
        "list_flows",
        "list_runs",
    ):
        await ask.call(tool, count_only=True)
        await ask.call(tool, detail="full", limit=5)
    for state in ("enabled", "disabled"):
        await ask.call("list_flows", state=state)
    for kind in ("source", "destination"):
        await ask.call("list_flows", kind=kind, order_by="-updatedAt")
    await ask.call("list_runs", since="2026-03-03T00:00Z", until="2026-03-10T00:00Z", order_by="createdAt")
    await ask.call("find_flows", query="", last_status="failed")
    await ask.call("pipeline_health", window="24h")
    for group in ("flow", "connector", "dataset", "error", "day"):
        await ask.call("pipeline_health", window=WINDOW, group_by=group, top=10)
    await ask.call("search_flows", query="state==enabled")
    await ask.call("search_connections", query="state==enabled")
    await ask.call("search_flow_specs", query='name=="CloudStorageToAEP"')
    await ask.call("map_connection_specs")
    # This organisation has neither audit log nor metrics nor files: each is told in a sentence.
    await ask.call("list_audit_events", since="2026-03-03T00:00Z", until="2026-03-10T00:00Z")
    await ask.call("get_ingestion_metrics", window=WINDOW)
    for tool in ("list_profile_flows", "list_identity_flows"):
        await ask.call(tool, resolve_source_dataset=True)
    for tool in ("list_exportable_datasets", "list_landing_zone_exportable_datasets"):
        await ask.call(tool, detail="full")
    await ask.call("get_resource", path="/data/foundation/flowservice/flows", params={"limit": "3"})
    await ask.call("compare_sandboxes", other_sandbox=SANDBOX)


async def _around_flow(ask: Asker, flow: TrueFlow) -> None:
    id = flow.id
    await ask.call("trace_lineage", object=id)
    await ask.call(
        "trace_lineage", object=flow.source_id, kind="source_connection", direction="down", as_mermaid=True
    )
    await ask.call("compare_flows", flow=id)
    others = [other.id for other in ask.organisation.flows if other.id != id]
    if others:
        await ask.call("compare_flows", flow=id, other=others[0])
    await ask.call("list_flows", source_connection_id=flow.source_id, flow_spec_id=flow.spec_id)
    await ask.call("pipeline_health", window=WINDOW, flow=id)
    if shown(flow.name) and typable(flow.name):
        await ask.call("diagnose_flow", flow=flow.name)
    if flow.mapping_id:
        await ask.call("get_mapping_set", mapping_set_id=flow.mapping_id)
        await ask.call("trace_lineage", object=flow.mapping_id, kind="mapping_set")
    if flow.runs:
        await ask.call("diagnose_flow", run_id=flow.runs[0].id)
        await ask.call("get_batch_errors", run_id=flow.runs[0].id)
    await ask.call("get_resource", path=f"/data/foundation/flowservice/flows/{id}")


async def _connections(ask: Asker) -> None:
    organisation = ask.organisation
    for account in organisation.of("connections"):
        await ask.call("test_connection", connection_id=account.id)
        await ask.call("get_connection_configs", connection_id=account.id)
        await ask.call("explore_connection", connection_id=account.id)
        await ask.call(
            "explore_connection",
            connection_id=account.id,
            object_type="file",
            object="/orders.csv",
            preview=True,
        )
        await ask.call(
            "explore_connection", connection_id=account.id, object_type="table", object="dbo.orders"
        )
        await ask.call("trace_lineage", object=account.id)
    for dataset in organisation.of("dataSets")[:2]:
        for tool in (
            "get_profile_flow",
            "get_identity_flow",
            "list_profile_flow_runs",
            "list_identity_flow_runs",
        ):
            await ask.call(tool, dataset_id=dataset.id)
        await ask.call("trace_lineage", object=dataset.id, kind="dataset")
        await ask.call("list_target_connections", dataset_id=dataset.id)
    for schema in organisation.of("schemas")[:1]:
        await ask.call("trace_lineage", object=schema.id, kind="schema")
    for name in (
        thing.name for thing in organisation.of("dataSets")[:1] if shown(thing.name) and typable(thing.name)
    ):
        await ask.call("trace_lineage", object=name, kind="dataset")
        await ask.call("get_profile_flow", dataset_name=name)
        await ask.call("find_flows", dataset=name)


async def _specs(ask: Asker) -> None:
    for spec in ask.organisation.of("connectionSpecs"):
        await ask.call("get_connection_spec", connection_spec_id=spec.id, detail="full")
        await ask.call("find_connection_spec", name=spec.name or "x")
    for spec in ask.organisation.of("flowSpecs"):
        await ask.call("get_flow_spec", flow_spec_id=spec.id, detail="full")
        await ask.call("find_flow_spec", flow_spec_name=spec.name)
    for spec in ask.organisation.of("connectionSpecs")[:3]:
        await ask.call("explore_connection_spec", connection_spec_id=spec.id)
        await ask.call("get_connection_spec_configs", connection_spec_id=spec.id)
        await ask.call("list_flow_specs", source_spec_id=spec.id)
    await ask.call("list_connection_specs", side="destination")
    await ask.call("find_connector", words="s3 files", direction="import")
    await ask.call("find_connector", words="landing zone", direction="export")
    for account in [*(thing.id for thing in ask.organisation.of("connections")[:2]), None]:
        plan = {"connector": "amazon-s3", "path": "/in/", "every": "day", "name": "new", "format": "csv"}
        given = {"account": account} if account else {}
        datasets = [thing.id for thing in ask.organisation.of("dataSets")[:1]]
        await ask.call("plan_pipeline", direction="import", datasets=datasets, **plan, **given)
        await ask.call("create_pipeline", direction="import", datasets=datasets, **plan, **given)
    await ask.call("plan_pipeline")


async def _zone(ask: Asker) -> None:
    for tool in (
        "container",
        "namespace",
        "sas_token",
        "sas_uri",
        "storage_name",
        "storage_ttl",
        "credential",
    ):
        answer = await ask.call(f"get_landing_zone_{tool}")
        ask.faults.check(
            "hidden-secret" not in answer.text + repr(answer.structured),
            f"{answer.tool}: a secret is shown",
            answer.asked,
        )
    await ask.call("explore_landing_zone")
    await ask.call("explore_landing_zone", object_type="folder", object="dlz-user-container/in/")
    await ask.call("preview_landing_zone_file", file="dlz-user-container/a.csv", preview=True)


async def _resources(ask: Asker) -> None:
    things = ask.organisation.things
    uris = ["aep://flows", "aep://connection-specs", "aep://flow-specs", "aep://operations"]
    uris += [f"aep://connection-specs/{id}" for id in list(things.get("connectionSpecs", {}))[:4]]
    uris += [f"aep://flow-specs/{id}" for id in list(things.get("flowSpecs", {}))[:3]]
    uris += [f"aep://flows/{quote(id)}" for id in things.get("flows", {})]
    uris += [f"aep://flows/{quote(id)}/runs" for id in things.get("flows", {})]
    uris += [f"aep://runs/{quote(id)}" for id in things.get("runs", {})]
    for uri in uris:
        text = await ask.resource(uri)
        if text is not None:
            ask.answers.append(Answer(f"resource {uri.split('/')[2]}", {"uri": uri}, text, {}, False))


async def _completions(ask: Asker) -> None:
    for template, collection in (
        ("aep://flows/{id}", "flows"),
        ("aep://connection-specs/{id}", "connectionSpecs"),
        ("aep://runs/{id}", "runs"),
    ):
        things: list[Thing] = ask.organisation.of(collection)
        await ask.complete(template, "")
        for thing in things[:3]:
            found = await ask.complete(template, thing.id[:8])
            # They are of the first page, which the service may cut as it likes.
            if collection not in ask.organisation.closed and ask.organisation.page_size[collection] == 100:
                ask.faults.check(
                    thing.id in found, f"completion {template}: an id is not suggested", thing.id
                )
            await ask.complete(template, (thing.name or "")[:20] if typable(thing.name) else "x")


def arguments_of(tool: str, ask: Asker) -> list[dict[str, Any]]:
    """Arguments with which a writing tool can be tried on the organisation; [] where it lacks what the tool needs."""
    organisation = ask.organisation
    flow = next(iter(organisation.flows), None)
    firsts = {name: next(iter(organisation.things.get(name, {})), None) for name in organisation.things}
    known: dict[str, Any] = {
        "account": firsts.get("connections"),
        "source_connection_id": firsts.get("sourceConnections"),
        "target_connection_id": firsts.get("targetConnections"),
        "connector": firsts.get("connectionSpecs"),
        "flow_spec_id": flow.spec_id if flow else None,
        "flow": flow.id if flow else None,
        "run_id": firsts.get("runs"),
        "dataset": firsts.get("dataSets"),
        "datasets": [firsts.get("dataSets")],
        "mapping_set_id": firsts.get("mappingSets"),
        "schema_id": firsts.get("schemas"),
        **_PLAIN_ARGUMENTS,
    }
    required = ask.inputs[tool].get("required", [])
    if any(known.get(name) is None for name in required):
        return []
    return [{name: known[name] for name in required}]
