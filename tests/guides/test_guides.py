"""The transcripts in docs/guides are what the server says today, and each ends in the flow that was wished for."""

from __future__ import annotations

import re
from typing import Any

import pytest

from guides.conversations import CONVERSATIONS
from guides.talk import talking
from guides.write import GUIDES, with_transcript

FLOWS: dict[str, dict[str, Any]] = {
    "import-files": {"state": "enabled", "frequency": "day", "mapped": True},
    "import-landing-zone": {"state": "disabled", "frequency": "hour", "mapped": True},
    "import-table": {"state": "enabled", "frequency": "hour", "mapped": True},
    "stream-events": {"state": "enabled", "frequency": None, "mapped": True},
    "export-datasets": {"state": "enabled", "frequency": None, "mapped": False},
    "any-connector": {"state": "disabled", "frequency": None, "mapped": True},
}


@pytest.mark.parametrize("name", CONVERSATIONS)
async def test_the_transcript_is_what_happens(name: str) -> None:
    async with talking() as talk:
        flow_id = await CONVERSATIONS[name](talk)
        flow = talk.emulator.store.get("dev", "flows", flow_id)
    assert flow is not None
    steps = [step["name"] for step in flow["transformations"]]
    assert {
        "state": flow["state"],
        "frequency": (flow.get("scheduleParams") or {}).get("frequency"),
        "mapped": "Mapping" in steps,
    } == FLOWS[name]
    page = (GUIDES / f"{name}.md").read_text("utf-8")
    assert with_transcript(page, "\n".join(talk.lines).strip()) == page, "run make guides"


def test_every_page_is_in_the_index() -> None:
    index = (GUIDES / "README.md").read_text("utf-8")
    pages = {path.name for path in GUIDES.glob("*.md")} - {"README.md"}
    assert set(re.findall(r"\]\(([\w-]+\.md)\)", index)) == pages == {f"{name}.md" for name in CONVERSATIONS}
