"""The container's image, where docker runs: its size, its user, and that it answers with nothing to write on."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from serving.test_stopping import call
from support.processes import free_port
from support.waiting import answers, until

ROOT = Path(__file__).resolve().parents[2]
TAG = "aep-flow-mcp-of-a-test"
MOST = 150_000_000
"""Bytes that the image may have."""


def _docker() -> str | None:
    """Why nothing can be built here; None where it can."""
    if shutil.which("docker") is None:
        return "docker is not installed"
    try:
        said = subprocess.run(["docker", "info"], capture_output=True, timeout=30, check=False)
    except subprocess.TimeoutExpired:
        return "docker's daemon does not answer"
    return None if said.returncode == 0 else "docker's daemon does not run"


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    missing = _docker()
    if missing is not None:
        pytest.skip(f"{missing}: the image is not built")
    subprocess.run(["docker", "build", "--quiet", "--tag", TAG, "."], cwd=ROOT, timeout=1_800, check=True)
    yield TAG
    subprocess.run(["docker", "image", "rm", "--force", TAG], capture_output=True, check=False)


def test_it_is_small_and_answers_with_nothing_to_write_on(image: str) -> None:
    size = subprocess.run(
        ["docker", "image", "inspect", "--format", "{{.Size}}", image],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(size.stdout) < MOST
    port = free_port()
    started = subprocess.run(
        [
            *("docker", "run", "--detach", "--rm", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"),
            *("--security-opt", "no-new-privileges", "--env", "AEP_MCP_AUTH=none"),
            *("--publish", f"127.0.0.1:{port}:8000", image),
            *("serve", "--emulator", "--transport", "http", "--host", "0.0.0.0"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    container = started.stdout.strip()
    try:
        address = f"http://127.0.0.1:{port}/readyz"
        until(answers(address), "the container")
        ready = httpx.get(address, timeout=5)
        assert ready.json() == {"status": "ready", "checks": {"running": "ok", "token": "ok"}}
        assert call(f"http://127.0.0.1:{port}", "list_flows", limit=1)["structuredContent"]["items"]
        user = subprocess.run(
            ["docker", "inspect", "--format", "{{.Config.User}}", container],
            capture_output=True,
            text=True,
            check=True,
        )
        assert user.stdout.strip() == "10001:10001"
    finally:
        subprocess.run(["docker", "stop", container], capture_output=True, check=False)
