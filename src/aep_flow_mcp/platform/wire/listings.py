"""The envelope of a list answer, whose items stay as they came: whoever needs a few of their fields reads those."""

from __future__ import annotations

from typing import Any

import msgspec

from . import bodies

_SMALL = 1_000_000
"""Bytes of a body that is taken for what it should be, a page of objects."""
_OF_AN_ITEM = 60
"""Bytes of memory."""


class _Links(msgspec.Struct, gc=False):
    next: Any = None


class Listing(msgspec.Struct, gc=False):
    """A list answer of the usual shape. `items` are JSON, of objects or of whatever the service put there."""

    items: list[msgspec.Raw]
    links: _Links | None = msgspec.field(name="_links", default=None)
    count: Any = None

    @property
    def envelope(self) -> dict[str, Any]:
        """What stands around the items, as in an answer that was read whole."""
        return {"_links": {"next": self.links.next if self.links else None}, "count": self.count}


_decode = msgspec.json.Decoder(Listing).decode


def _read(body: bytes | bytearray) -> Listing:
    if len(body) > _SMALL and body.count(b",") > bodies.MOST_PARTS:
        raise bodies.OtherFormError
    try:
        return _decode(body)
    except (msgspec.MsgspecError, RecursionError):
        raise bodies.OtherFormError from None


def _weigh(body: bytes | bytearray) -> int:
    """Items that stay as they came are one small object each, and no more than there are commas."""
    return len(body) + _OF_AN_ITEM * body.count(b",") if len(body) <= _SMALL else bodies.weight(body)


LISTING = bodies.Form(_read, _weigh)
"""A `Listing`, or of any other shape the JSON in a body, as it is read elsewhere."""
