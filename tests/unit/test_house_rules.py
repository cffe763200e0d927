"""What the house promises about itself: who imports whom, how long a file is, what it never mentions."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def test_rooms_import_only_what_they_may() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_holds_one_concept(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 450


def test_httpx_is_imported_where_the_client_lives() -> None:
    imports = re.compile(r"^(?:import httpx|from httpx)\b", re.MULTILINE)
    allowed = {"platform/transport.py", "platform/auth.py", "emulator/asgi.py"}
    found = {
        str(path.relative_to(ROOT / "src" / "aep_flow_mcp"))
        for path in SOURCES
        if imports.search(path.read_text(encoding="utf-8"))
    }
    assert found <= allowed


def test_the_tools_are_listed_without_importing_what_answers_them() -> None:
    """Start-up is felt each time a desktop assistant opens."""
    code = (
        "import sys; from aep_flow_mcp.server import build_server; from aep_flow_mcp.settings import Settings;"
        "build_server(Settings.model_construct());"
        "print(*sorted(name for name in sys.modules if name.split('.')[0] in ('httpx', 'jsonschema', 'rapidfuzz')"
        " or name.startswith(('aep_flow_mcp.emulator', 'aep_flow_mcp.insight', 'aep_flow_mcp.platform.reader'))))"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert outcome.stdout.split() == []
