from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aep_flow_mcp.platform.errors import (
    AnswerLost,
    ErrorKind,
    PlatformError,
    outcome_unknown,
    parse_error,
    read_retry_after,
)
from aep_flow_mcp.platform.models.error_codes import all_codes, explain, issuer_of

K = ErrorKind


def parsed(status: int, body: object, **headers: str) -> PlatformError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return parse_error(status, headers, raw, method="GET", path="/flows/1")


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "words"),
    [
        (401, {"error": "invalid_client", "error_description": "who"}, K.AUTH, "invalid_client", "who"),
        (403, {"error_code": "403025", "message": "Profile is not valid"}, K.PERMISSION, "403025", "Profile"),
        (401, {"error_code": 401013, "message": "Oauth token is not valid"}, K.AUTH, "401013", "Oauth"),
        (403, {"error_code": "403003", "message": "Api Key is invalid"}, K.AUTH, "403003", "Api Key"),
        (
            404,
            {
                "errorMessage": "flows not found with id = [x]",
                "errorDetails": "flows not found with id = [x]",
            },
            K.NOT_FOUND,
            None,
            "flows not found with id = [x]",
        ),
        (404, {"errorMessage": "runs not found"}, K.NOT_FOUND, None, "runs not found"),
        (412, {"errorMessage": 'Supplied version=["a"] does not match'}, K.STALE_ETAG, None, "Supplied"),
        (400, {"message": "Please provide a valid spec id"}, K.INVALID, None, "valid spec id"),
        (
            404,
            {
                "type": "http://ns.adobe.com/aep/errors/XDM-1012-404",
                "title": "Resource not found",
                "status": 404,
                "report": {"registryRequestId": "rr", "detailed-message": "no schema", "sub-errors": []},
                "detail": "no schema for you",
            },
            K.NOT_FOUND,
            "XDM-1012-404",
            "no schema for you",
        ),
        (
            412,
            {"type": "http://ns.adobe.com/aep/errors/FLOW-1404-412", "title": "x", "status": 412},
            K.STALE_ETAG,
            "FLOW-1404-412",
            "x",
        ),
        (
            400,
            {
                "type": "/placeholder/type/uri",
                "status": 400,
                "title": "BadRequestError",
                "detail": "A valid content-type",
            },
            K.INVALID,
            None,
            "A valid content-type",
        ),
        (
            401,
            {
                "type": "https://ns.adobe.com/adobecloud/problem/data-collection-service-authorization",
                "status": "401",
                "title": "Authorization",
                "report": {"message": "[id] Ims service token is empty"},
            },
            K.AUTH,
            None,
            "token is empty",
        ),
        (
            207,
            {"inletId": "i", "responses": [{"xactionId": "1"}, {"statusCode": 400, "message": "bad record"}]},
            K.UNEXPECTED,
            None,
            "bad record",
        ),
        (400, {"errorCode": "1403-400", "message": "no header"}, K.INVALID, "1403-400", "no header"),
        (
            400,
            {"message": "failed with CONNECTOR-1362-400: too small"},
            K.INVALID,
            "CONNECTOR-1362-400",
            "too small",
        ),
        (400, {"detail": "1439-400 gone"}, K.NOT_FOUND, "1439-400", "gone"),
        (
            400,
            {"error": {"code": "1422-400", "message": "already enabled"}},
            K.CONFLICT,
            "1422-400",
            "already enabled",
        ),
        (502, b"<html><h1>Bad gateway</h1>", K.UNAVAILABLE, None, "not JSON: Bad gateway"),
        (504, b"", K.UNAVAILABLE, None, "body is empty"),
        (500, b'{"message": "cut', K.UNAVAILABLE, None, "not JSON"),
        (429, {"error_code": "429050", "message": "Too many requests"}, K.RATE_LIMITED, "429050", "Too many"),
        (409, {}, K.CONFLICT, None, ""),
        (418, {}, K.INVALID, None, ""),
    ],
)
def test_every_shape(status: int, body: object, kind: ErrorKind, code: str | None, words: str) -> None:
    error = parsed(status, body)
    assert (error.status, error.kind, error.code) == (status, kind, code)
    assert words in str(error)
    assert str(error).startswith(f"GET /flows/1 answered {status}")
    assert error.hint
    assert error.hint in str(error)


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({"x-request-id": "h"}, {"report": {"registryRequestId": "b"}}, "h"),
        ({"X-Request-ID": "H"}, {}, "H"),
        ({}, {"report": {"registryRequestId": "b"}}, "b"),
        ({}, {"requestId": "c"}, "c"),
        ({}, {"requestId": 5}, None),
    ],
)
def test_request_id(headers: dict[str, str], body: object, expected: str | None) -> None:
    error = parsed(400, body, **headers)
    assert error.request_id == expected
    assert (expected is not None and f"Request id {expected}." in str(error)) or expected is None


