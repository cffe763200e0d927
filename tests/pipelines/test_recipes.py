"""A complete wish becomes bodies that the service takes, and a flow with the right parts."""

from __future__ import annotations

from typing import Any

import pytest

from aep_flow_mcp.pipelines import wellknown
from aep_flow_mcp.pipelines.blueprint import Blueprint, What
from aep_flow_mcp.pipelines.judge import judge
from aep_flow_mcp.pipelines.wish import PipelineWish, StartState
from pipelines.organisation import TOMORROW, Organisation
from pipelines.recipe_cases import CASES, TABLES, Case, new
from pipelines.wishes import S3_LOGIN, files, from_zone, table, to_zone

FROM_LAKE, FROM_PROFILES = wellknown.DATA_LAKE_SOURCE, wellknown.PROFILE_STORE


def blueprint_of(organisation: Organisation, wish: PipelineWish) -> tuple[str | None, Blueprint]:
    verdict = judge(wish, organisation.findings(wish))
    assert (verdict.missing, verdict.problems) == ((), ())
    assert verdict.blueprint is not None
    return verdict.recipe, verdict.blueprint


@pytest.mark.parametrize("case", CASES, ids=[case.what for case in CASES])
def test_a_complete_wish_becomes_the_flow_that_was_meant(fresh: Organisation, case: Case) -> None:
    recipe, blueprint = blueprint_of(fresh, case.wish)
    assert recipe == case.recipe
    assert " ".join(part.what.value for part in blueprint.parts) == case.kinds
    built = fresh.build(blueprint)

    exporting = case.wish.direction.value == "export"
    own, other = ("target", "source") if exporting else ("source", "target")
    audiences = "GeneralTransform" in case.steps
    assert built[own]["connectionSpec"] == {"id": case.spec_id, "version": "1.0"}
    ends = {"source": FROM_PROFILES if audiences else FROM_LAKE, "target": wellknown.DATA_LAKE}
    assert built[other]["connectionSpec"]["id"] == ends[other]
    params = built[own].get("params")
    if case.flow_spec_id == TABLES and params:
        assert len(params.pop("columns")) > 8
    assert params == case.params
    assert built[own].get("data") == case.data

    flow = built["flow"]
    assert flow["name"] == case.wish.name
    assert flow["state"] == "enabled"
    assert flow["flowSpec"]["id"] == case.flow_spec_id
    assert flow["sourceConnectionIds"] == [built["source"]["id"]]
    assert flow["targetConnectionIds"] == [built["target"]["id"]]
    assert flow.get("scheduleParams") == case.schedule
    assert tuple(step["name"] for step in flow["transformations"]) == case.steps
    _check_account(fresh, case, built, own)
    _check_datasets(fresh, case, built)
    _check_mapping(case, built)


def _check_account(
    organisation: Organisation, case: Case, built: dict[str, dict[str, Any]], own: str
) -> None:
    base = built[own].get("baseConnectionId")
    if "account" in built:
        assert base == built["account"]["id"]
        stored = next(item for item in organisation.stored("connections") if item["id"] == base)
        assert case.wish.auth_params is not None
        assert case.wish.auth_params.items() <= stored["auth"]["params"].items()
        assert stored["name"] == f"{case.wish.name} account"
    elif case.spec_id == wellknown.LANDING_ZONE_SOURCE:
        assert base is None
    else:
        named = next(item for item in organisation.accounts if item.id == base)
        assert named.name == (case.wish.account or "Data Landing Zone export")


def _check_datasets(organisation: Organisation, case: Case, built: dict[str, dict[str, Any]]) -> None:
    wanted = [item for item in organisation.base.datasets if item.name in case.wish.datasets]
    if case.wish.direction.value == "export":
        listed = (built["source"].get("params") or {}).get("datasets", [])
        assert {(item["dataSetId"], item["name"]) for item in listed} == {
            (item.id, item.name) for item in wanted
        }
        return
    [dataset] = wanted
    assert built["target"]["params"] == {"dataSetId": dataset.id}
    assert built["target"]["data"] == {
        "format": "parquet_xdm",
        "schema": {"id": dataset.schema_id, "version": wellknown.SCHEMA_VERSION},
    }


