"""Which datasets can be exported."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from aep_flow_mcp.answers.listing import Detail, listed
from aep_flow_mcp.answers.present import moment
from aep_flow_mcp.answers.text import Listing, Whole
from aep_flow_mcp.gathering.finding import connector_id_of
from aep_flow_mcp.platform.models.flows import DATA_LAKE_SOURCE_SPEC
from aep_flow_mcp.platform.models.neighbours import Dataset
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.reader_specs import ConfigsQuery
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.params import Cursor, Limit
from aep_flow_mcp.surface.registry import read_tool


class DatasetRow(BaseModel):
    """A dataset that can be exported."""

    id: str
    name: str | None = None
    state: str | None = None
    schema_id: str | None = None
    profile_enabled: bool
    updated_at: str | None = None


@read_tool("exports")
async def list_exportable_datasets(
    aep: Reader,
    connector: Annotated[
        str, Field(min_length=1, description="id or name; default: the data lake source")
    ] = DATA_LAKE_SOURCE_SPEC,
    limit: Limit = 20,
    cursor: Cursor = None,
    detail: Detail = Detail.SUMMARY,
) -> Listing[DatasetRow | Whole]:
    """List datasets that destinations may export."""
    return await _exportable(
        aep, await connector_id_of(aep, connector), limit=limit, cursor=cursor, detail=detail
    )


@read_tool("exports")
async def list_landing_zone_exportable_datasets(
    aep: Reader, limit: Limit = 20, cursor: Cursor = None, detail: Detail = Detail.SUMMARY
) -> Listing[DatasetRow | Whole]:
    """List datasets that can be exported to the landing zone."""
    # Adobe documents the question for the data lake source, whatever the destination is.
    return await _exportable(aep, DATA_LAKE_SOURCE_SPEC, limit=limit, cursor=cursor, detail=detail)


async def _exportable(
    aep: FlowReader, spec_id: str, *, limit: int, cursor: str | None, detail: Detail
) -> Listing[DatasetRow | Whole]:
    page = await aep.connection_spec_configs(spec_id, ConfigsQuery(limit=limit), cursor=cursor)
    return listed(page, _row, detail)


def _row(item: Dataset) -> DatasetRow:
    return DatasetRow(
        id=item.id,
        name=item.name,
        state=item.state,
        schema_id=item.schema_id,
        profile_enabled=item.profile_enabled,
        updated_at=moment(item.updated),
    )
