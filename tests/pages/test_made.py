"""The pages that are made from the code are what it makes today; `make pages` writes them anew."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from aep_flow_mcp.surface.arguments import FORMER_NAMES
from aep_flow_mcp.surface.registry import Toolset
from aep_flow_mcp.surface.snapshot import load_cards
from pages import former_names, messages, tool_pages
from pages.write import DOCS

CARDS = load_cards()


def kept(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


async def test_the_page_of_all_toolsets_is_what_they_cost() -> None:
    assert kept("tools/README.md") == await tool_pages.index(CARDS), "run make pages"


def test_the_pages_of_messages_are_what_the_code_says() -> None:
    assert kept("messages.md") == messages.messages_page(), "run make pages"
    assert kept("error-codes.md") == messages.codes_page(), "run make pages"


def test_the_former_names_are_those_that_are_accepted() -> None:
    page = kept("deprecation.md")
    assert former_names.with_table(page) == page, "run make pages"
    assert page.count("\n| `") == len(FORMER_NAMES)


def test_every_tool_has_its_schema_and_an_example_that_fits_it() -> None:
    """Read back from the pages, as a reader has them."""
    documented: dict[str, Any] = {}
    for toolset in Toolset:
        for section in kept(f"tools/{toolset}.md").split("\n## ")[1:]:
            name = section.split("\n", 1)[0]
            schema, given = re.findall(r"```json\n(.*?)\n```", section, re.DOTALL)[:2]
            documented[name] = json.loads(schema)
            assert set(json.loads(given)) <= set(documented[name].get("properties", {})), name
            assert section.rstrip().endswith("```"), f"{name} has no answer"
    assert documented == {card["name"]: card["input"] for card in CARDS}


def test_the_page_of_permissions_names_every_toolset() -> None:
    rows = re.findall(r"^\| `(\w+)`[:\w ]* \| ([^|]+) \|", kept("permissions.md"), re.MULTILINE)
    assert {name for name, _ in rows} == set(Toolset)
    assert all(needed.strip() for _, needed in rows)


def test_every_code_of_the_catalogue_is_on_the_page() -> None:
    codes = json.loads(Path(messages.CODES).read_text("utf-8"))
    page = kept("error-codes.md")
    assert len(re.findall(r"^\| `", page, re.MULTILINE)) == len(codes)
    assert {row["code"] for row in codes} == set(re.findall(r"^\| `([^`]*)`", page, re.MULTILINE))
