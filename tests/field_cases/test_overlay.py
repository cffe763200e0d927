"""The overlay itself: what it replaces, and what it lets through."""

from __future__ import annotations

from field_cases.conftest import Ask
from support.overlay import Overlay, Rule

SPEC = {"id": "aaaaaaaa-0000-4000-8000-000000000001", "name": "acme", "version": "1.0", "attributes": {}}


async def test_a_spec_of_the_overlay_is_listed_beside_the_emulators_own(ask: Ask) -> None:
    told = await ask("map_connection_specs", {}, Overlay(specs={SPEC["id"]: SPEC}))  # type: ignore[dict-item]
    assert "acme" in told.text
    assert "amazon-s3" in told.text


async def test_a_rule_answers_in_place_of_the_emulator(ask: Ask) -> None:
    told = await ask(
        "list_flows", {}, Overlay((Rule(r"/flows\?", json={"items": [{"id": "f1", "name": "one"}]}),))
    )
    assert [item["id"] for item in told.structured["items"]] == ["f1"]
    assert told.sent
