"""What planners give as bodies and queries, as a Step keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from aep_flow_mcp.guard.changes.canonical import canonical, plain
from aep_flow_mcp.guard.changes.steps import PlanError

Object = Mapping[str, Any] | BaseModel


def document_of(value: Object) -> dict[str, Any]:
    """An object as JSON has it.

    Raises:
        PlanError: it cannot be written as JSON, or is no object.
    """
    try:
        document = plain(value)
    except TypeError as error:
        raise PlanError(f"The request cannot be written as JSON: {error}.") from None
    if not isinstance(document, dict):
        raise PlanError("The request takes an object.")
    return document


def content_of(value: object) -> str:
    """A body as canonical JSON.

    Raises:
        PlanError: it cannot be written as JSON.
    """
    try:
        text = canonical(value)
        text.encode()
    except UnicodeEncodeError:
        raise PlanError(
            "The request holds half of a character (a lone surrogate), which cannot be sent."
        ) from None
    except (TypeError, ValueError) as error:
        raise PlanError(f"The request cannot be written as JSON: {error}.") from None
    return text


def params_of(params: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    """A query as pairs of texts."""
    return tuple((str(key), str(value)) for key, value in (params or {}).items())
