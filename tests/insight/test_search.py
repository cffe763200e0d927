"""Finding things by words, in any script."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aep_flow_mcp.insight.search import Field, SearchIndex, fold

NAMES = [
    "OrdersDaily",
    "Orders weekly export",
    "每日订单导入",
    "Заказы клиентов",
    "Kundenaufträge täglich",
    "CRM contacts (Salesforce)",
    "ग्राहक डेटा",
    "طلبات العملاء",
    "ポイント会員データ",
    "🎁 Holiday gift registry",
]


def index(names: list[str] = NAMES) -> SearchIndex:
    return SearchIndex(
        [(Field("name", fold(name)),) for name in names], [[f"id-{at}"] for at in range(len(names))]
    )


def found(query: str, names: list[str] = NAMES) -> list[str]:
    return [names[at] for at, _ in index(names).search(query)]


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("orders", "OrdersDaily"),
        ("ORDERS daily", "OrdersDaily"),
        ("ordres weekly", "Orders weekly export"),
        ("weekly orders", "Orders weekly export"),
        ("kundenauftrage", "Kundenaufträge täglich"),
        ("salesforce contact", "CRM contacts (Salesforce)"),
        ("订单", "每日订单导入"),
        ("заказы", "Заказы клиентов"),
        ("ग्राहक", "ग्राहक डेटा"),
        ("العملاء", "طلبات العملاء"),
        ("会員", "ポイント会員データ"),
        ("holiday registri", "🎁 Holiday gift registry"),
        ("which flows have orders of every week: weekly", "Orders weekly export"),
        ("id-3", "Заказы клиентов"),
    ],
)
def test_the_best_match(query: str, best: str) -> None:
    assert found(query)[0] == best


@pytest.mark.parametrize("query", ["zebra", "xy", "orders zebra giraffe", "订购单"])
def test_no_match_is_none(query: str) -> None:
    assert found(query) == []


def test_why_names_the_fields() -> None:
    fields = (Field("name", fold("Orders")), Field("connector", fold("Amazon S3"), 0.9))
    ((at, match),) = SearchIndex([fields], [[]]).search("s3 orders")
    assert at == 0
    assert set(match.why) == {"name", "connector"}
    ((_, by_connector),) = SearchIndex([fields], [[]]).search("amazon")
    assert by_connector.why == ("connector",)
    assert by_connector.score < match.score


def test_a_whole_name_beats_one_that_holds_it() -> None:
    assert found("orders", ["Orders and more of them", "Orders"])[0] == "Orders"


def test_among_limits_what_is_looked_at() -> None:
    assert [at for at, _ in index().search("orders", among=[1, 2])] == [1]
    assert [at for at, _ in index().search("", among=[4, 2])] == [4, 2]


@given(st.text(max_size=30))
def test_folding_is_stable(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=8), st.data())
def test_everything_is_found_by_its_own_name(names: list[str], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(names))
    if fold(name):
        assert fold(name) in {fold(each) for each in found(name, names)}


def test_ten_thousand_are_searched_at_once() -> None:
    names = [
        f"Feed {at} of {kind} {region}"
        for at in range(2500)
        for kind in ("orders", "clicks")
        for region in ("eu", "us")
    ]
    made = index(names)
    made.search("warm up")
    began = time.process_time()
    assert len(made.search("ordres eu")) >= 2500
    assert time.process_time() - began < 1.0
