"""`doctor --as`: what a person may do; and a start with a policy that is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from guard.rules.test_reading import GOOD

SIGN_IN = {"AEP_MCP_AUTH_ROLES_CLAIM": "groups"}


def command(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith("AEP_")}
    return subprocess.run(
        [sys.executable, "-m", "aep_flow_mcp", *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**given, **SIGN_IN, **env},
    )


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(GOOD.replace("when:", "when:\n      - {}"))
    return path


def test_doctor_tells_what_a_person_may_do(policy: Path, tmp_path: Path) -> None:
    log = str(tmp_path / "audit.jsonl")
    words = ("doctor", "--emulator", "--as", "Ada", "--roles", "engineers, others")
    said = command(*words, AEP_MCP_POLICY=str(policy), AEP_MCP_AUDIT_LOG=log)
    assert said.returncode == 0, said.stdout + said.stderr
    lines = said.stdout.splitlines()
    assert f"ok    policy: 1 rules in {policy}" in lines
    told = lines[lines.index("Ada in sandbox dev, type development:") + 1 :]
    assert "  run: yes, by rule office hours (20 a day)" in told
    assert "  delete: no: no rule allows it" in told
    said = command("doctor", "--emulator", "--as", "Ada", AEP_MCP_POLICY=str(policy), AEP_MCP_AUDIT_LOG=log)
    assert ": yes" not in said.stdout


def test_doctor_says_that_nothing_counts(policy: Path) -> None:
    said = command("doctor", "--emulator", AEP_MCP_POLICY=str(policy))
    assert said.returncode == 1
    assert "FAIL  policy: " in said.stdout
    assert "AEP_MCP_AUDIT_LOG" in said.stdout


def test_a_policy_that_is_wrong_stops_the_start(policy: Path) -> None:
    policy.write_text(GOOD.replace("a_day: 20", "a_day: -1"))
    for words in (("serve", "--emulator"), ("doctor", "--emulator")):
        said = command(*words, AEP_MCP_POLICY=str(policy))
        assert said.returncode == (2 if words[0] == "serve" else 1), said.stderr
        assert f"{policy}, line 13: rules[1].a_day" in said.stdout + said.stderr
