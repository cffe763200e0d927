"""A home folder and a project of their own, and a shell without our variables."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    home, project = tmp_path / "home", tmp_path / "project"
    project.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in list(os.environ):
        if name.startswith("AEP_") or name in (
            "XDG_CONFIG_HOME",
            "CODEX_HOME",
            "COPILOT_HOME",
            "CLAUDE_CONFIG_DIR",
        ):
            monkeypatch.delenv(name)
    monkeypatch.chdir(project)
    return home
