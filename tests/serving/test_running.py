"""What a process says where it serves, and what it does not say when its client has gone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from serving.bed import initialize
from support.processes import free_port

pytestmark = pytest.mark.subprocess
SERVE = [sys.executable, "-m", "aep_flow_mcp", "serve", "--emulator"]
INITIALIZE = initialize()


def test_over_http_it_says_where_it_listens(tmp_path: Path) -> None:
    port = free_port()
    command = [*SERVE, "--transport", "http", "--port", str(port)]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline() == f"Listening on http://127.0.0.1:{port}/mcp\n"
        finally:
            process.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="a broken pipe is another error there")
def test_a_client_that_has_gone_leaves_no_traceback(tmp_path: Path) -> None:
    with subprocess.Popen(
        SERVE, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()  # it reads no more, and asks for an answer
        process.stdin.write(json.dumps(INITIALIZE).encode() + b"\n")
        process.stdin.close()
        said = process.stderr.read().decode()
        assert process.wait(60) == 0
    assert "Traceback" not in said
    assert "BrokenPipe" not in said
