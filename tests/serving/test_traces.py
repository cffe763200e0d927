"""Spans from a call down to each request to Adobe: whose they are below, what is on them, and what is not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")

from mcp import Client
from mcp.shared.exceptions import MCPError
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from aep_flow_mcp.emulator import Emulator, EmulatorOptions, FaultRule
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.server import build_server
from aep_flow_mcp.serving.telemetry import Telemetry, telemetry
from aep_flow_mcp.serving.telemetry.bare import Bare
from aep_flow_mcp.serving.telemetry.traces import Traces
from aep_flow_mcp.settings import SettingsError
from guard.bed import ERAS, ORG, YES, Person, settings
from serving.bed import CAPABILITIES, MODERN, initialize
from serving.test_limits import ACCEPTS
from support.processes import emulator_process, http_server_process, server_environment

FLOWS = "/data/foundation/flowservice/flows"
CALLER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture(scope="module")
def exporter() -> InMemorySpanExporter:
    """What was exported in this process: the SDK's spans go to the one provider that a process has."""
    found = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(Bare(found)))
    trace.set_tracer_provider(provider)
    assert trace.get_tracer_provider() is provider, "another test has begun to trace"
    return found


class Traced:
    """A server that is traced, on an emulator."""

    def __init__(self, *, upstream: bool = False, **given: Any) -> None:
        self.emulator = Emulator(EmulatorOptions())
        provider: Any = trace.get_tracer_provider()
        self.traces = Traces(provider, host="platform.example", upstream=upstream)
        self.server = build_server(
            settings(**given),
            transport=lambda: EmulatorTransport(self.emulator),
            emulated=True,
            observer=Telemetry(traces=self.traces).observer,
        )
        rows = self.emulator.store.all("dev", "flows")
        self.flow = next(row for row in rows if row["state"] == "enabled")


def spans_of(exporter: InMemorySpanExporter, tool: str) -> tuple[ReadableSpan, list[ReadableSpan]]:
    """The span of the one call of a tool, and those below it in the order in which they began."""
    spans = exporter.get_finished_spans()
    (call,) = [span for span in spans if span.name == f"tools/call {tool}" and span.kind is SpanKind.SERVER]
    assert call.context is not None
    same = [span for span in spans if span.context and span.context.trace_id == call.context.trace_id]
    below = [span for span in same if span.kind is not SpanKind.SERVER and _is_below(span, call, same)]
    return call, sorted(below, key=lambda span: span.start_time or 0)


def _is_below(span: ReadableSpan, top: ReadableSpan, spans: list[ReadableSpan]) -> bool:
    by_id = {each.context.span_id: each for each in spans if each.context}
    while span.parent is not None:
        if top.context is not None and span.parent.span_id == top.context.span_id:
            return True
        if span.parent.span_id not in by_id:
            return False
        span = by_id[span.parent.span_id]
    return False


@pytest.mark.parametrize("era", list(ERAS))
async def test_requests_are_below_the_call_that_sends_them(exporter: InMemorySpanExporter, era: str) -> None:
    exporter.clear()
    traced = Traced()
    async with Client(traced.server, mode=ERAS[era]) as client:
        await client.call_tool("get_flow", {"flow_id": traced.flow["id"]})
    call, below = spans_of(exporter, "get_flow")
    assert dict(call.attributes or {}) | {"aep.tool": "get_flow", "aep.result": "ok"} == call.attributes
    named = [(span.name, span.kind, dict(span.attributes or {})) for span in below]
    one = {"http.request.method": "GET", "url.template": f"{FLOWS}/{{id}}"}
    where = {"server.address": "platform.example", "http.response.status_code": 200}
    assert (f"GET {FLOWS}/{{id}}", SpanKind.CLIENT, {**one, **where}) in named
    assert "POST /ims/token" in [span.name for span in below]


async def test_each_try_is_a_span_that_says_which_one_it_is(exporter: InMemorySpanExporter) -> None:
    exporter.clear()
    traced = Traced()
    traced.emulator.faults.add(FaultRule(f"GET {FLOWS}/", "status", status=429, retry_after=0, times=2))
    async with Client(traced.server) as client:
        await client.call_tool("get_flow", {"flow_id": traced.flow["id"]})
    _, below = spans_of(exporter, "get_flow")
    tries = [dict(span.attributes or {}) for span in below if span.name.startswith("GET")]
    assert [one["http.response.status_code"] for one in tries] == [429, 429, 200]
    assert [one.get("http.request.resend_count") for one in tries] == [None, 1, 2]
    assert [one.get("error.type") for one in tries] == ["429", "429", None]


async def test_an_answer_that_never_comes_is_an_error_by_its_kind(exporter: InMemorySpanExporter) -> None:
    exporter.clear()
    traced = Traced()
    traced.emulator.faults.add(FaultRule(f"GET {FLOWS}/", "drop", times=1))
    async with Client(traced.server) as client:
        await client.call_tool("get_flow", {"flow_id": traced.flow["id"]})
    _, below = spans_of(exporter, "get_flow")
    first = next(span for span in below if span.name.startswith("GET"))
    assert first.status.status_code is StatusCode.ERROR
    assert first.status.description is None
    assert "http.response.status_code" not in (first.attributes or {})
    assert (first.attributes or {})["error.type"]


