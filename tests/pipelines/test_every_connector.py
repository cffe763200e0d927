"""Every connector of the catalogue, both ways: answering what is asked always ends in something that can be made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from aep_flow_mcp.emulator.catalogue.reading import load_catalogue
from aep_flow_mcp.pipelines.blueprint import Missing
from aep_flow_mcp.pipelines.judge import judge
from aep_flow_mcp.pipelines.wish import Direction, FieldPair, PipelineWish
from aep_flow_mcp.platform.models.specs import ConnectionSpec
from pipelines.organisation import Organisation

SPECS = [ConnectionSpec.model_validate(item) for item in load_catalogue().connection_specs()]
WAYS = [
    *((spec, Direction.IMPORT) for spec in SPECS if spec.is_source and spec.type != "platform"),
    *((spec, Direction.EXPORT) for spec in SPECS if spec.is_destination and spec.type != "platform"),
]
ANSWERS: Mapping[str, Any] = {
    "path": "dlz-user-container/giftcards/",
    "datasets": ("Products",),
    "fields": (FieldPair("lower('A')", "_id"),),
    "every": "1 day",
    "delta_column": "changed_at",
    "auth_params": {},
    "auth_params.s3AccessKey": "AKIAEXAMPLE234567QWE",
}
OF_TYPE: Mapping[str, Any] = {
    "integer": 7,
    "number": 7,
    "boolean": True,
    "secret reference": "${AEP_SECRET_X}",
}


def answered(wish: PipelineWish, missing: tuple[Missing, ...]) -> PipelineWish:
    """The wish with an answer to everything that is asked for; a new account rather than one that is there."""
    answers: dict[str, Any] = {}
    for item in missing:
        outer, _, inner = item.field.partition(".")
        value = ANSWERS.get(item.field, item.choices[0] if item.choices else OF_TYPE.get(item.type, "acme"))
        if outer == "account":
            answers["auth_params"] = wish.auth_params or {}
        elif inner:
            known = answers.get(outer, getattr(wish, outer) or {})
            answers[outer] = {**known, inner: value}
        else:
            answers[outer] = value
    return replace(wish, **answers)


@pytest.fixture(scope="module")
def place() -> Organisation:
    """One for all of these: every flow has a name of its own."""
    return Organisation.open()


@pytest.mark.parametrize(
    ("spec", "direction"), WAYS, ids=[f"{spec.name} {direction.value}" for spec, direction in WAYS]
)
def test_answers_end_in_a_flow(place: Organisation, spec: ConnectionSpec, direction: Direction) -> None:
    wish = PipelineWish(name=f"{direction.value} {spec.name}", connector=spec.id, direction=direction)
    for _ in range(4):
        verdict = judge(wish, place.findings(wish))
        assert verdict.problems == ()
        if not verdict.missing:
            break
        wish = answered(wish, verdict.missing)
    assert verdict.missing == ()
    assert verdict.blueprint is not None
    built = place.build(verdict.blueprint)
    assert built["flow"]["sourceConnectionIds"] == [built["source"]["id"]]
    own = "source" if direction is Direction.IMPORT else "target"
    assert built[own]["connectionSpec"]["id"] == spec.id
