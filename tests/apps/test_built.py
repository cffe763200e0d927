"""The HTML that ships is what the sources build to: nobody edits it, and no build is forgotten."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from aep_flow_mcp.apps.pages import BUILT

APPS = Path(__file__).resolve().parents[2] / "apps"
NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(
    NODE is None or not (APPS / "node_modules" / "vite").exists(),
    reason="no Node, or what builds the apps is not installed: cd apps && npm install --no-save",
)


def test_it_is_what_the_sources_build_to(tmp_path: Path) -> None:
    assert NODE is not None
    subprocess.run([NODE, "build.mjs", str(tmp_path)], cwd=APPS, check=True, timeout=300, capture_output=True)
    fresh = {file.name: file.read_bytes() for file in tmp_path.glob("*.*")}
    kept = {file.name: file.read_bytes() for file in BUILT.glob("*.*")}
    assert sorted(fresh) == sorted(kept)
    assert [name for name in fresh if fresh[name] != kept[name]] == [], "run `make apps`"
