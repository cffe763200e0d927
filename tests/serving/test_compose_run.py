"""What deploy/compose starts, started without containers: each service's own command and environment, as processes.

Ports are others, images are this machine's programs, and what only a container has (a read-only file system, users,
networks) is not tried here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import httpx2
import pytest
import yaml
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from guard.bed import confirm, preview
from serving.test_real_provider import machine, signed_in
from serving.test_two_replicas import EVERYTHING, flows_of
from support.processes import end, free_port
from support.redis_server import server_program, unavailable
from support.replicas import Proxy, proxied
from support.waiting import answers, until

pytestmark = pytest.mark.subprocess
COMPOSE = Path(__file__).resolve().parents[2] / "deploy" / "compose"
SCRIPT = Path(__file__).with_name("provider.mjs")
PORTS = ("8000", "8001", "8002", "8080", "9000", "6379", "9464", "9465")


@dataclass
class Composed:
    """The services of the file as they run here. port: by the one that the file says."""

    folder: Path
    port: dict[str, int] = field(default_factory=lambda: {port: free_port() for port in PORTS})
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found = yaml.safe_load(self.here((COMPOSE / "compose.yaml").read_text("utf-8")))
        self.services: dict[str, dict[str, Any]] = found["services"]

    def here(self, text: str) -> str:
        """A file with the ports of this machine."""
        return re.sub(rf"\b({'|'.join(PORTS)})\b", lambda found: str(self.port[found[1]]), text)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port['8000']}/mcp"

    @property
    def provider(self) -> str:
        return f"http://127.0.0.1:{self.port['9000']}"

    def command(self, name: str) -> list[str]:
        """What the service runs, by a program that is here."""
        service = self.services[name]
        words = [str(word) for word in service["command"]]
        if service["image"] == "aep-flow-mcp":
            return [sys.executable, "-P", "-m", "aep_flow_mcp", *words]
        if name == "store":
            return [str(server_program()), "--port", str(self.port["6379"]), *words[1:]]
        return words

    @contextmanager
    def runs(self, name: str) -> Iterator[None]:
        """One service, until the end of the block."""
        folder = self.folder / name
        folder.mkdir()
        kept = ("PATH", "HOME", "PYTHONPATH", "LD_LIBRARY_PATH", "npm_config_registry")
        environment = {key: os.environ[key] for key in kept if key in os.environ}
        if name == "provider":
            shutil.copy(SCRIPT, folder)
            # npm's own settings may be variables.
            environment |= {key: value for key, value in os.environ.items() if key.lower().startswith("npm_")}
        environment |= self.services[name].get("environment", {})
        with (folder / "said").open("wb") as said:
            process = subprocess.Popen(
                self.command(name),
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        self.running[name] = process
        try:
            yield
        finally:
            end(process, within=60)

    def said(self, name: str) -> str:
        return (self.folder / name / "said").read_text("utf-8", errors="replace")

    def is_healthy(self, name: str) -> bool:
        """What the service's own check finds."""
        kind, *words = self.services[name]["healthcheck"]["test"]
        assert kind == "CMD"
        if words[0] == "valkey-cli":
            cli = shutil.which("valkey-cli") or shutil.which("redis-cli")
            if cli is None:
                return True
            words = [cli, "-p", str(self.port["6379"]), *words[1:]]
        else:
            assert words[0] == "/usr/bin/python3"
            words[0] = sys.executable
        return subprocess.run(words, capture_output=True, timeout=60, check=False).returncode == 0

    def until_healthy(self, name: str) -> None:
        until(
            lambda: self.is_healthy(name),
            name,
            process=self.running[name],
            said=lambda: self.said(name),
            tries=300,
        )


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    """Everything but the proxy."""
    if why := unavailable():
        pytest.skip(why)
    if shutil.which("npm") is None:
        pytest.skip("npm is not here, so no OpenID provider from there was started")
    found = Composed(tmp_path_factory.mktemp("compose"))
    with ExitStack() as stack:
        stack.enter_context(found.runs("provider"))
        for name in ("adobe", "store"):
            stack.enter_context(found.runs(name))
            found.until_healthy(name)
        try:
            configuration = f"{found.provider}/.well-known/openid-configuration"
            until(answers(configuration, status=200), "provider", process=found.running["provider"])
        except AssertionError:
            if "npm" in found.said("provider"):
                pytest.skip("npm could not install oidc-provider, so it was not started")
            raise
        servers = [name for name in found.services if name.startswith("server-")]
        for name in servers:
            stack.enter_context(found.runs(name))
        for name in servers:
            found.until_healthy(name)
        yield found
    for name in servers:
        assert found.running[name].returncode == 0, found.said(name)


