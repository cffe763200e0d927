"""The tables in README.md and docs/operations.md, made from the surface and `operations.json`.

`operations.json` says which documented operation each tool is: a name of the Flow Service document, or a method
and path that only the OpenAPI has. `python -m aep_flow_mcp.surface.tables` writes both tables; a test compares.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from aep_flow_mcp.surface.snapshot import load_cards

OPERATIONS_FILE = Path(__file__).with_name("operations.json")
BEGIN, END = "<!-- tools: begin -->", "<!-- tools: end -->"


def _first_sentence(text: str) -> str:
    """Up to the first full stop that ends a sentence, which that of `e.g.` does not."""
    return re.split(r"(?<!e\.g)\.\s+", text, maxsplit=1)[0].rstrip(".")


def load_operations() -> dict[str, list[str]]:
    """Tool name -> the documented operations that it is."""
    operations: dict[str, list[str]] = json.loads(OPERATIONS_FILE.read_text(encoding="utf-8"))
    return operations


def tool_table(cards: list[dict[str, Any]]) -> str:
    """A Markdown table: tool, R or W, toolset, the first sentence of its description."""
    lines = ["| tool | | toolset | |", "| --- | --- | --- | --- |"]
    for card in cards:
        access = "W" if card["writes"] else "R"
        sentence = _first_sentence(card["description"]).replace("|", "/")
        lines.append(f"| `{card['name']}` | {access} | {card['toolset']} | {sentence} |")
    return "\n".join(lines)


def readme_with_table(readme: str, cards: list[dict[str, Any]]) -> str:
    """README.md with the table between its markers replaced."""
    head, rest = readme.split(BEGIN)
    tail = rest.split(END)[1]
    return f"{head}{BEGIN}\n{tool_table(cards)}\n{END}{tail}"


def operations_page(cards: list[dict[str, Any]]) -> str:
    """docs/operations.md: every documented operation and its tool, then the tools that have no equal."""
    known = {card["name"]: card for card in cards}
    lines = [
        "# Every documented operation, and its tool",
        "",
        "Made by `make surface` from the code. R reads, W writes after approval. Operations are named as in the Flow",
        "Service document, or by method and path where only the OpenAPI has them.",
        "",
        "| operation | tool | | toolset |",
        "| --- | --- | --- | --- |",
    ]
    operations = load_operations()
    for tool, names in operations.items():
        if tool in known:
            card = known[tool]
            lines.append(
                f"| {', '.join(names)} | `{tool}` | {'W' if card['writes'] else 'R'} | {card['toolset']} |"
            )
    beyond = [card for card in cards if card["name"] not in operations]
    lines += ["", "Beyond the document:", ""]
    lines += [
        f"- `{card['name']}` ({card['toolset']}): {_first_sentence(card['description'])}" for card in beyond
    ]
    return "\n".join(lines) + "\n"


def write_tables(root: Path) -> None:
    """Write both files of a checkout."""
    cards = load_cards()
    readme = root / "README.md"
    readme.write_text(readme_with_table(readme.read_text(encoding="utf-8"), cards), encoding="utf-8")
    (root / "docs" / "operations.md").write_text(operations_page(cards), encoding="utf-8")


if __name__ == "__main__":
    write_tables(Path.cwd())
