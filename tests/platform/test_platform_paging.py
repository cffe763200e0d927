from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.paging import (
    Page,
    Query,
    all_items,
    decode_cursor,
    encode_cursor,
    next_page,
    page_start,
)
from aep_flow_mcp.platform.urls import Param

BASE = "https://platform.test"
ASKED = [
    ("property", "state==enabled"),
    ("property", "name==a b"),
    ("limit", "20"),
    ("orderby", "-createdAt"),
]


@pytest.mark.parametrize(
    ("token_in_link", "token"),
    [
        ("abc", "abc"),
        ("a%3D%3D", "a=="),
        ("a==", "a=="),
        ("a+b/c=", "a+b/c="),
        ("a%2Bb%2Fc", "a+b/c"),
        ("%25", "%"),
    ],
)
def test_tokens_arrive_whole(token_in_link: str, token: str) -> None:
    found = next_page(f"/flows?continuationToken={token_in_link}", ASKED, BASE)
    assert found == [*ASKED, ("continuationToken", token)]


@pytest.mark.parametrize(
    "href",
    [
        # Another collection's path, further parameters in any place, absolute, repeated filters, a count.
        "/connections?continuationToken=t",
        "/flows?limit=20&continuationToken=t&property=state%3D%3Denabled",
        f"{BASE}/data/foundation/flowservice/flows?property=name==a+b&continuationToken=t",
        "https://PLATFORM.test/x?continuationToken=t&continuationToken=t&count=true",
        "?continuationToken=t",
        "continuationToken?continuationToken=t",
    ],
)
def test_what_was_asked_is_merged_once(href: str) -> None:
    assert next_page(href, [*ASKED, ("continuationToken", "before")], BASE) == [
        *ASKED,
        ("continuationToken", "t"),
    ]


def test_what_the_link_adds_is_kept() -> None:
    assert next_page("/flows?shard=2&start=20", [("limit", "20")], BASE) == [
        ("limit", "20"),
        ("shard", "2"),
        ("start", "20"),
    ]


@pytest.mark.parametrize("href", [None, "", " ", "/flows", "/flows?limit=20", "/flows?continuationToken="])
def test_links_that_lead_nowhere(href: str | None) -> None:
    assert next_page(href, ASKED, BASE) is None


def test_a_repeated_token_ends_the_list() -> None:
    assert next_page("/flows?continuationToken=t", [*ASKED, ("continuationToken", "t")], BASE) is None


@pytest.mark.parametrize(
    "href",
    [
        "https://evil.test/flows?continuationToken=t",
        "//evil.test/flows?continuationToken=t",
        "http://platform.test/flows?continuationToken=t",
        "https://platform.test:444/flows?continuationToken=t",
        "https://platform.test@evil.test/?continuationToken=t",
        "http://[bad?continuationToken=t",
        "javascript:alert(1)?continuationToken=t",
    ],
)
def test_links_to_another_place_are_refused(href: str) -> None:
    with pytest.raises(PlatformError, match="not followed") as caught:
        next_page(href, ASKED, BASE)
    assert caught.value.kind is ErrorKind.UNEXPECTED


QUERY = Query("/flows", tuple(ASKED), "dev")


def test_cursor_returns_the_position() -> None:
    position = [("continuationToken", "a=+/%ü"), ("shard", "1")]
    cursor = encode_cursor(QUERY, position)
    assert cursor.isascii()
    assert not set(cursor) & set("=+/& ")
    assert QUERY.resumed(cursor).position == tuple(position)
    assert QUERY.resumed(None) is QUERY


@pytest.mark.parametrize(
    "other",
    [
        Query("/runs", tuple(ASKED), "dev"),
        Query("/flows", tuple(ASKED), "prod"),
        Query("/flows", tuple(ASKED[1:]), "dev"),
        Query("/flows", (*ASKED, ("property", "x==1")), "dev"),
        Query("/flows", (*ASKED[:3], ("orderby", "createdAt")), "dev"),
    ],
)
def test_cursor_of_another_query_is_refused(other: Query) -> None:
    with pytest.raises(PlatformError, match="another query") as caught:
        decode_cursor(encode_cursor(QUERY, [("continuationToken", "t")]), other)
    assert caught.value.kind is ErrorKind.INVALID


def test_page_size_may_change_along_the_way() -> None:
    smaller = Query(
        "/flows", tuple(("limit", "5") if name == "limit" else (name, value) for name, value in ASKED), "dev"
    )
    cursor = encode_cursor(QUERY, [("continuationToken", "t")])
    assert decode_cursor(cursor, smaller) == [("continuationToken", "t")]


@given(st.text(max_size=200))
def test_nonsense_is_no_cursor(text: str) -> None:
    with pytest.raises(PlatformError) as caught:
        decode_cursor(text, QUERY)
    assert caught.value.kind is ErrorKind.INVALID


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_of_any_shape_is_no_cursor(content: object) -> None:
    forged = (
        base64.urlsafe_b64encode(json.dumps({"q": QUERY.digest, "p": content}).encode()).decode().rstrip("=")
    )
    outcome: object
    try:
        outcome = [list(pair) for pair in decode_cursor(forged, QUERY)]
    except PlatformError as error:
        outcome = error.kind
    assert outcome is ErrorKind.INVALID or outcome == content


PAIRS = st.lists(st.tuples(st.text(max_size=20), st.text(max_size=40)), max_size=4)


@given(PAIRS, PAIRS, st.sampled_from(["dev", None]))
def test_every_cursor_comes_back(params: list[Param], position: list[Param], sandbox: str | None) -> None:
    query = Query("/flows", tuple(params), sandbox)
    assert decode_cursor(encode_cursor(query, position), query) == position


@pytest.mark.parametrize(("start", "number"), [("40", 40), ("", 0), ("x", 0), ("-1", 0), ("9" * 30, 0)])
def test_start(start: str, number: int) -> None:
    assert page_start(QUERY.at([("start", start)])) == number
    assert page_start(QUERY) == 0


def _pages(*cursors: str | None) -> dict[str | None, Page[int]]:
    keys: list[str | None] = [None, *cursors]
    return {
        key: Page([index * 2, index * 2 + 1], keys[index + 1] if index + 1 < len(keys) else None)
        for index, key in enumerate(keys)
    }


async def test_all_items_over_all_pages() -> None:
    pages = _pages("a", "b")
    asked: list[str | None] = []

    async def fetch(cursor: str | None) -> Page[int]:
        asked.append(cursor)
        return pages[cursor]

    assert [item async for item in all_items(fetch)] == [0, 1, 2, 3, 4, 5]
    assert asked == [None, "a", "b"]
    asked.clear()
    assert [item async for item in all_items(fetch, cap=3)] == [0, 1, 2]
    assert asked == [None, "a"]
    assert [item async for item in all_items(fetch, cap=0)] == []


async def test_a_service_that_goes_in_circles_is_left() -> None:
    given: list[int] = []

    async def fetch(cursor: str | None) -> Page[int]:
        return Page([1], "b" if cursor == "a" else "a")

    async def drain() -> None:
        async for item in all_items(fetch):
            given.append(item)

    with pytest.raises(PlatformError, match="leads back"):
        await drain()
    assert given == [1, 1, 1]


def test_a_credential_in_a_next_link_is_neither_sent_again_nor_in_the_cursor() -> None:
    href = "/flows?continuationToken=abc&access_token=zzMARKzz&sig=zzMARKzz&limit=2"
    assert next_page(href, [("limit", "2")], "https://platform.adobe.io") == [
        ("limit", "2"),
        ("continuationToken", "abc"),
    ]
