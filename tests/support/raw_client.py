"""A server as a process, and a client that writes its messages by hand: for signals, and for what no SDK sends."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LEGACY = "2025-11-25"


class RawClient:
    """Speaks 2025-11-25 over the pipes of a server process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def send(self, **message: Any) -> None:
        self.send_line(json.dumps({"jsonrpc": "2.0", **message}))

    def send_line(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def receive(self, wanted: Any = None, *, method: str | None = None) -> dict[str, Any]:
        """The next message with that id (a response), or of that method; an error when the output ends first."""
        while True:
            line = self._lines.get(timeout=60)
            assert line is not None, "the server's output ended"
            message: dict[str, Any] = json.loads(line)
            if method is not None and message.get("method") == method:
                return message
            if method is None and message.get("id") == wanted and "method" not in message:
                return message

    def open(self, **capabilities: Any) -> None:
        """The handshake."""
        client = {"name": "raw", "version": "1"}
        params = {"protocolVersion": LEGACY, "capabilities": capabilities, "clientInfo": client}
        self.send(id=0, method="initialize", params=params)
        assert "result" in self.receive(0)
        self.send(method="notifications/initialized", params={})

    def begin(self, number: int, tool: str, **arguments: Any) -> None:
        """Call a tool, and do not wait."""
        self.send(id=number, method="tools/call", params={"name": tool, "arguments": arguments})

    def end_input(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def ended(self) -> int:
        """Wait for the process; its exit code."""
        return self.process.wait(60)


@contextmanager
def raw_server(*options: str, stderr: Path, **environment: str) -> Iterator[RawClient]:
    """Run `aep-flow-mcp serve` on pipes; what it says on stderr goes to a file."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AEP_")}
    with stderr.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "aep_flow_mcp", "serve", *options],
            env={**inherited, **environment},
            cwd=stderr.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
    client = RawClient(process)
    try:
        yield client
    finally:
        process.kill()
        process.wait(10)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None and not pipe.closed:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue
