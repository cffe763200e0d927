"""docs/team.md as a newcomer follows it, from nothing to two replicas with sign-in: its blocks, but for the ports."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pages.blocks import ROOT, blocks
from support.processes import free_port
from support.redis_server import unavailable
from support.waiting import answers, until

pytestmark = pytest.mark.subprocess
PORTS = ("8000", "8001", "8002", "8080", "9000", "6379")
FILES = ("tests/serving/provider.mjs", "deploy/compose/Caddyfile")
"""Of the repository, which the page uses."""
PAGE = [block for block in blocks() if block.page == "docs/team.md" and block.language == "sh"]


def block(*holds: str) -> str:
    """The one block of the page that holds all this."""
    found = [one.text for one in PAGE if all(part in one.text for part in holds)]
    assert len(found) == 1, holds
    return found[0]


@dataclass
class Newcomer:
    """A shell in a folder, with our command on its path. port: by the one that the page says."""

    folder: Path
    port: dict[str, int] = field(default_factory=lambda: {port: free_port() for port in PORTS})

    def __post_init__(self) -> None:
        programs = self.folder / "bin"
        programs.mkdir()
        (programs / "aep-flow-mcp").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m aep_flow_mcp "$@"\n')
        (programs / "aep-flow-mcp").chmod(0o755)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AEP_")}
        self.environment = {**inherited, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}

        for name in FILES:
            copy = self.folder / "repository" / name
            copy.parent.mkdir(parents=True)
            copy.write_text(self.here((ROOT / name).read_text("utf-8")), "utf-8")

    def here(self, text: str) -> str:
        """What the page or a file says, with the ports of this machine and the repository where it is."""
        text = re.sub(rf"\b({'|'.join(PORTS)})\b", lambda found: str(self.port[found[1]]), text)
        return text.replace(".../aep-flow-mcp", str(self.folder / "repository"))

    def answers(self, where: str) -> Callable[[], bool]:
        """Whether all is well there, said as port and path."""
        return answers(self.here(f"http://127.0.0.1:{where}"), status=200)

    def listens(self, port: str) -> Callable[[], bool]:
        """Whether somebody listens on a port."""

        def listening() -> bool:
            try:
                socket.create_connection(("127.0.0.1", self.port[port]), timeout=1).close()
            except OSError:
                return False
            return True

        return listening

    def runs(self, text: str) -> str:
        """Commands that end; what they say."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.here(text)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
        return done.stdout

    @contextmanager
    def stays(self, text: str, ready: Callable[[], bool]) -> Iterator[None]:
        """Commands of which the last stays, from when it is ready."""
        said = self.folder / f"said-{len(list(self.folder.iterdir()))}"
        with said.open("wb") as written:
            process = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", self.here(text)],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=written,
                start_new_session=True,
            )
        try:
            until(ready, text, process=process, said=said.read_text)
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


@pytest.fixture
def newcomer(tmp_path: Path) -> Newcomer:
    if why := unavailable():
        pytest.skip(why)
    for program in ("npm", "bash", "curl", "openssl", "redis-server"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not here, so the page for teams was not followed")
    return Newcomer(tmp_path)


PROVIDER, SERVER = (
    block("node provider.mjs"),
    block("serve --emulator --transport http", "AEP_MCP_AUTH_ISSUER"),
)
CURLS, TOKEN, HEALTH = block("curl -i -X POST"), block("curl -u nightly"), block("/healthz")
STORE, EMULATOR = block("redis-server --port"), block("aep-flow-mcp emulator --port")
REPLICA, PROXY = block("serve --transport http --port 8001"), block("caddy run")


def is_a_server_with_sign_in(newcomer: Newcomer) -> None:
    """What the page has asked at the public address."""
    told = newcomer.runs(CURLS)
    assert "401 Unauthorized" in told
    assert newcomer.here('"resource":"http://127.0.0.1:8000/mcp"') in told
    assert newcomer.here('"authorization_servers":["http://127.0.0.1:9000"]') in told
    assert json.loads(newcomer.runs(TOKEN))["scope"] == "flows:read"
    assert newcomer.runs(HEALTH).count("200 OK") == 2


def test_from_nothing_to_two_replicas_with_sign_in(newcomer: Newcomer) -> None:
    with ExitStack() as stack:
        known = f"http://127.0.0.1:{newcomer.port['9000']}/.well-known/openid-configuration"
        stack.enter_context(newcomer.stays(PROVIDER, answers(known, status=200)))
        # Its port is 8000 where none is said.
        with newcomer.stays(f"{SERVER.rstrip()} --port 8000", newcomer.answers("8000/healthz")):
            is_a_server_with_sign_in(newcomer)
        # What is installed is what is tested.
        first, _, rest = STORE.partition("\n")
        assert first == "pip install 'aep-flow-mcp[redis]'"
        stack.enter_context(newcomer.stays(rest, newcomer.listens("6379")))
        stack.enter_context(newcomer.stays(EMULATOR, newcomer.answers("8080/_emulator/health")))
        for port in ("8001", "8002"):
            replica = REPLICA.replace("8001", port)
            stack.enter_context(newcomer.stays(replica, newcomer.answers(f"{port}/readyz")))
        if shutil.which("caddy") is None:
            pytest.skip(
                "caddy is not here (Debian: apt-get install caddy); two replicas ran, without the proxy"
            )
        stack.enter_context(newcomer.stays(PROXY, newcomer.answers("8000/readyz")))
        is_a_server_with_sign_in(newcomer)
