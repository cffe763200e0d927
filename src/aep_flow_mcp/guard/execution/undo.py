"""Taking back what the earlier steps of a Change have done, when a later one did not happen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.steps import Step, Undo, resolve_path, resolve_refs
from aep_flow_mcp.guard.execution.look import Looker
from aep_flow_mcp.guard.execution.reconcile import Done, Sleep
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError, outcome_unknown

if TYPE_CHECKING:
    from aep_flow_mcp.platform.writer import WriteAnswer

TRIES = 3
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


class Undoer:
    """Takes back single steps."""

    def __init__(self, writer: Writer, looker: Looker, sleep: Sleep) -> None:
        self._writer = writer
        self._looker = looker
        self._sleep = sleep

    async def undo(self, change: Change, step: Step, done: Done, ids: dict[str, str]) -> str | None:
        """Take one step back; None when that worked, else why it did not, or what is not as it was.

        ids: gets the id of what is created again in place of the deleted one's.
        """
        undo = step.undo
        if undo is None:
            if step.kind is Kind.MAPPING_SET and step.creates is None:
                return "its versions cannot be taken back: the new one stays, and this change points nothing to it"
            if step.creates is None:
                return "this kind of step cannot be undone"
            if not step.creates.deletable or done.id is None:
                return f"the API has no way to delete a {step.creates.value}"
            undo = Undo(method="DELETE", path=step.creates.path(done.id))
        path = resolve_path(undo.path, ids)
        if undo.lost is not None:
            return await self._again(change, step, undo, path, ids)
        problem = await self._once(change, undo, path, done, ids)
        for attempt in range(1, TRIES):
            # Deleting what was created here twice does no harm; anything else is sent once.
            if problem is None or undo.method != "DELETE":
                break
            await self._sleep(float(attempt))
            problem = await self._once(change, undo, path, done, ids)
        return problem

    async def _again(self, change: Change, step: Step, undo: Undo, path: str, ids: dict[str, str]) -> str:
        """Create what was deleted once more, once: a second try could make two of it."""
        body = None if undo.content is None else resolve_refs(json.loads(undo.content), ids)
        try:
            answer = await self._writer.send(
                undo.method, path, json=body, params=list(undo.params_again), sandbox=change.sandbox
            )
        except PlatformError as error:
            known = "Whether it was" if outcome_unknown(error) else "It was not"
            return f"is deleted. {known} created again: {error}"
        except Exception as error:  # noqa: BLE001  (the other steps must still be undone)
            return (
                f"is deleted. Whether it was created again is not known: an unexpected {type(error).__name__}"
            )
        if answer.id is not None:
            ids[step.key] = answer.id
        return f"created again as {answer.id or 'a new object'}: {undo.lost}"

    async def _once(
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
            missed = error.kind is ErrorKind.NOT_FOUND
            if undo.method == "DELETE" and (missed or outcome_unknown(error)):
                # A 404 proves nothing of what was created a moment ago: it may not have got around yet.
                return await self._still_there(path, error)
            if not outcome_unknown(error):
                return str(error)
            return f"{error} Whether it was taken back is not known."
        except Exception as error:  # noqa: BLE001  (the other steps must still be undone)
            return f"an unexpected {type(error).__name__}; whether it was taken back is not known"
        return None

    async def _still_there(self, path: str, lost: PlatformError) -> str | None:
        try:
            found = await self._looker.one(path)
        except PlatformError as error:
            return f"{lost} Looking did not work either: {error}"
        return None if found is None else f"{lost} It was still there, and may still be deleted."
