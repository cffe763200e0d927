"""The manifests that are kept in the repository: `make manifests` writes them, and a test compares."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from distribution.plugins import (
    CONTEXT_FILE,
    PLUGIN_NAME,
    claude_marketplace,
    claude_plugin,
    gemini_extension,
)
from distribution.product import ROOT, SERVER_NAME, Product, product
from distribution.registry import server_json

SKILL_FILE = f"skills/{PLUGIN_NAME}/SKILL.md"


def kept(facts: Product) -> dict[str, str]:
    """Every kept manifest: its path in the repository, and what it holds."""
    return {
        "server.json": as_json(server_json(facts)),
        ".claude-plugin/plugin.json": as_json(claude_plugin(facts)),
        ".claude-plugin/marketplace.json": as_json(claude_marketplace(facts)),
        "gemini-extension.json": as_json(gemini_extension(facts)),
        SKILL_FILE: _filled("skill.md", facts),
        CONTEXT_FILE: _filled("gemini_context.md", facts),
    }


def as_json(document: dict[str, Any]) -> str:
    """A document as people read and compare it."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _filled(template: str, facts: Product) -> str:
    from jinja2 import Environment, StrictUndefined

    text = Path(__file__).with_name(template).read_text(encoding="utf-8")
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)  # noqa: S701
    return environment.from_string(text).render(
        name=facts.name, version=facts.version, license=facts.license, server=SERVER_NAME, skill=PLUGIN_NAME
    )


def write(root: Path = ROOT) -> None:
    """Write all of them below a checkout."""
    for name, text in kept(product(root)).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
