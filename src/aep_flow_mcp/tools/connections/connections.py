"""Connections: the accounts of external systems, with their credentials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, Field

from aep_flow_mcp.answers.connections import NAMED_BY, Connectors, common_fields, connections_listed
from aep_flow_mcp.answers.exploring import (
    Compression,
    Encoding,
    Entries,
    Entry,
    Explored,
    Path,
    explored,
    file_type_of,
    question,
    with_columns,
)
from aep_flow_mcp.answers.listing import Detail, Turn, counted, with_total
from aep_flow_mcp.answers.present import present
from aep_flow_mcp.answers.text import InPieces, Listing, Record, Several, Whole
from aep_flow_mcp.answers.whole import ONE, cut, left_out, size_of, whole
from aep_flow_mcp.app import App
from aep_flow_mcp.gathering import times
from aep_flow_mcp.gathering.asked import AskedError
from aep_flow_mcp.gathering.conditions import where
from aep_flow_mcp.gathering.finding import connection_id_of, connector_ids_of, uses_of_accounts
from aep_flow_mcp.gathering.secret_fields import declared_secrets
from aep_flow_mcp.gathering.side_by_side import asked_for, side_by_side
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.filters import FilterLike
from aep_flow_mcp.platform.models.connections import Connection
from aep_flow_mcp.platform.models.explore import Exploration, FileType, ObjectType
from aep_flow_mcp.platform.paging import Page
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.urls import FLOW_SERVICE
from aep_flow_mcp.surface.dependencies import AppState, Reader, Rows
from aep_flow_mcp.surface.params import AccountRef, AccountRefs, Cursor, Filters, Limit, Named, OrderBy
from aep_flow_mcp.surface.registry import read_tool

CONFIGS_ROOM = 20_000
"""Characters of the options that an answer shows; the list has no pages."""
ConnectionState = Literal["enabled", "disabled", "initializing", "draft"]


class ConnectionRow(BaseModel):
    """An account in a list."""

    named_by: ClassVar[Mapping[str, str]] = NAMED_BY

    id: str
    name: str | None = None
    state: str | None = None
    connector: str | None = None
    connection_spec_id: str | None = None
    auth: str | None = None
    flows: int | None = None
    updated_at: str | None = None


class OneTest(InPieces):
    """`works`: whether the external system accepted the credentials."""

    connection_id: str
    works: bool
    note: str | None = None


class ConnectionTest(OneTest, Several):
    """The test of an account, and of further ones where several were asked for."""

    further: list[OneTest] = Field(default_factory=list)


@read_tool("connections")
async def list_connections(
    app: AppState,
    aep: Reader,
    name: str | None = None,
    connector: Named = None,
    state: ConnectionState | None = None,
    unused: Annotated[bool, Field(description="only those that no flow uses")] = False,
    filters: Filters = None,
    order_by: OrderBy = None,
    limit: Limit = 20,
    cursor: Cursor = None,
    detail: Detail = Detail.SUMMARY,
    count_only: bool = False,
) -> Listing[ConnectionRow | Whole]:
    """List accounts (base connections) and how many flows use each. Names match exactly."""
    specs = await connector_ids_of(aep, connector) if connector else None
    asked = where({"name": name, "connectionSpec.id": specs, "state": state}, filters)
    if count_only:
        return counted(await _count(app, aep, asked, unused=unused))
    uses: dict[str, int] = {}
    lacking: str | None = None

    async def lister(asked: Any, **turned: Any) -> Page[Connection]:
        nonlocal uses, lacking
        page = await aep.list_connections(asked, **turned)
        if unused or detail is Detail.SUMMARY:
            # After the page: what is asked for may be refused, and then nothing else is read.
            uses, lacking = await _uses(app, aep, insist=unused)
        while unused:
            page = replace(page, items=[item for item in page.items if not uses.get(item.id)])
            if page.items or page.next_cursor is None:
                break
            page = await aep.list_connections(asked, **{**turned, "cursor": page.next_cursor})
        return page

    def row(item: Connection, connectors: Connectors) -> ConnectionRow:
        used = {} if lacking else {"flows": uses.get(item.id, 0)}
        return _row(item, connectors).model_copy(update=used)

    found = await connections_listed(aep, lister, asked, Turn(limit, order_by, cursor, detail), row)
    notes = [note for note in (found.note, lacking) if note]
    found = found.model_copy(update={"note": " ".join(notes) or None})
    return await with_total(found, partial(_count, app, aep, asked, unused=unused), cursor=cursor)


async def _count(app: App, aep: FlowReader, asked: list[FilterLike], *, unused: bool) -> int:
    """How many accounts there are; with `unused`, how many that no flow uses."""
    if not unused:
        return await aep.count_connections(filters=asked)
    uses, _ = await _uses(app, aep, insist=True)
    return sum([not uses.get(item.id) async for item in aep.iter_connections(asked)])


async def _uses(app: App, aep: FlowReader, *, insist: bool) -> tuple[dict[str, int], str | None]:
    """Account id -> how many flows use it, and why that cannot be told.

    Raises:
        AskedError: it cannot be told, and the question insists on it.
    """
    uses, lacking = await uses_of_accounts(app, aep, now=times.now())
    if lacking and insist:
        raise AskedError(f"Which accounts are unused cannot be told. {lacking}")
    return uses, lacking


@read_tool("connections")
async def get_connection(aep: Reader, account: AccountRef) -> Record:
    """An account, secrets masked. A streaming one shows its inletUrl."""
    connection_id = await connection_id_of(aep, account)
    stored = await aep.get_object("connections", connection_id)
    known = await declared_secrets(aep, stored)
    return whole(stored, known=known, path=f"{FLOW_SERVICE}/connections/{connection_id}", select=ONE)


@read_tool("connections")
async def test_connection(aep: Reader, account: AccountRefs) -> ConnectionTest:
    """Ask the external system whether an account's credentials work."""
    answered = await side_by_side(asked_for(account, "account"), partial(_tested, aep))
    first, *further = answered.found
    return ConnectionTest(**dict(first), further=further, unanswered=answered.unanswered)


