"""What list tools have in common: conditions in, a page of rows or of whole objects, or a count, out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import BaseModel

from aep_flow_mcp.answers.present import present
from aep_flow_mcp.answers.text import Listing, Whole
from aep_flow_mcp.gathering.spec_names import with_specs
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec
from aep_flow_mcp.platform.paging import Page, Query, encode_cursor, page_start
from aep_flow_mcp.platform.redaction.masking import NOTHING_KNOWN, Known

ItemT = TypeVar("ItemT", bound=BaseModel)
RowT = TypeVar("RowT", bound=BaseModel)
SpecT = TypeVar("SpecT", ConnectionSpec, FlowSpec)


class Detail(StrEnum):
    """How much of each item a list returns."""

    SUMMARY = "summary"
    FULL = "full"


@dataclass(frozen=True)
class Turn:
    """Which part of a list is asked for, and how much of each item."""

    limit: int
    order_by: str | None
    cursor: str | None
    detail: Detail = Detail.SUMMARY


def listed(
    page: Page[ItemT],
    row: Callable[[ItemT], RowT],
    detail: Detail,
    *,
    note: str | None = None,
    known: Known = NOTHING_KNOWN,
) -> Listing[RowT | Whole]:
    """A page as a tool answers with it: `row` of each item, or the whole items. known: as `present` takes it."""
    items: list[RowT | Whole] = (
        [Whole(present(item, known)) for item in page.items]
        if detail is Detail.FULL
        else [row(item) for item in page.items]
    )
    notes = [note] if note else []
    if page.skipped_nulls:
        notes.append(f"{page.skipped_nulls} empty entries of the API's answer were left out.")
    if page.leads_back:
        notes.append("The API names this page as its own next page: whether there are more cannot be told.")
    # Some answers count their page.
    total = page.total if page.total is not None and page.total > len(items) else None
    return Listing(items=items, next_cursor=page.next_cursor, total=total, note=" ".join(notes) or None)


async def with_total(
    found: Listing[RowT], count: Callable[[], Awaitable[int]], *, cursor: str | None
) -> Listing[RowT]:
    """A list that goes on after its first page, with how many there are in all; its cursor keeps that for the next.

    count: asks for the number. Where that fails the list goes without it: it was not asked for by itself.
    """
    if found.next_cursor is None or cursor is not None:
        return found
    try:
        return found.model_copy(update={"total": await count()})
    except PlatformError:
        return found


async def listed_with_specs(
    lister: Callable[..., Awaitable[Page[ItemT]]],
    asked: Any,
    turn: Turn,
    *,
    list_specs: Callable[[], Awaitable[Sequence[SpecT]]],
    lacking: str,
    row: Callable[[ItemT, Mapping[str, SpecT]], RowT],
) -> Listing[RowT | Whole]:
    """A page of a list whose rows need the specs of their objects, read beside it.

    lister: one of the reader's `list_` or `search_` methods; asked: what it takes first.
    """
    page, specs, note = await with_specs(
        lambda: lister(asked, limit=turn.limit, orderby=turn.order_by, cursor=turn.cursor),
        list_specs,
        lacking=lacking,
    )
    known = {id: spec.secret_pointers for id, spec in specs.items() if isinstance(spec, ConnectionSpec)}
    return listed(page, lambda item: row(item, specs), turn.detail, note=note, known=known)


def counted(count: int) -> Listing[Any]:
    """How many there are, without items."""
    return Listing(items=[], count=count)


def sliced(
    tool: str, asked: Mapping[str, Any], rows: Sequence[RowT], limit: int, cursor: str | None
) -> Listing[RowT]:
    """A page of what is all here already. The cursor is bound to the tool and to what was asked.

    Raises:
        PlatformError: (invalid) the cursor is none of ours, or belongs to another question.
    """
    query = Query(tool, tuple((name, str(value)) for name, value in asked.items() if value is not None))
    start = page_start(query.resumed(cursor))
    end = start + limit
    more = encode_cursor(query, [("start", str(end))]) if end < len(rows) else None
    return Listing(items=list(rows[start:end]), next_cursor=more, total=len(rows))
