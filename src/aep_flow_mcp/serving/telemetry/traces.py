"""Traces by OpenTelemetry: the SDK's span of a message, and below it one of ours for each request to Adobe.

Where they go is said by the standard variables (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_TRACES_SAMPLER`, …).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from opentelemetry import propagate, trace
from opentelemetry.context import attach, detach
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.trace import Span, SpanKind, StatusCode
from starlette.datastructures import Headers

from aep_flow_mcp import __version__
from aep_flow_mcp.observing import Call, Request, Write
from aep_flow_mcp.observing.routes import route
from aep_flow_mcp.serving.asgi import Asgi, Receive
from aep_flow_mcp.serving.telemetry.bare import Bare
from aep_flow_mcp.settings import Settings, SettingsError

TRACER = "aep-flow-mcp"
_STOPPING = 5_000
"""Milliseconds in which what is left is sent at the end."""


class Traces:
    """The observer that traces. The span of a call is the SDK's: what we know of the call is written on it."""

    def __init__(self, provider: TracerProvider, *, host: str, upstream: bool = False) -> None:
        """host: where requests go. upstream: whether they carry the trace's context."""
        self._provider = provider
        self._tracer = provider.get_tracer(TRACER, __version__)
        self._host = host
        self._upstream = upstream

    @contextmanager
    def call(self, call: Call) -> Iterator[None]:
        """Write on the span of the message which tool it came to, and how that ended."""
        span = trace.get_current_span()
        span.set_attribute("aep.tool", call.tool)
        try:
            yield
        finally:
            span.set_attribute("aep.result", call.result)
            if call.error is not None:
                span.set_attribute("aep.error.kind", call.error)

    @contextmanager
    def request(self, request: Request) -> Iterator[None]:
        """A span of a try of a request, below whatever asked for it. Nothing is below it."""
        named = route(request.path)
        span = self._tracer.start_span(
            f"{request.method} {named}",
            kind=SpanKind.CLIENT,
            attributes={
                "http.request.method": request.method,
                "url.template": named,
                "server.address": self._host,
                **({"http.request.resend_count": request.again} if request.again else {}),
            },
        )
        if self._upstream:
            propagate.inject(request.headers, trace.set_span_in_context(span))
        try:
            yield
        except BaseException as error:
            _failed(span, type(error).__name__)
            raise
        finally:
            if request.status is not None:
                span.set_attribute("http.response.status_code", request.status)
                if request.status >= 400:
                    _failed(span, str(request.status))
            span.end()

    @contextmanager
    def write(self, write: Write) -> Iterator[None]:
        """A span around an approved change, with its requests below it."""
        with self._tracer.start_as_current_span(
            "write", attributes={"aep.tool": write.kind}, record_exception=False
        ) as span:
            try:
                yield
            finally:
                span.set_attribute("aep.result", write.result)

    def joined(self, app: Asgi) -> Asgi:
        """An ASGI application whose work is below the span that a request names in `traceparent`."""

        async def wrapped(scope: Any, receive: Receive, send: Any) -> None:
            if scope["type"] != "http":
                return await app(scope, receive, send)
            headers = Headers(scope=scope)
            named = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
            if not named:
                return await app(scope, receive, send)
            token = attach(propagate.extract(named))
            try:
                await app(scope, receive, send)
            finally:
                detach(token)

        return wrapped

    def close(self) -> None:
        """Send what has not been sent."""
        self._provider.force_flush(_STOPPING)
        self._provider.shutdown()


def _failed(span: Span, kind: str) -> None:
    span.set_attribute("error.type", kind)
    span.set_status(StatusCode.ERROR)


def traced(settings: Settings) -> Traces:
    """Begin to trace this process, the SDK's spans included.

    Raises:
        SettingsError: OTEL_TRACES_EXPORTER or OTEL_EXPORTER_OTLP_PROTOCOL name what is not here.
    """
    provider = TracerProvider(resource=_resource())
    exporter = _exporter()
    if exporter is not None:
        provider.add_span_processor(BatchSpanProcessor(Bare(exporter)))
    trace.set_tracer_provider(provider)
    host = urlsplit(settings.platform_url).hostname or ""
    return Traces(provider, host=host, upstream=settings.mcp_traces_to_adobe)


def _resource() -> Resource:
    named = {"service.version": __version__}
    given = os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    if not os.environ.get("OTEL_SERVICE_NAME") and "service.name=" not in given:
        named["service.name"] = TRACER
    return Resource.create(named)


def _exporter() -> SpanExporter | None:
    kind = os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() or "otlp"
    if kind == "none":
        return None
    if kind == "console":  # On stdio nothing but the protocol may reach stdout.
        return ConsoleSpanExporter(out=sys.stderr)
    if kind != "otlp":
        raise SettingsError("OTEL_TRACES_EXPORTER takes one of otlp, console, none.")
    chosen = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or os.environ.get(
        "OTEL_EXPORTER_OTLP_PROTOCOL"
    )
    if (chosen or "http/protobuf") != "http/protobuf":
        raise SettingsError("OTEL_EXPORTER_OTLP_PROTOCOL takes http/protobuf here.")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()
