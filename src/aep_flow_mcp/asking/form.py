"""What is missing from a wish as a form for a person, and the wish with the answers in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import BaseModel, Field, create_model

from aep_flow_mcp.pipelines.blueprint import Missing, Verdict
from aep_flow_mcp.pipelines.wish import Direction, FieldPair, PipelineWish
from aep_flow_mcp.planning.pipeline_change import pairs_text
from aep_flow_mcp.platform.models.text import clean_text
from aep_flow_mcp.surface.pipeline_arguments import id_or_name

SECRET = "secret reference"  # noqa: S105  (the type of a missing value)
PAIRS = "list of {source, target}"
_OPEN = frozenset({"path", "every", "start_time", "end_time"})
"""Their choices are examples; everything else takes one of its choices, when all of them are named."""
_NAMED = frozenset({"connector", "account", "datasets", "mapping_set"})
_FIRST = frozenset({"connector", "account", "auth_spec", "path", "datasets"})
_LATER = frozenset({"format", "fields", "delta_column"})
"""What can be asked better, or need not be asked at all, once the data and the dataset are known."""
_SCALARS: Mapping[str, type] = {"boolean": bool, "integer": int, "number": float}
_NESTED = ("auth_params", "params", "format_options")


class AnswerError(ValueError):
    """An answer cannot be read; the message names the field and says how to write it."""


@dataclass(frozen=True)
class Form:
    """One question: what it says, and the form to fill in."""

    message: str
    model: type[BaseModel]


def form_of(verdict: Verdict, wish: PipelineWish) -> Form | None:
    """The form that asks for what is missing; None when a secret is, or something is wrong.

    Secrets never go through a form. The same verdict gives the same form.
    """
    if not verdict.missing or verdict.problems or any(item.type == SECRET for item in verdict.missing):
        return None
    early = any(item.field in _FIRST for item in verdict.missing)
    asked = [item for item in verdict.missing if not (early and item.field in _LATER)]
    suggested = pairs_text(verdict.suggested_fields)
    fields: dict[str, Any] = {f"value_{number}": _field(item, suggested) for number, item in enumerate(asked)}
    named = f" {wish.name}" if wish.name else ""
    model = create_model("Missing", __doc__="What the pipeline still needs.", **fields)
    return Form(clean_text(f"To create the pipeline{named}, {_count(len(fields))} still to be said."), model)


def answered(wish: PipelineWish, answers: BaseModel) -> PipelineWish:
    """The wish with the answers of a form in it.

    Raises:
        AnswerError: an answer cannot be read.
    """
    for name, value in answers.model_dump(by_alias=True).items():
        wish = _with(wish, name, value.strip() if isinstance(value, str) else value)
    return wish


def _count(number: int) -> str:
    return "one thing is" if number == 1 else f"{number} things are"


def _field(item: Missing, suggested: str) -> tuple[Any, Any]:
    closed = bool(item.choices) and not item.more and item.field not in _OPEN
    kind: Any = Literal[item.choices] if closed else _SCALARS.get(item.type, str)
    details: dict[str, Any] = {"alias": item.field, "title": item.field}
    details["description"] = _described(item, closed=closed)
    if kind is str:
        details["min_length"] = 1
    if item.type == PAIRS and suggested:
        details["default"] = suggested
    return kind, Field(**details)


def _described(item: Missing, *, closed: bool) -> str:
    parts = [item.question]
    if item.choices and not closed:
        more = f" and {item.more} more" if item.more else ""
        parts.append(f"Such as: {', '.join(item.choices)}{more}.")
    if item.type == PAIRS:
        parts.append("Write: column -> field; column -> field.")
    if item.type in ("object", "array"):
        parts.append("Write JSON.")
    return clean_text(" ".join(parts))


def _with(wish: PipelineWish, name: str, value: Any) -> PipelineWish:
    outer, dot, inner = name.partition(".")
    if dot and outer in _NESTED:
        whole: Any = {**(getattr(wish, outer) or {}), inner: _json_of(name, value)}
        return replace(wish, **{outer: whole})
    if name == "fields":
        return replace(wish, fields=_pairs(value))
    if name in _NAMED:
        value = id_or_name(value)
    if name == "datasets":
        return replace(wish, datasets=_datasets(value, several=wish.direction is Direction.EXPORT))
    return replace(wish, **{name: value})


def _datasets(value: str, *, several: bool) -> tuple[str, ...]:
    listed = value.split(";") if several else [value]
    return tuple(id_or_name(item) for item in listed if item.strip())


def _pairs(text: str) -> tuple[FieldPair, ...]:
    pairs = []
    for row in re.split(r"[;\n]", text):
        source, arrow, target = row.rpartition("->")
        if arrow and source.strip() and target.strip():
            pairs.append(FieldPair(source.strip(), target.strip()))
        elif row.strip():
            raise AnswerError("fields: write column -> field; column -> field.")
    return tuple(pairs)


def _json_of(name: str, value: Any) -> Any:
    """Objects and lists are written as JSON; what is a plain text stays one."""
    if not isinstance(value, str) or not value.startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise AnswerError(f"{name}: is not JSON.") from error
