"""Carries out an approved Change: its steps in order, once each, and all or nothing.

A step that fails takes back what earlier steps created, newest first. A step whose outcome is unknown stops
everything and takes nothing back: what it may have created could need what the earlier steps made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import anyio

from aep_flow_mcp.guard import secrets
from aep_flow_mcp.guard.changes import masking
from aep_flow_mcp.guard.changes.canonical import JSON, shown
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.steps import Step, Undo, resolve_path, resolve_refs
from aep_flow_mcp.guard.execution.look import Looker
from aep_flow_mcp.guard.execution.reconcile import Done, NotDone, Outcome, Reconciler, Sleep, Unknown
from aep_flow_mcp.guard.execution.results import Status, Touched
from aep_flow_mcp.platform.errors import ErrorKind, NotSent, PlatformError, outcome_unknown

if TYPE_CHECKING:
    from aep_flow_mcp.platform.writer import WriteAnswer

UNDO_TRIES = 3
"""How often the deletion of what this Change itself created is tried."""


class Writer(Protocol):
    """`platform.writer.FlowWriter`, as far as it is used here."""

    async def send(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        etag: str | None = None,
        params: list[tuple[str, str]] | None = None,
        sandbox: str | None = None,
    ) -> WriteAnswer:
        """Send one write, once."""


@dataclass(slots=True)
class Execution:
    """What happened. All texts are free of secret values. `ids`: what each step created or acted on, by its key."""

    status: Status
    message: str
    done: list[Touched] = field(default_factory=list)
    not_undone: list[str] = field(default_factory=list)
    data: JSON = None
    ids: dict[str, str] = field(default_factory=dict)


class Executor:
    """Sends the steps of one approved Change."""

    def __init__(
        self,
        writer: Writer,
        looker: Looker,
        *,
        environ: Mapping[str, str],
        prefix: str,
        sleep: Sleep = anyio.sleep,
    ) -> None:
        self._writer = writer
        self._looker = looker
        self._reconciler = Reconciler(looker, sleep)
        self._environ = environ
        self._prefix = prefix
        self._sleep = sleep

    async def run(self, change: Change) -> Execution:
        """Carry out a Change. Returns what happened, whatever happened; does not raise for a failed request."""
        ids: dict[str, str] = {}
        finished: list[tuple[Step, Done]] = []
        for planned in change.steps:
            step = _about_what_exists(planned, ids)
            outcome = await self._step(change, step, ids)
            if isinstance(outcome, Done):
                finished.append((step, outcome))
                if outcome.id is not None:
                    ids[step.key] = outcome.id
            else:
                return await self._stopped(change, step, outcome, finished, ids)
        notes = [done.note for _, done in finished if done.note]
        return Execution(
            status=Status.DONE,
            message=" ".join([f"{change.title}: done.", *notes]),
            done=[_touched(step, done) for step, done in finished],
            data=_answer(finished),
            ids=ids,
        )

    async def _step(self, change: Change, step: Step, ids: Mapping[str, str]) -> Outcome:
        path = resolve_path(step.path, ids)
        body = resolve_refs(step.body, ids)
        try:
            if step.method == "GET":
                return Done(data=await self._looker.read(path, list(step.params)))
            # What exists already cannot be what is created now, should the answer get lost.
            known = await self._known(step)
            sent = None if step.content is None else secrets.resolve(step, body, self._environ, self._prefix)
        except (PlatformError, secrets.SecretError) as error:
            return NotDone(f"{error} The request was not sent.")
        try:
            answer = await self._writer.send(
                step.method, path, json=sent, etag=step.etag, params=list(step.params), sandbox=change.sandbox
            )
        except NotSent as error:
            return NotDone(f"{error} The request was not sent.")
        except PlatformError as error:
            if outcome_unknown(error):
                return await self._reconciler.outcome(step, path, body, known, str(error))
            if error.kind is ErrorKind.STALE_ETAG:
                return NotDone(f"{error} Nothing was overwritten.")
            return NotDone(str(error))
        except Exception as error:  # noqa: BLE001  (the request may have left: earlier steps must still be undone)
            return await self._reconciler.outcome(
                step, path, body, known, f"An unexpected {type(error).__name__}."
            )
        if step.creates is not None and answer.id is None:
            return await self._nameless(step, path, body, known)
        return Done(answer.id or step.object_id, answer.etag, answer.data)

    async def _nameless(self, step: Step, path: str, body: JSON, known: frozenset[str]) -> Outcome:
        """It was created, and the answer does not say under which id."""
        outcome = await self._reconciler.outcome(step, path, body, known, "The answer had no id.")
        if isinstance(outcome, NotDone):
            return Unknown(
                "It was accepted, the answer had no id, and it is not listed yet: look before doing it again."
            )
        return outcome

    async def _known(self, step: Step) -> frozenset[str]:
        if step.creates is None or not step.lookup:
            return frozenset()
        found = await self._looker.newest(step.creates, dict(step.lookup))
        return frozenset(str(item.get("id")) for item in found)

    async def _stopped(
        self,
        change: Change,
        step: Step,
        outcome: NotDone | Unknown,
        finished: list[tuple[Step, Done]],
        ids: Mapping[str, str],
    ) -> Execution:
        what = (
            f"{step.method} {step.label} failed"
            if isinstance(outcome, NotDone)
            else f"{step.method} {step.label}"
        )
        if isinstance(outcome, Unknown):
            done = [_touched(one, result) for one, result in finished]
            left = [
                f"{_named(one, result)} (kept, because the next step may need it)" for one, result in finished
            ]
            return Execution(Status.UNKNOWN, f"{what}: outcome unknown. {outcome.sentence}", done, left)
        left, kept = [], []
        for one, result in reversed(finished):
            problem = await self._undo(change, one, result, ids)
            if problem is not None:
                left.append(f"{_named(one, result)}: {problem}")
                kept.append(_touched(one, result))
        undone = ""
        if len(left) < len(finished):
            undone = "Everything else before it was undone." if left else "Everything before it was undone."
        message = " ".join(part for part in (f"{what}: {outcome.sentence}", undone) if part)
        if not left:
            return Execution(Status.FAILED, message)
        return Execution(Status.PARTLY, message, kept, left)

    async def _undo(self, change: Change, step: Step, done: Done, ids: Mapping[str, str]) -> str | None:
        """Take one step back; None when that worked, else why it did not."""
        undo = step.undo
        if undo is None:
            if step.creates is None:
                return "this kind of step cannot be undone"
            if not step.creates.deletable or done.id is None:
                return f"the API has no way to delete a {step.creates.value}"
            undo = Undo(method="DELETE", path=step.creates.path(done.id))
        path = resolve_path(undo.path, ids)
        problem = "not tried"
        for attempt in range(UNDO_TRIES):
            if attempt:
                await self._sleep(float(attempt))
            problem_or_none = await self._undo_once(change, undo, path, done, ids)
            if problem_or_none is None:
                return None
            problem = problem_or_none
            if undo.method != "DELETE":
                break
        return problem

    async def _undo_once(
        self, change: Change, undo: Undo, path: str, done: Done, ids: Mapping[str, str]
    ) -> str | None:
        body = None if undo.content is None else resolve_refs(json.loads(undo.content), ids)
        try:
            await self._writer.send(
                undo.method,
                path,
                json=body,
                etag=done.etag if undo.use_etag else None,
                sandbox=change.sandbox,
            )
        except PlatformError as error:
            if undo.method == "DELETE" and error.kind is ErrorKind.NOT_FOUND:
                return None
            if undo.method == "DELETE" and outcome_unknown(error):
                return await self._still_there(path, error)
            return str(error)
        return None

    async def _still_there(self, path: str, lost: PlatformError) -> str | None:
        try:
            found = await self._looker.one(path)
        except PlatformError as error:
            return f"{lost} Looking did not work either: {error}"
        return None if found is None else f"{lost} It is still there."


def _about_what_exists(step: Step, ids: Mapping[str, str]) -> Step:
    """The step with the id of what an earlier one created in place of a reference."""
    if step.object_id is None or not step.refs:
        return step
    return replace(step, object_id=resolve_path(step.object_id, ids))


def _touched(step: Step, done: Done) -> Touched:
    return Touched(did=step.label, id=done.id or step.object_id, etag=done.etag)


def _named(step: Step, done: Done) -> str:
    object_id = done.id or step.object_id
    return f"{step.label} (id {shown(object_id, limit=120)})" if object_id else step.label


def _answer(finished: list[tuple[Step, Done]]) -> JSON:
    """What the last step answered, where that is more than an id."""
    step, done = finished[-1]
    if step.kind is not None or not isinstance(done.data, dict):
        return None
    data = {name: done.data[name] for name in step.keeps if name in done.data} if step.keeps else done.data
    return data if step.reveals else masking.masked_answer(data)
