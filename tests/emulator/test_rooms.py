"""The emulator's folders: no circle of imports, none too full, each with a sentence that says what it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import aep_flow_mcp.emulator

PACKAGE = "aep_flow_mcp.emulator"
ROOT = Path(aep_flow_mcp.emulator.__file__).parent
MOST_MODULES = 20


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join((PACKAGE, *(parts[:-1] if parts[-1] == "__init__" else parts)))


def sources() -> dict[str, Path]:
    return {name_of(path): path for path in sorted(ROOT.rglob("*.py"))}


def imported(name: str, path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """The emulator's modules that one of them imports, also inside functions and for annotations only."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield inner if inner in known else base


def graph() -> dict[str, set[str]]:
    known = sources()
    return {
        name: {one for one in imported(name, path, known) if one in known} for name, path in known.items()
    }


def test_no_module_reaches_itself_by_its_imports() -> None:
    held = graph()
    assert sum(map(len, held.values())) > 200
    try:
        TopologicalSorter(held).prepare()
    except CycleError as error:
        raise AssertionError(f"a circle of imports: {' -> '.join(error.args[1])}") from error


FOLDERS = sorted({path.parent for path in ROOT.rglob("*.py")})


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_folder_is_a_room_with_a_sign(folder: Path) -> None:
    assert len(list(folder.glob("*.py"))) <= MOST_MODULES
    sign = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8")))
    assert sign
    if folder != ROOT:
        assert sign.count(".") == 1
        assert sign.endswith(".")
        assert "import" in sign
