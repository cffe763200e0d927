"""Starting and stopping the emulator, and asking it by plain HTTP (standard library only)."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

START_TRIES = 400
STOP_SECONDS = 10.0
FLOW_SERVICE = "/data/foundation/flowservice"


@dataclass(frozen=True)
class EmulatorProcess:
    url: str
    process: subprocess.Popen[bytes]


@dataclass(frozen=True)
class Reply:
    """An answer: its status and its JSON body (None when empty)."""

    status: int
    body: Any


@dataclass(frozen=True)
class FlowApi:
    """The Flow Service of one sandbox by plain HTTP."""

    url: str
    headers: dict[str, str]

    @classmethod
    def sign_in(
        cls, url: str, *, client_id: str, client_secret: str, organisation: str, scopes: str, sandbox: str
    ) -> FlowApi:
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "scope": scopes,
        }
        reply = send(Request(f"{url}/ims/token/v3", data=urlencode(form).encode(), method="POST"))
        return cls(
            url,
            {
                "Authorization": f"Bearer {reply.body['access_token']}",
                "x-api-key": client_id,
                "x-gw-ims-org-id": organisation,
                "x-sandbox-name": sandbox,
            },
        )

    def get(self, path: str, **query: str | int | list[str]) -> Reply:
        """GET below the Flow Service, or an absolute path of another service that starts with /data."""
        return self.call("GET", path + (f"?{urlencode(query, doseq=True)}" if query else ""))

    def item(self, path: str) -> dict[str, Any]:
        """The one object that a path answers."""
        reply = self.get(path)
        assert reply.status == 200, reply
        (found,) = reply.body["items"]
        assert isinstance(found, dict)
        return found

    def every(self, collection: str, **query: str | int | list[str]) -> list[dict[str, Any]]:
        """All items of a collection, by following the next links as they are."""
        reply = self.get(collection, limit=100, **query)
        items: list[dict[str, Any]] = list(reply.body["items"])
        while (reply.body.get("_links") or {}).get("next"):
            reply = self.get(reply.body["_links"]["next"]["href"])
            items += reply.body["items"]
        return items

    def every_spec(self, collection: str) -> list[dict[str, Any]]:
        """All items of a collection of specs, which has no limit to set."""
        found: list[dict[str, Any]] = self.get(collection).body["items"]
        return found

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        base = self.url if path.startswith("/data/") else self.url + FLOW_SERVICE
        data = None if body is None else json.dumps(body).encode()
        sent = self.headers | ({"Content-Type": "application/json"} if data else {}) | headers
        return send(Request(base + path, data=data, headers=sent, method=method))


def send(request: Request) -> Reply:
    try:
        with urlopen(request, timeout=10) as answer:
            return Reply(answer.status, _json(answer.read()))
    except HTTPError as error:
        return Reply(error.code, _json(error.read()))


def _json(raw: bytes) -> Any:
    return json.loads(raw) if raw else None


@contextmanager
def running(command: list[str], *, cwd: Path) -> Iterator[EmulatorProcess]:
    """The emulator on a free loopback port until the block ends; it has to stop when it is told."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    with TemporaryFile() as said:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)], cwd=cwd, stderr=said
        )
        try:
            _wait_until_healthy(process, url)
            yield EmulatorProcess(url, process)
            process.send_signal(signal.SIGTERM)
            code = process.wait(STOP_SECONDS)
            said.seek(0)
            assert code in (0, -signal.SIGTERM), f"the emulator ended with {code}: {said.read().decode()}"
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_healthy(process: subprocess.Popen[bytes], url: str) -> None:
    for _ in range(START_TRIES):
        if process.poll() is not None:
            raise RuntimeError(f"the emulator did not start: it ended with {process.returncode}")
        try:
            if send(Request(f"{url}/_emulator/health")).status == 200:
                return
        except (URLError, ConnectionError):
            time.sleep(0.05)
    raise RuntimeError(f"the emulator was not healthy in {START_TRIES} tries")
