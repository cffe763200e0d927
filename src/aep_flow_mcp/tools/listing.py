"""What list tools have in common: conditions in, a page of rows or of whole objects, or a count, out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel

from aep_flow_mcp.platform.filters import Filter, FilterLike, Value
from aep_flow_mcp.platform.paging import Page, Query, encode_cursor, page_start
from aep_flow_mcp.tools.answers import Listing, Whole
from aep_flow_mcp.tools.params import Detail
from aep_flow_mcp.tools.present import present

ItemT = TypeVar("ItemT", bound=BaseModel)
RowT = TypeVar("RowT", bound=BaseModel)


def where(
    given: Mapping[str, Value | Sequence[str] | None], filters: Sequence[str] | None
) -> list[FilterLike]:
    """The conditions of a list: property path -> value (several: any of them; None: not asked), and raw ones.

    Raises:
        ToolError: an argument is empty. An empty text would otherwise ask for everything, or for nothing.
        PlatformError: (invalid) a value that the API's filters cannot express.
    """
    conditions: list[FilterLike] = []
    for path, value in given.items():
        if value is None:
            continue
        if isinstance(value, str) and not value.strip():
            raise ToolError(f"The filter on {path} is empty: leave it out to list all.")
        if isinstance(value, Sequence) and not isinstance(value, str):
            conditions.append(Filter(path).in_(value))
        else:
            conditions.append(Filter(path).eq(value))
    return [*conditions, *(filters or [])]


def listed(
    page: Page[ItemT], row: Callable[[ItemT], RowT], detail: Detail, *, note: str | None = None
) -> Listing[RowT | Whole]:
    """A page as a tool answers with it: `row` of each item, or the whole items."""
    items: list[RowT | Whole] = (
        [Whole(present(item)) for item in page.items]
        if detail is Detail.FULL
        else [row(item) for item in page.items]
    )
    notes = [note] if note else []
    if page.skipped_nulls:
        notes.append(f"{page.skipped_nulls} empty entries of the API's answer were left out.")
    return Listing(items=items, next_cursor=page.next_cursor, note=" ".join(notes) or None)


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
    return Listing(items=list(rows[start:end]), next_cursor=more)