def test_a_sentence_is_not_said_twice() -> None:
    error = parsed(404, {"errorMessage": "no such flow", "errorDetails": "no such flow"})
    assert str(error).count("no such flow") == 1


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("header Authorization: Bearer abc.def-ghi", "abc.def-ghi"),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig", "eyJhbGciOiJIUzI1NiJ9"),
        ("https://a.blob.core/x?sv=1&sig=AbC%2F&se=2", "AbC%2F"),
        ('auth {"password": "hunter2"}', "hunter2"),
        ("s3SecretKey=zzz9", "zzz9"),
        ("sftp://me:hunter2@host/x", "hunter2"),
        ("secret p8e-abcDEF_1", "p8e-abcDEF_1"),
        ("AccountKey=AAAA==;EndpointSuffix", "AAAA"),
    ],
)
def test_secrets_in_adobes_words_are_not_repeated(text: str, secret: str) -> None:
    for body in ({"message": text}, text.encode()):
        error = parsed(400, body)
        assert secret not in str(error)
        assert "***" in str(error)


@given(st.integers(100, 599), st.binary(max_size=300), st.dictionaries(st.text(), st.text(), max_size=3))
def test_any_bytes_are_an_error(status: int, body: bytes, headers: dict[str, str]) -> None:
    error = parse_error(status, headers, body)
    assert isinstance(error.kind, ErrorKind)
    assert str(status) in str(error)
    assert str(error).isprintable() or all(char.isprintable() or char == " " for char in str(error))


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["error", "error_code", "message", "type", "title", "detail", "report", "responses", "code"]
            )
            | st.text(max_size=8),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.integers(100, 599), JSON)
def test_any_json_is_an_error(status: int, body: object) -> None:
    error = parse_error(status, {}, json.dumps(body).encode())
    assert len(str(error)) < 2_500


def test_nesting_without_end_is_an_error() -> None:
    assert parsed(500, b"[" * 100_000).kind is K.UNAVAILABLE


