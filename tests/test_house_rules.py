"""What the house promises about itself: who imports whom, how long a file is, what it never mentions."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "aep_flow_mcp"
SOURCES = sorted(PACKAGE.rglob("*.py"))
FOLDERS = sorted({path.parent for path in SOURCES})
MODULES = {
    ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__"): path
    for path in SOURCES
}


def test_rooms_import_only_what_they_may() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_no_two_files_import_each_other_in_a_circle() -> None:
    """Imports for annotations and imports inside functions count as well: they tie two files together."""
    graph = {module: _imported(module) - {module} for module in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


def test_a_circle_would_be_seen() -> None:
    with pytest.raises(CycleError):
        TopologicalSorter({"a": {"b"}, "b": {"a"}}).prepare()
    assert "aep_flow_mcp.app" in _imported("aep_flow_mcp.surface.dependencies")
    assert "aep_flow_mcp.guard.changes.change" in _imported("aep_flow_mcp.app"), "an import for annotations"
    assert "aep_flow_mcp.resources" in _imported("aep_flow_mcp.server"), "an import inside a function"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_folder_is_a_room(folder: Path) -> None:
    """A stranger can take in its files at a glance, and its first sentence says what it is."""
    modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= 20
    sentence = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
    assert sentence, f"{folder.name} does not say what it is"
    assert len(sentence.splitlines()[0]) > 20


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_holds_one_concept(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 450


def test_httpx_is_imported_where_the_client_lives() -> None:
    imports = re.compile(r"^(?:import httpx|from httpx)\b", re.MULTILINE)
    allowed = {
        "platform/transport.py",
        "platform/auth.py",
        "platform/wire/connecting.py",
        "platform/wire/issuers.py",
        "platform/wire/journey.py",
        "platform/wire/network.py",
        "platform/wire/proxies.py",
        "platform/wire/bodies.py",
        "platform/wire/outcome.py",
        "platform/wire/documents.py",
        "emulator/asgi.py",
    }
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
        "others = ('httpx', 'jsonschema', 'rapidfuzz', 'tomlkit');"
        "ours = ('emulator', 'configuring', 'insight', 'platform.reader');"
        "print(*sorted(name for name in sys.modules if name.split('.')[0] in others"
        " or name.startswith(tuple('aep_flow_mcp.' + room for room in ours))))"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert outcome.stdout.split() == []


def _imported(module: str) -> set[str]:
    """The modules of ours that a module imports, wherever in the file; an `__init__` that only names names counts."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name in MODULES}
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")
            start = ".".join(base[: len(base) - node.level + 1]) if node.level else ""
            source = ".".join(part for part in (start, node.module) if part)
            inner = {f"{source}.{alias.name}" for alias in node.names} & MODULES.keys()
            found |= inner or ({source} & MODULES.keys())
    return found
