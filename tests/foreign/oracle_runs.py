"""What is true of runs, found again: in lists, by id, in a diagnosis, and in the health of all pipelines."""

from __future__ import annotations

from collections import Counter
from typing import Any

from foreign.asking import Answer, Asker
from foreign.names import shown
from foreign.oracle import check_refusal, iso, same_ids, same_name
from foreign.truth import TrueError, TrueFlow, TrueRun
from foreign.visits import WINDOW

_OUTCOMES = {
    "success": {"succeeded", "partial", "unclear"},
    "partial_success": {"partial"},
    "partial_failure": {"partial"},
    "failed": {"failed"},
    "in_progress": {"in_progress"},
    "scheduled": {"waiting"},
    "queued": {"waiting"},
    "unknown": {"unknown"},
}
_NEVER = ("no runs yet", "none yet", "not run yet", "nothing_wrong_found")
_NUMBERS = ("records_in", "records_out", "records_failed")


async def check_runs(ask: Asker) -> None:
    """Every run in the list of its flow and by its id; then what is said of all of them."""
    organisation = ask.organisation
    if "runs" in organisation.closed:
        await _check_closed(ask)
        return
    same_ids(ask, "list_runs", await ask.pages("list_runs", limit=100), organisation.things.get("runs", {}))
    for flow in organisation.flows:
        rows = await ask.pages("list_runs", flow_id=flow.id, limit=50)
        same_ids(ask, "list_runs of a flow", rows, {run.id: run for run in flow.runs})
        runs = {run.id: run for run in flow.runs}
        for row in rows:
            if row["id"] in runs:
                _check_row(ask, "list_runs", row, runs[row["id"]])
        if flow.refused is None:
            await _check_diagnosis(ask, flow)
    for run in organisation.runs:
        await _check_run(ask, run)
    await _check_health(ask)


async def _check_closed(ask: Asker) -> None:
    """Runs that may not be read are not runs that did not happen."""
    answers = [await ask.call("list_runs"), await ask.call("pipeline_health", window=WINDOW)]
    for answer in answers:
        check_refusal(ask, answer, ask.organisation.closed["runs"])
    for flow in ask.organisation.flows:
        if flow.refused is None:
            answer = await ask.call("diagnose_flow", flow=flow.id)
            wrong = [words for words in _NEVER if words in answer.text]
            ask.faults.check(
                not wrong, "diagnose_flow: unread runs are none", f"{answer.asked}: {answer.text[-300:]}"
            )


def _check_row(ask: Asker, tool: str, row: dict[str, Any], run: TrueRun) -> None:
    body = run.body.get("metrics")
    status = row.get("status", "")
    ask.faults.check(
        run.outcome in _OUTCOMES.get(status, ()),
        f"{tool}: another status",
        f"{run.id}: {status} for {run.outcome}: {body!r:.400}",
    )
    told = row.get("started_at")
    ask.faults.check(
        told == (iso(run.started / 1000) if run.started else None),
        f"{tool}: another start",
        f"{run.id}: {told} of {body!r:.200}",
    )
    for number in _NUMBERS:
        value = row.get(number)
        ask.faults.check(
            value == getattr(run, number),
            f"{tool}: other {number}",
            f"{run.id}: {value} for {getattr(run, number)}: {body!r:.500}",
        )


async def _check_run(ask: Asker, run: TrueRun) -> None:
    answer = await ask.call("get_run", run_id=run.id)
    if run.refused is not None:
        check_refusal(ask, answer, run.refused)
        return
    if not ask.faults.check(
        not answer.is_error, "get_run: refuses what is there", f"{answer.asked}: {answer.text[:200]}"
    ):
        return
    _check_row(ask, "get_run", answer.structured, run)
    told = answer.structured.get("errors", [])
    for error in run.errors:
        ask.faults.check(
            any(_is(error, row) for row in told),
            "get_run: an error is lost",
            f"{run.id}: {error!r:.200} in {told!r:.300}",
        )
    lost = run.outcome in ("partial", "failed", "unclear")
    clean = answer.structured.get("clean")
    ask.faults.check(
        not (lost and clean),
        "get_run: clean, although records are missing",
        f"{run.id}: {run.outcome} {run.body.get('metrics')!r:.400}",
    )
    ask.faults.check(
        not (run.outcome == "succeeded" and clean is False and "kipped" not in repr(run.body)),
        "get_run: not clean, although nothing failed",
        f"{run.id}: {run.body!r:.600}",
    )
    end = iso(run.completed / 1000) if run.completed else None
    ask.faults.check(
        answer.structured.get("completed_at") == end,
        "get_run: another end",
        f"{run.id}: {answer.structured.get('completed_at')} for {end}",
    )


