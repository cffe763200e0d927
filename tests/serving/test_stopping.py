"""A server that is told to stop: it says no to probes, begins no write, ends those in flight, and goes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from serving.bed import CAPABILITIES, MODERN
from serving.test_limits import ACCEPTS
from support.processes import emulator_headers, emulator_process, free_port, server_environment
from support.waiting import until

pytestmark = [
    pytest.mark.subprocess,
    pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM to send there"),
]
FLOWS = "/data/foundation/flowservice/flows"


@contextmanager
def serving(folder: Path, emulator: str, **more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    port = free_port()
    environment = server_environment(
        emulator, AEP_MCP_APPROVAL="none", AEP_MCP_AUDIT_LOG=str(folder / "audit.jsonl"), **more
    )
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AEP_")}
    command = [sys.executable, "-m", "aep_flow_mcp", "serve", "--transport", "http", "--port", str(port)]
    with subprocess.Popen(
        command, env={**inherited, **environment}, cwd=folder, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            while not process.stderr.readline().startswith("Listening"):
                assert process.poll() is None
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def call(url: str, tool: str, **arguments: Any) -> dict[str, Any]:
    params = {"name": tool, "arguments": arguments, "_meta": {**MODERN, CAPABILITIES: {}}}
    headers = {
        **ACCEPTS,
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/call",
        "Mcp-Name": tool,
    }
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    answer = httpx.post(f"{url}/mcp", json=message, headers=headers, timeout=60)
    found: dict[str, Any] = answer.json()["result"]
    return found


def slow_deletes(emulator: str, seconds: float) -> None:
    rule = {"route": f"DELETE {FLOWS}/", "kind": "latency", "seconds": seconds}
    httpx.post(f"{emulator}/_emulator/faults", json=rule).raise_for_status()


def until_begun(folder: Path) -> None:
    """Until the log says that a write was approved, and its first request has had a moment to leave."""
    log = folder / "audit.jsonl"
    until(lambda: log.exists() and "approved" in events(folder), "a write, as the log tells it")


def events(folder: Path) -> list[str]:
    lines = (folder / "audit.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["event"] for line in lines]


def test_a_write_in_flight_is_finished_and_no_other_begins(tmp_path: Path) -> None:
    with emulator_process() as emulator, serving(tmp_path, emulator) as (process, url):
        flow, other = SCENARIOS["healthy"], SCENARIOS["never_run"]
        assert httpx.get(f"{url}/readyz").status_code == 200
        slow_deletes(emulator, 4)
        answers: list[dict[str, Any]] = []
        writing = threading.Thread(target=lambda: answers.append(call(url, "delete_flow", flow_id=flow)))
        writing.start()
        until_begun(tmp_path)
        process.send_signal(signal.SIGTERM)
        while (probe := httpx.get(f"{url}/readyz")).status_code == 200:
            time.sleep(0.02)
        assert probe.json() == {"status": "not ready", "checks": {"running": "no"}}
        assert httpx.get(f"{url}/healthz").status_code == 200, "it lives until the write is finished"
        late = call(url, "delete_flow", flow_id=other)
        assert late["isError"]
        assert call(url, "get_server_info")["content"], "reading goes on"
        writing.join(30)
        assert [answer["structuredContent"]["status"] for answer in answers] == ["done"]
        assert process.wait(30) == 0
        left = httpx.get(f"{emulator}{FLOWS}/{flow}", headers=emulator_headers(emulator))
        assert left.status_code == 404
        assert events(tmp_path).count("done") == 1


def test_it_waits_no_longer_than_it_is_told_to(tmp_path: Path) -> None:
    with (
        emulator_process() as emulator,
        serving(tmp_path, emulator, AEP_MCP_STOP_WITHIN="0.2") as (process, url),
    ):
        slow_deletes(emulator, 300)
        flow = SCENARIOS["healthy"]

        def write() -> None:
            with suppress(httpx.HTTPError, ValueError, KeyError):  # the answer never comes, or not whole
                call(url, "delete_flow", flow_id=flow)

        writing = threading.Thread(target=write, daemon=True)
        writing.start()
        until_begun(tmp_path)
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        assert process.stderr is not None
        assert "AEP_MCP_STOP_WITHIN" in process.stderr.read()
        unfinished = subprocess.run(
            [sys.executable, "-m", "aep_flow_mcp", "audit", "unfinished", "audit.jsonl"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "delete_flow" in unfinished.stdout + unfinished.stderr
