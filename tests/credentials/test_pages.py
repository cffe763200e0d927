"""Each sentence about a network or a credential can be found on the pages by searching for what was printed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "aep_flow_mcp"
MODULES = [
    *(PACKAGE / "platform" / "wire" / f"{name}.py" for name in ("connecting", "trust", "proxies", "network")),
    *sorted((PACKAGE / "credentials").glob("*.py")),
]
SAYS = {"Cause", "_wrong", "NotSent", "SourceError", "KeychainError", "SettingsError"}
WORDS = 4
"""Shorter parts of a sentence between two names are not looked for."""


def page() -> str:
    text = "\n".join((ROOT / "docs" / name).read_text("utf-8") for name in ("networks.md", "settings.md"))
    return _plain(text)


def _plain(text: str) -> str:
    return re.sub(r"[\s`…]+", " ", text).replace(" ,", ",")


def said(module: Path) -> Iterator[str]:
    """What is constant in the first words of every error, and in every sentence that a function returns."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAYS:
            texts: list[ast.AST] = [*node.args[:1]] if node.func.id == "Cause" else [*node.args]
        elif isinstance(node, ast.Return) and node.value is not None:
            texts = [node.value] if isinstance(node.value, ast.JoinedStr) else []
        else:
            continue
        for text in texts:
            for part in _parts(text):
                if len(part.split()) >= WORDS:
                    yield _plain(part).strip(" .,:(")


def _parts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr):
        yield from (str(part.value) for part in node.values if isinstance(part, ast.Constant))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


SENTENCES = [(module.stem, part) for module in MODULES for part in said(module)]


@pytest.mark.parametrize(("module", "part"), SENTENCES)
def test_what_is_printed_is_found(module: str, part: str) -> None:
    assert part in page(), f"{module} says what no page explains"


def test_there_is_something_to_look_for() -> None:
    assert len(SENTENCES) > 40
    assert any("is not trusted" in part or "holds nothing by the name" in part for _, part in SENTENCES)