def _is(error: TrueError, row: dict[str, Any]) -> bool:
    message, told = shown(error.message), row.get("message")
    same = shown(told) == message or ((told or "").endswith("…") and message.startswith(shown(told)))
    return same and row.get("code") == error.code


async def _check_diagnosis(ask: Asker, flow: TrueFlow) -> None:
    answer = await ask.call("diagnose_flow", flow=flow.id, runs=50)
    if not ask.faults.check(
        not answer.is_error, "diagnose_flow: refuses what is there", f"{answer.asked}: {answer.text[:300]}"
    ):
        return
    told = answer.structured
    if shown(flow.name):
        same_name(ask, "diagnose_flow", told.get("flow"), flow)
    same = (told.get("state") or "").casefold() == (flow.state or "").casefold()
    ask.faults.check(same, "diagnose_flow: another state", f"{flow.id}: {told.get('state')} for {flow.state}")
    for run in flow.runs:
        if run.outcome in ("failed", "partial"):
            _check_told(ask, answer, run)
    counts = [run.records_failed for run in flow.runs if run.records_failed is not None]
    lost = sum(counts) if counts else None
    ask.faults.check(
        told.get("records_lost") == lost,
        "diagnose_flow: other records lost",
        f"{answer.asked}: {told.get('records_lost')} for {lost}",
    )
    failed = any(run.outcome in ("failed", "partial") for run in flow.runs)
    ask.faults.check(
        not (failed and told.get("cause") == "nothing_wrong_found"),
        "diagnose_flow: nothing wrong, although runs failed",
        f"{answer.asked}: {answer.text[:300]}",
    )


def _check_told(ask: Asker, answer: Answer, run: TrueRun) -> None:
    """One of the errors of a failed run is named: by code, or by its message."""
    failing = [error for error in run.errors if error.failing]
    text = shown(answer.text)
    named = [
        error
        for error in failing
        if (error.code and error.code in answer.text)
        or (shown(error.message) and shown(error.message)[:40] in text)
    ]
    # Numbers in messages are left out where runs with the same error are counted together.
    coded = [error for error in failing if error.code]
    ask.faults.check(
        not coded or bool(named),
        f"{answer.tool}: the error is not told",
        f"{answer.asked}: {failing!r:.300} in {answer.text[:500]}",
    )


async def _check_health(ask: Asker) -> None:
    organisation = ask.organisation
    answer = await ask.call("pipeline_health", window=WINDOW, top=50)
    if not ask.faults.check(
        not answer.is_error, "pipeline_health: refuses", f"{answer.asked}: {answer.text[:300]}"
    ):
        return
    for collection, what in (("connectionSpecs", "connectors"), ("flowSpecs", "flow specs")):
        said = f"The {what} could not be read" in answer.text
        ask.faults.check(
            said == (collection in organisation.closed),
            f"pipeline_health: not what could be read of the {what}",
            f"{answer.asked}: {answer.text[-300:]}",
        )
    total, runs = answer.structured["total"], organisation.runs
    seen = Counter(run.outcome for run in runs)
    wrong: dict[str, Any] = {}
    for name in ("partial", "failed", "in_progress", "waiting", "unknown"):
        spare = seen["unclear"] if name in ("partial", "unknown") else 0
        if not seen[name] <= total[name] <= seen[name] + spare:
            wrong[name] = (total[name], seen[name])
    if total["runs"] != len(runs):
        wrong["runs"] = (total["runs"], len(runs))
    for name in _NUMBERS:
        counts = [count for run in runs if (count := getattr(run, name)) is not None]
        true = sum(counts) if counts else None
        if total.get(name) != true:
            wrong[name] = (total.get(name), true)
    ask.faults.check(
        not wrong,
        f"pipeline_health: other totals ({', '.join(wrong)})",
        f"{answer.asked}: (told, true) {wrong}",
    )
    ill = {run.flow_id for run in runs if run.outcome in ("failed", "partial")}
    told = {row["id"]: row for row in answer.structured.get("failing", [])}
    ask.faults.check(
        ill <= set(told), "pipeline_health: a failing flow is lost", f"{sorted(ill - set(told))[:2]}"
    )
    for flow in organisation.flows:
        if flow.id in told and shown(flow.name):
            same_name(ask, "pipeline_health", told[flow.id].get("flow"), flow)
