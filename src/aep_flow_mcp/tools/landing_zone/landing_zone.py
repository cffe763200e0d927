"""The Data Landing Zone: the storage that Adobe provides with a sandbox. Nothing in here shows a secret."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from aep_flow_mcp.answers.exploring import Entries, Explored, explored, question
from aep_flow_mcp.answers.present import record
from aep_flow_mcp.answers.text import Answer, Record
from aep_flow_mcp.platform.models.explore import FileType
from aep_flow_mcp.platform.neighbours import LandingZoneType
from aep_flow_mcp.surface.dependencies import Reader, Rows
from aep_flow_mcp.surface.params import Cursor
from aep_flow_mcp.surface.registry import read_tool

T = TypeVar("T")
LANDING_ZONE_SOURCE_SPEC = "26f526f2-58f4-4712-961d-e41bf1ccc0e8"


class StorageName(Answer):
    """`name` is the container on Azure, the folder in Adobe's bucket on AWS."""

    provider: str
    name: str


class StorageTtl(Answer):
    """Days until a file is deleted."""

    ttl_days: int


class StorageNamespace(Answer):
    """`namespace` is the storage account on Azure, the bucket on AWS."""

    provider: str
    namespace: str


@read_tool("landing_zone")
async def get_landing_zone_container(aep: Reader, dlz_type: LandingZoneType = "user_drop_zone") -> Record:
    """The landing zone's container (Azure) or bucket and folder (AWS), and its file lifetime. No secrets."""
    return record(await aep.neighbours.landing_zone(dlz_type))


@read_tool("landing_zone")
async def get_landing_zone_storage_name(
    aep: Reader, dlz_type: LandingZoneType = "user_drop_zone"
) -> StorageName:
    """The landing zone's container name (Azure) or folder (AWS)."""
    zone = await aep.neighbours.landing_zone(dlz_type)
    name = zone.folder if zone.provider == "aws" else zone.container
    return StorageName(provider=zone.provider, name=_given(name, "the name of its storage"))


@read_tool("landing_zone")
async def get_landing_zone_storage_ttl(
    aep: Reader, dlz_type: LandingZoneType = "user_drop_zone"
) -> StorageTtl:
    """Days after which landing zone files are deleted."""
    zone = await aep.neighbours.landing_zone(dlz_type)
    return StorageTtl(ttl_days=_given(zone.ttl_days, "how long files are kept"))


@read_tool("landing_zone")
async def get_landing_zone_namespace(
    aep: Reader, dlz_type: LandingZoneType = "user_drop_zone"
) -> StorageNamespace:
    """The landing zone's storage account (Azure) or bucket (AWS)."""
    access = await aep.neighbours.landing_zone_credential(dlz_type)
    name = access.container if access.provider == "aws" else access.storage_account_name
    return StorageNamespace(provider=access.provider, namespace=_given(name, "its storage account or bucket"))


@read_tool("landing_zone")
async def explore_landing_zone(
    aep: Reader,
    shown: Rows,
    object_type: Literal["root", "folder"] = "root",
    path: Annotated[str | None, Field(description="of a folder, from an earlier answer")] = None,
    file_type: FileType | None = None,
    limit: Entries = 100,
    cursor: Cursor = None,
) -> Explored:
    """Folders and files in the landing zone. To look into a file, use preview_landing_zone_file."""
    query = question("folder" if path else object_type, path, file_type=file_type)
    found = await aep.explore_connection_spec(LANDING_ZONE_SOURCE_SPEC, query)
    return explored(found, cursor=cursor, limit=limit, shown=shown)


@read_tool("landing_zone")
async def preview_landing_zone_file(
    aep: Reader,
    shown: Rows,
    path: Annotated[str, Field(min_length=1, description="as explore_landing_zone gives it")],
    file_type: FileType | None = None,
    determine_properties: Annotated[
        bool | None, Field(description="default: unless file_type is given")
    ] = None,
    preview: bool = True,
    cursor: Cursor = None,
) -> Explored:
    """Columns and first rows of a landing zone file."""
    detect = file_type is None if determine_properties is None else determine_properties
    query = question("file", path, file_type=file_type, preview=preview, determine_properties=detect)
    found = await aep.explore_connection_spec(LANDING_ZONE_SOURCE_SPEC, query)
    return explored(found, cursor=cursor, limit=1, shown=shown)


def _given(value: T | None, what: str) -> T:
    if value is None:
        raise ToolError(
            f"The landing zone does not say {what}. get_landing_zone_container shows what it says."
        )
    return value
