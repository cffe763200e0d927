"""find_connector: words lead to the right connector, and its card is what the spec says."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aep_flow_mcp.pipelines.connectors import label_of
from aep_flow_mcp.platform.models.specs import ConnectionSpec
from tools.asked import TOKEN
from tools.bed import Bed
from tools.pipeline_talks import Stage, stage


@pytest.fixture
async def on(era: str) -> AsyncIterator[Stage]:
    async with stage(era) as made:
        yield made


async def test_words(on: Bed) -> None:
    for words, direction, name in (
        ("s3", "import", "Amazon S3"),
        ("our s3 bucket", "import", "Amazon S3"),
        ("salesforce", "import", "Salesforce"),
        ("http api", "import", "HTTP API"),
        ("azure blob", "import", "Azure Blob Storage"),
        ("postgres", "import", "PostgreSQL"),
        ("data landing zone", "export", "Data Landing Zone"),
        ("s3", "export", "Amazon S3"),
        ("big query", "import", "Google BigQuery"),
    ):
        answer, text = await on.call("find_connector", words=words, direction=direction)
        [best, *_] = answer["connectors"]
        assert (best["name"], best["direction"]) == (name, direction)
        assert len(text) / TOKEN <= 600
        assert best["id"] in text


async def test_a_card_is_what_the_spec_says(on: Bed) -> None:
    flow_specs = list(on.store.specs("flowSpecs"))
    for stored in on.store.specs("connectionSpecs"):
        spec = ConnectionSpec.model_validate(stored)
        if spec.type == "platform":
            continue
        answer, text = await on.call("find_connector", words=spec.id)
        [card] = answer["connectors"]
        assert (card["id"], card["name"]) == (spec.id, label_of(spec))
        assert [way["name"] for way in card["ways"]] == [way["name"] for way in stored.get("authSpec") or []]
        for way, declared in zip(card["ways"], stored.get("authSpec") or [], strict=True):
            said = {field["name"]: field for field in way["fields"]}
            for name, schema in declared["spec"]["properties"].items():
                assert said[name].get("required", False) == (name in declared["spec"].get("required", []))
                if schema.get("format") == "password":
                    assert said[name]["secret"] is True
                    assert f"{name}* secret" in text or f"{name} secret" in text
        side = "sourceConnectionSpecIds" if card["direction"] == "import" else "targetConnectionSpecIds"
        fitting = [flow["id"] for flow in flow_specs if spec.id in flow.get(side, [])]
        assert {flow["id"] for flow in card["flow_specs"]} == set(fitting)
        part = stored.get("sourceSpec" if card["direction"] == "import" else "targetSpec") or {}
        top = {field["name"] for field in card["params"] if "." not in field["name"]}
        assert top >= set(part.get("spec", {}).get("properties", {}))


async def test_several_fit_and_only_the_best_are_shown(on: Bed) -> None:
    answer, text = await on.call("find_connector", words="azure", limit=2)
    assert len(answer["connectors"]) == 2
    assert answer["total"] > 2
    assert f"2 of {answer['total']}, more: cursor={answer['cursors']['connectors']}" in text


async def test_nothing_is_called_that(on: Bed) -> None:
    answer, text = await on.call("find_connector", words="sharepiont lists")
    assert answer["connectors"] == []
    assert "Closest:" in text
