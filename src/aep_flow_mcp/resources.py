"""Resources: what an application can put in front of a model without a tool call.

A resource is the text of the reading tool that answers the same question, so the two never disagree.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from inspect import signature
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from mcp_types import Resource as ListedResource
from mcp_types import ResourceTemplate as ListedTemplate

from aep_flow_mcp.app import App
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError

if TYPE_CHECKING:
    from mcp.server.mcpserver import Context

    from aep_flow_mcp.guard.changes.change import Change
    from aep_flow_mcp.guard.changes.steps import Step
    from aep_flow_mcp.surface.registry import ToolDef

TEXT = "text/plain"
MARKDOWN = "text/markdown"


@dataclass(frozen=True)
class Resource:
    """One address. `{id}` in the URI is handed to the tool as its argument `takes`."""

    uri: str
    name: str
    title: str
    description: str
    module: str
    tool: str
    takes: str | None = None
    completes: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.escape(self.uri).replace(r"\{id\}", r"(?P<id>[^/?#]+)"))


RESOURCES = (
    Resource(
        "aep://connection-specs",
        "connection-specs",
        "Connectors",
        "Every connector: id, name, sides, ways to authenticate.",
        "specs.connection_specs",
        "list_connection_specs",
        arguments={"limit": 100},
    ),
    Resource(
        "aep://flow-specs",
        "flow-specs",
        "Kinds of flows",
        "Every flow spec: id, name, mode.",
        "specs.flow_specs",
        "list_flow_specs",
        arguments={"limit": 100},
    ),
    Resource(
        "aep://flows",
        "flows",
        "Flows",
        "The newest flows.",
        "flows.flows",
        "list_flows",
        arguments={"limit": 100},
    ),
    Resource(
        "aep://connection-specs/{id}",
        "connection-spec",
        "Connector",
        "What a connector needs: a summary first, its JSON Schemas after.",
        "specs.connection_specs",
        "get_connection_spec",
        takes="connector",
        completes="connector",
    ),
    Resource(
        "aep://flow-specs/{id}",
        "flow-spec",
        "Kind of flow",
        "What a flow spec takes: connectors, schedule, options.",
        "specs.flow_specs",
        "get_flow_spec",
        takes="flow_spec_id",
        completes="flow_spec",
    ),
    Resource(
        "aep://flows/{id}",
        "flow",
        "Flow",
        "A flow with everything around it and its last runs.",
        "questions.describe_flow",
        "describe_flow",
        takes="flow",
        completes="flow",
    ),
    Resource(
        "aep://flows/{id}/runs",
        "flow-runs",
        "Runs of a flow",
        "The latest runs of a flow.",
        "flows.runs",
        "list_runs",
        takes="flow",
        completes="flow",
        arguments={"limit": 50},
    ),
    Resource(
        "aep://runs/{id}",
        "run",
        "Run",
        "One run: times, records, errors from every place they hide.",
        "flows.runs",
        "get_run",
        takes="run_id",
        completes="run",
    ),
)
OPERATIONS = "aep://operations"


def listed_resources() -> list[ListedResource]:
    """The resources with a fixed address."""
    fixed = [
        ListedResource(
            uri=item.uri, name=item.name, title=item.title, description=item.description, mime_type=TEXT
        )
        for item in RESOURCES
        if item.takes is None
    ]
    operations = ListedResource(
        uri=OPERATIONS,
        name="operations",
        title="Operations",
        description="Every documented Flow Service operation and its tool.",
        mime_type=MARKDOWN,
    )
    return [*fixed, operations]


def listed_templates() -> list[ListedTemplate]:
    """The addresses that take an id."""
    return [
        ListedTemplate(
            uri_template=item.uri,
            name=item.name,
            title=item.title,
            description=item.description,
            mime_type=TEXT,
        )
        for item in RESOURCES
        if item.takes is not None
    ]


async def read(app: App, uri: str, context: Context[App, Any] | None = None) -> tuple[str, str]:
    """The text of a resource, and its media type. A client that listens hears the progress.

    Raises:
        ResourceNotFoundError: no such address, or nothing is there.
        ResourceError: it could not be read; the message says why.
    """
    from aep_flow_mcp.platform.wire.large import holding
    from aep_flow_mcp.surface import failures
    from aep_flow_mcp.surface.patience import begun, patiently

    try:
        with holding():
            return await patiently(context, begun(context), lambda: _read(app, uri))
    except ResourceError:
        raise
    except Exception as error:  # noqa: BLE001  (a client is told of whatever it is)
        cause = failures.cause_of(error)
        sentence = failures.sentence(error, uri, effect=failures.ONLY_READS)
        missing = isinstance(cause, PlatformError) and cause.kind in (ErrorKind.NOT_FOUND, ErrorKind.INVALID)
        raise (ResourceNotFoundError if missing else ResourceError)(sentence) from None


async def _read(app: App, uri: str) -> tuple[str, str]:
    if uri == OPERATIONS:
        from aep_flow_mcp.surface.snapshot import load_cards
        from aep_flow_mcp.surface.tables import operations_page

        return operations_page(load_cards()), MARKDOWN
    for item in RESOURCES:
        match = item.pattern.fullmatch(uri)
        if match:
            return await _answer(app, item, unquote(match["id"]) if item.takes else None), TEXT
    raise ResourceNotFoundError(f"There is no resource {uri}.")


async def _answer(app: App, item: Resource, object_id: str | None) -> str:
    from aep_flow_mcp.answers.present import redacted
    from aep_flow_mcp.answers.text import render

    definition: ToolDef = getattr(importlib.import_module(f"aep_flow_mcp.tools.{item.module}"), item.tool)
    arguments = {**item.arguments, **({item.takes: object_id} if item.takes else {})}
    text = render(redacted(await definition.fn(aep=app.reader(), **_shared(app, definition), **arguments)))
    return text if item.completes != "connector" else await _with_schemas(app, object_id or "", text)


def _shared(app: App, definition: ToolDef) -> dict[str, App]:
    """What this server shares, for a tool that finds things by name with it."""
    return {"app": app} if "app" in signature(definition.fn).parameters else {}


async def _with_schemas(app: App, spec_id: str, summary: str) -> str:
    """The summary, then the JSON Schemas as far as there is room for whole ones."""
    from aep_flow_mcp.answers.text import TEXT_LIMIT, clean
    from aep_flow_mcp.platform.redaction.masking import masked

    spec = await app.reader().get_connection_spec(spec_id)
    parts: list[tuple[str, dict[str, Any] | None]] = [
        (f"auth {way.name}", way.spec) for way in spec.auth_specs
    ]
    parts += [("source params", spec.source_params_schema), ("target params", spec.target_params_schema)]
    text = f"{summary}\n\nJSON Schemas"
    for name, schema in parts:
        if not schema:
            continue
        shown = json.dumps(masked(clean(schema)), ensure_ascii=False, separators=(",", ":"))
        block = f"\n{name}: {shown}"
        if len(text) + len(block) > TEXT_LIMIT - 100:
            text += f"\n{name}: too long to show here; get_connection_spec with detail=full has it."
        else:
            text += block
    return text


async def announce(ctx: Context[App, Any], change: Change, ids: Mapping[str, str]) -> None:
    """Tell those who listen which resources a Change of this server altered; `ids` by step key.

    Heard on `subscriptions/listen` (2026-07-28). In earlier eras the server declares neither subscriptions nor
    list changes, so nobody waits for them.
    """
    for uri in dict.fromkeys(uri for step in change.steps for uri in _altered(step, ids)):
        await ctx.notify_resource_updated(uri)
    if any(_listed(step) for step in change.steps):
        await ctx.notify_resources_changed()


def _altered(step: Step, ids: Mapping[str, str]) -> Iterator[str]:
    """The addresses that read differently after a step. What reads through it, further away, is not known."""
    from aep_flow_mcp.guard.changes.kinds import Kind

    object_id = ids.get(step.key) or step.object_id
    collections = {
        Kind.FLOW: "flows",
        Kind.CONNECTION_SPEC: "connection-specs",
        Kind.FLOW_SPEC: "flow-specs",
    }
    if step.kind in collections:
        yield f"aep://{collections[step.kind]}"
        if object_id:
            yield f"aep://{collections[step.kind]}/{object_id}"
    if Kind.RUN in (step.kind, step.creates):
        flow_id = dict(step.lookup).get("flowId")
        yield from [f"aep://flows/{flow_id}", f"aep://flows/{flow_id}/runs"] if flow_id else []
        yield from [f"aep://runs/{object_id}"] if object_id else []


def _listed(step: Step) -> bool:
    """Whether a step adds or removes something that has an address of its own."""
    from aep_flow_mcp.guard.changes.kinds import Kind

    addressed = (Kind.FLOW, Kind.RUN, Kind.CONNECTION_SPEC, Kind.FLOW_SPEC)
    return step.creates in addressed or (step.method == "DELETE" and step.kind in addressed)
