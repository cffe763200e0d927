"""Lists: filters, order, count, pages."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from aep_flow_mcp.emulator import Variants
from emulator.kit import Api, make_api, s3_account

COLLECTIONS = ["connections", "sourceConnections", "targetConnections", "flows", "runs"]


def ids(items: list[Any]) -> list[str]:
    return [item["id"] for item in items]


@pytest.mark.parametrize("kind", COLLECTIONS)
def test_a_walk_sees_every_item_once(api: Api, kind: str) -> None:
    pages = api.walk(f"/{kind}", ("limit", "7" if kind != "runs" else "100"))
    seen = [id for page in pages for id in ids(page)]
    stored = ids(api.emulator.store.all("dev", kind))
    assert len(pages) > 2
    assert sorted(seen) == sorted(stored)


def test_a_page_has_twenty_items_by_default_newest_first(api: Api) -> None:
    items = api.items("/flows")
    times = [item["updatedAt"] for item in items]
    assert len(items) == 20
    assert times == sorted(times, reverse=True)


def test_what_is_written_while_walking_neither_repeats_nor_hides_an_item(api: Api) -> None:
    before = ids(api.emulator.store.all("dev", "connections"))
    reply = api.get("/connections", ("limit", "4"))
    seen = ids(reply.body["items"])
    gone = 0
    while following := reply.body["_links"].get("next"):
        api.clock.forward(seconds=10)
        api.create("/connections", s3_account())
        # Both writes would move items across page borders: one to the front, one away.
        api.patch(f"/connections/{before[-1]}", [{"op": "add", "path": "/description", "value": str(gone)}])
        gone += 1
        reply = api.get(following["href"])
        seen += ids(reply.body["items"])
    assert gone > 3
    assert sorted(seen) == sorted(before)


def test_what_is_deleted_while_walking_is_left_out(api: Api) -> None:
    extra = [api.create("/connections", s3_account(name=f"extra {n}"))["id"] for n in range(3)]
    query = ("property", 'connectionSpec.id=="ecadc60c-7455-4d87-84dc-2a0e293d997b"')
    order = ("orderby", "-createdAt")
    first = api.get("/connections", query, order, ("limit", "1"))
    first_id = first.body["items"][0]["id"]
    doomed = next(id for id in extra if id != first_id)
    assert api.call("DELETE", f"/connections/{doomed}").status == 204
    rest = [id for page in api.walk(first.body["_links"]["next"]["href"]) for id in ids(page)]
    assert doomed not in rest
    assert set(extra) - {doomed, first_id} <= set(rest)


def test_tokens_are_awkward_and_links_encode_them(api: Api) -> None:
    href = api.get("/flows", ("limit", "5")).body["_links"]["next"]["href"]
    path, query = urlsplit(href).path, parse_qs(urlsplit(href).query)
    (token,) = query["continuationToken"]
    assert path == "/flows"
    assert token.startswith("+/")
    assert token.endswith("=")
    assert set(query) == {"continuationToken"}


def test_a_token_belongs_to_its_query(api: Api) -> None:
    first = api.get("/flows", ("limit", "2"), ("property", "state==enabled"))
    token = parse_qs(urlsplit(first.body["_links"]["next"]["href"]).query)["continuationToken"][0]
    again = ("continuationToken", token)
    same = api.items("/flows", again, ("property", "state==enabled"))
    assert ids(same) == ids(api.items("/flows", again))
    assert len(same) == 2
    for other in (("property", "state==disabled"), ("orderby", "name")):
        reply = api.get("/flows", again, other)
        assert (reply.status, reply.code) == (400, "FLOW-1452-400")
    assert api.get("/runs", again).code == "FLOW-1452-400"
    api.sandbox = "prod"
    assert api.get("/flows", again).code == "FLOW-1452-400"


def test_a_token_that_is_still_encoded_is_understood(api: Api) -> None:
    href = api.get("/flows", ("limit", "2")).body["_links"]["next"]["href"]
    encoded = href.split("=", 1)[1]
    assert "%" in encoded
    assert ids(api.items("/flows", ("continuationToken", encoded))) == ids(api.items(href))


@pytest.mark.parametrize(
    "token", ["nonsense", "", "+/8=", base64.b64encode(b"\xfb\xff\x00\x01").decode(), "%%%", "ä"]
)
def test_a_bad_token_is_refused(api: Api, token: str) -> None:
    reply = api.get("/flows", ("continuationToken", token))
    if token == "":
        assert reply.status == 200  # An empty token is no token.
    else:
        assert (reply.status, reply.code) == (400, "FLOW-1452-400")


def test_a_walk_goes_on_when_its_result_is_forgotten(api: Api) -> None:
    first = api.get("/runs", ("limit", "10"), ("orderby", "createdAt"))
    api.emulator.backend._selectors.clear()
    second = api.items(first.body["_links"]["next"]["href"])
    expected = api.items("/runs", ("limit", "20"), ("orderby", "createdAt"))
    assert ids(first.body["items"]) + ids(second) == ids(expected)


@pytest.mark.parametrize("limit", ["0", "-1", "101", "ten", "", "1.5"])
def test_the_limit_is_from_1_to_100(api: Api, limit: str) -> None:
    assert api.get("/flows", ("limit", limit)).code == "FLOW-1452-400"


def test_count_is_alone_or_beside_the_items(api: Api) -> None:
    total = len(api.emulator.store.all("dev", "flows"))
    assert api.get("/flows", ("count", "true")).body == {"count": total}
    beside = make_api(variants=Variants(count_answer="with_items")).get("/flows", ("count", "true")).body
    assert beside["count"] == total
    assert len(beside["items"]) == 20


def test_count_follows_the_filter_and_excludes_the_limit(api: Api) -> None:
    enabled = [row for row in api.emulator.store.all("dev", "flows") if row["state"] == "enabled"]
    assert api.get("/flows", ("count", "true"), ("property", "state==enabled")).body == {
        "count": len(enabled)
    }
    assert api.get("/flows", ("count", "true"), ("limit", "3")).code == "FLOW-1401-400"
    # Python's False is not a wish to count.
    assert "items" in api.get("/flows", ("count", "False"), ("limit", "3")).body
    assert api.get("/flows", ("count", "yes")).code == "FLOW-1452-400"


FILTERS: list[tuple[str, str, Callable[[Any], bool]]] = [
    ("flows", "state==disabled", lambda row: row["state"] == "disabled"),
    ("flows", "state==disabled,draft", lambda row: row["state"] in {"disabled", "draft"}),
    ("flows", 'state=="enabled"', lambda row: row["state"] == "enabled"),
    (
        "flows",
        "inheritedAttributes.properties.isDestinationFlow==true",
        lambda row: row["inheritedAttributes"].get("properties", {}).get("isDestinationFlow") is True,
    ),
    (
        "flows",
        "inheritedAttributes.sourceConnections[].connectionSpec.id==ecadc60c-7455-4d87-84dc-2a0e293d997b",
        lambda row: row["inheritedAttributes"]["sourceConnections"][0]["connectionSpec"]["id"].startswith(
            "ecadc60c"
        ),
    ),
    (
        "flows",
        "lastRunDetails.state==FAILED",
        lambda row: row.get("lastRunDetails", {}).get("state") == "failed",
    ),
    (
        "targetConnections",
        "connectionSpec.id==c604ff05-7f1a-43c0-8e18-33bf874cb11c",
        lambda row: row["connectionSpec"]["id"].startswith("c604ff05"),
    ),
    (
        "runs",
        "metrics.statusSummary.status==Failed",
        lambda row: row["metrics"]["statusSummary"]["status"] == "failed",
    ),
    (
        "runs",
        "metrics.recordSummary.failedRecordCount>0",
        lambda row: row["metrics"].get("recordSummary", {}).get("failedRecordCount", 0) > 0,
    ),
]


@pytest.mark.parametrize(("kind", "expression", "accepts"), FILTERS, ids=[entry[1] for entry in FILTERS])
def test_a_filter_finds_what_it_says(
    api: Api, kind: str, expression: str, accepts: Callable[[Any], bool]
) -> None:
    found = [
        id for page in api.walk(f"/{kind}", ("property", expression), ("limit", "100")) for id in ids(page)
    ]
    expected = [row["id"] for row in api.emulator.store.all("dev", kind) if accepts(row)]
    assert expected
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize("op", [">", ">=", "<", "<="])
def test_numbers_compare_as_numbers(api: Api, op: str) -> None:
    stored = api.emulator.store.all("dev", "flows")
    border = sorted(row["createdAt"] for row in stored)[len(stored) // 2]
    found = api.items("/flows", ("property", f"createdAt{op}{border}"), ("limit", "100"))
    compare = {">": int.__gt__, ">=": int.__ge__, "<": int.__lt__, "<=": int.__le__}[op]
    assert sorted(ids(found)) == sorted(row["id"] for row in stored if compare(row["createdAt"], border))


def test_several_filters_are_joined_by_and(api: Api) -> None:
    found = api.items("/flows", ("property", "state==enabled"), ("property", "createdAt>0"), ("limit", "100"))
    none = api.items("/flows", ("property", "state==enabled"), ("property", "state==disabled"))
    assert {row["state"] for row in found} == {"enabled"}
    assert none == []


def test_names_with_commas_quotes_and_spaces(api: Api) -> None:
    name = 'Orders, "daily" & more=ä'
    made = api.create("/connections", s3_account(name="Orders, daily & more==ä"))
    assert ids(api.items("/connections", ("property", 'name=="Orders, daily & more==ä"'))) == [made["id"]]
    assert api.get("/connections", ("property", f'name=="{name}"')).code == "FLOW-1453-400"


def test_an_unknown_nested_path_finds_nothing(api: Api) -> None:
    assert api.items("/flows", ("property", "options.nothing.here==1")) == []
    # A list needs its brackets.
    source = api.items("/flows", ("limit", "1"))[0]["sourceConnectionIds"][0]
    assert api.items("/flows", ("property", f"sourceConnectionIds=={source}")) == []
    assert len(api.items("/flows", ("property", f"sourceConnectionIds[]=={source}"))) >= 1


@pytest.mark.parametrize(
    ("kind", "expression", "code"),
    [
        ("flows", "name~orders", 1440),
        ("flows", "name!=orders", 1440),
        ("flows", "createdAt>1,2", 1443),
        ("flows", "name>a", 1448),
        ("flows", "colour==red", 1449),
        ("runs", "name!>3", 1450),
        ("flows", "state=enabled", 1450),
        ("flows", "createdAt==yesterday", 1452),
        ("runs", "metrics.recordSummary.failedRecordCount>many", 1452),
        ("flows", "createdAt==", 1453),
        ("flows", "==x", 1453),
        ("connectionSpecs", "colour==red", 1423),
    ],
)
def test_a_bad_filter_has_its_code(api: Api, kind: str, expression: str, code: int) -> None:
    reply = api.get(f"/{kind}", ("property", expression))
    assert (reply.status, reply.code) == (400, f"FLOW-{code}-400")


def test_an_unknown_parameter_is_refused(api: Api) -> None:
    assert api.get("/flows", ("filter", "x")).code == "FLOW-1451-400"
    assert api.get("/flowSpecs", ("filter", "x")).code == "FLOW-1451-400"


def test_order_by_several_fields(api: Api) -> None:
    rows = api.items("/flows", ("orderby", "state,-createdAt"), ("limit", "100"))
    keys = [(row["state"], -row["createdAt"]) for row in rows]
    assert len({state for state, _ in keys}) > 1
    assert keys == sorted(keys)
    plus = api.items("/flows", ("orderby", "+state,-createdAt"), ("limit", "100"))
    assert ids(plus) == ids(rows)


def test_order_puts_what_is_written_in_its_place(api: Api) -> None:
    made = [api.create("/connections", s3_account(name=name))["id"] for name in ("AAA", "Mmm", "zzz")]
    for order in ("name", "-name", "-createdAt,name"):
        rows = [row for page in api.walk("/connections", ("orderby", order), ("limit", "9")) for row in page]
        names = [row["name"] for row in rows]
        assert set(made) <= set(ids(rows))
        if order == "name":
            assert names == sorted(names)
        elif order == "-name":
            assert names == sorted(names, reverse=True)
        else:
            assert [(-row["createdAt"], row["name"]) for row in rows] == sorted(
                (-row["createdAt"], row["name"]) for row in rows
            )


@pytest.mark.parametrize(
    ("order", "code"),
    [("*name", 1432), ("name,,id", 1432), ("-", 1432), ("colour", 1433), ("-items[].x", 1433)],
)
def test_a_bad_order_has_its_code(api: Api, order: str, code: int) -> None:
    assert api.get("/flows", ("orderby", order)).code == f"FLOW-{code}-400"


def test_names_without_an_operator_are_a_projection(api: Api) -> None:
    rows = api.items("/flows", ("property", "name,state"), ("property", "state==enabled"))
    assert {frozenset(row) for row in rows} == {frozenset({"id", "name", "state"})}


@pytest.mark.parametrize(("last", "links"), [("empty", {}), ("null", {"next": None}), ("missing", "absent")])
def test_the_last_page_says_so_in_three_ways(last: Any, links: Any) -> None:
    body = make_api(variants=Variants(last_page=last)).get("/flows", ("limit", "100")).body
    assert body.get("_links", "absent") == links


def test_a_link_may_repeat_the_parameters() -> None:
    api = make_api(variants=Variants(next_href="with_params"))
    pages = api.walk("/flows", ("property", "state==enabled"), ("orderby", "-name"), ("limit", "6"))
    names = [row["name"] for page in pages for row in page]
    assert len(pages) > 2
    assert names == sorted(names, reverse=True)


def test_search_takes_the_same_expressions(api: Api) -> None:
    body = {"queryString": 'state==enabled&property=flowSpec.version=="1.0"', "orderby": "name", "limit": 5}
    first = api.call("POST", "/flows/search", body)
    expected = api.items("/flows", ("property", "state==enabled"), ("orderby", "name"), ("limit", "5"))
    assert ids(first.body["items"]) == ids(expected)
    href = first.body["_links"]["next"]["href"]
    second = api.call("POST", href, body)
    assert second.status == 200
    assert not set(ids(second.body["items"])) & set(ids(expected))


def test_search_counts_projects_and_checks(api: Api) -> None:
    total = len(api.emulator.store.all("dev", "connections"))
    assert api.call("POST", "/connections/search", {"count": True}).body == {"count": total}
    projected = api.call("POST", "/flows/search", {"projectionFields": "name", "limit": 1000}).body["items"]
    assert len(projected) == len(api.emulator.store.all("dev", "flows"))
    assert {frozenset(row) for row in projected} == {frozenset({"id", "name"})}
    for body, code in (
        ({"limit": 1001}, 1452),
        ({"limit": 5, "count": True}, 1401),
        ({"queryString": "x~y"}, 1440),
    ):
        assert api.call("POST", "/flows/search", body).code == f"FLOW-{code}-400"
    assert api.call("POST", "/flows/search", {"limit": "5"}).status == 400
    assert api.call("POST", "/flows/search").code == "FLOW-1405-400"


def test_specs_come_whole_and_can_be_filtered(api: Api) -> None:
    specs = api.items("/connectionSpecs")
    assert len(specs) == len(api.emulator.store.all("dev", "connectionSpecs"))
    (flow_spec,) = api.items("/flowSpecs", ("property", 'name=="CloudStorageToAEP"'))
    assert flow_spec["id"] == "9753525b-82c7-4dce-8a9b-5ccfce2b9876"
    destinations = api.items("/connectionSpecs", ("property", "attributes.isDestination==true"))
    assert 0 < len(destinations) < len(specs)
    assert api.one(f"/connectionSpecs/{specs[0]['id']}") == specs[0]
