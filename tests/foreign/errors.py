"""Error answers, in every form that Adobe's services document, and some that a proxy makes of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from foreign.draw import Draw
from foreign.truth import Refused

Form = Callable[[int, str, str], tuple[Any, tuple[str, ...]]]


def _classic(status: int, code: str, words: str) -> tuple[Any, tuple[str, ...]]:
    return {"errorMessage": words, "errorDetails": words}, (words,)


def _message(status: int, code: str, words: str) -> tuple[Any, tuple[str, ...]]:
    return {"message": words}, (words,)


def _problem(status: int, code: str, words: str) -> tuple[Any, tuple[str, ...]]:
    report = {"registryRequestId": "req-7f3a", "detailed-message": f"{words} (in detail)", "sub-errors": []}
    body = {
        "type": f"http://ns.adobe.com/aep/errors/{code}",
        "title": words,
        "status": status,
        "report": report,
        "detail": words,
    }
    return body, (words, code, "req-7f3a")


def _only_detailed(status: int, code: str, words: str) -> tuple[Any, tuple[str, ...]]:
    report = {"detailed-message": words, "request-id": "req-91bc", "timestamp": "12-01-2026 10:00:00"}
    return {
        "type": f"http://ns.adobe.com/aep/errors/{code}",
        "title": "Error",
        "report": report,
        "status": str(status),
    }, (words, code)


def _gateway(status: int, code: str, words: str) -> tuple[Any, tuple[str, ...]]:
    return {"error_code": 403027 if status == 403 else "404001", "message": words}, (words,)


def _errors(status: int, code: str, words: str) -> tuple[Any, tuple[str, ...]]:
    return {"errors": [None, {"code": code, "message": words}]}, (words, code)


def _errors_by_status(status: int, code: str, words: str) -> tuple[Any, tuple[str, ...]]:
    return {"errors": {str(status): [{"code": code, "message": words}]}}, (words, code)


def _validation(status: int, code: str, words: str) -> tuple[Any, tuple[str, ...]]:
    body = {"title": "Validation failed", "validationErrors": [{"field": "/params/path", "message": words}]}
    return body, (words,)


def _invalid(status: int, code: str, words: str) -> tuple[Any, tuple[str, ...]]:
    return {
        "title": "Bad request",
        "status": status,
        "invalidParams": [{"name": "limit", "reason": words}],
    }, (words,)


def _chain(status: int, code: str, words: str) -> tuple[Any, tuple[str, ...]]:
    chain = [
        {
            "serviceId": "FLOW",
            "errorCode": code,
            "invokingServiceId": "FLOW",
            "unixTimeStampMs": 1_600_000_000_000,
        }
    ]
    return {"title": words, "status": status, "error-chain": chain, "report": {"error-chain": chain}}, (
        words,
        code,
    )


def _oauth(status: int, code: str, words: str) -> tuple[Any, tuple[str, ...]]:
    return {"error": "forbidden", "error_description": words}, (words,)


def _nulls(status: int, code: str, words: str) -> tuple[Any, tuple[str, ...]]:
    return {"type": None, "title": None, "status": None, "report": None, "detail": None, "message": words}, (
        words,
    )


def _listed(status: int, code: str, words: str) -> tuple[Any, tuple[str, ...]]:
    return [{"code": code, "message": words}], (words,)


_FORMS: tuple[Form, ...] = (
    _classic, _message, _problem, _only_detailed, _gateway, _errors, _errors_by_status, _validation, _invalid, _chain,
    _oauth, _nulls, _listed,
)  # fmt: skip
_BARE: tuple[tuple[bytes, str], ...] = (
    (b"<html><head><title>502</title></head><body><h1>Bad gateway</h1></body></html>", "text/html"),
    (b"", "application/json"),
    (b"null", "application/json"),
    (b'"denied"', "application/json"),
    (b'{"message": "cut of', "application/json"),
    (b"\xff\xfe\x00", "application/octet-stream"),
)


def refused(draw: Draw, *statuses: int) -> Refused:
    """An error with one of the statuses, in any form."""
    status = draw.choice("status", *statuses)
    words = f"{draw.choice('words', 'Access denied for', 'No such', 'Could not find')} thing {draw.hex('mark', 6)}"
    code = f"{draw.choice('prefix', 'FLOW', 'XDM', 'CONNECTOR')}-{draw.number('code', 9100, 9199)}-{status}"
    if draw.chance("bareError", 15):
        body, kind = draw.choice("bare", *_BARE)
        return Refused(status, body, kind)
    document, told = draw.pick("errorForm", _message, *_FORMS)(status, code, words)
    kind = draw.mostly(
        "errorType", "application/json", "application/problem+json;charset=UTF-8", "text/plain"
    )
    return Refused(status, json.dumps(document).encode(), kind, told)
