"""Bodies of errors in every documented shape: the words, the code and the request id are found in each."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aep_flow_mcp.platform.error_bodies import read_body


def told(body: Any, *, headers: dict[str, str] | None = None) -> tuple[str, str | None, str | None]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    found = read_body(raw, headers or {}, status=400)
    return found.detail or "", found.code, found.request_id


@pytest.mark.parametrize(
    ("body", "words", "code"),
    [
        ({"errors": [{"code": "1304-400", "message": "name is absent"}]}, ["name is absent"], "1304-400"),
        ({"errors": ["one is wrong", None, "two is wrong"]}, ["one is wrong", "two is wrong"], None),
        ({"errors": {"interval": ["too small", "not a number"]}}, ["interval: too small"], None),
        ({"errors": {"interval": "too small"}}, ["interval: too small"], None),
        (
            {"title": "Bad", "validationErrors": [{"field": "path", "message": "is empty"}]},
            ["path: is empty"],
            None,
        ),
        ({"invalidParams": [{"name": "limit", "reason": "above 100"}]}, ["limit: above 100"], None),
        (
            {"type": "about:blank", "title": "T", "invalid-params": [{"name": "a", "reason": "b"}]},
            ["a: b"],
            None,
        ),
        (
            {
                "report": {
                    "error-chain": [
                        {"serviceId": "x", "errorCode": "FLOW-1404-412", "invokingServiceId": "y"}
                    ]
                }
            },
            [],
            "FLOW-1404-412",
        ),
        (
            {"message": "M", "error-chain": [{"errorCode": "A-1000-400", "message": "deep"}]},
            ["M", "deep"],
            "A-1000-400",
        ),
        ({"_errors": {"404": [{"code": "UP-1-404", "message": "no entity"}]}}, ["no entity"], "UP-1-404"),
        ({"_errors": [{"code": "X-1002-400", "message": "bad row"}]}, ["bad row"], "X-1002-400"),
        ({"report": {"sub-errors": [{"detailed-message": "x", "message": "inner"}]}}, ["inner"], None),
        ({"detail": [{"loc": ["body", "name"], "msg": "field required"}]}, ["field required"], None),
        ({"message": {"field": "name", "reason": "too long"}}, ["name: too long"], None),
        (
            {"type": "https://ns.adobe.com/aep/errors/CONNECTOR-1362-400", "detail": "d"},
            ["d"],
            "CONNECTOR-1362-400",
        ),
        ({"type": "urn:adobe:problem:FLOW-1404-412", "detail": "d"}, ["d"], "FLOW-1404-412"),
        (
            {"type": "https://www.rfc-editor.org/rfc/rfc7231#section-6.5.1", "title": "Bad Request"},
            ["Bad"],
            None,
        ),
        (
            {"type": "https://ns.adobe.com/adobecloud/problem/data-collection-401", "title": "No"},
            ["No"],
            None,
        ),
        ({"code": 400, "message": "m"}, ["m"], None),
        ({"code": "0", "errorCode": None, "message": "m"}, ["m"], None),
        ("just a text", ["just a text"], None),
        ([{"message": "one"}, {"message": "two"}], ["one", "two"], None),
        (b"Service is down for an hour", ["Service is down for an hour"], None),
        (
            b"<html><head><style>p{}</style><title>502</title></head><p>Bad gateway</p>",
            ["502 Bad gateway"],
            None,
        ),
    ],
)
def test_words_and_codes(body: Any, words: list[str], code: str | None) -> None:
    detail, found, _ = told(body)
    assert found == code
    for word in words:
        assert word in detail
    assert "<" not in detail
    assert "{" not in detail


@pytest.mark.parametrize(
    "body",
    [
        {"report": {"request-id": "RQ-77"}},
        {"report": {"requestId": "RQ-77"}},
        {"report": {"registryRequestId": "RQ-77"}},
        {"request-id": "RQ-77", "message": "m"},
        {"requestId": "RQ-77", "report": None},
        {"error": {"requestId": "RQ-77"}},
    ],
)
def test_request_ids(body: dict[str, Any]) -> None:
    assert told(body)[2] == "RQ-77"


def test_a_header_names_the_request_before_the_body_does() -> None:
    assert told({"requestId": "b"}, headers={"x-request-id": "h"})[2] == "h"


def test_a_sentence_in_two_places_is_told_once() -> None:
    text = "The requested flows resource is not found."
    body = {"errorMessage": text, "report": {"detailed-message": text}, "errors": [{"message": text}]}
    assert told(body)[0] == text


def test_long_lists_are_bounded_and_secrets_are_not_repeated() -> None:
    body = {
        "errors": [
            {"field": f"f{number}", "message": "password=hunter2 " + "x" * 900} for number in range(900)
        ]
    }
    detail, _, _ = told(body)
    assert len(detail) <= 600
    assert "hunter2" not in detail


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["errors", "_errors", "message", "report", "error", "type", "code", "detail", "responses"]
            )
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=30,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(JSON, st.integers(100, 599))
def test_no_body_breaks_the_reading(body: Any, status: int) -> None:
    found = read_body(json.dumps(body).encode(), {}, status=status)
    assert found.detail is None or len(found.detail) <= 600
