"""What is checked in every object that is posted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import bad_request, unprocessable


def check_required(body: Mapping[str, Any], *names: str) -> None:
    """422 for each member that a create request must have; `connectionSpec` also needs id and version."""
    for name in names:
        value = body.get(name)
        if value is None or value == "":
            raise unprocessable(f"{name} is required")
        if name in {"connectionSpec", "flowSpec"}:
            _check_reference(name, value)


def _check_reference(name: str, value: Any) -> None:
    if not isinstance(value, dict):
        raise bad_request(f"{name} has to be an object with id and version")
    if not value.get("id"):
        raise unprocessable(f"{name}.id 'id' is required for spec info")
    if not value.get("version"):
        raise unprocessable(f"{name}.version 'version' is required for spec info")


def check_texts(body: Mapping[str, Any], *names: str) -> None:
    for name in names:
        if body.get(name) is not None and not isinstance(body[name], str):
            raise bad_request(f"{name} has to be text")
