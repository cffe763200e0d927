"""Why a flow or a run fails: everything it depends on is looked at, and the likeliest cause is named first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from aep_flow_mcp.answers.diagnosis import (
    Check,
    ErrorGroupRow,
    FlowDiagnosis,
    NextStep,
    OneDiagnosis,
    Suspect,
)
from aep_flow_mcp.answers.pieces import Pieces, without_cursors
from aep_flow_mcp.answers.progress import progress_of
from aep_flow_mcp.gathering import times
from aep_flow_mcp.gathering.finding import flow_id_of
from aep_flow_mcp.gathering.flow_parts import found, gather_flow
from aep_flow_mcp.gathering.histories.look_back import look_back
from aep_flow_mcp.gathering.histories.of_window import runs_within, window_of
from aep_flow_mcp.gathering.observed.changes import with_who
from aep_flow_mcp.gathering.probing import look_for, place_of, test_accounts
from aep_flow_mcp.gathering.side_by_side import asked_for, side_by_side
from aep_flow_mcp.insight.causes import Cause
from aep_flow_mcp.insight.description import FlowParts
from aep_flow_mcp.insight.diagnosis.diagnose import Diagnosis, diagnose
from aep_flow_mcp.insight.diagnosis.evidence import ErrorGroup, Evidence, History, Probe, Probed
from aep_flow_mcp.insight.diagnosis.findings import Finding
from aep_flow_mcp.insight.facts import Outcome, RunFacts
from aep_flow_mcp.insight.shapes import Problem
from aep_flow_mcp.insight.streaks.streak import EMPTY, FAILING, Streak, newest_first, streak_of
from aep_flow_mcp.insight.terms import is_streaming
from aep_flow_mcp.insight.windows import Window
from aep_flow_mcp.insight.words import last_run_words, utc
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.models.connections import Connection, SourceConnection
from aep_flow_mcp.platform.models.error_codes import RUN, explain
from aep_flow_mcp.platform.models.neighbours import MappingSet
from aep_flow_mcp.platform.models.runs import FlowRun
from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.surface.dependencies import AppState, Reader
from aep_flow_mcp.surface.params import Cursor, FlowRefs
from aep_flow_mcp.surface.registry import read_tool

LISTS = ("errors", "others")
SHOWN_OTHERS = 3
SHOWN_ERRORS = 6
WINDOW_RUNS = 500
"""So many runs of a window are looked at, the latest."""


@read_tool("core")
async def diagnose_flow(
    app: AppState,
    aep: Reader,
    flow: FlowRefs | None = None,
    run_id: Annotated[str | None, Field(description="instead: why this run failed")] = None,
    runs: Annotated[int, Field(ge=1, le=100, description="how many of the newest to look at")] = 20,
    window: Annotated[str | None, Field(description='instead: runs of "yesterday", "7d", ...')] = None,
    cursor: Cursor = None,
) -> FlowDiagnosis:
    """Why a dataflow or run fails, loses records or does not run, and since when: tests its accounts, looks for its
    source path, checks dataset, schema, mapping and schedule, groups its errors. Names the likeliest cause, the fix and
    the next call."""
    at = times.now()
    if run_id:
        pieces = Pieces(cursor, LISTS, now=at)
        run = await aep.get_run(run_id)
        found = await _diagnosed(aep, run.flow_id or "", pieces, run=run, runs=runs, window=window)
        return FlowDiagnosis(**dict(found))
    wanted = asked_for(flow)
    if not wanted:
        raise ToolError("Give flow (an id or a name) or run_id.")
    progress = progress_of("objects")

    async def one(text: str) -> OneDiagnosis:
        pieces = Pieces(cursor, LISTS, now=at)
        flow_id = await flow_id_of(app, aep, text, now=pieces.now, progress=progress)
        return await _diagnosed(aep, flow_id, pieces, run=None, runs=runs, window=window)

    answered = await side_by_side(wanted, one)
    first, *further = [without_cursors(each) if len(wanted) > 1 else each for each in answered.found]
    return FlowDiagnosis(**dict(first), further=further, unanswered=answered.unanswered)


async def _diagnosed(
    aep: FlowReader, flow_id: str, pieces: Pieces, *, run: FlowRun | None, runs: int, window: str | None
) -> OneDiagnosis:
    now = pieces.now
    span = window_of(window, now=now)
    parts = await gather_flow(aep, flow_id, runs=runs)
    evidence = await _evidence(aep, parts, run, span, now=now)
    diagnosis = await with_who(aep, diagnose(evidence), flow_id)
    return _answer(evidence, diagnosis, parts, pieces, run_id=run.id if run else None)


async def _evidence(
    aep: FlowReader, parts: FlowParts, run: FlowRun | None, span: Window | None, *, now: datetime
) -> Evidence:
    """What was gathered, and what comes of trying it: accounts, source paths, the newest mapping, older runs."""
    flow = parts.flow
    accounts = [id for id, part in parts.accounts.items() if _is_there(part)]
    calls: list[Callable[[], Awaitable[Any]]] = [
        partial(test_accounts, aep, accounts),
        partial(_newest_mapping, aep, parts),
        partial(_streak, aep, parts),
        partial(_of_window, aep, parts, span),
    ]
    tested, newest, streak, of_window = await together(calls)
    explored = await look_for(aep, _places(parts, tested))
    mapping = parts.mapping
    # The version that the flow uses may be gone while the mapping set is there.
    if isinstance(newest, MappingSet) and not isinstance(mapping, MappingSet):
        mapping = newest
    listed = [] if isinstance(of_window, Problem) else list(of_window)
    if run is not None and all(run.id != each.id for each in listed):
        listed.append(run)
    return Evidence(
        flow=flow,
        now=now,
        runs=listed,
        unread=of_window if isinstance(of_window, Problem) else None,
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
        streak=streak,
        window=span,
    )


async def _streak(aep: FlowReader, parts: FlowParts) -> Streak | None:
    """What goes on at the newest end of the runs, back to its beginning; None while all is well or nothing is known."""
    if isinstance(parts.runs, Problem):
        return None
    facts = newest_first(map(RunFacts.of, parts.runs))
    troubles = [trouble for trouble in (FAILING, EMPTY) if streak_of(facts, trouble).runs]
    if not troubles:
        return None
    found_back = await found(partial(look_back, aep, parts.flow.id, parts.runs, troubles[0]))
    return streak_of(facts, troubles[0]) if isinstance(found_back, Problem) else found_back


async def _of_window(aep: FlowReader, parts: FlowParts, span: Window | None) -> Sequence[FlowRun] | Problem:
    """The runs to look at: those of the window, else the newest, which are at hand."""
    if span is None:
        return parts.runs
    return await found(partial(runs_within, aep, parts.flow.id, span, most=WINDOW_RUNS))


def _is_continuous(parts: FlowParts) -> bool:
    spec = parts.flow_spec
    return isinstance(spec, FlowSpec) and is_streaming(spec)


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


def _answer(
    evidence: Evidence, diagnosis: Diagnosis, parts: FlowParts, pieces: Pieces, *, run_id: str | None
) -> OneDiagnosis:
    first, flow = diagnosis.first, evidence.flow
    others = [each for each in diagnosis.findings[1:] if each.cause is not first.cause]
    step, history, streak = first.step, diagnosis.history, evidence.streak
    good = streak.last_good if streak else None
    return OneDiagnosis(
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
        others=pieces.take("others", others, SHOWN_OTHERS, _suspect),
        checks=list(_checks(evidence)),
        now=_now_words(streak, parts),
        since=streak.since if streak else None,
        in_a_row=streak.runs if streak else None,
        last_good=utc(good.at) if good else None,
        window=str(evidence.window) if evidence.window else None,
        runs=_run_words(history, evidence),
        records_written=history.total("records_out"),
        records_lost=history.total("records_failed"),
        records_skipped=history.total("records_skipped"),
        errors=pieces.take("errors", history.groups, SHOWN_ERRORS, _error_row),
        more=pieces.more,
        cursors=pieces.cursors,
    )


def _suspect(finding: Finding) -> Suspect:
    return Suspect(cause=finding.cause, headline=finding.headline, evidence=list(finding.evidence[:1]))


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


def _now_words(streak: Streak | None, parts: FlowParts) -> str:
    """How the flow does at present, whatever runs were asked about."""
    if streak is not None:
        return str(streak)
    if isinstance(parts.runs, Problem):
        return f"its runs could not be read ({parts.runs.value})"
    facts = newest_first(map(RunFacts.of, parts.runs))
    good = next((run for run in facts if FAILING.breaks(run)), None)
    if good is None:
        return "no finished run is listed"
    more = " and read 0 records" if good.read_nothing else ""
    return f"the newest finished run, of {utc(good.at)}, succeeded{more}"


def _run_words(history: History, evidence: Evidence) -> str:
    last = evidence.flow.last_run
    if not history.runs:
        listed = f"could not be read ({evidence.unread.value})" if evidence.unread else "none listed"
        if evidence.window or not last:
            return listed
        return f"{listed}; the flow says of its last one: {last_run_words(last)}"
    counts = {outcome: sum(run.outcome is outcome for run in history.runs) for outcome in Outcome}
    parts = [f"{number} {outcome.value.replace('_', ' ')}" for outcome, number in counts.items() if number]
    if evidence.window:
        most = " (the latest; there are more)" if len(history.runs) >= WINDOW_RUNS else ""
        return f"{len(history.runs)}{most}: {', '.join(parts)}"
    oldest = min((run.at for run in history.runs if run.at), default=None)
    return f"newest {len(history.runs)} since {utc(oldest)}: {', '.join(parts)}"


def _error_row(group: ErrorGroup) -> ErrorGroupRow:
    known = explain(group.code, RUN)
    message = group.message if group.message != group.code else None
    row = utc(group.in_a_row)
    return ErrorGroupRow(
        error=group.code,
        runs=group.runs,
        share=f"{group.share:.0%}",
        lost=group.lost or None,
        first=utc(group.first_at),
        last=utc(group.last_at),
        in_a_row_since=f"at least {row}" if row and group.from_the_start else row,
        meaning=known.meaning if known else None,
        message=message if len(message or "") <= 200 else f"{(message or '')[:199]}…",
    )
