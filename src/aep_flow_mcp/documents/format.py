"""The format: what a document of a pipeline may say. The JSON Schema and the reference in the docs are made from it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1)]
Json = dict[str, Any]


class Strict(BaseModel):
    """A part of a document: what it does not declare it refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)


class Way(StrEnum):
    """Which way the data goes, seen from the data lake."""

    IMPORT = "import"
    EXPORT = "export"


class State(StrEnum):
    """How the flow is to be left."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    DRAFT = "draft"


class ById(Strict):
    """Something whose name is not unique, or not known: its id, which is of one sandbox only."""

    id: Annotated[Name, Field(description="the id in this sandbox")]


class AccountToMake(Strict):
    """An account that is created where the sandbox has none of that name; one that is there is used as it is."""

    name: Name
    auth: Annotated[str | None, Field(description="the way to authenticate, as the connector calls it")] = (
        None
    )
    params: Annotated[Json, Field(description="its parameters; credentials only as ${AEP_SECRET_NAME}")] = {}


class Row(Strict):
    """One row of the mapping: what fills which XDM field."""

    source: Annotated[Name, Field(description="a column, or an expression over columns")]
    field: Annotated[Name, Field(description="the path of the XDM field")]
    type: Annotated[
        str | None, Field(description="where it is neither ATTRIBUTE (a column) nor EXPRESSION")
    ] = None
    identity: bool | None = None
    primary_identity: bool | None = None


class Schedule(Strict):
    """When it runs. A start that has passed means the next time that keeps the rhythm."""

    every: Annotated[
        str | None, Field(description="once, 15 minutes, 2 hours, day, week; exports: once, 3 hours, day")
    ] = None
    start: Annotated[str | None, Field(description="ISO 8601, UTC")] = None
    end: Annotated[str | None, Field(description="ISO 8601, UTC")] = None
    backfill: bool | None = None
    mode: Annotated[
        str | None,
        Field(
            description="exports; FIRST_FULL_THEN_INCREMENTAL goes without saying, DAILY_FULL_EXPORT for once"
        ),
    ] = None
    folder: Annotated[str | None, Field(description="exports: the template of the folder's name")] = None


class Options(Strict):
    """What a run does with bad rows."""

    error_diagnostics: bool | None = None
    partial_ingestion_percent: Annotated[
        float | None, Field(ge=0, le=100, description="the share of bad rows that a run may have, in percent")
    ] = None


class PartNames(Strict):
    """What the parts of the pipeline are called; without it after the pipeline: `NAME source`, `NAME target`."""

    source: str | None = None
    target: str | None = None
    mapping: str | None = None


class Extra(Strict):
    """What the format has no words for, as the API has it. It replaces what the document says elsewhere; null leaves
    the member out."""

    source: Annotated[Json, Field(description="members of the source connection")] = {}
    target: Annotated[Json, Field(description="members of the target connection")] = {}
    mapping: Annotated[Json, Field(description="members of the mapping set")] = {}
    flow: Annotated[Json, Field(description="members of the flow")] = {}


class Pipeline(Strict):
    """One pipeline: a flow with its account, its source, its target and its mapping, by their names."""

    pipeline: Annotated[Name, Field(description="the flow's name, by which it is found")]
    id: Annotated[str | None, Field(description="the flow's id, only where several flows have the name")] = (
        None
    )
    kind: Annotated[Way, Field(description="into the data lake, or out of Platform")] = Way.IMPORT
    description: str | None = None
    connector: Annotated[Name, Field(description="the source of an import, the destination of an export")]
    flow_spec: Annotated[
        str | None, Field(description="the kind of flow, only where several join the two ends")
    ] = None
    account: Annotated[
        Name | ById | AccountToMake | None, Field(description="by name; none where the connector has none")
    ] = None
    source: Annotated[Json, Field(description="what is read: the source connection's params")] = {}
    format: Annotated[str | None, Field(description="imports: delimited, json, parquet, tabular")] = None
    format_options: Annotated[Json, Field(description="columnDelimiter, compressionType, encoding")] = {}
    delta_column: Annotated[str | None, Field(description="tables: which column tells what is new")] = None
    dataset: Annotated[Name | ById | None, Field(description="imports: the dataset that is filled")] = None
    datasets: Annotated[list[Name | ById], Field(description="exports of datasets: which ones")] = []
    destination: Annotated[Json, Field(description="exports: the target connection's params")] = {}
    mapping: Annotated[list[Row], Field(description="what fills which field")] = []
    transformations: Annotated[
        list[Json],
        Field(description="further steps as the API has them; ${mapping} is the mapping set above"),
    ] = []
    schedule: Schedule | None = None
    options: Options | None = None
    labels: Annotated[list[str], Field(description="access labels")] = []
    policies: Annotated[Json, Field(description="the flow's policy, as the API has it")] = {}
    state: Annotated[
        State | None, Field(description="without it: enabled when it is created, else as it is")
    ] = None
    names: PartNames | None = None
    extra: Extra | None = None
