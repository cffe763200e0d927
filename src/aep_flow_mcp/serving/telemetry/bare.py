"""Spans without what a caller, Adobe or an error has said in its own words.

The SDK writes the name that a caller gave on its span, and the text of an error: either may hold what is nobody else's.
What is not known to be harmless is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status

_PLAIN = frozenset(
    {
        *("mcp.method.name", "mcp.protocol.version", "gen_ai.operation.name"),
        *("error.type", "rpc.response.status_code", "http.request.method", "http.request.resend_count"),
        *("http.response.status_code", "url.template", "server.address", "aep.tool", "aep.result"),
        *("aep.error.kind", "exception.type"),
    }
)
_NAMES = frozenset({"gen_ai.tool.name", "gen_ai.prompt.name"})
"""Attributes that a caller's text is written into: they are passed on where a tool has that name."""
_NUMBER = "jsonrpc.request.id"


class Bare(SpanExporter):
    """An exporter that passes spans on without what they should not hold."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Pass on."""
        return self._exporter.export([bare(span) for span in spans])

    def shutdown(self) -> None:
        """Pass on."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Pass on."""
        return self._exporter.force_flush(timeout_millis)


def bare(span: ReadableSpan) -> ReadableSpan:
    """The same span with known attributes, its status without words, and of its events no more than their type."""
    given = span.attributes or {}
    events = [
        Event(one.name, attributes=_kept(one.attributes or {}), timestamp=one.timestamp)
        for one in span.events
    ]
    return ReadableSpan(
        name=_name(span.name, given),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_kept(given),
        events=events,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _kept(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in attributes.items()
        if name in _PLAIN
        or (name in _NAMES and value in _tools())
        or (name == _NUMBER and str(value).isdecimal())
    }


def _name(name: str, attributes: Mapping[str, Any]) -> str:
    """`tools/call get_flow`; without what follows the method where no tool has that name."""
    method = attributes.get("mcp.method.name")
    if not isinstance(method, str):
        return name
    target = name.removeprefix(method).strip()
    return name if target in _tools() else method


@cache
def _tools() -> frozenset[str]:
    from aep_flow_mcp.surface.snapshot import load_cards

    return frozenset({*(card["name"] for card in load_cards()), "find_tools", "call_tool"})
