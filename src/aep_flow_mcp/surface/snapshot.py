"""What `tools/list` says, kept as a file beside the code: `surface.json`.

The file is a snapshot under review (a changed name, parameter or description shows in a diff), and it is what
the server lists at start-up, so that a tool module is imported only when one of its tools is called.
`python -m aep_flow_mcp.surface.snapshot` writes it; a test keeps it equal to the code.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from pathlib import Path
from typing import Any

from aep_flow_mcp.surface.registry import ToolDef

PACKAGE = "aep_flow_mcp.tools"
SURFACE_FILE = Path(__file__).with_name("surface.json")
Card = dict[str, Any]
"""One tool of `surface.json`: name, module (below `tools`), toolset, writes, title, description, hints,
input, output."""


def definition_of(card: Card) -> ToolDef:
    """The definition behind a card; this imports the tool's module."""
    module = importlib.import_module(f"{PACKAGE}.{card['module']}")
    definition: ToolDef = getattr(module, card["name"])
    return definition


def collect() -> list[ToolDef]:
    """Every tool of the package, by importing all its modules. Slow: for the generator and for tests."""
    package = importlib.import_module(PACKAGE)
    found: dict[str, ToolDef] = {}
    for info in sorted(pkgutil.walk_packages(package.__path__, f"{PACKAGE}."), key=lambda info: info.name):
        module = importlib.import_module(info.name)
        for value in vars(module).values():
            if isinstance(value, ToolDef) and value.module == module.__name__:
                if value.name in found:
                    raise ValueError(f"two tools are called {value.name}")
                found[value.name] = value
    return list(found.values())


def describe(definition: ToolDef) -> Card:
    """The card of one tool."""
    from aep_flow_mcp.surface.schema import tidy_output, without_nulls

    tool = definition.build()
    output = tool.output_schema if definition.reveal is None else None
    return {
        "name": definition.name,
        "module": definition.module.removeprefix(f"{PACKAGE}."),
        "toolset": definition.toolset.value,
        "writes": definition.writes,
        "title": definition.title,
        "description": definition.description,
        "hints": definition.hints().model_dump(mode="json", by_alias=True, exclude_none=True),
        "input": tool.parameters,
        # A tool that may reveal answers in one of two shapes, so it promises neither.
        "output": tidy_output(without_nulls(output)) if output else None,
    }


def load_cards() -> list[Card]:
    """The cards that `surface.json` holds."""
    cards: list[Card] = json.loads(SURFACE_FILE.read_text(encoding="utf-8"))
    return cards


def write_surface() -> None:
    """Write `surface.json` from the code, in the order of toolsets and names."""
    from aep_flow_mcp.surface.registry import Toolset

    order = {toolset.value: index for index, toolset in enumerate(Toolset)}
    cards = sorted(
        map(describe, collect()), key=lambda card: (order[card["toolset"]], card["writes"], card["name"])
    )
    lines = ",\n".join(json.dumps(card, ensure_ascii=False, indent=1) for card in cards)
    SURFACE_FILE.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    write_surface()
