"""From a wish to a running pipeline: everything or nothing, after one approval."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from aep_flow_mcp.answers.present import moment
from aep_flow_mcp.asking.questions import Answered, Talk
from aep_flow_mcp.gathering.unread import Unread
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.steps import NotAnswered, PlanError
from aep_flow_mcp.pipelines.blueprint import Verdict, What
from aep_flow_mcp.planning import same_load
from aep_flow_mcp.planning.pipeline_change import change_of, judged, refusal
from aep_flow_mcp.planning.pipeline_reading import Reading
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.filters import Filter
from aep_flow_mcp.platform.models.connections import Connection
from aep_flow_mcp.platform.models.flows import Flow
from aep_flow_mcp.platform.models.runs import FlowRun
from aep_flow_mcp.platform.models.text import clean_text
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.pipeline_arguments import with_wish_arguments
from aep_flow_mcp.surface.registry import write_tool


@write_tool("pipelines")
@with_wish_arguments
async def create_pipeline(aep: Reader, talk: Answered) -> Change:
    """Create a pipeline (account, connections, mapping set, flow): all or nothing. Arguments as in plan_pipeline;
    plan first."""
    verdict = talk.take_verdict()
    if verdict is None:
        reading = Reading(aep, talk.wish)
        verdict = await judged(reading)
    if talk.refused is not None:
        raise NotAnswered(_not_answered(verdict), dismissed=talk.refused == "cancel")
    if talk.unreadable is not None:
        raise PlanError(f"{talk.unreadable}{_said(talk)}")
    if verdict.blueprint is None:
        said = _said(talk).strip()
        raise PlanError(*refusal(verdict).args, *([said] if said else []))
    doubled = await same_load.of_blueprint(aep, verdict.blueprint)
    follow = partial(how_it_stands, aep, talk.wish.labels)
    return change_of(verdict.blueprint, warnings=doubled, follow=follow)


async def how_it_stands(aep: FlowReader, labels: Sequence[str], ids: Mapping[str, str]) -> Mapping[str, Any]:
    """The new flow's state, its first run, where to send to when a new inlet was made, and whether it has the labels.

    Raises:
        PlatformError: it cannot be read.
    """
    flow_id, account_id = ids[What.FLOW.value], ids.get(What.ACCOUNT.value)
    unread = Unread()
    newest = partial(aep.list_runs, Filter("flowId").eq(flow_id), limit=1, orderby="-createdAt")
    calls: list[Any] = [
        partial(aep.get_flow, flow_id),
        partial(unread.read, "Its runs", newest, None, so="whether one has started is not known"),
        partial(
            unread.read, "The flow specs", aep.list_flow_specs, (), so="whether it is a stream is not known"
        ),
        *(
            [
                partial(
                    unread.read,
                    "The account",
                    partial(aep.get_connection, account_id),
                    None,
                    so="the address of an inlet is not known",
                )
            ]
            if account_id
            else []
        ),
    ]
    flow, runs, flow_specs, *accounts = await together(calls)
    spec = next((item for item in flow_specs if item.id == flow.spec_id), None)
    streams = spec is not None and not spec.has_runs
    return {
        "flow": flow.id,
        "state": flow.state,
        "first_run": _first_run(flow, runs.items, streams=streams) if runs else "not known",
        **_inlet([account for account in accounts if account]),
        **_labelled(flow, labels),
        **({"note": unread.note} if unread.note else {}),
    }


def _first_run(flow: Flow, runs: list[FlowRun], *, streams: bool) -> str:
    if runs:
        return f"{runs[0].id}: {runs[0].status.value}"
    state = (flow.state or "").casefold()
    if state == "draft":
        return "none: publish the draft first (run_flow_action)"
    if state != "enabled":
        return f"none: the flow is {flow.state}"
    if streams:
        return "a stream has no runs: look at the dataset's batches"
    start = flow.schedule.start_time if flow.schedule else None
    return f"not yet, due {moment(start)}" if start else "not yet"


def _labelled(flow: Flow, wanted: Sequence[str]) -> dict[str, str]:
    """Whether the service took the access labels when it made the flow; nothing documents that it does."""
    if not wanted:
        return {}
    has = getattr(flow, "labels", None)
    lacking = [label for label in wanted if label not in (has if isinstance(has, list) else [])]
    told = f"NOT set: {', '.join(lacking)}. Set them now: update_flow, add /labels" if lacking else "set"
    return {"labels": told}


def _inlet(accounts: list[Connection]) -> dict[str, str]:
    """The address of a new HTTP inlet."""
    params = accounts[0].auth.params if accounts and accounts[0].auth else {}
    url = params.get("inletUrl")
    return {"inlet_url": url} if isinstance(url, str) else {}


def _said(talk: Talk) -> str:
    """What the person answered, so that nobody asks again."""
    return f"\nAnswered by the person: {clean_text('; '.join(talk.said))}." if talk.said else ""


def _not_answered(verdict: Verdict) -> str:
    fields = ", ".join(item.field for item in verdict.missing)
    return f"The question for {fields} was not answered: nothing was created. Ask the person, then call with them."
