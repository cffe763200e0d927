"""No room but the guard reaches the writer, in whatever way it is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import aep_flow_mcp

ROOT = Path(aep_flow_mcp.__file__).parent
WRITER = "writer"


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def reaches_writer(tree: ast.AST) -> Iterator[ast.AST]:
    """Imports of `platform.writer`, its names, and strings that could import them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            if any(WRITER in alias.name.split(".") for alias in node.names):
                yield node
        elif isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names]
            if WRITER in (node.module or "").split(".") or WRITER in names or "FlowWriter" in names:
                yield node
        elif isinstance(node, ast.Attribute):
            if node.attr == "FlowWriter":
                yield node
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            named = node.value == "FlowWriter" or node.value.endswith((".writer", "platform/writer"))
            if named and not any(character.isspace() for character in node.value):
                yield node


def found(path: Path) -> list[int]:
    tree = ast.parse(path.read_text("utf-8"), str(path))
    return [getattr(node, "lineno", 0) for node in reaches_writer(tree)]


def test_only_the_guard_imports_the_writer() -> None:
    reaching = {path.relative_to(ROOT): lines for path in modules() if (lines := found(path))}
    assert Path("guard/__init__.py") in reaching
    assert {path for path in reaching if path.parts[0] != "guard"} <= {Path("platform/writer.py")}


@pytest.mark.parametrize(
    "code",
    [
        "from aep_flow_mcp.platform.writer import FlowWriter",
        "from aep_flow_mcp.platform import writer",
        "from ..platform import writer as w",
        "from .writer import FlowWriter as W",
        "import aep_flow_mcp.platform.writer",
        "import aep_flow_mcp.platform.writer as w",
        "importlib.import_module('aep_flow_mcp.platform.writer')",
        "getattr(module, 'FlowWriter')",
        "module.FlowWriter(client)",
    ],
)
def test_the_check_sees_every_way(code: str) -> None:
    assert list(reaches_writer(ast.parse(code)))


def test_nobody_else_sends_a_write() -> None:
    """The client's `request_json` is called with a reading method, or to search, outside platform/ and guard/."""
    for path in modules():
        room = path.relative_to(ROOT).parts[0]
        if room in ("platform", "guard", "emulator"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ("request_json", "send_request", "_http"):
                raise AssertionError(f"{path.relative_to(ROOT)}:{node.lineno} sends requests by itself")


def test_importing_the_guard_is_cheap() -> None:
    import subprocess
    import sys

    heavy = ("mcp", "httpx", "jsonpatch", "anyio")
    code = f"import sys, aep_flow_mcp.guard; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
