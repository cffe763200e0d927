"""A short soak, in a process of its own, whose memory nothing else takes; `make soak` is fifty times as long.

It leaves out what `make soak` finds to take more memory than the bound: several calls at once that read large
bodies, texts of twenty megabytes, and lists of a million numbers.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.subprocess


@pytest.mark.skipif(sys.platform == "win32", reason="the peak of memory as POSIX counts it")
def test_two_hundred_calls() -> None:
    command = [sys.executable, "-W", "ignore", str(Path(__file__).with_name("run.py"))]
    command += ["--calls", "200", "--lanes", "1"]
    command += ["--without", "one long text", "--without", "values as many as are read"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-2_000:]
    told = re.search(r"200 calls, (\d+) faults.* 0 found", done.stdout)
    assert told is not None
    assert int(told[1]) > 50
