"""A server that is stopped or killed in the middle of a write, as a process, on an emulator over HTTP."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from aep_flow_mcp.emulator.seed.scenarios import SCENARIOS
from support.processes import emulator_headers, emulator_process, free_port, server_environment
from support.raw_client import raw_server
from support.waiting import answers, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")

KINDS = ("connections", "sourceConnections", "targetConnections", "flows")
SLOW = r"^POST .*/targetConnections$"
EXPORT = "export_dataset_to_landing_zone"


class Upstream:
    """The emulator of another process, seen from outside."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._headers = emulator_headers(url)

    def fault(self, route: str, kind: str, **more: Any) -> None:
        rule = {"route": route, "kind": kind, **more}
        httpx.post(f"{self.url}/_emulator/faults", json=rule).raise_for_status()

    def stored(self, name: str) -> dict[str, str]:
        """Kind -> id of what an export of that name has made."""
        found = {}
        for kind in KINDS:
            answer = httpx.get(
                f"{self.url}/data/foundation/flowservice/{kind}",
                headers=self._headers,
                params={"limit": "100"},
            )
            for item in answer.json()["items"]:
                if str(item.get("name")).startswith(name):
                    found[kind] = item["id"]
        return found

    def wait_for(self, method: str, path_end: str) -> None:
        """Until a write of that kind has arrived."""

        def arrived() -> bool:
            journal = httpx.get(f"{self.url}/_emulator/journal", params={"writes": "true"}).json()
            return any(
                one["method"] == method and one["path"].endswith(path_end) for one in journal["exchanges"]
            )

        until(arrived, f"{method} {path_end}")


@pytest.fixture(scope="module")
def emulator_url() -> Iterator[str]:
    with emulator_process() as url:
        yield url


@pytest.fixture
def upstream(emulator_url: str) -> Upstream:
    """The emulator as it is at its start."""
    httpx.post(f"{emulator_url}/_emulator/reset").raise_for_status()
    return Upstream(emulator_url)


@pytest.fixture
def environment(upstream: Upstream, audit_file: Path) -> dict[str, str]:
    return server_environment(upstream.url, AEP_MCP_APPROVAL="none", AEP_MCP_AUDIT_LOG=str(audit_file))


@pytest.fixture
def stderr(tmp_path: Path) -> Path:
    return tmp_path / "stderr.txt"


def export(name: str) -> dict[str, Any]:
    soon = datetime.now(UTC) + timedelta(days=1)
    return {
        "name": name,
        "dataset_ids": [SCENARIOS["dataset_fed_by_several"]],
        "path": "out",
        "start_time": f"{soon:%Y-%m-%dT%H:%M:%SZ}",
    }


def events(audit: Callable[[], list[dict[str, Any]]]) -> list[str]:
    return [line["event"] for line in audit()]


Audit = Callable[[], list[dict[str, Any]]]


