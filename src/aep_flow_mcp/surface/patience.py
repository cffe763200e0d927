"""No call is silent for long: it reports progress from the second second on, and it ends in time with what it has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, TypeVar

import anyio
from mcp.server.elicitation import ElicitationResult, ElicitSchemaModelT
from mcp.server.mcpserver import Context

from aep_flow_mcp.answers.progress import counting, report
from aep_flow_mcp.gathering.progress import Progress
from aep_flow_mcp.platform.waiting.patience import PATIENCE, Call, asking_a_person, calling

T = TypeVar("T")

WATCH = 1.0
"""Seconds between looks at whether a call still moves."""
LONGEST = 600.0
"""Seconds after which a call ends however much it moves."""


class NoTimeLeftError(Exception):
    """A call was ended because it had waited for too long; the message says what for."""


def begun(context: Context[Any, Any] | None) -> Call:
    """A call that a client makes now."""
    scope = anyio.CancelScope(deadline=anyio.current_time() + PATIENCE)
    return Call(scope, heard=_hears_progress(context))


async def patiently(context: Context[Any, Any] | None, call: Call, work: Callable[[], Awaitable[T]]) -> T:
    """The result of `work`, within `PATIENCE` seconds since the call was begun.

    A client that listens to progress hears how far it is, and is given longer as long as answers come in. While a
    person is asked, and while something is sent that changes the world, no time is counted.

    Raises:
        NoTimeLeftError: it did not end by itself. Nothing that changes anything was cut off.
    """
    async with _beside(context, call):
        with call.scope, calling(call):
            return await work()
    raise NoTimeLeftError(_waited_for(call))


@asynccontextmanager
async def _beside(context: Context[Any, Any] | None, call: Call) -> AsyncIterator[None]:
    """Progress while the block runs. An error of the block is raised as itself, not inside an exception group."""
    with counting() as progress:
        if context is None:
            yield
            return
        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            # Without somebody who listens, the SDK drops what is reported.
            group.start_soon(report, context, call, progress)
            if call.heard:
                group.start_soon(_watch, call, progress)
            try:
                yield
            except Exception as error:  # noqa: BLE001  (raised below)
                failure = error
            finally:
                group.cancel_scope.cancel()
        if failure is not None:
            raise failure


async def _watch(call: Call, progress: Progress) -> None:
    """Give a call more time as long as it moves."""
    last = anyio.current_time() + LONGEST
    seen = (call.answers, progress.done)
    while True:
        await anyio.sleep(WATCH)
        now = (call.answers, progress.done)
        if now != seen and not (call.asking or call.sending):
            seen = now
            call.scope.deadline = max(call.scope.deadline, min(last, anyio.current_time() + PATIENCE))


def _hears_progress(context: Context[Any, Any] | None) -> bool:
    """Whether the client gave a token for progress. One in this process gives none and may hear it all the same."""
    try:
        meta = context.request_context.meta if context is not None else None
    except ValueError:
        return False  # a call from inside the process has no request
    return bool(meta) and (meta or {}).get("progress_token") is not None


def _waited_for(call: Call) -> str:
    came = (
        f"{call.answers} answers of Adobe had come in" if call.answers else "no answer of Adobe had come in"
    )
    effect = (
        "What was to be changed had been sent: look at what is there before you do it again."
        if call.sent
        else "Nothing was sent that changes anything."
    )
    return (
        f"it did not end in time ({came}), and clients rarely wait longer. {effect} "
        "Ask for less at once (one object, a shorter window, a smaller limit), or try again in a few minutes."
    )


class PatientContext(Context[Any, Any]):
    """The SDK's context, in which the time of a person who is asked does not count."""

    @classmethod
    def of(cls, context: Context[Any, Any], shared: object = None) -> PatientContext:
        """The same request. shared: what the call finds shared, instead of what the server shares."""
        patient = cls.model_construct()
        private = dict(context.__pydantic_private__ or {})
        if shared is not None and private.get("_request_context") is not None:
            private["_request_context"] = replace(private["_request_context"], lifespan_context=shared)
        object.__setattr__(patient, "__pydantic_private__", private)
        return patient

    async def elicit(
        self, message: str, schema: type[ElicitSchemaModelT]
    ) -> ElicitationResult[ElicitSchemaModelT]:
        with asking_a_person():
            return await super().elicit(message, schema)
