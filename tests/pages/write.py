"""`make pages`: writes the pages that are made from the code. A test holds that they are what it makes."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio
import anyio.to_thread

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from aep_flow_mcp.surface.registry import Toolset
from aep_flow_mcp.surface.snapshot import load_cards
from as_code import pages as pages_as_code
from pages import former_names, messages, tool_pages
from pages.examples import example_of

SEARCHING = ("find_tools", "call_tool")
DOCS = Path(__file__).resolve().parents[2] / "docs"


async def toolset_page(toolset: Toolset) -> str:
    """docs/tools/TOOLSET.md."""
    cards = load_cards()
    examples = {card["name"]: await example_of(card) for card in cards if card["toolset"] == toolset}
    return tool_pages.page(toolset, cards, examples)


async def search_page() -> str:
    """docs/tools/search.md."""
    return await tool_pages.search_page(
        {name: await example_of({"name": name, "input": {}}) for name in SEARCHING}
    )


async def write(docs: Path) -> None:
    """All of them."""
    (docs / "tools").mkdir(exist_ok=True)
    for toolset in Toolset:
        (docs / "tools" / f"{toolset}.md").write_text(await toolset_page(toolset), "utf-8")
    (docs / "tools" / "README.md").write_text(await tool_pages.index(load_cards()), "utf-8")
    (docs / "tools" / "search.md").write_text(await search_page(), "utf-8")
    (docs / "messages.md").write_text(messages.messages_page(), "utf-8")
    (docs / "error-codes.md").write_text(messages.codes_page(), "utf-8")
    as_code = docs / pages_as_code.PAGE
    as_code.write_text(
        await anyio.to_thread.run_sync(pages_as_code.with_parts, as_code.read_text("utf-8")), "utf-8"
    )
    deprecation = docs / "deprecation.md"
    deprecation.write_text(former_names.with_table(deprecation.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    anyio.run(write, DOCS)
