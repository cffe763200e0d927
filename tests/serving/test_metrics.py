"""What /metrics prints after calls of every kind, and that the page of it is right."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("prometheus_client", reason="the extra metrics is not installed")

import httpx
from mcp import Client
from mcp.shared.exceptions import MCPError
from prometheus_client.parser import text_string_to_metric_families

from aep_flow_mcp.emulator import Emulator, EmulatorOptions, FaultRule
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.server import FlowServer, build_server
from aep_flow_mcp.serving.telemetry import Telemetry, telemetry
from aep_flow_mcp.serving.telemetry.metrics import Metrics
from aep_flow_mcp.settings import SettingsError
from guard.bed import NO, ORG, YES, Person, settings
from support.processes import free_port

ROOT = Path(__file__).resolve().parents[2]
FLOWS = "/data/foundation/flowservice/flows"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Counted:
    """A server that is counted, on an emulator."""

    def __init__(self, **given: Any) -> None:
        self.emulator = Emulator(EmulatorOptions())
        self.metrics = Metrics()
        self.server: FlowServer = build_server(
            settings(**given),
            transport=lambda: EmulatorTransport(self.emulator),
            emulated=True,
            observer=Telemetry(self.metrics).observer,
        )
        self.metrics.of(self.server.app)
        rows = self.emulator.store.all("dev", "flows")
        self.flow = next(str(row["id"]) for row in rows if row["state"] == "enabled")

    async def page(self) -> str:
        transport = httpx.ASGITransport(self.metrics.page)
        async with httpx.AsyncClient(transport=transport, base_url="http://m") as http:
            return (await http.get("/metrics")).text

    async def samples(self) -> Samples:
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(await self.page())
            for sample in family.samples
        }

    async def count(self, name: str, **labels: str) -> float:
        return (await self.samples()).get((name, frozenset(labels.items())), 0.0)


async def test_reads_and_their_requests_are_counted() -> None:
    counted = Counted()
    async with Client(counted.server) as client:
        for _ in range(3):
            assert not (await client.call_tool("get_flow", {"flow_id": counted.flow})).is_error
        assert (await client.call_tool("get_flow", {"flow_id": "0" * 36})).is_error
        assert (await client.call_tool("get_flow", {"wrong": 1})).is_error
    assert await counted.count("aep_mcp_calls_total", tool="get_flow", result="ok") == 3
    assert await counted.count("aep_mcp_calls_total", tool="get_flow", result="error") == 2
    assert await counted.count("aep_mcp_errors_total", kind="not_found") == 1
    assert await counted.count("aep_mcp_errors_total", kind="call") == 1
    one = {"method": "GET", "route": f"{FLOWS}/{{id}}"}
    assert await counted.count("aep_mcp_upstream_requests_total", **one, status="200") == 3
    assert await counted.count("aep_mcp_upstream_requests_total", **one, status="404") == 1
    assert await counted.count("aep_mcp_upstream_seconds_count", **one) == 4
    assert (
        await counted.count(
            "aep_mcp_upstream_requests_total", method="POST", route="/ims/token", status="200"
        )
        == 1
    )
    for gauge in ("aep_mcp_calls_in_flight", "aep_mcp_upstream_in_flight", "aep_mcp_writes_in_flight"):
        assert await counted.count(gauge) == 0


async def test_what_is_under_way_is_counted() -> None:
    counted = Counted()
    seen: list[float] = []
    async with Client(counted.server) as client:
        await client.call_tool("get_server_info", {})

        async def look(request: httpx.Request) -> None:
            seen.append(await counted.count("aep_mcp_calls_in_flight"))
            seen.append(await counted.count("aep_mcp_upstream_in_flight"))

        http = counted.server.app.client._client()
        http.event_hooks = {**http.event_hooks, "request": [*http.event_hooks["request"], look]}
        await client.call_tool("get_flow", {"flow_id": counted.flow})
    assert seen[-2:] == [1, 1]


async def test_retries_and_rate_limits_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted()
    counted.emulator.faults.add(FaultRule(rf"GET {FLOWS}/", "status", status=429, retry_after=0, times=2))
    async with Client(counted.server) as client:
        assert not (await client.call_tool("get_flow", {"flow_id": counted.flow})).is_error
    named = f"{FLOWS}/{{id}}"
    assert await counted.count("aep_mcp_upstream_rate_limited_total", route=named) == 2
    assert await counted.count("aep_mcp_upstream_retries_total", method="GET", route=named) == 2


async def test_questions_and_writes_are_counted() -> None:
    counted = Counted()
    async with Client(counted.server, elicitation_callback=Person(NO)) as client:
        await client.call_tool("delete_flow", {"flow_id": counted.flow})
    async with Client(counted.server, elicitation_callback=Person(YES)) as client:
        await client.call_tool("delete_flow", {"flow_id": counted.flow})
    assert await counted.count("aep_mcp_confirmations_total", result="asked") == 2
    assert await counted.count("aep_mcp_confirmations_total", result="declined") == 1
    assert await counted.count("aep_mcp_confirmations_total", result="approved") == 1
    assert await counted.count("aep_mcp_writes_total", kind="delete_flow", result="done") == 1
    assert not any(row["id"] == counted.flow for row in counted.emulator.store.all("dev", "flows"))


async def test_what_waits_for_its_confirmation_is_counted() -> None:
    counted = Counted(mcp_approval="two-step")
    async with Client(counted.server) as client:
        asked = await client.call_tool("delete_flow", {"flow_id": counted.flow})
        assert await counted.count("aep_mcp_pending_approvals") == 1
        assert await counted.count("aep_mcp_confirmations_total", result="needs_confirmation") == 1
        id = (asked.structured_content or {})["confirmation_id"]
        await client.call_tool("confirm_change", {"confirmation_id": id})
    assert await counted.count("aep_mcp_pending_approvals") == 0
    assert await counted.count("aep_mcp_confirmations_total", result="approved") == 1
    assert await counted.count("aep_mcp_writes_total", kind="delete_flow", result="done") == 1


async def test_nothing_on_the_page_names_anybody_or_anything() -> None:
    """Not a tool that a caller made up either: whoever may call could fill the page."""
    counted = Counted()
    async with Client(counted.server) as client:
        await client.call_tool("find_flows", {"query": "loyalty"})
        await client.call_tool("describe_flow", {"flow_id": counted.flow})
        await client.call_tool("get_resource", {"path": "/data/foundation/catalog/dataSets/ada-lovelace"})
        with pytest.raises(MCPError):
            await client.call_tool("made-up", {})
    page = await counted.page()
    names = {str(row["name"]) for row in counted.emulator.store.all("dev", "flows")}
    ids = {str(row["id"]) for row in counted.emulator.store.all("dev", "flows")}
    for hidden in (*names, *ids, ORG, ORG.partition("@")[0], "loyalty", "ada-lovelace", "made-up", "dev"):
        assert f'"{hidden}"' not in page
        assert hidden not in page or len(hidden) < 5, hidden


async def test_the_page_names_what_is_counted() -> None:
    """docs/team.md has a row for each metric of ours with its labels, and none besides."""
    counted = Counted()
    documented = {
        name: frozenset(re.findall(r"`(\w+)`", labels))
        for name, labels in re.findall(
            r"^\| `(aep_mcp_\w+)` \|([^|]*)\|", (ROOT / "docs/team.md").read_text(encoding="utf-8"), re.M
        )
    }
    printed = {}
    for family in text_string_to_metric_families(await counted.page()):
        if family.name.startswith("aep_mcp_"):
            printed[family.name + ("_total" if family.type == "counter" else "")] = family.documentation
    assert set(documented) == set(printed)
    for name, labels in documented.items():
        collector: Any = counted.metrics.registry._names_to_collectors[name.removesuffix("_total")]
        assert frozenset(collector._labelnames) == labels, name


def test_metrics_are_of_servers_over_http() -> None:
    found = settings(mcp_metrics_port=free_port())
    assert telemetry(found, over_http=False).metrics is None
    assert telemetry(found, over_http=True).metrics is not None


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.delitem(sys.modules, "aep_flow_mcp.serving.telemetry.metrics")
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(SettingsError, match=r"AEP_MCP_METRICS_PORT.*aep-flow-mcp\[metrics\]"):
        telemetry(settings(mcp_metrics_port=9464), over_http=True)
