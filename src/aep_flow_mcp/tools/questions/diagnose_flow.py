"""Why a flow or a run fails: everything it depends on is looked at, and the likeliest cause is named first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field

from aep_flow_mcp.answers.progress import progress_of
from aep_flow_mcp.answers.text import Answer, table
from aep_flow_mcp.gathering import times
from aep_flow_mcp.gathering.finding import flow_id_of
from aep_flow_mcp.gathering.flow_parts import found, gather_flow
from aep_flow_mcp.gathering.probing import look_for, place_of, test_accounts
from aep_flow_mcp.insight.causes import Cause
from aep_flow_mcp.insight.description import FlowParts
from aep_flow_mcp.insight.diagnosis.diagnose import Diagnosis, diagnose
from aep_flow_mcp.insight.diagnosis.evidence import ErrorGroup, Evidence, History, Probe, Probed
from aep_flow_mcp.insight.diagnosis.findings import Finding
from aep_flow_mcp.insight.facts import Outcome
from aep_flow_mcp.insight.shapes import Problem
from aep_flow_mcp.insight.words import last_run_words, utc
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.models.connections import Connection, SourceConnection
from aep_flow_mcp.platform.models.error_codes import RUN, explain
from aep_flow_mcp.platform.models.neighbours import MappingSet
from aep_flow_mcp.platform.models.runs import FlowRun
from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec
from aep_flow_mcp.platform.models.text import clean_text
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.surface.dependencies import AppState, Reader
from aep_flow_mcp.surface.registry import read_tool

SHOWN_OTHERS = 3


class Suspect(BaseModel):
    """A cause that the evidence supports, less than the first."""

    cause: Cause
    headline: str
    evidence: list[str]


class NextStep(BaseModel):
    """The tool to call next."""

    tool: str
    arguments: dict[str, Any]


class Check(BaseModel):
    """Something that the flow depends on, and how it is."""

    part: str
    name: str
    result: str


class ErrorGroupRow(BaseModel):
    """Runs with the same error: `share` of the runs looked at, `lost` records, what the code means."""

    error: str
    runs: int
    share: str
    lost: int | None = None
    first: str | None = None
    last: str | None = None
    meaning: str | None = None
    message: str | None = None


class FlowDiagnosis(Answer):
    """What is wrong with a flow. `cause` is `unknown` where nothing explains it, `nothing_wrong_found` where all
    is well. `runs` says what the newest runs did; `records_lost` is over them."""

    flow: str
    flow_id: str
    state: str | None = None
    run_id: str | None = None
    cause: Cause
    headline: str
    certainty: str
    evidence: list[str]
    fix: str
    next_step: NextStep | None = None
    others: list[Suspect]
    checks: list[Check]
    runs: str
    records_lost: int
    errors: list[ErrorGroupRow]

    def text(self) -> str:
        run = f", run {self.run_id}" if self.run_id else ""
        lines = [
            f"{clean_text(self.flow)} ({self.flow_id}, {self.state or 'state unknown'}{run})",
            f"cause: {self.cause.value}. {self.headline} ({self.certainty}).",
            *(f"- {clean_text(line)}" for line in self.evidence),
            f"fix: {self.fix}",
        ]
        if self.next_step:
            arguments = ", ".join(f"{name}={value}" for name, value in self.next_step.arguments.items())
            lines.append(f"next: {self.next_step.tool}({arguments})")
        for other in self.others:
            lines.append(f"also: {other.cause.value}: {clean_text('; '.join(other.evidence))}")
        lines.append(f"runs: {self.runs}; records lost: {self.records_lost:,}")
        if self.errors:
            lines += table(self.errors)
        good = [check for check in self.checks if check.result == "ok"]
        bad = [f"{check.part} {clean_text(check.name)}: {clean_text(check.result)}" for check in self.checks]
        bad = [line for line, check in zip(bad, self.checks, strict=True) if check not in good]
        if good:
            lines.append(f"ok: {', '.join(f'{check.part} {clean_text(check.name)}' for check in good)}")
        return "\n".join([*lines, *bad])


@read_tool("core")
async def diagnose_flow(
    app: AppState,
    aep: Reader,
    flow: Annotated[str | None, Field(description="id or name")] = None,
    run_id: Annotated[str | None, Field(description="instead: why this run failed")] = None,
    runs: Annotated[int, Field(ge=1, le=100, description="how many of the newest to look at")] = 20,
) -> FlowDiagnosis:
    """Why a dataflow or run fails, loses records or does not run: tests its accounts, looks for its source path, checks
    dataset, schema, mapping and schedule, groups its errors. Names the likeliest cause, the fix and the next call."""
    now = times.now()
    progress = progress_of("objects")
    run = await aep.get_run(run_id) if run_id else None
    if run is not None:
        flow_id = run.flow_id or ""
    elif flow:
        flow_id = await flow_id_of(app, aep, flow, now=now, progress=progress)
    else:
        raise ToolError("Give flow (an id or a name) or run_id.")
    parts = await gather_flow(aep, flow_id, runs=runs)
    evidence = await _evidence(aep, parts, run, now=now)
    return _answer(evidence, diagnose(evidence), run_id=run_id)


async def _evidence(aep: FlowReader, parts: FlowParts, run: FlowRun | None, *, now: datetime) -> Evidence:
    """What was gathered, and what comes of trying it: accounts, source paths, the newest mapping."""
    flow = parts.flow
    accounts = [id for id, part in parts.accounts.items() if _is_there(part)]
    calls: list[Callable[[], Awaitable[Any]]] = [
        partial(test_accounts, aep, accounts),
        partial(_newest_mapping, aep, parts),
    ]
    tested, newest = await together(calls)
    explored = await look_for(aep, _places(parts, tested))
    mapping = parts.mapping
    # The version that the flow uses may be gone while the mapping set is there.
    if isinstance(newest, MappingSet) and not isinstance(mapping, MappingSet):
        mapping = newest
    listed = [] if isinstance(parts.runs, Problem) else list(parts.runs)
    if run is not None and all(run.id != each.id for each in listed):
        listed.append(run)
    return Evidence(
        flow=flow,
        now=now,
        runs=listed,
        unread=parts.runs if isinstance(parts.runs, Problem) else None,
        sources=parts.sources,
        targets=parts.targets,
        accounts=parts.accounts,
        tested=tested,
        explored=explored,
        datasets=parts.datasets,
        schemas=parts.schemas,
        mapping=mapping,
        newest_mapping=newest.version if isinstance(newest, MappingSet) else None,
        focus=run.id if run else None,
        continuous=_is_continuous(parts),
    )


def _is_continuous(parts: FlowParts) -> bool:
    spec = parts.flow_spec
    return isinstance(spec, FlowSpec) and (
        not spec.has_runs or (spec.frequency or "").casefold() == "streaming"
    )


async def _newest_mapping(aep: FlowReader, parts: FlowParts) -> MappingSet | Problem | None:
    used = parts.flow.mapping
    if used is None:
        return None
    return await found(partial(aep.neighbours.get_mapping_set, used.mapping_id))


def _places(parts: FlowParts, tested: Mapping[str, Probed]) -> list[Any]:
    """The source paths to look for: not through accounts that do not log in."""
    places = []
    for source in parts.sources.values():
        if not isinstance(source, SourceConnection):
            continue
        connector = parts.connectors.get(source.spec_id or "")
        place = place_of(source, connector if isinstance(connector, ConnectionSpec) else None)
        probed = tested.get(place.account or "") if place else None
        if place and (probed is None or probed.result is Probe.OK):
            places.append(place)
    return places


def _is_there(part: object) -> bool:
    return isinstance(part, Connection) and (part.state or "").casefold() != "disabled"


# --- the answer -------------------------------------------------------------------------------------------


def _answer(evidence: Evidence, diagnosis: Diagnosis, *, run_id: str | None) -> FlowDiagnosis:
    first, flow = diagnosis.first, evidence.flow
    others = [each for each in diagnosis.findings[1:] if each.cause is not first.cause][:SHOWN_OTHERS]
    step = first.step
    return FlowDiagnosis(
        flow=flow.name or flow.id,
        flow_id=flow.id,
        state=flow.state,
        run_id=run_id,
        cause=first.cause,
        headline=first.headline,
        certainty=_certainty(first),
        evidence=list(first.evidence),
        fix=first.fix,
        next_step=NextStep(tool=step.tool, arguments=dict(step.arguments)) if step else None,
        others=[
            Suspect(cause=each.cause, headline=each.headline, evidence=list(each.evidence[:1]))
            for each in others
        ],
        checks=list(_checks(evidence)),
        runs=_run_words(diagnosis.history, evidence),
        records_lost=diagnosis.history.lost,
        errors=[_error_row(group) for group in diagnosis.history.groups[:5]],
    )


def _certainty(finding: Finding) -> str:
    if finding.cause is Cause.UNKNOWN:
        return "nothing that was looked at explains it"
    if finding.cause is Cause.HEALTHY:
        return "all that could be looked at is well"
    return finding.certainty.value


def _checks(evidence: Evidence) -> list[Check]:
    """A line for each thing that was looked at."""
    checks = []
    for id, account in evidence.accounts.items():
        tried = evidence.tested.get(id)
        checks.append(_check("account", id, account, tried))
    for id, source in evidence.sources.items():
        path = source.path if isinstance(source, SourceConnection) else None
        checks.append(_check("source", path or id, source, evidence.explored.get(id)))
    for word, parts in (
        ("target", evidence.targets),
        ("dataset", evidence.datasets),
        ("schema", evidence.schemas),
    ):
        for id, part in parts.items():
            checks.append(_check(word, id, part, None))
    if evidence.flow.mapping is not None:
        used, newest = evidence.flow.mapping, evidence.newest_mapping
        version = f"version {used.mapping_version}" + (f", newest {newest}" if newest is not None else "")
        checks.append(_check("mapping", version, evidence.mapping, None))
    return checks


def _check(word: str, id: str, part: Any, probed: Probed | None) -> Check:
    if isinstance(part, Problem):
        return Check(part=word, name=id, result=str(part))
    name = getattr(part, "name", None) or getattr(part, "title", None)
    state = (getattr(part, "state", None) or "").casefold()
    result = "ok" if state in ("", "enabled", "active") or word in ("dataset", "schema") else state
    if probed is not None and probed.result is not Probe.OK:
        tried = "connection test" if word == "account" else "path"
        result = f"{tried} {probed.result.value}" + (f": {probed.message}" if probed.message else "")
    return Check(part=word, name=id if word in ("source", "mapping") else name or id, result=result)


def _run_words(history: History, evidence: Evidence) -> str:
    last = evidence.flow.last_run
    if not history.runs:
        listed = f"could not be read ({evidence.unread.value})" if evidence.unread else "none listed"
        return f"{listed}; the flow says of its last one: {last_run_words(last)}" if last else listed
    counts = {outcome: sum(run.outcome is outcome for run in history.runs) for outcome in Outcome}
    parts = [f"{number} {outcome.value.replace('_', ' ')}" for outcome, number in counts.items() if number]
    oldest = min((run.at for run in history.runs if run.at), default=None)
    good = history.last_success
    words = f"newest {len(history.runs)} since {utc(oldest)}: {', '.join(parts)}"
    return words + (f"; last good {utc(good.at)}" if good else "; none good")


def _error_row(group: ErrorGroup) -> ErrorGroupRow:
    known = explain(group.code, RUN)
    message = group.message if group.message != group.code else None
    return ErrorGroupRow(
        error=group.code,
        runs=group.runs,
        share=f"{group.share:.0%}",
        lost=group.lost or None,
        first=utc(group.first_at),
        last=utc(group.last_at),
        meaning=known.meaning if known else None,
        message=message if not known or len(message or "") <= 200 else f"{(message or '')[:199]}…",
    )
