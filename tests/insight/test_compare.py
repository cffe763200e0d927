"""Two flows side by side, without what always differs."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aep_flow_mcp.insight.compare import Side, compare_sides
from aep_flow_mcp.insight.shapes import Problem
from aep_flow_mcp.platform.models.connections import Connection, SourceConnection
from insight.made import NOW, flow, ms


def differences(left: Side, right: Side) -> dict[str, tuple[str, str]]:
    return {each.field: (each.left, each.right) for each in compare_sides(left, right).differences}


def flows(left: dict[str, Any], right: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return differences(Side(flow(**left)), Side(flow(**right)))


def test_noise_is_no_difference() -> None:
    noise = {
        "id": "other",
        "etag": '"x"',
        "createdAt": 1,
        "updatedBy": "somebody",
        "sandboxName": "prod",
        "version": '"y"',
        "sourceConnectionIds": ["elsewhere"],
        "lastRunDetails": {"state": "failed"},
        "lastOperation": {"operation": "update"},
    }
    assert flows({}, noise) == {}
    later = {
        "scheduleParams": {"startTime": ms(NOW) // 1000 + 86_400 * 5, "frequency": "hour", "interval": 1}
    }
    assert flows({}, later) == {}


def test_what_differs_is_said() -> None:
    assert flows({"state": "enabled"}, {"state": "disabled"}) == {"state": ("enabled", "disabled")}
    found = flows(
        {"options": {"errorDiagnosticsEnabled": True, "partialIngestionPercent": 5}},
        {"options": {"partialIngestionPercent": 1}},
    )
    assert found == {
        "options.errorDiagnosticsEnabled": ("yes", "(absent)"),
        "options.partialIngestionPercent": ("5", "1"),
    }
    daily = {"scheduleParams": {"startTime": ms(NOW) // 1000, "frequency": "day", "interval": 1}}
    assert flows({}, daily) == {
        "schedule.frequency": ("hour", "day"),
        "schedule.start": ("minute 0", "09:00"),
    }


def test_mappings_are_compared_by_row_not_by_id() -> None:
    other = {"transformations": [{"name": "Mapping", "params": {"mappingId": "ffff", "mappingVersion": 7}}]}
    left = Side(flow(), mappings=("a -> x.a", "b -> x.b"))
    assert differences(left, Side(flow(**other), mappings=("b -> x.b", "a -> x.a"))) == {}
    assert differences(left, Side(flow(**other), mappings=("c -> x.a", "b -> x.b"))) == {
        "mapping to x.a": ("a", "c")
    }
    gone = differences(left, Side(flow(**other), mappings=Problem.NOT_FOUND))
    assert gone["mapping set"] == ("(absent)", str(Problem.NOT_FOUND))
    assert "Mapping.mappingId" in differences(Side(flow()), Side(flow(**other)))


def source(path: str, columns: list[str]) -> SourceConnection:
    listed = [{"name": name, "type": "string", "meta:xdmType": "string"} for name in columns]
    return SourceConnection.model_validate({"id": path, "params": {"path": path, "columns": listed}})


def test_items_are_told_apart_by_name() -> None:
    left = Side(flow(), sources=(source("/a", ["one", "two", "three"]),))
    right = Side(flow(), sources=(source("/a", ["three", "one", "four"]),))
    assert differences(left, right) == {
        "source.params.columns[two]": ("string", "(absent)"),
        "source.params.columns[four]": ("(absent)", "string"),
    }


def test_a_missing_item_is_one_difference() -> None:
    def audience(name: str) -> dict[str, Any]:
        value = {
            "id": f"id of {name}",
            "name": name,
            "exportMode": "FULL",
            "filenameTemplate": "x",
            "description": "y",
        }
        return {"type": "SEGMENT", "value": value}

    def activation(*names: str) -> dict[str, Any]:
        selectors = {"segmentSelectors": {"selectors": [audience(name) for name in names]}}
        return {"transformations": [{"name": "GeneralTransform", "params": selectors}]}

    found = flows(activation("Gold", "Silver"), activation("Gold"))
    assert found == {"GeneralTransform.segmentSelectors.selectors[Silver]": ("(present)", "(absent)")}


def test_names_stand_for_ids_and_secrets_stay_hidden() -> None:
    def account(id: str, key: str) -> Connection:
        return Connection.model_validate(
            {
                "id": id,
                "connectionSpec": {"id": f"spec {id}"},
                "auth": {"specName": "k", "params": {"secretKey": key}},
            }
        )

    left = Side(flow(), accounts=(account("a", "secret one"),), names={"spec a": "S3"})
    right = Side(flow(), accounts=(account("b", "secret two"),), names={"spec b": "S3"})
    assert differences(left, right) == {}
    assert differences(left, Side(flow(), accounts=(Problem.NOT_FOUND,)))["account"] == (
        "(absent)",
        str(Problem.NOT_FOUND),
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.text(min_size=1, max_size=6), JSON, max_size=4),
    st.dictionaries(st.text(min_size=1), JSON),
)
def test_nothing_differs_from_itself_and_left_mirrors_right(one: dict[str, Any], two: dict[str, Any]) -> None:
    left, right = Side(flow(options=one)), Side(flow(options=two))
    assert differences(left, left) == {}
    there, back = differences(left, right), differences(right, left)
    assert {name: (b, a) for name, (a, b) in there.items()} == back
