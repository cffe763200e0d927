"""What a dataset export takes, whoever plans it."""

from __future__ import annotations

from enum import StrEnum

from aep_flow_mcp.pipelines import wellknown
from aep_flow_mcp.pipelines.recipes.exports import JSON_UNCOMPRESSED
from aep_flow_mcp.planning.objects import Params


class ExportFormat(StrEnum):
    """File types of dataset exports."""

    JSON = "JSON"
    PARQUET = "PARQUET"


class Compression(StrEnum):
    """How exported files are compressed."""

    GZIP = "GZIP"
    NONE = "NONE"


def notes_on(file_type: ExportFormat, compression: Compression) -> list[str]:
    """What there is to say about a combination."""
    plain_json = file_type is ExportFormat.JSON and compression is Compression.NONE
    return [JSON_UNCOMPRESSED] if plain_json else []


def dataset_export_params(path: str, file_type: ExportFormat, compression: Compression) -> Params:
    """`params` of a file destination for datasets."""
    return {
        "mode": wellknown.SERVER_TO_SERVER,
        "path": path,
        "compression": compression.value,
        "datasetFileType": file_type.value,
    }
