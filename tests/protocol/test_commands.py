"""The commands as a newcomer runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
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
        ["ok", "tools:"],
        ["ok", "writes:"],
    ]
    assert "read-only is off; approval is ask" in outcome.stdout
    assert "a production sandbox cannot be written" in outcome.stdout
    assert "dev is active, type development" in outcome.stdout


@pytest.fixture(scope="module")
def emulated() -> Iterator[str]:
    with emulator_process() as url:
        yield url


@pytest.mark.parametrize(
    ("changed", "failed", "says"),
    [
        ({"AEP_CLIENT_ID": "", "AEP_CLIENT_SECRET": "", "AEP_ORG_ID": ""}, "credentials", "AEP_CLIENT_ID"),
        ({"AEP_CLIENT_SECRET": ""}, "credentials", "set AEP_CLIENT_SECRET"),
        ({"AEP_CLIENT_SECRET": "${user_config.secret}"}, "credentials", "AEP_CLIENT_SECRET still reads ${…}"),
        ({"AEP_CONFIG_FILE": "nowhere.json"}, "credentials", "nowhere.json does not exist"),
        ({"AEP_CONFIG_FILE": "broken.json"}, "credentials", "broken.json is not JSON"),
        ({"AEP_CONFIG_FILE": "partial.json"}, "credentials", "has no ORG_ID and no CLIENT_SECRET"),
        ({"AEP_CONFIG_FILE": "template.json"}, "credentials", "still holds a placeholder for org_id"),
        ({"AEP_CLIENT_SECRET": "wrong"}, "token", "invalid_client"),
        ({"AEP_SANDBOX": ""}, "sandbox", "AEP_SANDBOX is not set, and none is guessed. Set it to one of: "),
        ({"AEP_SANDBOX": "nowhere"}, "sandbox", "what it may use: prod, dev, stage"),
        ({"AEP_MCP_TOOLSETS": "flow"}, "tools", "Close: flows"),
        (
            {"AEP_MCP_AUDIT_LOG": "no/folder/audit.log"},
            "audit log",
            "AEP_MCP_AUDIT_LOG) cannot be written: No such file",
        ),
        ({"AEP_MCP_PROMPTS_DIR": "no/folder"}, "prompts", "which is not a folder"),
        ({"AEP_MCP_READONLY": "true"}, "settings", "AEP_MCP_READ_ONLY is meant"),
        ({"AEP_PLATFORM_URL": "https://[x"}, "settings", "AEP_PLATFORM_URL takes a URL"),
        ({"ALL_PROXY": "socks5://127.0.0.1:1"}, "token", "the proxy of ALL_PROXY"),
        ({"HTTP_PROXY": "http://proxy:port"}, "token", "HTTP_PROXY takes a proxy's address"),
        ({"SSL_CERT_FILE": "no-such.pem"}, "token", "SSL_CERT_FILE names no-such.pem, which does not exist"),
    ],
)
def test_doctor_names_the_fault_and_goes_on(
    tmp_path: Path, emulated: str, changed: dict[str, str], failed: str, says: str
) -> None:
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    (tmp_path / "partial.json").write_text('{"client_id": "x"}', encoding="utf-8")
    (tmp_path / "template.json").write_text('{"client_id": "x", "org_id": "<orgID>"}', encoding="utf-8")
    outcome = run("doctor", cwd=tmp_path, **{**server_environment(emulated), **changed})
    assert outcome.returncode == 1
    assert "Traceback" not in outcome.stderr
    lines = outcome.stdout.splitlines()
    wrong = [line for line in lines if line.startswith("FAIL")]
    assert [line.partition(":")[0] for line in wrong] == [f"FAIL  {failed}"]
    assert says in wrong[0]
    assert failed == "settings" or any(line.startswith("ok    writes:") for line in lines)


def test_no_file_of_the_working_directory_decides_anything(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AEP_MCP_READ_ONLY=true\nAEP_SANDBOX=prod\n", encoding="utf-8")
    for name in ("typer", "pydantic", "httpx", "yaml"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('run from the project')", encoding="utf-8")
    outcome = run("doctor", "--emulator", cwd=tmp_path)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "read-only is off" in outcome.stdout
    assert "dev is active" in outcome.stdout
    named = run("doctor", "--emulator", "--env-file", ".env", cwd=tmp_path)
    assert "read-only is on" in named.stdout
    assert "prod is active" in named.stdout


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"AEP_MCP_READONLY": "true"}, "AEP_MCP_READ_ONLY is meant"),
        ({"AEP_MCP_SECRETS_PREFIX": "AEP_"}, "must not reach this server's own variables"),
        ({"AEP_SANDBOX": "${input:sandbox}"}, "AEP_SANDBOX still reads ${…}"),
    ],
)
def test_a_wrong_setting_stops_the_start(tmp_path: Path, variables: dict[str, str], says: str) -> None:
    outcome = run("serve", "--emulator", cwd=tmp_path, **variables)
    assert outcome.returncode == 2
    assert says in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1


def test_an_env_file_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    outcome = run("serve", "--emulator", "--env-file", "no.env", cwd=tmp_path)
    assert outcome.returncode == 2
    assert "--env-file names no.env, which does not exist" in outcome.stderr


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
