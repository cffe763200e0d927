"""The apps: which HTML shows which tool's answers. Only clients that declare MCP Apps hear of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mcp.server.apps import Apps, ResourceCsp
from mcp.server.mcpserver.resources import Resource

SCHEME = "ui://"
BUILT = Path(__file__).with_name("built")


@dataclass(frozen=True)
class Page:
    """One app; `tools` are those whose answers it shows."""

    name: str
    title: str
    description: str
    tools: tuple[str, ...] = ()

    @property
    def uri(self) -> str:
        return f"{SCHEME}aep-flow-mcp/{self.name}.html"

    @property
    def html(self) -> str:
        return page_text(self.name)


HEALTH = Page(
    "health",
    "Health of pipelines",
    "A board of flows by hour or day, totals against the window before, records over time.",
    ("pipeline_health",),
)
LINEAGE = Page(
    "lineage",
    "Lineage",
    "What feeds what as a graph, and what breaks without one of them.",
    ("trace_lineage",),
)
TIMELINE = Page(
    "timeline",
    "Runs of a flow",
    "Runs with duration, records and errors, and since when they fail.",
    ("diagnose_flow", "list_runs"),
)
PLAN = Page(
    "plan",
    "A change before it is approved",
    "What would be sent, before and after, and what stops working. It shows; it does not approve.",
)
"""Of every tool that writes."""
PAGES = (HEALTH, LINEAGE, TIMELINE, PLAN)
_BY_TOOL = {tool: page for page in PAGES for tool in page.tools}


@cache
def page_text(name: str) -> str:
    """The HTML of an app, as it was built."""
    return (BUILT / f"{name}.html").read_text(encoding="utf-8")


def page_of(tool: str, *, writes: bool) -> Page | None:
    """The app that shows a tool's answers."""
    return PLAN if writes else _BY_TOOL.get(tool)


class _Html(Resource):
    """Read when it is asked for: a server that starts reads none of it."""

    page: str

    async def read(self) -> str:
        return page_text(self.page)


# Nothing of another host, in any way that a host could allow: said, so that no default is wider.
_CSP = ResourceCsp(connect_domains=[], resource_domains=[], frame_domains=[], base_uri_domains=[])


def extension() -> Apps:
    """The apps as the SDK's extension."""
    apps = Apps()
    csp = _CSP.model_dump(by_alias=True, exclude_none=True)
    meta: dict[str, Any] = {"ui": {"csp": csp, "prefersBorder": True}}
    for page in PAGES:
        apps.add_resource(
            _Html(
                uri=page.uri,
                name=page.name,
                title=page.title,
                description=page.description,
                mime_type="text/html;profile=mcp-app",
                meta=meta,
                page=page.name,
            )
        )
    return apps
