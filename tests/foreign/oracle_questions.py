"""What is true of an organisation, found again through questions: words, conditions, and what hangs together."""

from __future__ import annotations

from typing import Any

from foreign.asking import Asker
from foreign.names import shown, typable
from foreign.oracle import check_not_proved_gone, same_ids, same_name, same_state
from foreign.truth import TrueFlow

_LONGEST_QUERY = 300


async def check_questions(ask: Asker) -> None:
    """Flows by id and name, lists under a condition, and the lineage of every flow."""
    for flow in ask.organisation.flows:
        await _check_found(ask, flow)
        await _check_lineage(ask, flow)
    await _check_conditions(ask)
    await _check_resources(ask)
    rows = await ask.pages("list_profile_flows", limit=50)
    told = ask.answers[-1].structured.get("note") or ""
    if rows and "one that repeats none is missing" not in told:
        # The service filters by what the flow repeats of its connections.
        unsaid = {flow.id for flow in ask.organisation.flows if flow.kind is None}
        into = {flow.id: flow for flow in ask.organisation.flows if flow.kind == "internal"}
        same_ids(ask, "list_profile_flows", [row for row in rows if row["id"] not in unsaid], into)


async def _check_resources(ask: Asker) -> None:
    """A resource reads as the tool that answers the same question."""
    for flow in ask.organisation.flows:
        text = await ask.resource(f"aep://flows/{flow.id}")
        if not ask.faults.check(
            (text is None) == (flow.refused is not None),
            "resource flow: read, or refused, otherwise",
            flow.id,
        ):
            continue
        if text is not None:
            told = shown(flow.name) in shown(text) and (flow.state or "") in text.casefold()
            ask.faults.check(told, "resource flow: another name or state", f"{flow.id}: {text[:200]}")
        text = await ask.resource(f"aep://flows/{flow.id}/runs")
        lost = [run.id for run in flow.runs if run.id not in (text or "")]
        few = ask.organisation.page_size["runs"] < len(flow.runs) or "runs" in ask.organisation.closed
        ask.faults.check(not lost or few, "resource runs: a run is lost", f"{flow.id}: {lost[:3]}")


async def _check_found(ask: Asker, flow: TrueFlow) -> None:
    answer = await ask.call("find_flows", query=flow.id)
    rows: list[dict[str, Any]] = answer.structured.get("flows", [])
    if not ask.faults.check(
        bool(rows) and rows[0]["id"] == flow.id,
        "find_flows: not found by its id",
        f"{answer.asked}: {answer.text[:200]}",
    ):
        return
    same_name(ask, "find_flows", rows[0].get("name"), flow)
    same_state(ask, "find_flows", rows[0].get("state"), flow)
    if flow.kind is not None:
        ask.faults.check(
            rows[0].get("kind") == flow.kind,
            "find_flows: another kind",
            f"{answer.asked}: {rows[0]} for {flow.kind}",
        )
    if len(shown(flow.name)) >= 4 and len(flow.name or "") <= _LONGEST_QUERY and typable(flow.name):
        answer = await ask.call("find_flows", query=flow.name, limit=50)
        found = [row["id"] for row in answer.structured.get("flows", [])]
        ask.faults.check(
            flow.id in found, "find_flows: not found by its name", f"{answer.asked}: {answer.text[:200]}"
        )


async def _check_lineage(ask: Asker, flow: TrueFlow) -> None:
    if flow.refused is not None:
        return
    answer = await ask.call("trace_lineage", object=flow.id, kind="flow")
    if not ask.faults.check(
        not answer.is_error, "trace_lineage: refuses what is there", f"{answer.asked}: {answer.text[:200]}"
    ):
        return
    check_not_proved_gone(ask, answer)
    nodes = {node["id"]: node for node in answer.structured.get("nodes", [])}
    if ask.faults.check(flow.id in nodes, "trace_lineage: without the flow itself", answer.asked) and shown(
        flow.name
    ):
        same_name(ask, "trace_lineage", nodes[flow.id].get("name"), flow)
    sure = "no other flow breaks" in answer.text
    ends = {"sourceConnections": flow.source_id, "targetConnections": flow.target_id}
    hidden = any(ask.organisation.things[name][id].refused for name, id in ends.items())
    ask.faults.check(
        not sure or not hidden,
        "trace_lineage: is sure of what it could not read",
        f"{answer.asked}: {answer.text[-300:]}",
    )
    mapped = flow.mapping_id is None or flow.mapping_id in nodes
    ask.faults.check(mapped, "trace_lineage: without the mapping set", f"{answer.asked}: {answer.text[:300]}")


async def _check_conditions(ask: Asker) -> None:
    organisation = ask.organisation
    flows = {flow.id: flow for flow in organisation.flows}
    for state in ("enabled", "disabled", "draft"):
        rows = await ask.pages("list_flows", state=state, limit=50)
        same_ids(
            ask, "list_flows by state", rows, {id: flow for id, flow in flows.items() if flow.state == state}
        )
    runs = {} if "runs" in organisation.closed else {run.id: run for run in organisation.runs}
    rows = await ask.pages("list_runs", status="failed", limit=50)
    # A status that stands elsewhere than in the summary is one that the service does not filter by.
    known = {id for id, run in runs.items() if run.outcome == "failed"}
    told = {row["id"] for row in rows}
    ask.faults.check(
        told == known, "list_runs: other failed runs", f"{sorted(told ^ known)[:3]} of {len(known)}"
    )
    for dataset in organisation.of("dataSets") if "targetConnections" not in organisation.closed else ():
        rows = await ask.pages("list_target_connections", dataset_id=dataset.id, limit=50)
        targets = organisation.things.get("targetConnections", {})
        into = {
            id: thing for id, thing in targets.items() if thing.kept["params"].get("dataSetId") == dataset.id
        }
        same_ids(ask, "list_target_connections by dataset", rows, into)
    counts = {"list_flows": "flows", "list_runs": "runs", "list_connections": "connections"}
    for tool, collection in counts.items():
        answer = await ask.call(tool, count_only=True)
        if collection in organisation.closed:
            continue
        true = len(organisation.of(collection))
        ask.faults.check(
            answer.structured.get("count") == true,
            f"{tool}: another count",
            f"{answer.asked}: {answer.text[:100]} for {true}",
        )
