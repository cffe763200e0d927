"""What is plain: documented names and types, and nothing that a model would have to interpret."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from sys import intern
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from aep_flow_mcp.platform.models.text import clean_text

Json = dict[str, Any]
W = TypeVar("W")
F = TypeVar("F")


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


Moment = Annotated[int, msgspec.Meta(ge=100_000_000_000, lt=253_000_000_000_000)]
"""Epoch milliseconds; anything else that may be a time is for the model."""


def known(value: int | None) -> int | None:
    """A number of records or bytes; the API says -1 where it is unknown."""
    return value if value is None or value >= 0 else None


def time(value: int | None) -> datetime | None:
    """The time of a `Moment`."""
    return None if value is None else datetime.fromtimestamp(value / 1000, UTC)


def text(value: str | None) -> str:
    """Cleaned text, "" for none."""
    return clean_text(value) if value else ""


_LONGEST_ID = 200


def id_of(value: str | None) -> str:
    """An id. Letters, digits and dashes are what cleaning leaves as it is."""
    if (
        value is not None
        and value.isascii()
        and value.replace("-", "").isalnum()
        and len(value) < _LONGEST_ID
    ):
        return value
    raise NotPlainError


@lru_cache(maxsize=2_048)
def shared_id(value: str | None) -> str:
    """The id of what many objects name, such as a spec, in memory once."""
    return intern(id_of(value))
