"""What was approved, carried out to its end: written down before, while and after it happens."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from traceback import format_tb
from typing import Any

from mcp.server.mcpserver import Context

from aep_flow_mcp.callers import person
from aep_flow_mcp.guard import Guard, secrets
from aep_flow_mcp.guard.approval.approvers import needs_other_approver
from aep_flow_mcp.guard.approval.asking import NO_OTHER
from aep_flow_mcp.guard.call import Call
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.naming import kept
from aep_flow_mcp.guard.changes.preview import change_lines
from aep_flow_mcp.guard.execution.audit import Audit, AuditError
from aep_flow_mcp.guard.execution.execute import Execution, unknown
from aep_flow_mcp.guard.execution.inflight import Stopping
from aep_flow_mcp.guard.execution.processes import process_name
from aep_flow_mcp.guard.execution.progress import Progress
from aep_flow_mcp.guard.execution.reconcile import Unknown
from aep_flow_mcp.guard.execution.results import Status, WriteResult
from aep_flow_mcp.observing import Write
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.redaction.values import Redactor
from aep_flow_mcp.platform.waiting.patience import unbroken
from aep_flow_mcp.settings import ApprovalMode

logger = logging.getLogger(__name__)


async def carry_out(call: Call, change: Change) -> WriteResult:
    """Send what was approved. Once begun it is finished, undone and logged even if the call is cancelled.

    Every way to a yes ends here, so four eyes are counted here once more, and the policy has to allow it at this very
    moment: a window may have closed since it was asked about.

    Raises:
        StoreDown: the store of replicas does not answer; nothing was sent.
    """
    if needs_other_approver(call.guard, change) and not call.approved_by_another:
        return await call.refused(NO_OTHER, change)
    refusal = await call.guard.policy.takes(change, person())
    if refusal is not None:
        return await call.refused(refusal.sentence, change)
    seen = Write(call.tool)
    with call.guard.observer.write(seen):
        result = await _carried_out(call, change)
        seen.result = result.status.value
    return result


async def _carried_out(call: Call, change: Change) -> WriteResult:
    redactor = secrets.redactor_of(change, call.guard.environ)
    await call.guard.store.check()
    try:
        with call.guard.in_flight.one():
            async with unbroken():
                execution = await _logged(call, change, redactor)
    except (AuditError, Stopping) as error:
        sentence = str(error) if isinstance(error, Stopping) else f"{error} Nothing was sent."
        return WriteResult(status=Status.REFUSED, message=sentence, sandbox=change.sandbox)
    await _tell(call.guard, call.ctx, change, execution)
    data = await _followed(change, execution)
    if not any(step.reveals for step in change.steps):
        data = redactor.value(data)
    finished = execution.status is Status.DONE
    return WriteResult(
        status=execution.status,
        message=execution.message,
        sandbox=change.sandbox,
        done=execution.done,
        changes=[line for step in change.steps for line in change_lines(step)] if finished else [],
        not_undone=execution.not_undone,
        dependents=[redactor.text(line) for line in kept(change.dependents)],
        data=data,
    )


async def _logged(call: Call, change: Change, redactor: Redactor) -> Execution:
    """Carry it out between a line that says so and a line that says how it ended, without secrets.

    Raises:
        AuditError: the first line could not be written, and nothing was sent.
    """
    audit, attempt = call.guard.audit, Audit.attempt()
    who = call.people()
    if (
        "person" in who
        and "approver" not in who
        and call.guard.settings.mcp_approval is not ApprovalMode.NONE
    ):
        who["approver"] = who["person"]

    async def note(event: str, fields: Mapping[str, Any]) -> None:
        known = {name: redactor.text(value) if value else value for name, value in fields.items()}
        where = {"tool": call.tool, "sandbox": change.sandbox, **who}
        await audit.write({"attempt": attempt, "event": event, **where, **known})

    await audit.write({**call.entry(change, "approved", attempt), **who, "process": process_name()})
    execution = await _execute(call.guard, change, Progress(note))
    execution.message = redactor.text(execution.message)
    execution.not_undone = [redactor.text(line) for line in execution.not_undone]
    outcome = {**call.entry(change, execution.status.value, attempt), **who}
    ids = [one.id for one in execution.done if one.id]
    try:
        await audit.write(
            {**outcome, "message": execution.message, "ids": ids, "not_undone": execution.not_undone}
        )
    except AuditError as error:
        execution.message = f"{execution.message} {error}"
    return execution


async def _execute(guard: Guard, change: Change, progress: Progress) -> Execution:
    """Run the steps; a defect of ours is an unknown outcome, said and logged like any other."""
    try:
        return await guard.executor(change.sandbox).run(change, progress)
    except Exception as error:  # noqa: BLE001  (whatever it is, something may have been sent)
        # Its text is left out, here and in the log: it may quote a request.
        logger.error("a write met %s\n%s", type(error).__name__, "".join(format_tb(error.__traceback__)))
        sentence = f"An unexpected {type(error).__name__} interrupted it."
        step = progress.under_way
        if step is None and not progress.finished:
            return Execution(Status.FAILED, f"{change.title}: {sentence} Nothing was sent.")
        if step is not None:
            sentence = f"{sentence} What may have happened: {step.method} {step.label}."
        return unknown(change.title, Unknown(f"{sentence} Look before doing it again."), step, progress)


async def _tell(guard: Guard, ctx: Context, change: Change, execution: Execution) -> None:
    """Let those who follow what is stored know that it was written to; also when only part of it happened."""
    if guard.on_written is None or execution.status is Status.FAILED:
        return
    try:
        await guard.on_written(ctx, change, execution.ids)
    except Exception as error:  # noqa: BLE001  (what was written stays written, and its answer has to say so)
        logger.error(
            "telling of a write met %s\n%s", type(error).__name__, "".join(format_tb(error.__traceback__))
        )


async def _followed(change: Change, execution: Execution) -> Any:
    """The data of the answer, with what was read afterwards. That it cannot be read takes nothing back."""
    if change.follow is None or execution.status is not Status.DONE:
        return execution.data
    try:
        found = dict(await change.follow(execution.ids))
    except Exception as error:  # noqa: BLE001  (likewise)
        known = isinstance(error, PlatformError)
        if not known:
            trace = "".join(format_tb(error.__traceback__))
            logger.error("reading on after a write met %s\n%s", type(error).__name__, trace)
        why = str(error) if known else f"an unexpected {type(error).__name__}."
        found = {"note": f"It is done; how it stands now could not be read: {why}"}
    return {**(execution.data or {}), **found}
