"""Filters at the source: a PQL expression as JSON, checked and applied to preview rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..http.errors import provider
from ..json_types import JsonObject

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda held, wanted: bool(held == wanted),
    "==": lambda held, wanted: bool(held == wanted),
    "!=": lambda held, wanted: bool(held != wanted),
    "<": lambda held, wanted: bool(held < wanted),
    "<=": lambda held, wanted: bool(held <= wanted),
    ">": lambda held, wanted: bool(held > wanted),
    ">=": lambda held, wanted: bool(held >= wanted),
    "like": lambda held, wanted: _like(str(held), str(wanted)),
    "in": lambda held, wanted: held in wanted if isinstance(wanted, list) else held == wanted,
}


def matching(rows: list[JsonObject], document: Any, *, columns: set[str]) -> list[JsonObject]:
    """The rows that pass. Raises the provider's errors for an expression it does not take."""
    if not isinstance(document, dict) or document.get("type") != "PQL":
        raise provider(1351, "A filter has the type PQL")
    if document.get("format") != "pql/json":
        raise provider(1352, "A filter has the format pql/json")
    if not isinstance(document.get("value"), dict):
        raise provider(1353, "A filter needs a value")
    _check(document["value"], columns)
    return [row for row in rows if _passes(document["value"], row)]


def _check(node: Any, columns: set[str]) -> None:
    if not isinstance(node, dict) or node.get("nodeType") != "fnApply":
        raise provider(1335, "A filter is made of fnApply nodes")
    operator, params = str(node.get("fnName", "")).lower(), node.get("params")
    if not operator:
        raise provider(1349, "A filter node needs fnName")
    if not isinstance(params, list) or not params:
        raise provider(1353, f"'{operator}' needs params")
    if operator in {"and", "or", "not"}:
        if operator == "not" and len(params) > 1:
            raise provider(1390, "not takes one comparison")
        for inner in params:
            _check(inner, columns)
        return
    if operator not in _COMPARE:
        raise provider(1350, f"The operator '{operator}' is not supported")
    if len(params) != 2:
        raise provider(1353, f"'{operator}' compares a column with a value")
    name = _field(params[0])
    if name not in columns:
        raise provider(1378, f"There is no column '{name}'")
    if _literal(params[1]) is None:
        raise provider(1377, "A column cannot be compared with null")


def _field(node: Any) -> str:
    return str(node.get("fieldName", "")) if isinstance(node, dict) else ""


def _literal(node: Any) -> Any:
    return node.get("value") if isinstance(node, dict) else None


def _passes(node: JsonObject, row: JsonObject) -> bool:
    operator, params = str(node["fnName"]).lower(), node["params"]
    if operator == "and":
        return all(_passes(inner, row) for inner in params)
    if operator == "or":
        return any(_passes(inner, row) for inner in params)
    if operator == "not":
        return not _passes(params[0], row)
    held, wanted = row.get(_field(params[0])), _literal(params[1])
    if held is None:
        return False
    try:
        return _COMPARE[operator](held, wanted)
    except TypeError as error:
        raise provider(1379, f"'{_field(params[0])}' cannot be compared with a value of that type") from error


def _like(text: str, pattern: str) -> bool:
    expression = "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, text) is not None