async def test_what_a_write_sends_is_below_the_write(exporter: InMemorySpanExporter) -> None:
    exporter.clear()
    traced = Traced()
    async with Client(traced.server, mode="legacy", elicitation_callback=Person(YES)) as client:
        await client.call_tool("delete_flow", {"flow_id": traced.flow["id"]})
    _, below = spans_of(exporter, "delete_flow")
    (write,) = [span for span in below if span.name == "write"]
    assert write.attributes == {"aep.tool": "delete_flow", "aep.result": "done"}
    (sent,) = [span for span in below if span.name.startswith("DELETE")]
    assert sent.parent is not None
    assert write.context is not None
    assert sent.parent.span_id == write.context.span_id


async def test_nothing_that_anybody_said_is_on_a_span(exporter: InMemorySpanExporter) -> None:
    exporter.clear()
    traced = Traced()
    async with Client(traced.server) as client:
        await client.call_tool("find_flows", {"query": "loyalty"})
        await client.call_tool("list_flows", {"name": "loyalty-by-name"})
        with pytest.raises(MCPError):
            await client.call_tool("my-secret-tool", {})
        await client.call_tool("get_flow", {"flow_id": "no-such-flow"})
        for ask in (client.read_resource("aep://secret-thing/x"), client.get_prompt("my-secret-prompt")):
            with pytest.raises(Exception):  # noqa: B017, PT011  (the protocol's, of several kinds)
                await ask
    spans = exporter.get_finished_spans()
    assert len(spans) > 8
    said = "\n".join(span.to_json() for span in spans)
    names = {str(row["name"]) for row in traced.emulator.store.all("dev", "flows")}
    ids = {str(row["id"]) for row in traced.emulator.store.all("dev", "flows")}
    secrets = ("secret", "loyalty", "no-such-flow", ORG, "emulator-client", "Bearer", "?")
    assert [hidden for hidden in (*secrets, *names, *ids) if hidden in said] == []


@pytest.mark.parametrize("upstream", [False, True])
async def test_adobe_hears_of_the_trace_where_that_is_set(
    exporter: InMemorySpanExporter, upstream: bool
) -> None:
    exporter.clear()
    traced = Traced(upstream=upstream)
    async with Client(traced.server) as client:
        await client.call_tool("get_flow", {"flow_id": traced.flow["id"]})
    call, _ = spans_of(exporter, "get_flow")
    assert call.context is not None
    sent = [
        {name.lower(): value for name, value in each.headers.items()}
        for each in traced.emulator.journal
        if each.path.startswith(FLOWS)
    ]
    assert sent
    for headers in sent:
        assert ("traceparent" in headers) is upstream
        if upstream:
            assert headers["traceparent"].split("-")[1] == f"{call.context.trace_id:032x}"


class Collector:
    """Takes what is exported to it, and counts."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                collector.bodies.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Quietly."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def spans(self) -> list[Any]:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        found = []
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    found += scope.spans
        return found


@pytest.fixture
def collector() -> Iterator[Collector]:
    found = Collector()
    yield found
    found.server.shutdown()


@pytest.mark.parametrize("era", list(ERAS))
async def test_over_http_a_caller_s_trace_goes_on(collector: Collector, tmp_path: Path, era: str) -> None:
    """A process, with the standard variables: `traceparent` in, spans out, all of one trace.

    By hand, since the SDK's client brings a context of its own in the message, which counts before the header.
    """
    with emulator_process() as emulator:
        environment = server_environment(
            emulator, AEP_MCP_TRACES="true", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url
        )
        with http_server_process(cwd=tmp_path, **environment) as url:
            async with httpx.AsyncClient(headers=ACCEPTS, timeout=60) as http:
                headers = {"traceparent": CALLER, "MCP-Protocol-Version": era}
                meta = {**MODERN, CAPABILITIES: {}} if era == "2026-07-28" else {}
                params: dict[str, Any] = {"name": "list_flows", "arguments": {}, "_meta": meta}
                if era == "2025-11-25":
                    begun = await http.post(url, json=initialize())
                    headers["Mcp-Session-Id"] = begun.headers["mcp-session-id"]
                else:
                    headers |= {"Mcp-Method": "tools/call", "Mcp-Name": "list_flows"}
                message = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params}
                answer = await http.post(url, json=message, headers=headers)
                assert answer.status_code == 200, answer.text
    spans = [span for span in collector.spans if span.trace_id.hex() == CALLER.split("-")[1]]
    (call,) = [span for span in spans if span.name == "tools/call list_flows"]
    assert call.parent_span_id.hex() == CALLER.split("-")[2]
    requests = [span for span in spans if span.name == f"GET {FLOWS}"]
    assert {span.parent_span_id for span in requests} == {call.span_id}


def test_stdio_starts_without_any_of_it() -> None:
    code = (
        "import sys; from aep_flow_mcp.serving.command import telemetry_of; from aep_flow_mcp.settings import Settings;"
        "from aep_flow_mcp.server import build_server; from aep_flow_mcp.serving import running;"
        "found = Settings.model_construct(mcp_metrics_port=9464); assert telemetry_of(found, over_http=False) is None;"
        "build_server(found); others = ('prometheus_client', 'opentelemetry.sdk', 'opentelemetry.exporter');"
        "print([name for name in sys.modules if name.startswith((*others, 'aep_flow_mcp.serving.telemetry'))])"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(said.stdout.replace("'", '"')) == []


@pytest.mark.parametrize(
    ("name", "value"), [("OTEL_TRACES_EXPORTER", "zipkin"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]
)
def test_what_is_not_here_stops_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        telemetry(settings(mcp_traces=True), over_http=True)


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "aep_flow_mcp.serving.telemetry.traces")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    with pytest.raises(SettingsError, match=r"AEP_MCP_TRACES.*aep-flow-mcp\[otel\]"):
        telemetry(settings(mcp_traces=True), over_http=False)
