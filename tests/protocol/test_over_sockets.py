"""`serve` as one process, `emulator` as another: the tests of the reading tools once more, over real sockets."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from support.processes import emulator_process, http_server_process, server_environment
from tools.bed import NOW
from tools.far import OVER_SOCKETS

pytestmark = pytest.mark.subprocess

TESTS = Path(__file__).parents[1]
MODULES = (
    "connections/test_connections.py",
    "connections/test_exploring.py",
    "exports/test_exports.py",
    "flows/test_flows.py",
    "flows/test_profile_flows.py",
    "flows/test_runs.py",
    "general/test_raw.py",
    "specs/test_specs.py",
)
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist")


def test_the_reading_tools_pass_the_same_tests(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    with (
        emulator_process("--now", NOW.isoformat()) as emulator_url,
        http_server_process(cwd=tmp_path, **server_environment(emulator_url)) as url,
    ):
        chosen = [str(TESTS / "tools" / name) for name in MODULES]
        outcome = subprocess.run(
            [*PYTEST, f"--junitxml={report}", "-k", "not 2025-11-25", *chosen],
            env={**os.environ, OVER_SOCKETS: f"{url} {emulator_url}"},
            cwd=TESTS.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    assert outcome.returncode == 0, outcome.stdout[-4000:]
    (suite,) = ElementTree.parse(report).getroot().iter("testsuite")
    run, skipped = int(suite.attrib["tests"]), int(suite.attrib["skipped"])
    assert run - skipped >= 130, f"{run - skipped} of {run}"
