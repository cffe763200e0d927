"""What the guard's tests share."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from guard.bed import ERAS, Bed, settings


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests do not see the AEP_ variables of whoever runs them."""
    for name in [name for name in os.environ if name.startswith("AEP_")]:
        monkeypatch.delenv(name)


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    """The protocol revision that the client speaks."""
    chosen: str = request.param
    return chosen


@pytest.fixture
def audit_file(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


@pytest.fixture
def make_bed(audit_file: Path) -> Callable[..., Bed]:
    """A bed with these settings; `environ` and the like go to the bed itself."""

    def make(audit: Path = audit_file, **values: Any) -> Bed:
        own = {
            name: values.pop(name)
            for name in ("environ", "emulator", "open_browser", "tools")
            if name in values
        }
        return Bed(settings(audit, **values), **own)

    return make


@pytest.fixture
def audit_text(audit_file: Path) -> Callable[[], str]:
    """The audit log as it is on the disk."""
    return lambda: audit_file.read_text("utf-8")


@pytest.fixture
def audit(audit_file: Path) -> Callable[[], list[dict[str, Any]]]:
    """The lines of the audit log."""

    def lines() -> list[dict[str, Any]]:
        if not audit_file.exists():
            return []
        return [json.loads(line) for line in audit_file.read_text("utf-8").splitlines()]

    return lines
