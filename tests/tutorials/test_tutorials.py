"""Each tutorial of Adobe's, done with the tools: the bodies that the emulator receives are those of the page."""

from __future__ import annotations

import pytest

from aep_flow_mcp.emulator.catalogue.reading import load_catalogue
from tools.pipeline_talks import stage
from tutorials.replay import SECRETS, Reader
from tutorials.table import PAGE, page
from tutorials.tutorials import Tutorial, alike, tutorials

TUTORIALS = tutorials()
NOT_SAID = {"help/sources/tutorials/api/cloud-storage-parquet.md": "sourceConnections"}
"""Pages of which one kind of body cannot be said: create_source_connection takes no schema of its data."""


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=str)
async def test_the_bodies_are_those_of_the_page(tutorial: Tutorial) -> None:
    async with stage("2026-07-28", secrets=SECRETS, mcp_approval="two-step") as on:
        reader = Reader.before(on)
        wanted = await reader.follow(tutorial)
        other = [
            kind
            for kind, body in wanted.items()
            if alike(body) not in [alike(sent) for sent in reader.sent(kind)]
        ]
    assert other == [NOT_SAID[tutorial.page]] if tutorial.page in NOT_SAID else other == []


def test_docs_say_what_is_covered() -> None:
    assert PAGE.read_text("utf-8") == page(), "make connectors"


def test_most_published_connectors_are_covered() -> None:
    served = {one.id for one in load_catalogue().connectors if one.role != "internal"}
    covered = {tutorial.connector for tutorial in TUTORIALS}
    assert covered <= served
    assert len(covered) >= 80