async def _tested(aep: FlowReader, account: str) -> OneTest:
    connection_id = await connection_id_of(aep, account)
    try:
        works = await aep.test_connection(connection_id)
    except PlatformError as error:
        if error.kind is not ErrorKind.INVALID or error.status is None:
            raise
        # The external system's refusal is the answer to the question, not a failure to answer it.
        return OneTest(connection_id=connection_id, works=False, note=str(error))
    return OneTest(connection_id=connection_id, works=works)


@read_tool("connections")
async def explore_connection(
    aep: Reader,
    shown: Rows,
    account: AccountRef,
    object_type: ObjectType = "root",
    path: Path = None,
    file_type: FileType | None = None,
    preview: bool | None = None,
    column_delimiter: str | None = None,
    compression_type: Compression | None = None,
    encoding: Encoding | None = None,
    determine_properties: Annotated[bool, Field(description="detect the file's type and delimiter")] = False,
    filters: Annotated[dict[str, Any] | None, Field(description="PQL row filter")] = None,
    source_params: dict[str, Any] | None = None,
    columns: Annotated[bool, Field(description="of a folder's files, where they are few")] = False,
    limit: Entries = 100,
    cursor: Cursor = None,
) -> Explored:
    """Folders, files and tables an account can read; of a file or table, columns and first rows."""
    connection_id = await connection_id_of(aep, account)
    query = question(
        object_type,
        path,
        file_type=file_type,
        preview=preview,
        column_delimiter=column_delimiter,
        compression=compression_type,
        encoding=encoding,
        determine_properties=determine_properties,
        filters=filters,
        source_params=source_params,
    )
    found = await aep.explore_connection(connection_id, query)
    answer = explored(found, cursor=cursor, limit=limit, shown=shown)
    if not columns or answer.entries is None:
        return answer

    async def read(entry: Entry) -> Exploration:
        path = entry.path or ""
        kind = file_type or file_type_of(path)
        return await aep.explore_connection(connection_id, question("file", path, file_type=kind))

    return await with_columns(answer, read)


@read_tool("connections")
async def get_connection_configs(aep: Reader, account: AccountRef) -> Listing[Whole]:
    """Configuration options that a connector offers for an account."""
    connection_id = await connection_id_of(aep, account)
    page = await aep.connection_configs(connection_id)
    items = [present(item) for item in page.items]
    if size_of(items) <= CONFIGS_ROOM:
        return Listing(items=[Whole(item) for item in items])
    kept, missing = cut(items, CONFIGS_ROOM)
    path = f"{FLOW_SERVICE}/connections/{connection_id}/configs"
    return Listing(items=[Whole(item) for item in kept], note=left_out(missing, path=path, select="items"))


@read_tool("connections")
async def search_connections(
    aep: Reader,
    query: Annotated[str, Field(min_length=1, description="e.g. state==enabled&name==Orders")],
    order_by: OrderBy = None,
    limit: Limit = 20,
    cursor: Cursor = None,
    detail: Detail = Detail.SUMMARY,
) -> Listing[ConnectionRow | Whole]:
    """Adobe's own search, whose query language is undocumented. Prefer list_connections."""
    turn = Turn(limit, order_by, cursor, detail)
    return await connections_listed(aep, aep.search_connections, query, turn, _row)


def _row(item: Connection, connectors: Connectors) -> ConnectionRow:
    auth = item.auth.spec_name if item.auth else None
    return ConnectionRow(**common_fields(item, connectors), auth=auth)
