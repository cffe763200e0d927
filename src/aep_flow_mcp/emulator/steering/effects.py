"""What a fault makes of an answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..http.messages import Answer, Delivery, Ending
from .faults import FaultRule

_PIECES = 4


def answer_of(rule: FaultRule) -> Answer:
    """The answer of a rule of the kind `status`."""
    headers = {} if rule.retry_after is None else {"retry-after": str(rule.retry_after)}
    body = rule.body
    if body is None and rule.status == 429:
        body = {"error_code": "429050", "message": "Too many requests"}
    elif body is None:
        body = {"message": "The service is not available at the moment"}
    return Answer(rule.status, body, headers)


def with_null(body: Any) -> Any:
    """The body with a null in the middle of its list."""
    if isinstance(body, list):
        return [*body[: len(body) // 2], None, *body[len(body) // 2 :]]
    if isinstance(body, dict):
        for name in ("items", "sandboxes", "data", "results"):
            if isinstance(body.get(name), list):
                return body | {name: with_null(body[name])}
    return body


def spoiled(delivery: Delivery, rule: FaultRule | None) -> Delivery:
    """The delivery as a fault leaves it."""
    if rule is None:
        return delivery
    payload = b"".join(delivery.chunks)
    if rule.kind == "lost_answer":
        return replace(delivery, ending=Ending.DROPPED)
    if rule.kind == "truncated" and payload:
        return replace(delivery, chunks=(payload[: len(payload) // 2],), ending=Ending.TRUNCATED)
    if rule.kind == "not_json":
        page = b"<html><body>The upstream service answered unexpectedly.</body></html>"
        headers = dict(delivery.headers) | {"content-type": "text/html", "content-length": str(len(page))}
        return replace(delivery, headers=headers, chunks=(page,))
    if rule.kind == "slow_body" and payload:
        size = -(-len(payload) // _PIECES)
        pieces = tuple(payload[at : at + size] for at in range(0, len(payload), size))
        return replace(delivery, chunks=pieces, between=0.5 if rule.seconds is None else rule.seconds)
    return delivery
