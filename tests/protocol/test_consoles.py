"""Consoles and files as Windows has them: an old code page, line ends of two characters."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from aep_flow_mcp.serving.running import ending_signals

pytestmark = pytest.mark.subprocess
CODE_PAGES = ("cp1252", "cp437", "ascii")


def run(*arguments: str, home: Path, code_page: str = "utf-8") -> subprocess.CompletedProcess[bytes]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AEP_")}
    return subprocess.run(
        [sys.executable, "-m", "aep_flow_mcp", *arguments],
        env={**inherited, "HOME": str(home), "PYTHONIOENCODING": code_page, "PYTHONUTF8": "0"},
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("code_page", CODE_PAGES)
@pytest.mark.parametrize(
    "command",
    [
        ("--help",),
        ("configure", "--help"),
        ("version",),
        ("configure",),
        ("configure", "cursor", "--emulator"),
        ("configure", "codex", "--print"),
        ("doctor", "--emulator"),
        ("audit", "unfinished", "дневник.jsonl"),
    ],
    ids=" ".join,
)
def test_a_console_of_an_old_code_page(tmp_path: Path, command: tuple[str, ...], code_page: str) -> None:
    home = tmp_path / "日本 Ωλ"
    home.mkdir()
    outcome = run(*command, home=home, code_page=code_page)
    assert b"Traceback" not in outcome.stderr
    assert outcome.returncode in ((2,) if "audit" in command else (0,)), outcome.stderr
    (outcome.stdout + outcome.stderr).decode(code_page)


def test_the_demo_on_an_old_code_page(tmp_path: Path) -> None:
    outcome = run("demo", home=tmp_path, code_page="cp1252")
    assert outcome.returncode == 0, outcome.stderr
    assert "The flow is disabled now." in outcome.stdout.decode("cp1252")


def test_what_is_printed_for_a_file_can_be_read_again(tmp_path: Path) -> None:
    """What an old code page lacks is written as an escape of the format, so what is pasted means the same."""
    home = tmp_path / "日本"
    home.mkdir()
    (home / "a.env").write_bytes(b"")
    outcome = run("configure", "cursor", "--print", "--env-file", "a.env", home=home, code_page="cp1252")
    entry = json.loads(outcome.stdout.decode("cp1252"))["mcpServers"]["aep-flow"]
    assert entry["args"][-1] == str(home / "a.env")


def test_an_env_file_of_windows(tmp_path: Path) -> None:
    file = tmp_path / "aep.env"
    file.write_bytes('\ufeffAEP_MCP_READ_ONLY=true\r\n# Größe\r\nAEP_SANDBOX="dev"\r\n'.encode())
    outcome = run("doctor", "--emulator", "--env-file", str(file), home=tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    assert "read-only is on" in outcome.stdout.decode()


def test_signals_of_each_system() -> None:
    """Windows has no SIGHUP and has Ctrl+Break."""
    unix = SimpleNamespace(SIGTERM=15, SIGINT=2, SIGHUP=1, SIGUSR1=10)
    windows = SimpleNamespace(SIGTERM=15, SIGINT=2, SIGBREAK=21, CTRL_BREAK_EVENT=1)
    assert ending_signals(unix) == (15, 2, 1)
    assert ending_signals(windows) == (15, 2, 21)
    assert set(ending_signals(signal)) >= {signal.SIGTERM, signal.SIGINT}


def test_messages_are_utf_8_whatever_the_console_is(tmp_path: Path) -> None:
    hello = {
        "jsonrpc": "2.0",
        "id": "日本",
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "é", "version": "1"},
        },
    }
    outcome = subprocess.run(
        [sys.executable, "-m", "aep_flow_mcp", "serve", "--emulator"],
        env={**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"},
        cwd=tmp_path,
        input=json.dumps(hello, ensure_ascii=False).encode() + b"\r\n",
        capture_output=True,
        timeout=60,
        check=False,
    )
    answer = json.loads(outcome.stdout.decode("utf-8").splitlines()[0])
    assert answer["id"] == "日本"
    assert answer["result"]["serverInfo"]["name"]
