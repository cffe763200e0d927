"""The commands as a newcomer runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.processes import emulator_process, server_environment

pytestmark = pytest.mark.subprocess


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AEP_")}
    return subprocess.run(
        [sys.executable, "-m", "aep_flow_mcp", *arguments],
        env={**inherited, **environment},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_demo_answers_its_questions(tmp_path: Path) -> None:
    outcome = run("demo", cwd=tmp_path)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    questions = [line for line in outcome.stdout.splitlines() if line.startswith("Q: ")]
    answers = [line for line in outcome.stdout.splitlines() if line == "A:"]
    assert len(questions) == len(answers) >= 8
    assert "The flow is still enabled: nothing was sent." in outcome.stdout
    assert "The flow is disabled now." in outcome.stdout


def test_doctor_is_content_with_the_emulator(tmp_path: Path) -> None:
    outcome = run("doctor", "--emulator", cwd=tmp_path)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert [line.split()[:2] for line in outcome.stdout.splitlines()] == [
        ["ok", "credentials:"],
        ["ok", "token:"],
        ["ok", "sandbox:"],
        ["ok", "permissions:"],
    ]
    assert "dev is active, type development" in outcome.stdout


@pytest.mark.parametrize(
    ("changed", "failed", "says"),
    [
        ({"AEP_CLIENT_ID": "", "AEP_CLIENT_SECRET": "", "AEP_ORG_ID": ""}, "credentials", "AEP_CLIENT_ID"),
        ({"AEP_SANDBOX": ""}, "credentials", "AEP_SANDBOX"),
        ({"AEP_CLIENT_SECRET": "wrong"}, "token", "invalid_client"),
        ({"AEP_SANDBOX": "nowhere"}, "sandbox", "nowhere"),
    ],
)
def test_doctor_names_the_first_fault(
    tmp_path: Path, changed: dict[str, str], failed: str, says: str
) -> None:
    with emulator_process() as url:
        outcome = run("doctor", cwd=tmp_path, **{**server_environment(url), **changed})
    assert outcome.returncode == 1
    last = outcome.stdout.splitlines()[-1]
    assert last.startswith(f"FAIL  {failed}:")
    assert says in last


def test_version_and_help(tmp_path: Path) -> None:
    assert run("version", cwd=tmp_path).stdout.strip() == "0.1.0"
    assert "serve" in run("--help", cwd=tmp_path).stdout


def test_nobody_being_asked_is_said_loudly(tmp_path: Path) -> None:
    quiet = {"AEP_MCP_LOG_LEVEL": "ERROR"}
    loud = run("serve", "--emulator", cwd=tmp_path, AEP_MCP_APPROVAL="none", **quiet)
    assert loud.returncode == 0
    assert "NOBODY IS ASKED" in loud.stderr
    assert "Sandboxes: dev" in loud.stderr
    assert loud.stdout == ""
    assert run("serve", "--emulator", cwd=tmp_path, **quiet).stderr == ""


def test_a_time_that_is_none_stops_the_emulator(tmp_path: Path) -> None:
    outcome = run("emulator", "--now", "yesterday", cwd=tmp_path)
    assert outcome.returncode == 2
    assert "--now takes an ISO 8601 time" in outcome.stderr
