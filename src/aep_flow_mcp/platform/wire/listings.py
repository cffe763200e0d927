"""The envelope of a list answer, whose items stay as they came: whoever needs a few of their fields reads those."""

from __future__ import annotations

from typing import Any

import msgspec

from . import bodies
from .large import HEAVY

_SURELY_FEW = 1_000_000
"""A body so short cannot hold so many parts that it matters."""


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


def read_listing(body: bytes | bytearray) -> Any:
    """A `Listing`, or of any other shape the JSON in a body as `bodies.read_json` reads it, with the same errors."""
    if len(body) > _SURELY_FEW and body.count(b",") > bodies.MOST_PARTS:
        return bodies.read_json(body)
    try:
        return _decode(body)
    except (msgspec.MsgspecError, RecursionError):
        # It was taken for a list whose items stay as they came, and did not wait for its turn.
        if len(body) <= _SURELY_FEW and bodies.weight(body) > HEAVY:
            raise bodies.UnboundedJson("the answer is no list, and made of too many parts") from None
        return bodies.read_json(body)


def _weigh(body: bytes | bytearray) -> int:
    """Items that stay as they came take no more than the body does."""
    return len(body) if len(body) <= _SURELY_FEW else bodies.weight(body)


LISTING = bodies.Form(read_listing, _weigh)
