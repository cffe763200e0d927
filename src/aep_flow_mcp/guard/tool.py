"""`guarded`: a planning function becomes an MCP tool that asks before it sends.

In the registered signature the planning function is a resolver, whose parameters the SDK matches by name; a second
resolver returns the question. Neither is in the input schema. The SDK plans again when the answer comes
(2026-07-28), and discards an answer to a question that has changed; the gate does the same for older clients.
"""

import inspect
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from mcp.server.mcpserver import Context, ElicitationResult, Resolve
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp_types import InputRequiredResult
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from aep_flow_mcp.guard import Guard, gate, visiting
from aep_flow_mcp.guard.approval.asking import (
    TOO_MANY,
    Approval,
    caller_of,
    can_visit,
    down,
    is_modern,
    with_question,
)
from aep_flow_mcp.guard.approval.pending import Pending
from aep_flow_mcp.guard.call import Call
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.execution.results import WriteResult
from aep_flow_mcp.store.kept import StoreDown, TooMany

_CONTEXT, _PLANNED, _APPROVAL = "guard_context", "guard_planned", "guard_approval"
_Hints = dict[str, Any]


class GuardedTool(Tool):
    """The SDK's tool for a `guarded` function: each question that it returns has a name of its own in its state.

    The SDK seals the state and gives it back with the answer, so that an answer belongs to one question.
    """

    async def run(
        self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False
    ) -> Any:
        if (name := visiting.visited(context)) is not None:
            return await visiting.answered(self._call(arguments, context), name, self._replan(context))
        with gate.putting() as put:
            result = await super().run(arguments, context, convert_result)
        if put.page is not None and can_visit(context):
            if is_modern(context):
                return visiting.question(guard_of(context), put.page)
            return await visiting.pushed(self._call(arguments, context), put.page, self._replan(context))
        if not isinstance(result, InputRequiredResult) or put.key is None:
            return result
        try:
            name = await guard_of(context).ledger.asked(put.key, caller_of(context))
        except TooMany:
            raise ToolError(TOO_MANY) from None
        except StoreDown as error:
            raise ToolError(down(error)) from None
        return result.model_copy(update={"request_state": with_question(result.request_state, name)})

    def _call(self, arguments: dict[str, Any], context: Context[Any, Any]) -> Call:
        return Call(guard_of(context), context, self.name, arguments)

    def _replan(self, context: Context[Any, Any]) -> visiting.Replan:
        """Plans what waits once more, in the sandbox of this call."""

        async def replan(pending: Pending) -> gate.Plan:
            plan: gate.Plan = await self.fn.planner().run(dict(pending.arguments), context)  # type: ignore[attr-defined]
            return plan

        return replan


def on_the_wire(name: str) -> tuple[str, str]:
    """The module and the name of a function that asks: from them the SDK makes the key of its question."""
    return "aep-flow-mcp", name


def guarded(plan_fn: Callable[..., Any], *, reveals: bool = False) -> Callable[..., Awaitable[WriteResult]]:
    """The function to register for a planning function (sync or async) that returns a `Change`.

    reveals: it returns secrets in clear (GET steps only) and is gated by AEP_MCP_REVEAL_SECRETS.
    """
    plan = _planner(plan_fn, reveals)
    public = _public(plan_fn)
    name = plan_fn.__name__

    async def ask(**given: Any) -> Any:
        context = given[_CONTEXT]
        return await gate.ask(Call(guard_of(context), context, name, {}), given[_PLANNED])

    async def run(**given: Any) -> WriteResult:
        context, planned, answer = given.pop(_CONTEXT), given.pop(_PLANNED), given.pop(_APPROVAL)
        guard = guard_of(context)
        guard.planners.setdefault(name, planner)
        return await gate.decide(Call(guard, context, name, _as_json(given)), planned, answer)

    def planner() -> Tool:
        return planning_tool(plan_fn, reveals=reveals)

    hidden = {_PLANNED: Annotated[Any, Resolve(plan)], _CONTEXT: Context}
    _sign(ask, {}, hidden, Any)
    ask.__module__, ask.__qualname__ = on_the_wire("approval")
    approval = {_APPROVAL: Annotated[ElicitationResult[Approval], Resolve(ask)]}
    _sign(run, public, {**hidden, **approval}, WriteResult)
    run.__name__, run.__doc__, run.__module__ = name, plan_fn.__doc__, plan_fn.__module__
    run.planner = planner  # type: ignore[attr-defined]
    return run


