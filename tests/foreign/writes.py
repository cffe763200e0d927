"""Every writing tool, as far as its preview: it asks before it sends, and refuses nothing without a sentence."""

from __future__ import annotations

from typing import Any

from foreign.asking import Answer, Asker
from foreign.truth import TrueFlow
from foreign.visits import arguments_of

_CONFIRM = "confirm_change"
_OTHER_WAY = {"enabled": "disable", "disabled": "enable"}


async def check_writes(ask: Asker) -> None:
    """No call sends anything; a change of a flow that can be read is previewed."""
    for tool in _writing(ask):
        for arguments in arguments_of(tool, ask):
            answer = await ask.call(tool, **arguments)
            status = answer.structured.get("status")
            asks = status in ("needs_confirmation", "unchanged", "refused", None)
            ask.faults.check(asks, f"{tool}: neither asks nor refuses", f"{answer.asked}: {status}")
            if status == "needs_confirmation":
                ask.faults.check(bool(answer.structured.get("preview")), f"{tool}: no preview", answer.asked)
    for flow in ask.organisation.flows:
        await _check_changes(ask, flow)
    await _check_documents(ask)
    ask.faults.check(
        not ask.service.writes, "something was sent without approval", str(ask.service.writes[:3])
    )


async def _check_documents(ask: Asker) -> None:
    """What is exported is what there is; with another description it is a change."""
    exported = await ask.call("export_pipelines")
    documents = exported.structured.get("documents")
    if not documents:
        return
    plan = await ask.call("plan_changes", documents=documents)
    ask.faults.check(
        plan.structured.get("changes") is False and not plan.structured.get("problems"),
        "plan_changes: an export is not what there is",
        f"{plan.asked[:300]}: {plan.text[:300]}",
    )
    first = documents.split("---\n")[0].splitlines(keepends=True)
    other = "".join(line for line in first if not line.startswith("description:"))
    answer = await ask.call("apply_changes", documents=f"{other}description: Another one\n")
    if _writable(ask):
        _check_previewed(ask, answer)


async def _check_changes(ask: Asker, flow: TrueFlow) -> None:
    answers = [
        await ask.call("delete_flow", flow_id=flow.id),
        await ask.call("delete_pipeline", flow=flow.id),
        await ask.call("change_pipeline", flow=flow.id, description="Another one"),
        await ask.call("run_flow_action", flow_id=flow.id, action=_OTHER_WAY.get(flow.state or "", "enable")),
    ]
    for operations in _patches(flow):
        answers.append(await ask.call("update_flow", flow_id=flow.id, operations=operations))
    if flow.mapping_id:
        answers.append(
            await ask.call(
                "update_flow_mapping", flow_id=flow.id, mapping_id=flow.mapping_id, mapping_version=4
            )
        )
    if flow.refused is None and flow.state in _OTHER_WAY and _writable(ask):
        for answer in answers:
            _check_previewed(ask, answer)


def _patches(flow: TrueFlow) -> list[list[dict[str, Any]]]:
    """Patches that Adobe documents, as far as they fit the flow."""
    whole = {"startTime": "1900000000", "frequency": "day", "interval": "1"}
    found: list[list[dict[str, Any]]] = [
        # RFC 6902: what is replaced has to be there.
        [{"op": "replace" if "name" in flow.body else "add", "path": "/name", "value": "Other"}],
        [{"op": "Add", "path": "/options", "value": {"partialIngestionPercent": 7}}],
    ]
    if isinstance(flow.body.get("options"), dict):
        found.append([{"op": "add", "path": "/options/partialIngestionPercent", "value": 7}])
    told = flow.body.get("scheduleParams")
    if isinstance(told, dict) and "frequency" in told:
        found.append([{"op": "replace", "path": "/scheduleParams", "value": whole}])
        # What a flow has already is no change: the tool says so and asks nobody.
        other = "day" if str(told["frequency"]).casefold() == "week" else "week"
        found.append([{"op": "replace", "path": "/scheduleParams/frequency", "value": other}])
    return found


def _check_previewed(ask: Asker, answer: Answer) -> None:
    previewed = answer.structured.get("status") == "needs_confirmation"
    operations = answer.arguments.get("operations")
    which = f" ({operations[0]['op']} {operations[0]['path']})" if operations else ""
    ask.faults.check(
        previewed,
        f"{answer.tool}{which}: refuses what the service would take",
        f"{answer.asked}: {answer.text[:300]}",
    )


def _writable(ask: Asker) -> bool:
    return not ask.organisation.production and "sandboxes" not in ask.organisation.closed


def _writing(ask: Asker) -> list[str]:
    return [tool for tool in ask.inputs if tool not in ask.reading and tool != _CONFIRM]
