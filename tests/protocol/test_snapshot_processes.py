"""Snapshots as a person takes them and runs on them: processes that are killed and started again."""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from mcp import Client, StdioServerParameters

from support.processes import emulator_headers, emulator_process, free_port, server_environment
from support.waiting import answers, until

pytestmark = pytest.mark.subprocess

STOOD_STILL = timedelta(days=29, hours=12)
"""How long ago the clock of what is read stopped: of the 30 days that a snapshot holds, half a day has runs."""
FLOWS = "/data/foundation/flowservice/flows"
GUIDE = Path(__file__).parents[2] / "docs" / "rehearsal.md"


@pytest.fixture(scope="module")
def live() -> Iterator[str]:
    """The URL of what snapshots are taken of. Its clock stands, so that it is the same whenever it is read."""
    with emulator_process("--now", (datetime.now(UTC) - STOOD_STILL).isoformat()) as url:
        yield url


@pytest.fixture(scope="module")
def taken(live: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    done = run(["snapshot", "dev.snapshot"], folder, live)
    assert done.returncode == 0, done.stderr
    return folder / "dev.snapshot"


def environment(url: str) -> dict[str, str]:
    """That of a person who reads the emulator behind the URL; of nobody where it is empty."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AEP_")}
    return {**inherited, **(server_environment(url) if url else {})}


def command(arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", "aep_flow_mcp", *arguments]


def run(arguments: list[str], cwd: Path, url: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(arguments),
        cwd=cwd,
        env=environment(url),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def killed_at(route: str, arguments: list[str], cwd: Path, url: str) -> None:
    """Start the command, and kill it while it waits for an answer of this route."""
    httpx.post(f"{url}/_emulator/faults", json={"route": route, "kind": "timeout"}).raise_for_status()
    process = subprocess.Popen(
        command(arguments), cwd=cwd, env=environment(url), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        until(
            lambda: httpx.get(f"{url}/_emulator/faults").json()["hits"],
            f"{' '.join(arguments)}, which asks for {route}",
            process=process,
        )
        process.kill()
        process.wait(10)
    finally:
        process.kill()
        process.communicate()
        httpx.delete(f"{url}/_emulator/faults").raise_for_status()


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_killed_twice_it_goes_on_to_the_same_content(live: str, taken: Path, tmp_path: Path) -> None:
    asked = ["snapshot", "dev.snapshot"]
    part = tmp_path / ".dev.snapshot.part"
    for route in (r"^GET .*/runs$", r"^GET .*/mappingSets/"):
        killed_at(route, asked, tmp_path, live)
        assert [entry.name for entry in tmp_path.iterdir()] == [part.name]
        assert stat.S_IMODE(part.stat().st_mode) == 0o700
    httpx.delete(f"{live}/_emulator/journal").raise_for_status()
    done = run(asked, tmp_path, live)
    assert done.returncode == 0, done.stderr
    assert "goes on with what was begun at" in done.stderr
    exchanges = httpx.get(f"{live}/_emulator/journal").json()["exchanges"]
    assert [one for one in exchanges if one["path"].endswith(("/flows", "/runs", "/connections"))] == []
    assert [entry.name for entry in tmp_path.iterdir()] == ["dev.snapshot"]
    assert stat.S_IMODE((tmp_path / "dev.snapshot").stat().st_mode) == 0o600
    whole, again = members(taken), members(tmp_path / "dev.snapshot")
    manifests = [json.loads(each.pop("manifest.json")) for each in (whole, again)]
    assert again == whole
    assert manifests[0]["kinds"] == manifests[1]["kinds"]
    assert all(manifests[0]["kinds"][kind]["objects"] for kind in ("flows", "runs", "dataSets", "schemas"))


def test_other_options_do_not_go_on(live: str, tmp_path: Path) -> None:
    killed_at(r"^GET .*/flows$", ["snapshot", "dev.snapshot"], tmp_path, live)
    other = run(["snapshot", "dev.snapshot", "--days", "3"], tmp_path, live)
    assert other.returncode == 2
    assert "was begun with other options: remove that folder" in other.stderr
    assert "Traceback" not in other.stderr


def test_a_snapshot_that_is_there_is_kept_unless_forced(live: str, tmp_path: Path) -> None:
    (tmp_path / "dev.snapshot").write_text("mine")
    refused = run(["snapshot", "dev.snapshot"], tmp_path, live)
    assert refused.returncode == 2
    assert "--force" in refused.stderr
    killed_at(r"^GET .*/flows$", ["snapshot", "dev.snapshot", "--force"], tmp_path, live)
    assert (tmp_path / "dev.snapshot").read_text() == "mine"
    assert run(["snapshot", "dev.snapshot", "--force"], tmp_path, live).returncode == 0
    assert "manifest.json" in members(tmp_path / "dev.snapshot")


def test_an_emulator_on_it_answers_as_the_sandbox_did(live: str, taken: Path) -> None:
    before = taken.read_bytes()

    def flows(url: str) -> list[dict[str, Any]]:
        answer = httpx.get(f"{url}{FLOWS}", params={"limit": 100}, headers=emulator_headers(url))
        answer.raise_for_status()
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    with emulator_process("--snapshot", str(taken)) as url:
        assert flows(url) == flows(live)
        state = httpx.get(f"{url}/_emulator/state").json()
        assert state["sandboxes"]["dev"]["flows"] == len(flows(live))
        headers = emulator_headers(url)
        gone = flows(url)[0]["id"]
        etag = flows(url)[0]["etag"]
        httpx.delete(f"{url}{FLOWS}/{gone}", headers={**headers, "If-Match": etag}).raise_for_status()
        assert gone not in {flow["id"] for flow in flows(url)}
    assert taken.read_bytes() == before


async def disabled(taken: Path, cwd: Path) -> None:
    """Disable a flow on a server that runs on the snapshot, as a person would."""
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-m", "aep_flow_mcp", "serve", "--snapshot", str(taken)],
        env={"AEP_MCP_APPROVAL": "two-step"},
        cwd=cwd,
    )
    async with Client(parameters) as client:

        async def call(tool: str, **arguments: Any) -> dict[str, Any]:
            result = await client.call_tool(tool, arguments)
            assert not result.is_error, result.content
            return result.structured_content or {}

        info = await call("get_server_info")
        assert "snapshot of dev taken at " in str(info)
        assert "nothing reaches Adobe" in str(info)
        flow = (await call("list_flows", state="enabled", limit=1))["items"][0]
        asked = await call("run_flow_action", flow_id=flow["id"], action="disable")
        assert "nothing reaches Adobe" in asked["preview"]
        done = await call("confirm_change", confirmation_id=asked["confirmation_id"])
        assert done["status"] == "done"
        assert (await call("get_flow", flow_id=flow["id"]))["item"]["state"] == "disabled"


def test_a_server_on_it_rehearses_without_credentials(live: str, taken: Path, tmp_path: Path) -> None:
    before = taken.read_bytes()
    httpx.delete(f"{live}/_emulator/journal").raise_for_status()
    anyio.run(disabled, taken, tmp_path)
    assert httpx.get(f"{live}/_emulator/journal").json()["exchanges"] == []
    assert taken.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_what_is_no_snapshot_stops_the_start_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.snapshot").write_bytes(content)
    outcome = run(["serve", "--snapshot", "x.snapshot"], tmp_path)
    assert outcome.returncode == 2
    assert len(outcome.stderr.splitlines()) == 1
    assert "x.snapshot" in outcome.stderr


def printed() -> list[list[str]]:
    """The commands of the guide, in its order, without the program's name."""
    blocks = re.findall(r"```console\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    lines = [shlex.split(line) for block in blocks for line in block.splitlines()]
    assert all(line[0] == "aep-flow-mcp" for line in lines)
    return [line[1:] for line in lines]


def test_the_commands_of_the_guide(live: str, tmp_path: Path) -> None:
    """As they are printed, one after the other in one folder; only the port is one that is free."""
    lines = printed()
    assert [line[0] for line in lines] == ["snapshot", "serve", "emulator"]
    take, serve, emulator = lines
    done = run(take, tmp_path, live)
    assert done.returncode == 0, done.stderr
    [file] = tmp_path.iterdir()
    member = re.search(rf"unzip -p {re.escape(file.name)} (\S+)`", GUIDE.read_text("utf-8"))
    assert member is not None
    assert json.loads(members(file)[member[1]])["format"] == "aep-flow-mcp snapshot"

    served = run(serve, tmp_path)  # its input is closed at once, so it ends
    assert served.returncode == 0, served.stderr
    assert served.stdout == ""

    port = str(free_port())
    started = [*emulator[: emulator.index("--port") + 1], port]
    assert len(started) == len(emulator)
    process = subprocess.Popen(
        command(started), cwd=tmp_path, env=environment(""), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        assert process.stderr is not None
        assert b"snapshot of dev taken at" in process.stderr.readline()
        health = answers(f"http://127.0.0.1:{port}/_emulator/health", status=200)
        until(health, " ".join(started), process=process)
    finally:
        process.kill()
        process.communicate()


def test_the_options_of_the_guide_are_those_of_the_command(tmp_path: Path) -> None:
    told = set(re.findall(r"^\| `(--[a-z-]+)", GUIDE.read_text("utf-8"), re.MULTILINE))
    shown = run(["snapshot", "--help"], tmp_path).stdout
    assert told == set(re.findall(r"--[a-z][a-z-]+", shown)) - {"--help", "--snapshot"}  # of serve
