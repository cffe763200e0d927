"""The emulator as a process of its own, for tests and benchmarks over real sockets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from support.waiting import answers, until

EMULATOR_CREDENTIALS = {
    "AEP_CLIENT_ID": "emulator-client",
    "AEP_CLIENT_SECRET": "emulator-secret",
    "AEP_ORG_ID": "0123456789ABCDEF01234567@AdobeOrg",
    "AEP_SCOPES": "openid,session,AdobeID,read_organizations,additional_info.projectedProductContext",
}


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def end(process: subprocess.Popen[bytes], *, within: float) -> None:
    """Have a process stop, and kill it where it has not in so many seconds."""
    process.terminate()
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(20)


@contextmanager
def emulator_process(*options: str) -> Iterator[str]:
    """Run `aep-flow-mcp emulator`; yields its URL once it answers, and ends it afterwards."""
    port = free_port()
    command = [sys.executable, "-m", "aep_flow_mcp", "emulator", "--port", str(port), *options]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    url = f"http://127.0.0.1:{port}"
    try:
        until(answers(f"{url}/_emulator/health", status=200), "the emulator", process=process)
        yield url
    finally:
        # An answer that a fault holds back would keep it: nobody waits for that one any more.
        end(process, within=1)
        if process.stderr:
            process.stderr.close()


def server_environment(url: str, **more: str) -> dict[str, str]:
    """The variables that point a server at an emulator."""
    return {
        **EMULATOR_CREDENTIALS,
        "AEP_SANDBOX": "dev",
        "AEP_PLATFORM_URL": url,
        "AEP_IMS_URL": url,
        **more,
    }


def emulator_headers(url: str) -> dict[str, str]:
    """The headers of a plain HTTP client that has asked for a token."""
    answer = httpx.post(
        f"{url}/ims/token/v3",
        data={
            "grant_type": "client_credentials",
            "client_id": EMULATOR_CREDENTIALS["AEP_CLIENT_ID"],
            "client_secret": EMULATOR_CREDENTIALS["AEP_CLIENT_SECRET"],
            "scope": EMULATOR_CREDENTIALS["AEP_SCOPES"],
        },
    )
    answer.raise_for_status()
    return {
        "Authorization": f"Bearer {answer.json()['access_token']}",
        "x-api-key": EMULATOR_CREDENTIALS["AEP_CLIENT_ID"],
        "x-gw-ims-org-id": EMULATOR_CREDENTIALS["AEP_ORG_ID"],
        "x-sandbox-name": "dev",
    }


@contextmanager
def http_server_process(*options: str, cwd: Path, **environment: str) -> Iterator[str]:
    """Run `aep-flow-mcp serve --transport http`; yields the URL of its endpoint once it listens.

    options: a free port is taken where they name none.
    """
    if "--port" not in options:
        options = ("--port", str(free_port()), *options)
    port = options[options.index("--port") + 1]
    command = [sys.executable, "-m", "aep_flow_mcp", "serve", "--transport", "http"]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AEP_")}
    process = subprocess.Popen(
        [*command, *options],
        env={**inherited, **environment},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}/mcp"
    try:
        until(answers(url), "the server", process=process)  # refused by the protocol, but answered
        yield url
    finally:
        process.terminate()
        process.wait(10)
