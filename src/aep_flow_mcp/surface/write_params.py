"""Parameters that many writing tools share, described once."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from aep_flow_mcp.planning.objects import PatchOp

Name = Annotated[str, Field(min_length=1, max_length=255)]
Description = Annotated[str | None, Field(max_length=1000)]
Etag = Annotated[str | None, Field(description="insist on this version")]
Draft = Annotated[bool, Field(description="create as a draft")]
PatchOps = Annotated[list[PatchOp], Field(min_length=1, max_length=50)]
DataFormat = Annotated[str | None, Field(description="delimited, json, parquet, tabular")]
Labels = Annotated[list[str] | None, Field(description="access labels, e.g. core/C12", max_length=50)]
DatasetRefs = Annotated[list[str], Field(min_length=1, max_length=100, description="ids or names")]
Folder = Annotated[str, Field(min_length=1)]


class FileFormat(StrEnum):
    """Formats of files that are read."""

    DELIMITED = "delimited"
    JSON = "json"
    PARQUET = "parquet"


class PathType(StrEnum):
    """What a path names."""

    FILE = "file"
    FOLDER = "folder"