def _check_mapping(case: Case, built: dict[str, dict[str, Any]]) -> None:
    mapping = next((step for step in built["flow"]["transformations"] if step["name"] == "Mapping"), None)
    assert (mapping is not None) == ("mapping" in built)
    if mapping is not None:
        assert mapping["params"] == {"mappingId": built["mapping"]["id"], "mappingVersion": 0}
        rows = [(row["source"], row["destination"]) for row in built["mapping"]["mappings"]]
        assert rows == [(pair.source, pair.target) for pair in case.wish.fields]
    copied = next((step for step in built["flow"]["transformations"] if step["name"] == "Copy"), None)
    if copied is not None:
        assert copied["params"] == {"deltaColumn": {"name": case.wish.delta_column}}


def test_columns_of_a_table_are_told_with_their_types(organisation: Organisation) -> None:
    _, blueprint = blueprint_of(organisation, table())
    [source] = [part for part in blueprint.parts if part.what is What.SOURCE]
    columns = source.body["params"]["columns"]
    assert len(columns) == 9
    assert columns[-1] == {
        "name": "updated_at",
        "type": "timestamp",
        "meta:xdmType": "date-time",
        "xdm": {"type": "string", "format": "date-time"},
    }


def test_an_existing_mapping_set_is_used_in_its_present_version(fresh: Organisation) -> None:
    schema = next(item.schema_id for item in fresh.base.datasets if item.name == "Loyalty Members")
    known = next(item for item in fresh.mapping_sets if item.schema_id == schema and (item.version or 0) > 0)
    _, blueprint = blueprint_of(fresh, files(fields=(), mapping_set=known.id))
    built = fresh.build(blueprint)
    assert "mapping" not in built
    assert built["flow"]["transformations"] == [
        {"name": "Mapping", "params": {"mappingId": known.id, "mappingVersion": known.version}}
    ]
    assert not any("mapping set" in warning for warning in blueprint.warnings)


def test_expressions_are_told_from_columns(organisation: Organisation) -> None:
    _, blueprint = blueprint_of(organisation, files())
    [mapping] = [part for part in blueprint.parts if part.what is What.MAPPING]
    assert [row["sourceType"] for row in mapping.body["mappings"]] == ["ATTRIBUTE", "ATTRIBUTE", "EXPRESSION"]


def test_a_draft_is_created_as_one_and_bad_rows_are_an_option(fresh: Organisation) -> None:
    wish = files(state=StartState.DRAFT, tolerated_percent=2.5, description="From the agency")
    _, blueprint = blueprint_of(fresh, wish)
    flow = fresh.build(blueprint)["flow"]
    assert (blueprint.draft, blueprint.disabled, flow["state"]) == (True, False, "draft")
    assert flow["options"] == {"errorDiagnosticsEnabled": True, "partialIngestionPercent": 2.5}
    assert flow["description"] == "From the agency"
    _, off = blueprint_of(fresh, files(state=StartState.DISABLED, name="Another"))
    assert (off.draft, off.disabled) == (False, True)


def test_secrets_are_named_with_the_part_and_stay_references(organisation: Organisation) -> None:
    _, blueprint = blueprint_of(organisation, new(auth_params=S3_LOGIN))
    account = blueprint.parts[0]
    assert account.what is What.ACCOUNT
    assert account.secret_keys == {"/auth/params/s3SecretKey", "/auth/params/s3SessionToken"}
    assert account.body["auth"]["params"]["s3SecretKey"] == "${AEP_SECRET_S3}"


def test_the_landing_zone_warns_of_its_week(organisation: Organisation) -> None:
    for wish in (from_zone(every="weekly"), to_zone()):
        _, blueprint = blueprint_of(organisation, wish)
        assert any("7 days" in warning for warning in blueprint.warnings)
    _, daily = blueprint_of(organisation, from_zone())
    assert not any("7 days" in warning for warning in daily.warnings)
    assert TOMORROW in daily.summary