NOW = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("5", 5.0),
        (" 5 ", 5.0),
        ("Mon, 01 Jan 2024 00:00:30 GMT", 30.0),
        ("Sun, 31 Dec 2023 00:00:30 GMT", 0.0),
        ("Mon, 01 Jan 2024 00:00:30", 30.0),
        ("soon", None),
        ("-5", None),
        ("٣", None),
        ("9" * 40, None),
        ("", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert read_retry_after(value, now=NOW) == seconds


@given(st.text(max_size=60))
def test_any_retry_after(value: str) -> None:
    seconds = read_retry_after(value, now=NOW)
    assert seconds is None or seconds >= 0


def test_outcome() -> None:
    assert outcome_unknown(AnswerLost(K.UNAVAILABLE, "x"))
    assert outcome_unknown(parsed(503, b""))
    assert outcome_unknown(parsed(503, {"errorCode": "1103-503"}))
    assert all(
        outcome_unknown(parsed(status, {})) for status in (301, 304, 307, 408, 499, 500, 501, 507, 520, 599)
    )
    assert not any(outcome_unknown(parsed(status, {})) for status in (400, 401, 403, 404, 409, 412, 422, 429))
    assert not outcome_unknown(parsed(400, {}))


# Every code that the documents list, as (issuer, first, last or None).
LISTED = [
    ("flow-service", 1100, 1104),
    ("flow-service", 1400, 1458),
    ("flow-service", 2000, 2002),
    ("flow-service", 2100, 2108),
    ("flow-service", 2110, 2121),
    ("flow-service", 2200, 2200),
    ("flow-service", 2250, 2250),
    ("sources", 1000, 1014),
    ("sources", 1100, 1107),
    ("sources", 1200, 1205),
    ("sources", 1300, 1404),
    ("sources", 1600, 1607),
    ("sources", 1700, 1714),
]
UNLISTED = {("flow-service", 2109)} | {("flow-service", 2105 + 4)}


@pytest.mark.parametrize(("issuer", "first", "last"), LISTED)
def test_every_documented_number_is_explained(issuer: str, first: int, last: int) -> None:
    for number in range(first, last + 1):
        if (issuer, number) in UNLISTED:
            continue
        info = explain(str(number), issuer)
        assert info is not None, f"{issuer} {number}"
        assert info.issuer == issuer


@pytest.mark.parametrize(
    "code",
    [
        "400003",
        "401013",
        "403000",
        "403003",
        "403010",
        "403025",
        "403027",
        "429050",
        "106",
        "118",
        "133",
        "CONNECTOR-1001-500",
        "CONNECTOR-2001-500",
        "INGEST-1212-400",
        "INGEST-1211-400",
        "INGEST-1401-400",
        "INGEST-1555-400",
        "MAPPER-3700-400",
        "ACTIVATION_BATCH-0000-FAILED",
        "ACTIVATION_BATCH-0000-SKIP",
        "invalid_client",
        "invalid_scope",
        "internal_error",
    ],
)
def test_every_other_documented_code_is_explained(code: str) -> None:
    info = explain(code)
    assert info is not None
    assert info.code == code


def test_the_same_number_means_different_things() -> None:
    flow, source = explain("1404-412", "flow-service"), explain("1404", "sources")
    assert flow is not None
    assert source is not None
    assert flow.kind == "stale_etag"
    assert "backfill" in source.meaning.casefold()
    assert explain("CONNECTOR-1404-400") == source
    assert explain("FLOW-1404-412") == flow


@pytest.mark.parametrize(
    ("code", "path", "issuer"),
    [
        ("403025", None, "gateway"),
        ("1404-412", None, "flow-service"),
        ("1404-400", "/data/foundation/flowservice/connections/1/explore", "sources"),
        ("1362-400", None, "sources"),
        ("1701-400", "/data/foundation/connectors/landingzone", "sources"),
        ("INGEST-1212-400", None, "run"),
        ("106", None, "run"),
        ("invalid_client", None, "ims"),
        (None, None, "ims"),
    ],
)
def test_issuer(code: str | None, path: str | None, issuer: str) -> None:
    assert issuer_of(code, path) == issuer


def test_codes_are_complete_and_unique() -> None:
    codes = all_codes()
    assert len({(info.issuer, info.code) for info in codes}) == len(codes) > 250
    for info in codes:
        assert info.meaning
        # Adobe's table gives no advice for a row in thirty; then the advice for its kind is given.
        assert info.source
        assert info.kind is None or ErrorKind(info.kind)
    assert sum(bool(info.fix) for info in codes) > 250


@given(st.text(max_size=30), st.sampled_from([None, "sources", "flow-service", "nobody"]))
def test_any_code_is_explained_or_not(code: str, issuer: str | None) -> None:
    info = explain(code, issuer)
    assert info is None or info.meaning


@pytest.mark.parametrize(
    "text", ["secret" * 5000, "a-" * 20_000, "://a:" * 9000, "A_" * 20_000, "password-" * 4000]
)
def test_long_hostile_texts_cost_little(text: str) -> None:
    started = time.process_time()
    error = parsed(400, {"message": text})
    assert len(str(error)) < 1_500
    assert time.process_time() - started < 1


def test_a_code_with_which_the_message_begins_is_told_once() -> None:
    code = "CONNECTOR-1366-400"
    error = PlatformError(K.INVALID, f"{code}: the object type is not known", status=400, code=code)
    assert str(error).startswith(f"answered 400 ({code}): the object type is not known.")
    assert str(error).count(code) == 1
    assert str(PlatformError(K.INVALID, f"{code}: ", code=code)).count(code) == 1
    assert "see CONNECTOR" in str(PlatformError(K.INVALID, f"see {code}: it", code=code))
