"""Carries out an approved Change: its steps in order, once each, and all or nothing.

A step that certainly did not happen takes back what earlier steps created, newest first. A step whose outcome is
unknown stops everything and takes nothing back: what it may have created could need what the earlier steps made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import anyio

from aep_flow_mcp.guard import secrets
from aep_flow_mcp.guard.changes import masking
from aep_flow_mcp.guard.changes.canonical import JSON
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.steps import Step, resolve_path, resolve_refs
from aep_flow_mcp.guard.execution.audit import AuditError
from aep_flow_mcp.guard.execution.creations import Creating, Creations
from aep_flow_mcp.guard.execution.look import Looker
from aep_flow_mcp.guard.execution.namesakes import Found, found_beside, sooner
from aep_flow_mcp.guard.execution.progress import Progress, named, touched
from aep_flow_mcp.guard.execution.reconcile import Done, NotDone, Outcome, Reconciler, Sent, Sleep, Unknown
from aep_flow_mcp.guard.execution.results import Status, Touched
from aep_flow_mcp.guard.execution.undo import Undoer, Writer
from aep_flow_mcp.platform.errors import ErrorKind, NotSent, PlatformError, outcome_unknown
from aep_flow_mcp.store.kept import StoreDown
from aep_flow_mcp.store.memory import MemoryStore


@dataclass(slots=True)
class Execution:
    """What happened. All texts are free of secret values. `ids`: what each step created or acted on, by its key.

    not_undone: what exists or may exist although not all was done, a line each, with its id.
    """

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
        creations: Creations | None = None,
    ) -> None:
        """creations: shared by the executors of one server."""
        self._writer = writer
        self._looker = looker
        self._creations = creations or Creations(MemoryStore())
        self._reconciler = Reconciler(looker, sleep, self._creations)
        self._undoer = Undoer(writer, looker, sleep)
        self._environ = environ
        self._prefix = prefix

    async def run(self, change: Change, progress: Progress | None = None) -> Execution:
        """Carry out a Change. Returns what happened, whatever happened; does not raise for a failed request.

        progress: told of each step as it goes, for the audit log and for whoever has to say what is left.
        """
        progress = progress or Progress()
        ids: dict[str, str] = {}
        for planned in change.steps:
            step = _about_what_exists(planned, ids)
            outcome = await self._step(change, step, ids, progress)
            if isinstance(outcome, Unknown):
                return unknown(f"{step.method} {step.label}", outcome, step, progress)
            if isinstance(outcome, NotDone):
                return await self._undo_all(change, step, outcome, ids, progress)
            beside = await self._beside(step, outcome, ids)
            if beside is not None and not beside.older:
                outcome = replace(outcome, note=" ".join(filter(None, (outcome.note, beside.sentence))))
            progress.finish(step, outcome)
            if outcome.id is not None:
                ids[step.key] = outcome.id
            if beside is not None and beside.older:
                return await self._undo_all(change, step, NotDone(beside.sentence), ids, progress)
        notes = [done.note for _, done in progress.finished if done.note]
        return Execution(
            status=Status.DONE,
            message=" ".join([f"{change.title}: done.", *notes]),
            done=[touched(step, done) for step, done in progress.finished],
            data=_answer(progress.finished),
            ids=ids,
        )

    async def _step(self, change: Change, step: Step, ids: Mapping[str, str], progress: Progress) -> Outcome:
        path = resolve_path(step.path, ids)
        body = resolve_refs(step.body, ids)
        try:
            if step.method == "GET":
                return Done(data=await self._looker.read(path, list(step.params)))
            # What exists already cannot be what is created now, should the answer get lost.
            before = await self._reconciler.before(step, path)
            other = sooner(step, before.living, ids.values())
            if other is not None:
                return NotDone(f"{other} The request was not sent.")
            sent = None if step.content is None else secrets.resolve(step, body, self._environ, self._prefix)
            await progress.begin(step)
        except (PlatformError, secrets.SecretError, AuditError) as error:
            return NotDone(f"{error} The request was not sent.")
        if step.creates is None:
            return await self._sent(change, Sent(step, path, body, before, ""), sent)
        creating = Creating(change.sandbox, step.creates, body)
        try:
            async with self._creations.under_way(creating):
                return await self._sent(change, Sent(step, path, body, before, "", creating), sent)
        except StoreDown as error:
            return NotDone(f"{error} The request was not sent.")

    async def _sent(self, change: Change, request: Sent, content: JSON) -> Outcome:
        """Send a request, once, and find out what came of it. content: its body, with secrets."""
        step = request.step
        try:
            answer = await self._writer.send(
                step.method,
                request.path,
                json=content,
                etag=step.etag,
                params=list(step.params),
                sandbox=change.sandbox,
            )
        except NotSent as error:
            return NotDone(f"{error} The request was not sent.")
        except PlatformError as error:
            if outcome_unknown(error):
                error.hint = None  # It is looked for now; what to do then is said afterwards.
                return await self._reconciler.outcome(replace(request, why=str(error)))
            if error.kind is ErrorKind.STALE_ETAG:
                return NotDone(f"{error} Nothing was overwritten.")
            return NotDone(str(error))
        except Exception as error:  # noqa: BLE001  (the request may have left: earlier steps must still be undone)
            why = f"An unexpected {type(error).__name__}."
            return await self._reconciler.outcome(replace(request, why=why))
        other = _not_as_expected(step, answer.data)
        if other is not None:
            return NotDone(other)
        if step.creates is not None and answer.id is None:
            why = "It was accepted, and the answer had no id."
            return await self._reconciler.outcome(replace(request, why=why))
        if step.creates is not None and answer.id is not None:
            await self._creations.made(step.creates, answer.id)
        return Done(answer.id or step.object_id, answer.etag, answer.data)

    async def _beside(self, step: Step, done: Done, ids: Mapping[str, str]) -> Found | None:
        if step.namesakes is None or step.creates is None or done.id is None:
            return None
        return await found_beside(self._looker, step, step.creates, done.id, ids.values())

    async def _undo_all(
        self, change: Change, step: Step, outcome: NotDone, ids: Mapping[str, str], progress: Progress
    ) -> Execution:
        """Take back what was done before a step that did not happen."""
        what = f"{step.method} {step.label} failed: {outcome.sentence}"
        earlier = list(progress.finished)
        if not earlier:
            return Execution(Status.FAILED, what)
        await progress.undoing(what)
        left: list[str] = []
        # What was to be deleted and is still there keeps its id in what is created again.
        known = {one.key: one.object_id for one in change.steps if one.object_id and not one.refs} | dict(ids)
        for one, result in reversed(earlier):
            problem = await self._undoer.undo(change, one, result, known)
            if problem is None:
                await progress.undone(one, result)
            else:
                left.append(f"{named(one, result)}: {problem}")
        if not left:
            words = f"{what} Everything before it was undone. {progress.trouble}"
            return Execution(Status.FAILED, words.strip())
        undone = "Everything else before it was undone." if len(left) < len(earlier) else ""
        words = " ".join(part for part in (what, undone, _LEFT, progress.trouble) if part)
        kept = [touched(one, result) for one, result in reversed(progress.finished)]
        return Execution(Status.PARTLY, words, kept, left, ids=_ids(progress))


_LEFT = "Look at what is left, by its id, and delete it or go on from it."


def unknown(what: str, outcome: Unknown, step: Step | None, progress: Progress) -> Execution:
    """Everything stopped at a step whose outcome nobody knows: what exists and what may exist, by id.

    what: the step, or the whole, in words. step: the one that may have happened, None when there is none.
    """
    left = [
        f"{named(one, result)} (kept, because the next step may need it)" for one, result in progress.finished
    ]
    left += [f"{step.label}: may be id {one}" for one in outcome.ids if step is not None]
    parts = [f"{what}: outcome unknown.", outcome.sentence, _LEFT if left else "", progress.trouble]
    return Execution(
        Status.UNKNOWN,
        " ".join(part for part in parts if part),
        [touched(one, result) for one, result in progress.finished],
        left,
        ids=_ids(progress),
    )


def _ids(progress: Progress) -> dict[str, str]:
    return {step.key: done.id for step, done in progress.finished if done.id is not None}


def _not_as_expected(step: Step, data: JSON) -> str | None:
    """Why later steps must not count on an answer; None where they may, or where it does not say."""
    held = data if isinstance(data, dict) else {}
    for name, value in step.expects:
        if name in held and str(held[name]) != value:
            return (
                f"It was sent, and made {name} {held[name]} instead of {value}: somebody else changed it at the same "
                f"time. Nothing was pointed to it."
            )
    return None


def _about_what_exists(step: Step, ids: Mapping[str, str]) -> Step:
    """The step with the id of what an earlier one created in place of a reference."""
    if step.object_id is None or not step.refs:
        return step
    return replace(step, object_id=resolve_path(step.object_id, ids))


def _answer(finished: list[tuple[Step, Done]]) -> JSON:
    """What the last step answered, where that is more than an id."""
    step, done = finished[-1]
    if step.kind is not None or not isinstance(done.data, dict):
        return None
    data = {name: done.data[name] for name in step.keeps if name in done.data} if step.keeps else done.data
    return data if step.reveals else masking.masked_answer(data)
