"""What is plain: documented names and types, and nothing that a model would have to interpret."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import msgspec

from aep_flow_mcp.platform.models.text import clean_text

Json = dict[str, Any]
W = TypeVar("W")
F = TypeVar("F")
_FIRST_MILLISECOND = 100_000_000_000
_LAST_MILLISECOND = 253_000_000_000_000


class NotPlainError(Exception):
    """Something is not as documented, so the model has to read it."""


_NOT_PLAIN = (NotPlainError, msgspec.MsgspecError, RecursionError)


class Wire(msgspec.Struct, gc=False):
    """Fields as they come; what is not named is passed over without being made into objects."""


class Facts(Generic[W, F]):
    """Reads the facts of an object by `plain` where it has the types of `wire`, else by `model`."""

    def __init__(self, wire: type[W], plain: Callable[[W], F], model: Callable[[Json], F]) -> None:
        self._wire = wire
        self._decode = msgspec.json.Decoder(wire).decode
        self._plain = plain
        self.modelled = model

    def __call__(self, raw: Json) -> F:
        """The facts of an object.

        Raises:
            ValidationError: it cannot be read as one of its kind at all.
        """
        try:
            return self._plain(msgspec.convert(raw, self._wire))
        except _NOT_PLAIN:
            return self.modelled(raw)

    def of_json(self, raw: msgspec.Raw) -> F | None:
        """The facts of an object that is plain; None of any other, which is for `modelled`."""
        try:
            return self._plain(self._decode(raw))
        except _NOT_PLAIN:
            return None


def count(value: int | None) -> int | None:
    """A number of records or bytes; below zero it is unknown."""
    return None if value is None or value < 0 else value


def time(value: int | None) -> datetime | None:
    """Epoch milliseconds; anything else that may be a time is for the model."""
    if value is None:
        return None
    if _FIRST_MILLISECOND <= value < _LAST_MILLISECOND:
        return datetime.fromtimestamp(value / 1000, UTC)
    raise NotPlainError


def text(value: str | None) -> str:
    """Cleaned text, "" for none."""
    if not value:
        return ""
    plain = value.isascii() and value.isprintable() and "  " not in value
    return value.strip() if plain else clean_text(value)


def id_of(value: str | None) -> str:
    """An id. Letters, digits and dashes are what cleaning leaves as it is."""
    if value is not None and value.isascii() and (value.isalnum() or value.replace("-", "").isalnum()):
        return value
    raise NotPlainError
