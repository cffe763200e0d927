"""The examples of docs/tools are what the tools say today. They call every tool, so they take long."""

from __future__ import annotations

import pytest

from aep_flow_mcp.surface.registry import Toolset
from pages.write import DOCS, search_page, toolset_page


@pytest.mark.parametrize("toolset", Toolset)
async def test_a_toolsets_page_is_what_its_tools_say(toolset: Toolset) -> None:
    page = (DOCS / "tools" / f"{toolset}.md").read_text("utf-8")
    assert page == await toolset_page(toolset), "run make pages"


async def test_the_page_of_search_is_what_its_tools_say() -> None:
    assert (DOCS / "tools" / "search.md").read_text("utf-8") == await search_page(), "run make pages"
