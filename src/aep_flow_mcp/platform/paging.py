"""Pages: from a next link to the next request, and cursors that a caller can hold and hand back."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Generic, TypeVar
from urllib.parse import SplitResult, parse_qsl, urlsplit

from .errors import ErrorKind, PlatformError
from .redaction.names import is_secret_in_query
from .urls import Param, invalid, same_host

T = TypeVar("T")

# The parameters that say where a page starts; everything else says what is listed.
POSITION = frozenset({"continuationToken", "start", "offset", "page"})
_MAX_CURSOR = 8_000
_ADOBES_HOST = re.compile(r"(?:^|\.)adobe(?:dc)?\.(?:io|net|com)$")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a list.

    `next_cursor` is None on the last page. `skipped_nulls` counts entries of the answer that were no objects.
    `total` is the number of all items where the service says so. `leads_back`: the service names this page as the
    one after it, so whether there are more is not known.
    """

    items: list[T]
    next_cursor: str | None = None
    skipped_nulls: int = 0
    total: int | None = None
    leads_back: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What a list asks, without where it starts. A cursor is only good for the query that made it."""

    path: str
    params: tuple[Param, ...] = ()
    sandbox: str | None = None
    position: tuple[Param, ...] = field(default=(), compare=False)

    @property
    def all_params(self) -> list[Param]:
        return [*self.params, *self.position]

    @property
    def digest(self) -> str:
        """A short hash that binds a cursor to its query. Page size may change along the way."""
        return _digest(self.path, self.sandbox, self.params)

    def at(self, position: Iterable[Param]) -> Query:
        return Query(self.path, self.params, self.sandbox, tuple(position))

    def resumed(self, cursor: str | None) -> Query:
        """This query from where `cursor` left off; as it is without one."""
        return self if cursor is None else self.at(decode_cursor(cursor, self))


@lru_cache(maxsize=64)
def _digest(path: str, sandbox: str | None, params: tuple[Param, ...]) -> str:
    """Asked for on each page of a list."""
    what = [path, sandbox, sorted(pair for pair in params if pair[0] != "limit")]
    return hashlib.sha256(json.dumps(what, ensure_ascii=True).encode()).hexdigest()[:12]


def next_page(
    href: str | None,
    original_params: Iterable[Param],
    base_url: str,
    hides: Callable[[str], str] = lambda text: text,
) -> list[Param] | None:
    """All parameters of the next page's request, or None when `href` leads nowhere new.

    Only the link's query is read: its path is published as /connections for every collection, and its host in
    several spellings (with the default port, or another of Adobe's). The request goes where the first one went.
    What we asked for stays as we asked it, without duplicates; what the link adds is taken over, but for credentials.
    hides: takes out of a text what is known to be secret; behind a cursor's encoding nothing would find it.

    Raises:
        PlatformError: (unexpected) the link is no URL, or names a host that is neither ours nor Adobe's: then
            something on the way wrote it.
    """
    if not isinstance(href, str) or not href.strip():
        return None
    try:
        link = urlsplit(href.strip())
        ours = same_host(href.strip(), base_url) or _is_adobes(link)
    except ValueError:
        raise _refused("is not a URL") from None
    if (link.scheme or link.netloc) and not ours:
        raise _refused("leads to another host")
    asked = [(name, value) for name, value in original_params if name != "count"]
    kept = [pair for pair in asked if pair[0] not in POSITION]
    before = [pair for pair in asked if pair[0] in POSITION]
    known = {name for name, _ in kept}
    added = [
        pair
        for pair in dict.fromkeys(_query_of(link.query))
        # A link that repeats a credential is not repeated: a cursor goes to the caller.
        if pair[0] not in known and pair[0] != "count" and not is_secret_in_query(pair[0])
    ]
    told = "\n".join(part for pair in added for part in pair)
    if hides(told) != told:
        added = [pair for pair in added if all(hides(part) == part for part in pair)]
    position = {pair for pair in added if pair[0] in POSITION}
    if not position or position == set(before):
        return None
    return [*kept, *added]


def encode_cursor(query: Query, position: Iterable[Param]) -> str:
    """An opaque cursor for `position` in `query`: base64url of compact JSON, nothing stored."""
    content = {"q": query.digest, "p": [list(pair) for pair in position]}
    raw = json.dumps(content, separators=(",", ":"), ensure_ascii=True).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_cursor(cursor: str, query: Query) -> list[Param]:
    """The position that `cursor` holds.

    Raises:
        PlatformError: (invalid) it is none of ours, or belongs to another query.
    """
    content = _cursor_content(cursor)
    position = content.get("p")
    if not isinstance(position, list) or not all(map(_is_pair, position)):
        raise _no_cursor()
    if content.get("q") != query.digest:
        raise invalid(
            "This cursor belongs to another query.",
            hint="Repeat the call with the arguments that gave the cursor, or leave it out to start over",
        )
    return [(name, value) for name, value in position]


def page_start(query: Query) -> int:
    """The `start` offset of a query, 0 at its beginning."""
    text = dict(query.position).get("start", "0")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else 0


MOST_PAGES = 2_500
"""A quarter of a million items: longer lists are asked for in parts."""
MOST_EMPTY = 20
"""Pages in a row that hold nothing. Some are to be expected where a service filters after it pages."""


@dataclass(slots=True)
class Chain:
    """Follows a list from page to page, and notices when it has no end."""

    pages: int = 0
    _empty: int = 0
    _seen: set[int] = field(default_factory=set)

    def follow(self, page: Page[Any]) -> str | None:
        """The cursor of the page after this one; None after the last.

        Raises:
            PlatformError: (unexpected) it leads to pages that were read before, to nothing but empty ones, or on
                and on.
        """
        self.pages += 1
        if page.leads_back or (page.next_cursor is not None and self._again(("cursor", page.next_cursor))):
            raise _endless(f"page {self.pages} of a list leads back to an earlier one")
        if page.next_cursor is None:
            return None
        self._empty = 0 if page.items else self._empty + 1
        ids = tuple(getattr(item, "id", None) for item in page.items)
        if ids and None not in ids and self._again(ids):
            raise _endless(f"page {self.pages} of a list repeats an earlier one")
        if self._empty > MOST_EMPTY:
            raise _endless(f"{self._empty} pages in a row of a list are empty")
        if self.pages >= MOST_PAGES:
            raise _endless(f"a list does not end within {MOST_PAGES:,} pages")
        return page.next_cursor

    def _again(self, what: tuple[Any, ...]) -> bool:
        mark = hash(what)
        known = mark in self._seen
        self._seen.add(mark)
        return known


def _endless(why: str) -> PlatformError:
    return PlatformError(
        ErrorKind.UNEXPECTED,
        f"{why}, so it was not read any further",
        hint="This is the service's mistake, or a proxy's: try again, or ask for less, with a filter",
    )


async def all_items(
    fetch: Callable[[str | None], Awaitable[Page[T]]], *, cap: int | None = None
) -> AsyncIterator[T]:
    """Every item of a list, page after page.

    Args:
        fetch: gives the page at a cursor (None: the first).
        cap: stop after so many items.

    Raises:
        PlatformError: (unexpected) the list has no end; what it has so far was given.
    """
    chain = Chain()
    cursor: str | None = None
    given = 0
    while cap is None or given < cap:
        page = await fetch(cursor)
        for item in page.items:
            if cap is not None and given >= cap:
                return
            yield item
            given += 1
        if cap is not None and given >= cap:
            return
        cursor = chain.follow(page)
        if cursor is None:
            return


def leads_back(href: str | None, original_params: Iterable[Param]) -> bool:
    """Whether a next link names the position of the very page that it is on."""
    if not isinstance(href, str):
        return False
    try:
        query = urlsplit(href.strip()).query
    except ValueError:
        return False
    position = {pair for pair in _query_of(query) if pair[0] in POSITION}
    return bool(position) and position == {pair for pair in original_params if pair[0] in POSITION}


def _query_of(query: str) -> list[Param]:
    # Tokens are base64 of some kind: a bare plus in a link means plus, not space.
    return parse_qsl(query.replace("+", "%2B"), keep_blank_values=False)


def _is_adobes(link: SplitResult) -> bool:
    standard = link.port in (None, 443) and not link.username
    return link.scheme == "https" and standard and _ADOBES_HOST.search(link.hostname or "") is not None


def _refused(why: str) -> PlatformError:
    return PlatformError(
        ErrorKind.UNEXPECTED,
        f"the next link of a list {why} and was not followed",
        hint="Check AEP_PLATFORM_URL and any proxy in front of it",
    )


def _no_cursor() -> PlatformError:
    return invalid(
        "This is not a cursor of ours.", hint="Use next_cursor from an earlier answer, or leave it out"
    )


def _cursor_content(cursor: str) -> dict[str, Any]:
    if len(cursor) > _MAX_CURSOR or not cursor.isascii():
        raise _no_cursor()
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        content = json.loads(raw)
    except (ValueError, binascii.Error, RecursionError):
        raise _no_cursor() from None
    if not isinstance(content, dict):
        raise _no_cursor()
    return content


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(part, str) for part in value)
