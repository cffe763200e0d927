"""JSON Patch operations against the specs: the object as it would be is checked, at whatever path it is changed.

What was wrong before and is not touched is not held against a change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aep_flow_mcp.guard.changes.patches import Patch
from aep_flow_mcp.pipelines.checks.flows import check_options, check_schedule, check_transformations
from aep_flow_mcp.pipelines.checks.outcome import Checked, Problem, joined
from aep_flow_mcp.planning import objects
from aep_flow_mcp.planning.objects import refuse, spec_for_update, spec_id_of
from aep_flow_mcp.platform.reader import FlowReader

Check = Callable[[Any], Checked]
_ABSENT = object()


def same_field(field: str) -> str:
    """What is wrong is told of the body's own field."""
    return field


def checked_ops(
    item: Mapping[str, Any],
    ops: list[dict[str, Any]],
    checks: Mapping[str, Check],
    warnings: list[str],
    *,
    called: Callable[[str], str] = same_field,
) -> list[dict[str, Any]]:
    """The operations with values in the declared types. `checks`: by top-level member of the object.

    called: from a field of the body to the argument that fills it.

    Raises:
        PlanError: an operation does not fit the object, or makes it something that its spec refuses.
    """
    patch = Patch.of(item, ops)
    touched = [_steps(op["path"]) for op in ops]
    problems: list[Problem] = []
    sent: dict[str, Any] = {}
    for member, check in checks.items():
        if member not in patch.after:
            continue
        before = patch.before.get(member)
        old = check(_without_stored_nulls(before, before))
        new = check(_without_stored_nulls(patch.after[member], before))
        known = {str(problem) for problem in old.problems}
        fields = [joined(*way) for way in touched if way[0] == member]
        problems += [
            problem
            for problem in new.problems
            if str(problem) not in known or _at_or_below(problem.field, fields)
        ]
        warnings += [note for note in new.notes if note not in warnings]
        sent[member] = new.value
    refuse(Problem(called(problem.field), problem.message) for problem in problems)
    return [_typed(op, patch.after, sent) for op in ops]


async def checked_flow_ops(
    aep: FlowReader,
    item: dict[str, Any],
    ops: list[dict[str, Any]],
    warnings: list[str],
    *,
    called: Callable[[str], str] = same_field,
) -> list[dict[str, Any]]:
    """Operations on a stored flow after its flow spec's own checks, at whatever path they are.

    Raises:
        PlanError: as `checked_ops`.
    """
    members = ("/scheduleParams", "/transformations", "/options")
    if not any(op["path"].startswith(members) for op in ops):
        return ops
    spec = await spec_for_update(aep.get_flow_spec, spec_id_of(item, "flowSpec"), warnings)
    if spec is None:
        return ops
    known = item.get("scheduleParams")
    started = str(known.get("startTime")) if isinstance(known, dict) else None

    def schedule(value: Any) -> Checked:
        moved = isinstance(value, dict) and str(value.get("startTime")) != started
        return check_schedule(
            spec, value, now=objects.now() if moved else 0, complete=item.get("state") != "draft"
        )

    checks: dict[str, Check] = {
        "scheduleParams": schedule,
        "transformations": lambda value: check_transformations(spec, value),
        "options": lambda value: check_options(spec, value),
    }
    return checked_ops(item, ops, checks, warnings, called=called)


def inverse(ops: list[dict[str, Any]], item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The operations that take these back, last first, on what the object was."""
    return [_inverse(op, item) for op in reversed(ops)]


def _inverse(op: dict[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    value = _at(item, _steps(op["path"]))
    if op["op"] == "add" and (value is _ABSENT or value is None):
        return {"op": "remove", "path": op["path"], "value": None}
    value = None if value is _ABSENT else value
    return {"op": "add" if op["op"] == "remove" else "replace", "path": op["path"], "value": value}


def _without_stored_nulls(value: Any, before: Any) -> Any:
    """The value without what is null in it and was null before: the service prints nulls for what is not there."""
    if isinstance(value, Mapping):
        old = before if isinstance(before, Mapping) else {}
        return {
            name: _without_stored_nulls(inner, old.get(name))
            for name, inner in value.items()
            if inner is not None or old.get(name, _ABSENT) is not None
        }
    if isinstance(value, list):
        olds = before if isinstance(before, list) else []
        return [
            _without_stored_nulls(inner, olds[place] if place < len(olds) else None)
            for place, inner in enumerate(value)
        ]
    return value


def _typed(op: dict[str, Any], after: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """The operation with its value as it was checked, where that is what it leads to."""
    way = _steps(op["path"])
    found, wanted = _at(sent, way), _at(after, way)
    same = op["op"] != "remove" and found is not _ABSENT and wanted == op["value"]
    return {**op, "value": found} if same else op


def _steps(path: str) -> list[str | int]:
    """A JSON pointer as names and positions."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]
    return [steps[0], *(int(step) if step.isdecimal() else step for step in steps[1:])]


def _at(document: Any, way: Iterable[str | int]) -> Any:
    here = document
    for step in way:
        if isinstance(here, Mapping) and str(step) in here:
            here = here[str(step)]
        elif isinstance(here, list) and here and (step == "-" or isinstance(step, int)):
            position = -1 if step == "-" else int(step)
            if position >= len(here):
                return _ABSENT
            here = here[position]
        else:
            return _ABSENT
    return here


def _at_or_below(field: str, fields: Iterable[str]) -> bool:
    return any(field == one or field.startswith((f"{one}.", f"{one}[")) for one in fields)