@contextmanager
def http_server(stderr: Path, environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    port = free_port()
    command = [sys.executable, "-m", "aep_flow_mcp", "serve", "--transport", "http", "--port", str(port)]
    with stderr.open("wb") as said:
        process = subprocess.Popen(
            command, env={"PATH": "/usr/bin:/bin", **environment}, cwd=stderr.parent, stderr=said
        )
    url = f"http://127.0.0.1:{port}/mcp"
    try:
        until(answers(url), "the server", process=process, said=lambda: stderr.read_text(errors="replace"))
        yield process, url
    finally:
        process.kill()
        process.wait(10)


def http_call(url: str, tool: str, arguments: dict[str, Any]) -> threading.Thread:
    """Begin a call of 2026-07-28, which is one POST."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": tool, "arguments": arguments, "_meta": meta},
    }
    headers = {
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": tool,
    }

    def post() -> None:
        try:
            httpx.post(url, json=body, headers=headers, timeout=60)
        except httpx.TransportError:
            return  # The server ends before it has answered: what matters is what it has done.

    thread = threading.Thread(target=post, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("refused", [False, True], ids=["finished", "undone"])
@pytest.mark.parametrize("end", ["SIGTERM", "SIGINT", "end of input"])
def test_what_has_begun_is_ended_before_the_server_is(
    upstream: Upstream, environment: dict[str, str], stderr: Path, audit: Audit, end: str, refused: bool
) -> None:
    upstream.fault(SLOW, "latency", seconds=1.5)
    if refused:
        upstream.fault(r"^POST .*/flows$", "status", status=400)
    with raw_server(stderr=stderr, **environment) as client:
        client.open()
        client.begin(1, EXPORT, **export("Cut off"))
        upstream.wait_for("POST", "/targetConnections")
        if end == "end of input":
            client.end_input()
        else:
            client.process.send_signal(getattr(signal, end))
        assert client.ended() == 0
    assert set(upstream.stored("Cut off")) == (set() if refused else set(KINDS))
    said = events(audit)
    assert said[0] == "approved"
    assert said[-1] == ("failed" if refused else "done")
    if not refused:
        assert sorted(audit()[-1]["ids"]) == sorted(upstream.stored("Cut off").values())


@pytest.mark.parametrize("refused", [False, True], ids=["finished", "undone"])
def test_the_same_over_http(
    upstream: Upstream, environment: dict[str, str], stderr: Path, audit: Audit, refused: bool
) -> None:
    upstream.fault(SLOW, "latency", seconds=1.5)
    if refused:
        upstream.fault(r"^POST .*/flows$", "status", status=400)
    with http_server(stderr, environment) as (process, url):
        thread = http_call(url, EXPORT, export("Cut off"))
        upstream.wait_for("POST", "/targetConnections")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        thread.join(10)
    assert set(upstream.stored("Cut off")) == (set() if refused else set(KINDS))
    assert events(audit)[-1] == ("failed" if refused else "done")


def test_no_write_begins_once_the_server_stops(
    upstream: Upstream, environment: dict[str, str], stderr: Path, audit: Audit
) -> None:
    upstream.fault(SLOW, "latency", seconds=3)
    with raw_server(stderr=stderr, **environment) as client:
        client.open()
        client.begin(1, EXPORT, **export("First"))
        upstream.wait_for("POST", "/targetConnections")
        client.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        client.begin(2, "create_base_connection_landing_zone", name="Second")
        answer = client.receive(2)["result"]
        assert "stopping" in answer["content"][0]["text"]
        assert client.receive(1)["result"]["structuredContent"]["status"] == "done"
        assert client.ended() == 0
    assert upstream.stored("Second") == {}
    assert [line["event"] for line in audit() if line["event"] in ("approved", "done")] == [
        "approved",
        "done",
    ]


def test_the_first_interrupt_ends_a_server_that_does_nothing(
    environment: dict[str, str], stderr: Path
) -> None:
    with raw_server(stderr=stderr, **environment) as client:
        client.open()
        client.process.send_signal(signal.SIGINT)
        assert client.ended() == 0
    assert "Traceback" not in stderr.read_text()


def test_a_killed_server_leaves_a_trace_and_the_next_start_tells_of_it(
    upstream: Upstream, environment: dict[str, str], stderr: Path, audit: Audit, audit_file: Path
) -> None:
    upstream.fault(SLOW, "latency", seconds=20)
    with raw_server(stderr=stderr, **environment) as client:
        client.open()
        client.begin(1, EXPORT, **export("Killed"))
        upstream.wait_for("POST", "/targetConnections")
        client.process.kill()
        client.ended()
    left = upstream.stored("Killed")
    assert set(left) == {"connections", "sourceConnections", "targetConnections"}
    lines = audit()
    assert [line["event"] for line in lines] == ["approved", "step", "step"]
    assert [line["id"] for line in lines[1:]] == [left["connections"], left["sourceConnections"]]

    for _ in range(2):
        listed = _unfinished(str(audit_file))
        assert listed.returncode == 0
        for kind in ("connections", "sourceConnections"):
            assert left[kind] in listed.stdout
        assert "May have happened: create target connection" in listed.stdout
        assert "/targetConnections" in listed.stdout
        with raw_server(stderr=stderr, **environment) as client:
            client.open()
            client.end_input()
            assert client.ended() == 0
        told = stderr.read_text()
        assert "has no end" in told or "have no end" in told
        if _ == 0:
            assert all(left[kind] in told for kind in ("connections", "sourceConnections"))
    assert [line["event"] for line in audit()] == ["approved", "step", "step", "cut_off"]


def _unfinished(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aep_flow_mcp", "audit", "unfinished", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("bad", ["pipe", "folder", "full", "nowhere"])
def test_a_log_that_cannot_be_kept_stops_the_start(
    tmp_path: Path, stderr: Path, environment: dict[str, str], bad: str
) -> None:
    import os

    path = tmp_path / "log"
    if bad == "pipe":
        os.mkfifo(path)
    elif bad == "folder":
        path.mkdir()
    elif bad == "full":
        path = Path("/dev/full")
        if not path.exists():
            pytest.skip("this system has no /dev/full")
    else:
        path = tmp_path / "no" / "folder" / "log"
    with raw_server(stderr=stderr, **{**environment, "AEP_MCP_AUDIT_LOG": str(path)}) as client:
        assert client.ended() == 2
    said = stderr.read_text()
    assert "AEP_MCP_AUDIT_LOG" in said
    assert "Traceback" not in said
