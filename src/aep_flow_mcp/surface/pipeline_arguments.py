"""The arguments of `plan_pipeline` and `create_pipeline`, written down once, and the wish that they make."""

import inspect
import re
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Annotated, Any, get_type_hints

from mcp.server.mcpserver import Resolve
from pydantic import BaseModel, ConfigDict, Field

from aep_flow_mcp.pipelines.wish import Direction, FieldPair, PipelineWish, StartState
from aep_flow_mcp.surface.write_params import Labels

# Only what looks like an id: "Analytics warehouse (Snowflake)" is a name.
_ID = re.compile(
    r"(?i)\(([0-9a-f]{24}|[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\)(?:, \d+ fields)?\s*$"
)
Text = Annotated[str | None, Field(max_length=1_000)]


class FormatOf(StrEnum):
    """Formats of files; csv, tsv and psv are delimited."""

    DELIMITED = "delimited"
    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    PARQUET = "parquet"
    PARQUET_XDM = "parquet_xdm"


class Pair(BaseModel):
    """One row of a mapping."""

    model_config = ConfigDict(extra="forbid")

    source: str
    target: str


def wish_of(
    name: Annotated[str | None, Field(max_length=255)] = None,
    description: Text = None,
    direction: Direction = Direction.IMPORT,
    connector: Annotated[Text, Field(description="words or id")] = None,
    account: Annotated[Text, Field(description="name or id; leave out for a new one")] = None,
    auth_spec: Annotated[Text, Field(description="new account: the way to authenticate")] = None,
    auth_params: Annotated[
        dict[str, Any] | None, Field(description="new account; secrets as ${AEP_SECRET_NAME}")
    ] = None,
    path: Annotated[Text, Field(description="file, folder or table read, or folder written")] = None,
    format: FormatOf | None = None,
    format_options: Annotated[
        dict[str, Any] | None, Field(description="columnDelimiter, compressionType, encoding")
    ] = None,
    params: Annotated[dict[str, Any] | None, Field(description="further params of the connector")] = None,
    datasets: Annotated[list[str] | None, Field(description="names or ids", max_length=100)] = None,
    mapping_set: Annotated[Text, Field(description="name or id")] = None,
    fields: Annotated[
        list[Pair] | None, Field(description="new mapping: column or expression, XDM path", max_length=1_000)
    ] = None,
    every: Annotated[
        Text, Field(description="once, 15 minutes, 2 hours, day, week; exports: once, 3|6|9|12 hours, day")
    ] = None,
    start_time: Annotated[Text, Field(description="ISO 8601, UTC")] = None,
    end_time: Annotated[Text, Field(description="exports")] = None,
    backfill: bool | None = None,
    delta_column: Annotated[Text, Field(description="tables: tells what is new")] = None,
    tolerated_percent: Annotated[float | None, Field(description="bad rows")] = None,
    transformations: Annotated[
        list[dict[str, Any]] | None, Field(description="further {name, params}: Encryption", max_length=20)
    ] = None,
    labels: Labels = None,
    state: StartState = StartState.ENABLED,
) -> PipelineWish:
    """The wish that the arguments make: a text that is empty was not said."""
    return PipelineWish(
        name=_said(name),
        description=_said(description),
        direction=direction,
        connector=_named(connector),
        account=_named(account),
        auth_spec=_said(auth_spec),
        auth_params=auth_params,
        path=_said(path),
        format=format.value if format else None,
        format_options=format_options or {},
        params=params or {},
        datasets=tuple(dict.fromkeys(id_or_name(item) for item in datasets or () if item.strip())),
        mapping_set=_named(mapping_set),
        fields=tuple(FieldPair(pair.source, pair.target) for pair in fields or ()),
        every=_said(every),
        start_time=_said(start_time),
        end_time=_said(end_time),
        backfill=backfill,
        delta_column=_said(delta_column),
        tolerated_percent=tolerated_percent,
        transformations=tuple(transformations or ()),
        labels=tuple(labels or ()),
        state=state,
    )


Wish = Annotated[PipelineWish, Resolve(wish_of)]
Tool = Callable[..., Awaitable[Any]]


def with_wish_arguments(fn: Tool) -> Tool:
    """A tool that takes the arguments of a wish besides its own: they reach it through resolvers."""
    own = inspect.signature(fn).parameters
    hints = get_type_hints(fn, include_extras=True)
    said = inspect.signature(wish_of).parameters
    said_hints = get_type_hints(wish_of, include_extras=True)

    async def run(**given: Any) -> Any:
        return await fn(**{name: given[name] for name in own})

    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter(name, keyword, default=each.default, annotation=said_hints[name])
        for name, each in said.items()
    ]
    parameters += [inspect.Parameter(name, keyword, annotation=hints[name]) for name in own]
    run.__signature__ = inspect.Signature(parameters, return_annotation=hints["return"])  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": hints["return"]}
    run.__name__, run.__qualname__ = fn.__name__, fn.__qualname__
    run.__doc__, run.__module__ = fn.__doc__, fn.__module__
    return run


def id_or_name(text: str) -> str:
    """What is meant by a choice as it was offered, `name (id)`: its id; any other text stays."""
    match = _ID.search(text)
    return match[1] if match else text.strip()


def _named(text: str | None) -> str | None:
    said = _said(text)
    return None if said is None else id_or_name(said)


def _said(text: str | None) -> str | None:
    return text.strip() or None if text is not None else None
