"""Adobe's extension of JSON Schema: a field with `conditional` is there for some workflows only.

`{"conditional": {"field": "flowSpec.attributes._workflow", "operator": "NOT_CONTAINS", "value": "DATASETS"}}`
(help/destinations/api/activate-segments-file-based-destinations.md). Where the flow spec is not known, nobody knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aep_flow_mcp.platform.models.specs import FlowSpec

_NEGATED = "NOT_"


def holds(schema: Any, values: Any, flow_spec: FlowSpec | None) -> bool | None:
    """Whether a field of this schema belongs to an object with these values; None where that is not known."""
    condition = schema.get("conditional") if isinstance(schema, Mapping) else None
    if condition is None:
        return True
    if not isinstance(condition, Mapping):
        return None
    found = _found(condition.get("field"), values, flow_spec)
    operator = str(condition.get("operator") or "").upper()
    answer = _compared(operator.removeprefix(_NEGATED), found, condition.get("value"))
    return not answer if answer is not None and operator.startswith(_NEGATED) else answer


def _found(field: Any, values: Any, flow_spec: FlowSpec | None) -> Any:
    """The value of a dotted field: of the flow spec, or of a field beside this one."""
    if not isinstance(field, str):
        return None
    way = field.split(".")
    if way[0] == "flowSpec":
        if flow_spec is None:
            return None
        here: Any = {"attributes": flow_spec.attributes, "id": flow_spec.id, "name": flow_spec.name}
        way = way[1:]
    else:
        here = values
    for name in way:
        here = here.get(name) if isinstance(here, Mapping) else None
    return here


def _compared(operator: str, found: Any, wanted: Any) -> bool | None:
    if found is None or wanted is None:
        return None
    listed = found if isinstance(found, list) else [found]
    sought = wanted if isinstance(wanted, list) else [wanted]
    match operator:
        case "CONTAINS":
            inside = (
                " ".join(map(_plain, listed)) if isinstance(found, str) else {_plain(it) for it in listed}
            )
            return any(_plain(one) in inside for one in sought)
        case "EQUALS" | "EQUAL" | "IN":
            return any(_plain(one) == _plain(other) for one in listed for other in sought)
    return None


def _plain(value: Any) -> str:
    return str(value).casefold()
