"""Exploring a source before reading it: what to ask and what comes back."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from .common import ApiModel, AsObject, AsObjects, Bool, Params, Text, Verbatim, either, to_text

ObjectType = Literal["root", "folder", "file", "table", "rest"]
FileType = Literal["delimited", "json", "parquet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExploreQuery:
    """One question to an explore endpoint.

    `object` is the path or table, needed for everything but `root`; folders end with a slash. With
    `determine_properties` the service finds the file's properties itself, so the manual ones must be absent.
    `filters` and `source_params` are JSON objects; they travel as base64.
    """

    object_type: ObjectType = "root"
    object: str | None = None
    file_type: FileType | None = None
    preview: bool | None = None
    column_delimiter: str | None = None
    compression_type: str | None = None
    encoding: str | None = None
    determine_properties: bool = False
    filters: dict[str, Any] | None = None
    source_params: dict[str, Any] | None = None

    def problem(self) -> str | None:
        """Why the service would refuse this, or None."""
        if self.object_type != "root" and not self.object:
            return f"Exploring a {self.object_type} needs `object`: its path or name."
        manual = (self.file_type, self.column_delimiter, self.compression_type, self.encoding)
        if self.determine_properties and any(value is not None for value in manual):
            return (
                "Leave file type, delimiter, compression and encoding out when properties are to be detected."
            )
        if self.column_delimiter is not None and len(self.column_delimiter) != 1:
            return "The column delimiter is one character."
        return None

    def params(self) -> list[tuple[str, str]]:
        """The query parameters, in the spelling of the documentation."""
        pairs: list[tuple[str, str | None]] = [
            ("objectType", self.object_type),
            ("object", self.object),
            ("fileType", self.file_type),
            ("columnDelimiter", self.column_delimiter),
            ("compressionType", self.compression_type),
            ("encoding", self.encoding),
            ("determineProperties", "true" if self.determine_properties else None),
            ("preview", None if self.preview is None else str(self.preview).lower()),
            ("filters", None if self.filters is None else _base64(self.filters)),
            ("sourceParams", None if self.source_params is None else _base64(self.source_params)),
        ]
        return [(name, value) for name, value in pairs if value is not None]


def _base64(value: dict[str, Any]) -> str:
    return base64.b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()


class ExploreItem(ApiModel):
    """A folder, file or table."""

    type: Text = None
    name: Text = None
    # Handed back unchanged to read what it names.
    path: Verbatim = None
    can_preview: Bool = None
    can_fetch_schema: Bool = None


class Column(ApiModel):
    name: Text = None
    type: Text = None
    xdm_type: Text = Field(default=None, validation_alias=either("meta:xdmType"))
    xdm: Params = Field(default_factory=dict)


class PreviewSchema(ApiModel):
    """Columns of flat data, or `properties` of hierarchical data."""

    columns: Annotated[list[Column], AsObjects] = Field(default_factory=list)
    properties: Params = Field(default_factory=dict)


class ExplorePreview(ApiModel):
    """The schema and the first rows of a file or table."""

    format: Text = None
    schema_: Annotated[PreviewSchema | None, AsObject] = Field(default=None, alias="schema")
    data: Annotated[list[dict[str, Any]], AsObjects] = Field(default_factory=list)
    properties: Params = Field(default_factory=dict)

    @property
    def columns(self) -> list[Column]:
        """The columns; for hierarchical data its top-level properties."""
        if self.schema_ is None:
            return []
        if self.schema_.columns:
            return self.schema_.columns
        return [_column(name, kind) for name, kind in self.schema_.properties.items()]

    @property
    def all_columns(self) -> list[Column]:
        """The columns, each followed by what is inside it: `address.city`, `items[].sku`."""
        found: list[Column] = []
        for column in self.columns:
            found.append(column)
            inside: object = {**(column.model_extra or {}), **column.xdm}
            if self.schema_ and not self.schema_.columns:
                inside = self.schema_.properties.get(column.name or "")
            found.extend(_inside(column.name or "", inside, _MOST_DEPTH))
        return found


_MOST_DEPTH = 12
_MOST_COLUMNS = 5_000


def _column(name: str, schema: object) -> Column:
    kind = schema if isinstance(schema, dict) else {}
    types = kind.get("type")
    listed = (
        [each for each in types if isinstance(each, str) and each != "null"]
        if isinstance(types, list)
        else []
    )
    return Column(
        name=name,
        type=" or ".join(listed) if listed else to_text(types),
        xdm_type=to_text(kind.get("meta:xdmType")),
    )


def _inside(name: str, schema: object, depth: int) -> Iterator[Column]:
    """The properties below a property of JSON Schema, level by level, the nearest first within each."""
    if not isinstance(schema, dict) or depth == 0:
        return
    if isinstance(schema.get("items"), dict):
        yield from _inside(f"{name}[]", schema["items"], depth - 1)
    inner = schema.get("properties")
    for part, below in list(inner.items() if isinstance(inner, dict) else ())[:_MOST_COLUMNS]:
        yield _column(f"{name}.{part}", below)
        yield from _inside(f"{name}.{part}", below, depth - 1)


@dataclass(frozen=True, slots=True)
class Exploration:
    """What an explore endpoint answered: `items` of a root or folder, or the `preview` of a file or table."""

    items: list[ExploreItem]
    preview: ExplorePreview | None = None
    skipped_nulls: int = 0

    @classmethod
    def read(cls, answer: object) -> Exploration:
        """From any of the documented shapes: a bare list, `{"items": [...]}`, or a preview object."""
        if isinstance(answer, dict) and isinstance(answer.get("items"), list):
            answer = answer["items"]
        if isinstance(answer, list):
            items = [ExploreItem.model_validate(item) for item in answer if isinstance(item, dict)]
            return cls(items=items, skipped_nulls=len(answer) - len(items))
        if isinstance(answer, dict):
            return cls(items=[], preview=ExplorePreview.model_validate(answer))
        return cls(items=[])
