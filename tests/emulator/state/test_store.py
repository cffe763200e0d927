"""What is stored, and an organisation at scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from aep_flow_mcp.emulator import Scale
from aep_flow_mcp.emulator.state.rows import Rows
from emulator.kit import Api, make_api


class Watched:
    """Rows that count how many objects are built, and note which columns are read."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.built = 0
        self.columns: list[str] = []

    def __len__(self) -> int:
        return len(self._rows)

    def ids(self) -> Sequence[str]:
        return self._rows.ids()

    def get(self, id: str) -> dict[str, Any] | None:
        self.built += 1
        return self._rows.get(id)

    def column(self, path: str) -> Sequence[Any] | None:
        self.columns.append(path)
        return self._rows.column(path)


@pytest.fixture(scope="module")
def large() -> Api:
    return make_api(scale=Scale(flows=2_000, runs=40_000))


FAILED = ("property", "metrics.statusSummary.status==failed")


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("flows", (("property", "state==enabled"), ("orderby", "-updatedAt"))),
        ("runs", (FAILED, ("orderby", "-createdAt"), ("limit", "20"))),
        ("runs", (("property", "createdAt>0"), ("orderby", "flowId,-createdAt"))),
    ],
)
def test_a_page_of_a_large_organisation_builds_only_what_it_shows(
    large: Api, monkeypatch: pytest.MonkeyPatch, kind: str, query: tuple[tuple[str, str], ...]
) -> None:
    large.items("/connections", ("limit", "1"))  # A sandbox looks at every flow once, when it is first asked.
    collection = large.emulator.store.collection("dev", kind)
    watched = Watched(collection.base)
    monkeypatch.setattr(collection, "base", watched)
    first = large.items(f"/{kind}", *query)
    assert len(first) == watched.built == 20
    assert watched.columns
    watched.columns.clear()
    assert large.items(f"/{kind}", *query) == first
    assert watched.built == 40
    assert watched.columns == []


def test_a_large_organisation_is_consistent(large: Api) -> None:
    total = large.get("/runs", ("count", "true")).body["count"]
    assert total >= 40_000
    flow = large.items("/runs", ("orderby", "createdAt"), ("limit", "1"))[0]["flowId"]
    mine = ("property", f"flowId=={flow}")
    counted = large.get("/runs", mine, ("count", "true")).body["count"]
    walked = [row for page in large.walk("/runs", mine, ("limit", "100")) for row in page]
    assert len({row["id"] for row in walked}) == len(walked) == counted > 0
    assert {row["flowId"] for row in walked} == {flow}
    assert large.one(f"/runs/{walked[0]['id']}") == walked[0]


def test_stored_objects_are_shown_as_copies() -> None:
    api = make_api()
    store = api.emulator.store
    flow = store.all("dev", "flows")[0]
    flow["name"] = "changed outside"
    assert api.one(f"/flows/{flow['id']}")["name"] != "changed outside"
    store.put("dev", "flows", flow)
    assert api.one(f"/flows/{flow['id']}")["name"] == "changed outside"
    assert [row["id"] for row in api.items("/flows", ("property", "name==changed outside"))] == [flow["id"]]
    store.remove("dev", "flows", flow["id"])
    assert api.get(f"/flows/{flow['id']}").status == 404
    assert store.get("dev", "flows", flow["id"]) is None
    with pytest.raises(KeyError):
        store.remove("dev", "flows", flow["id"])
    with pytest.raises(ValueError, match="needs an id"):
        store.put("dev", "dataSets", {"name": "x"})


def test_a_collection_finds_by_a_member() -> None:
    api = make_api()
    flow = api.items("/runs", ("limit", "1"))[0]["flowId"]
    runs = api.emulator.store.collection("dev", "runs")
    found = {row["id"] for row in runs.where("flowId", flow)}
    assert found == {row["id"] for row in runs if row["flowId"] == flow} != set()
    changed = next(runs.where("flowId", flow))
    api.emulator.store.put("dev", "runs", changed | {"flowId": "elsewhere"})
    assert {row["id"] for row in runs.where("flowId", flow)} == found - {changed["id"]}
    assert [row["id"] for row in runs.where("flowId", "elsewhere")] == [changed["id"]]
