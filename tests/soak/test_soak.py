"""A short soak, in a process of its own, whose memory nothing else takes; `make soak` is fifty times as long.

All kinds of bodies and four calls at once, as there. `run.py` ends with 1 where the process ever held more than it may:
the emulator and the client are in the same process, so the server by itself holds less.
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
    command += ["--calls", "200"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-2_000:]
    told = re.search(r"200 calls, (\d+) faults.* 0 found", done.stdout)
    assert told is not None
    assert int(told[1]) > 50
    # Bodies that take memory were among them: a bound that is kept because nothing was sent would be none.
    for kind in ("texts of wide letters", "texts as long as are read", "objects as many as are read"):
        assert re.search(rf"^ +\d+ {kind}$", done.stdout, re.MULTILINE), done.stdout