def planning_tool(plan_fn: Callable[..., Any], *, reveals: bool = False) -> Tool:
    """A tool that only plans: `run(arguments, context)` gives a `gate.Plan`. For `confirm_change`."""

    async def run(**given: Any) -> Any:
        return given[_PLANNED]

    _sign(run, _public(plan_fn), {_PLANNED: Annotated[Any, Resolve(_planner(plan_fn, reveals))]}, Any)
    return Tool.from_function(run, name=plan_fn.__name__, description="plans", structured_output=False)


def guard_of(context: Context) -> Guard:
    """The guard of the server that runs this call."""
    shared: Any = context.request_context.lifespan_context
    guard: Guard = shared.guard
    return guard


def _planner(plan_fn: Callable[..., Any], reveals: bool) -> Callable[..., Awaitable[gate.Plan]]:
    """The planning function as a resolver that checks, and that can plan once more with the same arguments."""
    parameters = inspect.signature(plan_fn).parameters
    hints = _hints(plan_fn)

    async def plan(**given: Any) -> gate.Plan:
        context = given.pop(_CONTEXT)

        async def once() -> Change:
            planned = plan_fn(**given)
            change = await planned if inspect.isawaitable(planned) else planned
            if not isinstance(change, Change):
                raise TypeError(f"{plan_fn.__name__} has to return a Change")
            return change

        return await gate.make_plan(guard_of(context), _sandbox(given, context), once, reveals=reveals)

    _sign(
        plan,
        {name: (hints[name], each.default) for name, each in parameters.items()},
        {_CONTEXT: Context},
        Any,
    )
    return plan


def _sandbox(given: dict[str, Any], context: Context) -> str | None:
    """The sandbox that the plan reads from is the one that is written to: that of its reader.

    A planner without a reader can only mean the one configured sandbox.
    """
    from aep_flow_mcp.platform.reader import FlowReader

    names = {value.sandbox for value in given.values() if isinstance(value, FlowReader)}
    if len(names) > 1:
        raise RuntimeError("a write tool reads one sandbox")
    configured = guard_of(context).settings.all_sandboxes
    if not names and len(configured) > 1:
        raise RuntimeError(
            "with several sandboxes a write tool needs a reader, which says which one it is about"
        )
    return names.pop() if names else None


def _public(plan_fn: Callable[..., Any]) -> dict[str, tuple[Any, Any]]:
    """The parameters that the model fills: name -> (annotation, default)."""
    hints = _hints(plan_fn)
    return {
        name: (hints[name], each.default)
        for name, each in inspect.signature(plan_fn).parameters.items()
        if not _is_injected(hints[name])
    }


def _hints(plan_fn: Callable[..., Any]) -> _Hints:
    hints = get_type_hints(plan_fn, include_extras=True)
    missing = [name for name in inspect.signature(plan_fn).parameters if name not in hints]
    if missing:
        raise TypeError(f"{plan_fn.__name__}: {', '.join(missing)} has no annotation")
    return hints


def _is_injected(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        base, *metadata = get_args(annotation)
        return any(isinstance(one, Resolve) for one in metadata) or _is_injected(base)
    base = get_origin(annotation) or annotation
    return isinstance(base, type) and issubclass(base, Context)


def _sign(
    function: Callable[..., Any], public: dict[str, tuple[Any, Any]], hidden: dict[str, Any], returns: Any
) -> None:
    """Give a `**given` function the signature that the SDK is to see."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter(name, keyword, annotation=annotation, default=default)
        for name, (annotation, default) in public.items()
    ]
    parameters += [
        inspect.Parameter(name, keyword, annotation=annotation) for name, annotation in hidden.items()
    ]
    function.__signature__ = inspect.Signature(parameters, return_annotation=returns)  # type: ignore[attr-defined]
    function.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": returns}


def _as_json(value: Any) -> Any:
    """Arguments as they came: what was not given in a model is not made up."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(item) for item in value]
    return to_jsonable_python(value)
