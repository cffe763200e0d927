"""Pages and continuation tokens.

A token holds its query, so a next link works by itself, and the revision of the result it walks, so
that objects written meanwhile neither repeat nor hide an item. When that result is no longer
remembered, the walk goes on behind the last item it gave.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlencode

from ...http.errors import problem
from ...json_types import JsonObject
from ...state.query import Query
from ...state.selection import Entry, Selector
from .filters import parse_filters, parse_order

_MARK = b"\xfb\xff"
"""Makes every token begin with `+/`: a client that parses or trims tokens is found out."""


@dataclass(frozen=True, slots=True)
class Walk:
    """A list request: its query as text (which is what a token must agree with), and where it stands."""

    kind: str
    scope: str
    properties: tuple[str, ...]
    orderby: str
    limit: int
    revision: int = -1
    offset: int = 0
    last_id: str = ""

    def query(self) -> Query:
        filters, projection = parse_filters(self.kind, self.properties)
        return Query(filters, parse_order(self.kind, self.orderby), projection)

    def token(self) -> str:
        state = [
            self.kind,
            self.scope,
            self.properties,
            self.orderby,
            self.limit,
            self.revision,
            self.offset,
            self.last_id,
        ]
        packed = _MARK + zlib.compress(json.dumps(state, separators=(",", ":")).encode(), 9)
        # One or two bytes too many for base64's groups of three: the token ends with '='.
        padding = b"" if len(packed) % 3 else b"\0"
        return base64.b64encode(packed + padding).decode()


def read_token(token: str) -> Walk:
    """The walk that a token continues. Also takes a token that is still percent-encoded. 1452-400 if bad."""
    try:
        packed = base64.b64decode(unquote(token) if "%" in token else token, validate=True)
        if not packed.startswith(_MARK):
            raise ValueError("not one of ours")
        state: Any = json.loads(zlib.decompressobj().decompress(packed[len(_MARK) :], 1_000_000))
        kind, scope, properties, orderby, limit, revision, offset, last_id = state
        return Walk(kind, scope, tuple(properties), orderby, limit, revision, offset, last_id)
    except (ValueError, zlib.error, TypeError) as error:
        raise problem(1452, "The continuationToken is not valid") from error


@dataclass(frozen=True, slots=True)
class Page:
    """The objects of one page, how many match in all, and the walk to the next page if there is one."""

    rows: list[JsonObject]
    total: int
    following: Walk | None


def page(selector: Selector, walk: Walk, query: Query) -> Page:
    """The next `walk.limit` objects that still exist."""
    entries: Sequence[Entry] | None
    offset = walk.offset
    if walk.revision >= 0:
        revision = walk.revision
        entries = selector.recall(query, revision)
        if entries is None:
            revision, entries = selector.select(query)
            offset = _behind(selector, entries, walk)
    else:
        revision, entries = selector.select(query)
    rows: list[JsonObject] = []
    last_id = walk.last_id
    while offset < len(entries) and len(rows) < walk.limit:
        row = selector.row(entries[offset])
        last_id = selector.id_of(entries[offset])
        offset += 1
        if row is not None:
            rows.append(row)
    following = None
    if offset < len(entries):
        following = Walk(
            walk.kind, walk.scope, walk.properties, walk.orderby, walk.limit, revision, offset, last_id
        )
    return Page(rows, len(entries), following)


def _behind(selector: Selector, entries: Sequence[Entry], walk: Walk) -> int:
    """Where to go on in a result that was computed anew."""
    for at, entry in enumerate(entries):
        if selector.id_of(entry) == walk.last_id:
            return at + 1
    return min(walk.offset, len(entries))


def next_href(path: str, walk: Walk, *, with_params: bool) -> str:
    """The link to the next page, relative to the service root."""
    token = f"continuationToken={quote(walk.token(), safe='')}"
    if not with_params:
        return f"{path}?{token}"
    own: list[tuple[str, str]] = [("property", text) for text in walk.properties]
    if walk.orderby:
        own.append(("orderby", walk.orderby))
    own.append(("limit", str(walk.limit)))
    return f"{path}?{urlencode(own, quote_via=quote)}&{token}"
