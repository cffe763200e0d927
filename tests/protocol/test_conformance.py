"""The protocol's own conformance suite, which nobody here wrote (npm's @modelcontextprotocol/conformance), over HTTP.

Of its scenarios for servers most ask for tools, prompts and resources of a server that was made for them; these seven
ask for nothing of the kind. It speaks 2025-11-25.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import pytest

from serving.bed import initialize, opened, served
from serving.issuer import issuing
from support.replicas import Proxy, proxied

pytestmark = pytest.mark.subprocess
SUITE = "@modelcontextprotocol/conformance@0.1.13"
"""The newest that runs on Node 20."""
SCENARIOS = (
    "server-initialize",
    "ping",
    "tools-list",
    "resources-list",
    "prompts-list",
    "server-sse-multiple-streams",
    "dns-rebinding-protection",
)


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which it is installed."""
    folder = tmp_path_factory.mktemp("conformance")
    if shutil.which("npm") is None:
        pytest.skip("npm is not here, so the conformance suite was not run")
    install = ["npm", "install", "--no-audit", "--no-fund", "--silent", SUITE]
    installed = subprocess.run(install, cwd=folder, capture_output=True, timeout=300, check=False)
    if installed.returncode != 0:
        pytest.skip("npm could not install the conformance suite, so it was not run")
    return folder


@dataclass
class SignedIn(Proxy):
    """The suite knows no tokens: this brings one with each request."""

    token: str = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            bearer = (b"authorization", f"Bearer {self.token}".encode())
            scope = {**scope, "headers": [*scope["headers"], bearer]}
        await super().__call__(scope, receive, send)


@asynccontextmanager
async def running(*, sign_in: bool) -> AsyncIterator[str]:
    """The address that the suite is given."""
    if not sign_in:
        async with served() as door:
            yield door.url
        return
    with issuing() as issuer:
        proxy = SignedIn([], token=issuer.token())
        async with opened(issuer, mcp_public_url=proxy.url.removesuffix("/mcp")) as door:
            proxy.upstream = [SimpleNamespace(port=int(door.url.split(":")[2].split("/")[0]))]  # type: ignore[list-item]
            async with proxied(proxy):
                yield proxy.url
            assert proxy.seen, "all of it went this way"


async def checks(suite: Path, url: str, scenario: str, out: Path) -> dict[str, str]:
    """What the suite finds, by the names of its checks."""
    process = await asyncio.create_subprocess_exec(
        *("node", "node_modules/.bin/conformance", "server", "--url", url),
        *("--scenario", scenario, "-o", str(out)),
        cwd=suite,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    found = [path async for path in anyio.Path(out).rglob("checks.json")]
    assert len(found) == 1, said.decode()
    return {
        check["id"]: f"{check['status']} {check.get('errorMessage', '')}".strip()
        for check in json.loads(await found[0].read_text("utf-8"))
        if check["status"] != "INFO"
    }


@pytest.mark.parametrize("sign_in", [False, True], ids=["open", "signed in"])
@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_a_scenario_that_fits_any_server_passes(
    suite: Path, tmp_path: Path, scenario: str, sign_in: bool
) -> None:
    async with running(sign_in=sign_in) as url:
        found = await checks(suite, url, scenario, tmp_path / "out")
    assert found
    assert set(found.values()) == {"SUCCESS"}, found


async def test_the_suite_sees_a_server_that_lets_nobody_in(suite: Path, tmp_path: Path) -> None:
    """Without a token: so what passes above has been asked of the server."""
    with issuing() as issuer:
        async with opened(issuer) as door:
            found = await checks(suite, door.url, "tools-list", tmp_path / "out")
    assert found
    assert "SUCCESS" not in found.values()


async def test_methods_that_scenarios_miss_are_not_declared() -> None:
    """logging-set-level and resources-subscribe are for servers that declare these."""
    async with served() as door:
        headers = {"Accept": "application/json, text/event-stream"}
        answer = await door.ask("POST", json=initialize(), headers=headers)
    data = next(line[5:] for line in answer.text.splitlines() if line.startswith("data:"))
    declared = json.loads(data)["result"]["capabilities"]
    assert "logging" not in declared
    assert not declared["resources"].get("subscribe")
