"""JSON Patch operations on an object as it was read, and what they change."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aep_flow_mcp.guard.changes.canonical import JSON, dotted, shown
from aep_flow_mcp.guard.changes.steps import PlanError

_OPS = ("add", "replace", "remove")
ABSENT = object()


@dataclass(frozen=True, slots=True)
class Patch:
    """Operations as they are sent, and the fields of the object that they touch, before and after."""

    ops: list[dict[str, Any]]
    before: dict[str, Any]
    after: dict[str, Any]

    @property
    def changes_something(self) -> bool:
        return self.before != self.after

    @classmethod
    def of(cls, document: Mapping[str, Any], ops: Sequence[Mapping[str, Any]]) -> Patch:
        """Apply operations to a copy of the object.

        Raises:
            PlanError: an operation is not one of add, replace, remove, or does not fit the object.
        """
        import jsonpatch

        sent: list[dict[str, Any]] = []
        current = copy.deepcopy(dict(document))
        if not ops:
            raise PlanError("An update takes at least one operation.")
        for op in ops:
            one = _normal(op, current)
            try:
                current = jsonpatch.apply_patch(*_shown_whole(current, one))
            except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError) as error:
                raise PlanError(
                    f"{one['op']} {shown(one['path'], limit=200)} does not fit the object: {error}."
                ) from None
            if not isinstance(current, dict):
                raise PlanError("An operation cannot replace the whole object.")
            sent.append(one)
        touched = [_first(op["path"]) for op in sent]
        return cls(
            ops=sent,
            before={name: document[name] for name in touched if name in document},
            after={name: current[name] for name in touched if name in current},
        )


def differences(before: JSON, after: JSON, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str, Any, Any]]:
    """(field, before, after) for everything that differs; `ABSENT` stands for a field that is not there."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys((*before, *after)):
            yield from differences(before.get(key, ABSENT), after.get(key, ABSENT), (*way, key))
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            old = before[index] if index < len(before) else ABSENT
            new = after[index] if index < len(after) else ABSENT
            yield from differences(old, new, (*way, index))
    elif before is ABSENT or after is ABSENT or type(before) is not type(after) or before != after:
        yield dotted(way), before, after


def _normal(op: Mapping[str, Any], current: JSON) -> dict[str, Any]:
    """The operation as the API takes it: lower case, and with a value in a `remove` too."""
    name = str(op.get("op", "")).lower()
    path = op.get("path")
    if name not in _OPS:
        raise PlanError(f"An operation is one of {', '.join(_OPS)}, not {shown(op.get('op'), limit=40)}.")
    if not isinstance(path, str) or not path.startswith("/") or path == "/":
        raise PlanError(
            "The path of an operation is a JSON pointer such as /description or /scheduleParams/interval."
        )
    if unknown := set(op) - {"op", "path", "value"}:
        raise PlanError(f"An operation takes op, path and value, not {', '.join(sorted(unknown))}.")
    if name != "remove":
        if "value" not in op:
            raise PlanError(f"{name} {shown(path, limit=200)} needs a value.")
        return {"op": name, "path": path, "value": copy.deepcopy(op["value"])}
    # Credentials come back masked; a mask is not a value to send.
    value = None if path.startswith("/auth") else _at(current, path)
    return {"op": name, "path": path, "value": value}


def _shown_whole(current: dict[str, Any], op: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The object and the operation as they fit each other: credentials that the service does not show are there all
    the same, and can be replaced."""
    path = op["path"].split("/")[1:]
    if path[0] != "auth" or op["op"] != "replace" or len(path) > 3:
        return current, [op]
    auth = {**current["auth"]} if isinstance(current.get("auth"), dict) else {}
    if path[1:2] == ["params"] and not isinstance(auth.get("params"), dict):
        auth["params"] = {}
    return {**current, "auth": auth}, [{**op, "op": "add"}]


def _at(document: JSON, path: str) -> JSON:
    import jsonpointer

    return copy.deepcopy(jsonpointer.resolve_pointer(document, path, None))


def _first(path: str) -> str:
    return path.split("/")[1].replace("~1", "/").replace("~0", "~")
