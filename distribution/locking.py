"""`make lock`: the newest versions that pyproject.toml allows, for every platform, into locked.txt."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from distribution.product import ROOT, product

LOCKED = ROOT / "distribution" / "locked.txt"
HEAD = (
    "# The versions that a release is tested, bundled and inventoried with. `make lock` writes this file from "
    "pyproject.toml.\n"
)


def resolved(root: Path = ROOT) -> str:
    """The requirements, one a line, with markers where only some platforms need one. No index is named."""
    lowest = product(root).requires_python.removeprefix(">=")
    uv = [sys.executable, "-m", "uv", "--quiet", "pip", "compile", "--universal", "--python-version", lowest]
    said = [*uv, "--no-header", "--no-annotate", "pyproject.toml"]
    return subprocess.run(said, cwd=root, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    LOCKED.write_text(HEAD + resolved(), encoding="utf-8")