@asynccontextmanager
async def before_them(composed: Composed, kind: str) -> AsyncIterator[None]:
    """The proxy of the file, or one of ours that does the same, at the public address."""
    if kind == "ours":
        servers = [SimpleNamespace(port=composed.port[port]) for port in ("8001", "8002")]
        async with proxied(Proxy(servers, port=composed.port["8000"])):  # type: ignore[arg-type]
            yield
        return
    with caddy(composed):
        yield


@contextmanager
def caddy(composed: Composed) -> Iterator[None]:
    """It, with the file's own configuration."""
    if shutil.which("caddy") is None:
        pytest.skip(
            "caddy is not here (Debian: apt-get install caddy), so compose's own proxy was not started"
        )
    file = composed.folder / "Caddyfile"
    file.write_text(composed.here((COMPOSE / "Caddyfile").read_text("utf-8")), "utf-8")
    with (composed.folder / "caddy").open("wb") as said:
        process = subprocess.Popen(
            ["caddy", "run", "--config", str(file), "--adapter", "caddyfile"],
            cwd=composed.folder,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
    try:
        ready = answers(f"http://127.0.0.1:{composed.port['8000']}/readyz", status=200)
        until(ready, "caddy", process=process)
        yield
    finally:
        process.terminate()
        process.wait(30)


@asynccontextmanager
async def program(composed: Composed) -> AsyncIterator[Client]:
    token = await machine(composed.provider, EVERYTHING, composed.url)
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=120) as http,
        Client(streamable_http_client(composed.url, http_client=http)) as client,
    ):
        yield client


def writing(composed: Composed, port: str) -> int:
    """How many previews and confirmations one server has counted."""
    text = httpx.get(f"http://127.0.0.1:{composed.port[port]}/metrics").raise_for_status().text
    tools = "delete_flow|confirm_change"
    counted = re.findall(rf'^aep_mcp_calls_total\{{.*tool="(?:{tools})".*\}} ([0-9.]+)', text, re.MULTILINE)
    return int(sum(map(float, counted)))


@pytest.mark.parametrize("proxy", ["caddy", "ours"])
async def test_people_and_programs_use_both_servers(composed: Composed, proxy: str) -> None:
    ports = ("9464", "9465")
    async with before_them(composed, proxy):
        counted = [writing(composed, port) for port in ports]
        async with signed_in(composed.url, "ada", era="2026-07-28") as ada:
            assert "delete_flow" in {tool.name for tool in (await ada.list_tools()).tools}
            assert len(await flows_of(ada, 3)) == 3
        async with program(composed) as client:
            flows = await flows_of(client, 5)
            for flow in flows:
                assert (await confirm(client, await preview(client, flow))).status == "done"
            assert not set(flows) & set(await flows_of(client, 20))
        each = [writing(composed, port) - before for port, before in zip(ports, counted, strict=True)]
        assert sum(each) == 2 * len(flows)
        assert all(each), "either had a part in it"


def test_nobody_gets_in_without_signing_in(composed: Composed) -> None:
    for port in ("8001", "8002"):
        address = f"http://127.0.0.1:{composed.port[port]}"
        host = {"Host": f"127.0.0.1:{composed.port['8000']}"}
        answer = httpx.post(f"{address}/mcp", headers=host)
        assert answer.status_code == 401, answer.text
        told = httpx.get(f"{address}/.well-known/oauth-protected-resource/mcp", headers=host).json()
        assert told["resource"] == composed.url
        assert told["authorization_servers"] == [composed.provider]
