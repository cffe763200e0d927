"""What a host would start from the file that it finds is this server, wherever it starts it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from aep_flow_mcp.configuring.command import configured
from aep_flow_mcp.configuring.hosts import HOSTS
from configuring.files import parsed
from configuring.places import place_of

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "h", "version": "1"},
    },
}


@pytest.mark.subprocess
@pytest.mark.parametrize("name", ["vscode", "codex", "goose"])
def test_the_entry_starts_the_server(own_home: Path, tmp_path: Path, name: str) -> None:
    host = HOSTS[name]
    configured(host, emulator=True)
    entry = parsed(host.format, place_of(host).read_bytes())[host.key]["aep-flow"]
    (tmp_path / "aep_flow_mcp.py").write_text("raise SystemExit('a module of the opened project')")
    outcome = subprocess.run(
        [entry[host.word("command")], *entry[host.word("args")]],
        env={**os.environ, **entry.get(host.word("env"), {})},
        cwd=tmp_path,
        input=json.dumps(HELLO).encode() + b"\n",
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert json.loads(outcome.stdout.splitlines()[0])["result"]["serverInfo"]["name"] == "aep-flow-mcp"
