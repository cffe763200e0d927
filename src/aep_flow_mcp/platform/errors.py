"""Every error that Adobe sends, as one exception with a kind, a sentence and a way on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, Self

from .models.error_codes import ErrorInfo, explain, issuer_of
from .models.text import clean_text
from .redaction.texts import redact_text

_CODE = re.compile(r"\b[A-Z][A-Z_]*-\d{3,6}-(?:\d{3}|[A-Z]+)\b|\b\d{4}-\d{3}\b")
_TEXT_LIMIT = 600
_LOOKED_AT = 65_536
"""Characters of a message that are looked through for secrets; far more than are shown."""
_REQUEST_ID_HEADERS = ("x-request-id", "x-adobe-requestid", "x-correlation-id", "request-id")


class ErrorKind(StrEnum):
    """What went wrong, in the words that decide what to do next."""

    AUTH = "auth"
    PERMISSION = "permission"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    STALE_ETAG = "stale_etag"
    INVALID = "invalid"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    UNEXPECTED = "unexpected"


class PlatformError(Exception):
    """A call that did not succeed. `str()` is one sentence for whoever has to act on it.

    Attributes:
        kind: decides how callers react.
        status: the HTTP status, None when there was no answer.
        code: Adobe's code as sent (`1404-412`, `CONNECTOR-1001-500`, `403025`, ...).
        title, detail: Adobe's words, cleaned and bounded.
        request_id: what Adobe's support asks for.
        hint: what to try next.
        method, path: the request.
        retry_after: seconds that Adobe asked to wait.
        repeatable: the same read may succeed a little later.
    """

    def __init__(
        self,
        kind: ErrorKind,
        detail: str | None = None,
        *,
        status: int | None = None,
        code: str | None = None,
        title: str | None = None,
        request_id: str | None = None,
        hint: str | None = None,
        method: str | None = None,
        path: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.request_id = request_id
        self.hint = hint
        self.method = method
        self.path = path
        self.retry_after = retry_after
        self.repeatable = kind in (ErrorKind.UNAVAILABLE, ErrorKind.RATE_LIMITED)

    def about(self, method: str, path: str) -> Self:
        """This error, as one of that request."""
        self.method, self.path = method, path
        return self

    def __str__(self) -> str:
        """Request, status, code and message; then request id and hint."""
        subject = f"{self.method} {self.path}" if self.method and self.path else ""
        status = f"answered {self.status}" if self.status else "failed"
        head = " ".join(part for part in (subject, status) if part) if subject or self.status else ""
        if self.code:
            head = f"{head} ({self.code})" if head else self.code
        words = self.detail or self.title or _KIND_WORDS[self.kind]
        sentence = f"{head}: {words}" if head else words
        parts = [_ended(sentence)]
        if self.request_id:
            parts.append(f"Request id {self.request_id}.")
        if self.hint:
            parts.append(_ended(self.hint))
        return " ".join(parts)


class NotSent(PlatformError):
    """The request never left: nothing can have changed."""


class AnswerLost(PlatformError):
    """A write was sent and its answer did not arrive: it may have happened, so look before repeating it."""


_KIND_WORDS = {
    ErrorKind.AUTH: "authentication failed",
    ErrorKind.PERMISSION: "not allowed",
    ErrorKind.NOT_FOUND: "not found",
    ErrorKind.CONFLICT: "conflicts with the current state",
    ErrorKind.STALE_ETAG: "the object has changed since it was read",
    ErrorKind.INVALID: "the request was refused as invalid",
    ErrorKind.RATE_LIMITED: "too many requests",
    ErrorKind.UNAVAILABLE: "the service is not available",
    ErrorKind.UNEXPECTED: "an answer that was not expected",
}

_STATUS_KINDS = {
    400: ErrorKind.INVALID,
    401: ErrorKind.AUTH,
    403: ErrorKind.PERMISSION,
    404: ErrorKind.NOT_FOUND,
    405: ErrorKind.INVALID,
    406: ErrorKind.INVALID,
    408: ErrorKind.UNAVAILABLE,
    409: ErrorKind.CONFLICT,
    410: ErrorKind.NOT_FOUND,
    412: ErrorKind.STALE_ETAG,
    413: ErrorKind.INVALID,
    414: ErrorKind.INVALID,
    415: ErrorKind.INVALID,
    422: ErrorKind.INVALID,
    428: ErrorKind.INVALID,
    429: ErrorKind.RATE_LIMITED,
}

REFUSALS = frozenset(_STATUS_KINDS) - {408} | {402, 411, 417, 421, 423, 424, 426, 431, 451}
"""By these the service says that it did not carry out a request. 408, 425 and 499 are no refusals: they say that
somebody did not wait."""

_HINTS = {
    ErrorKind.AUTH: "Check the credentials (AEP_CLIENT_ID, AEP_CLIENT_SECRET, AEP_ORG_ID, AEP_SCOPES)",
    ErrorKind.PERMISSION: (
        "Ask an administrator to add the API credential to a product profile and to a role with access "
        "to this sandbox and this resource"
    ),
    ErrorKind.NOT_FOUND: (
        "Check the id with a list or find tool; the object may be deleted or in another sandbox"
    ),
    ErrorKind.CONFLICT: "Read the object again and decide on its current state",
    ErrorKind.STALE_ETAG: "Read the object again and make the change against its current version",
    ErrorKind.INVALID: "Correct the arguments and call again",
    ErrorKind.RATE_LIMITED: "Wait a moment and ask for less at once",
    ErrorKind.UNAVAILABLE: "Adobe's service is having trouble; try again in a few minutes",
    ErrorKind.UNEXPECTED: "Try again once; if it stays, report it with the request id",
}


def parse_error(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    method: str | None = None,
    path: str | None = None,
    now: datetime | None = None,
) -> PlatformError:
    """The error behind an answer, whatever shape its body has. Never raises.

    Args:
        status: the HTTP status, the authority where the body repeats a different one.
        headers: of the answer, any case.
        body: as received; JSON of any documented shape, HTML, cut, or empty.
        now: for a Retry-After that is a date.
    """
    lowered = {key.lower(): value for key, value in headers.items()}
    document = _json_object(body)
    title, detail = _words(document, body)
    code = _code(document, f"{title or ''} {detail or ''}")
    info = explain(code, issuer_of(code, path)) if code else None
    kind = _kind(status, info)
    return PlatformError(
        kind,
        detail,
        status=status,
        code=code,
        title=title,
        request_id=_request_id(lowered, document),
        hint=_hint(kind, info),
        method=method,
        path=path,
        retry_after=read_retry_after(lowered.get("retry-after"), now=now),
    )


def read_retry_after(value: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds to wait from a Retry-After header in either form (seconds, HTTP date); None for nonsense."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        when = parsedate_to_datetime(text)
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        return max(0.0, (when - (now or datetime.now(UTC))).total_seconds())
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def outcome_unknown(error: PlatformError) -> bool:
    """Whether a write that ended in `error` may have happened all the same.

    Only a refusal is certain: a request that never left, or one of the statuses by which HTTP and Adobe's
    documents say that the request was not carried out. A redirect, any 5xx (with a code of Adobe's or without)
    and any other status say nothing about what the service behind the answer has done, or still does.
    """
    if isinstance(error, NotSent):
        return False
    if isinstance(error, AnswerLost):
        return True
    return error.status is not None and error.status not in REFUSALS


def first_bytes(body: bytes, *, limit: int = 200) -> str:
    """The start of a body as clean text, for an error about a body that could not be read."""
    return clean_text(redact_text(body[:_LOOKED_AT].decode("utf-8", "replace")), limit=limit)


def said(value: object) -> str | None:
    """Adobe's words as they may be repeated: without secrets, control characters and excess."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    # Redacted first, cut afterwards: half a secret no longer looks like one.
    return clean_text(redact_text(str(value)[:_LOOKED_AT]), limit=_TEXT_LIMIT) or None


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if isinstance(parsed, list):
        parsed = next((item for item in parsed if isinstance(item, dict)), None)
    if not isinstance(parsed, dict):
        return {}
    responses = parsed.get("responses")
    if isinstance(responses, list):
        # The streaming inlet's 207 reports per message; the first failure speaks for the call.
        failed = [item for item in responses if isinstance(item, dict) and item.get("message")]
        return {**parsed, **failed[0]} if failed else parsed
    inner = parsed.get("error")
    return (
        {**inner, **{k: v for k, v in parsed.items() if k != "error"}} if isinstance(inner, dict) else parsed
    )


def _words(document: dict[str, Any], body: bytes) -> tuple[str | None, str | None]:
    """(title, detail): the most specific text that the body's shape offers."""
    if not document:
        text = first_bytes(body)
        return None, f"the body is not JSON: {text}" if text else "the body is empty"
    report = document.get("report")
    report = report if isinstance(report, dict) else {}
    title = said(document.get("title")) or said(document.get("error"))
    texts = (
        document.get("detail"),
        document.get("error_description"),
        document.get("errorMessage"),
        document.get("message"),
        report.get("detailed-message"),
        report.get("message"),
        document.get("errorDetails"),
    )
    found = list(dict.fromkeys(text for text in map(said, texts) if text))
    found = [text for text in found if not any(text != other and text in other for other in found)]
    detail = clean_text(" – ".join(found), limit=_TEXT_LIMIT) if found else None
    return title, detail or title


def _code(document: dict[str, Any], text: str) -> str | None:
    """`error_code`, the end of `type`, `errorCode`, `code`, then anything code-shaped in the text."""
    candidates: list[object] = [document.get("error_code")]
    kind = document.get("type")
    last = kind.rstrip("/").rsplit("/", 1)[-1] if isinstance(kind, str) else ""
    candidates.append(last if any(char.isdigit() for char in last) else None)
    candidates += [document.get("errorCode"), document.get("code")]
    for candidate in candidates:
        code = said(candidate)
        if code and len(code) <= 64:
            return code
    report = document.get("report")
    search = text + (f" {said(report.get('detailed-message'))}" if isinstance(report, dict) else "")
    match = _CODE.search(search)
    if match:
        return match.group()
    oauth = document.get("error")
    return said(oauth) if isinstance(oauth, str) and re.fullmatch(r"[a-z_]{3,40}", oauth) else None


def _kind(status: int, info: ErrorInfo | None) -> ErrorKind:
    if info and info.kind:
        return ErrorKind(info.kind)
    known = _STATUS_KINDS.get(status)
    if known:
        return known
    if 500 <= status < 600:
        return ErrorKind.UNAVAILABLE
    return ErrorKind.INVALID if 400 <= status < 500 else ErrorKind.UNEXPECTED


def _hint(kind: ErrorKind, info: ErrorInfo | None) -> str:
    return info.fix if info and info.fix else _HINTS[kind]


def _request_id(headers: Mapping[str, str], document: dict[str, Any]) -> str | None:
    return next((clean_text(value, limit=100) for value in _request_ids(headers, document) if value), None)


def _request_ids(headers: Mapping[str, str], document: dict[str, Any]) -> Iterator[str]:
    for name in _REQUEST_ID_HEADERS:
        yield headers.get(name, "")
    report = document.get("report")
    for place in (report if isinstance(report, dict) else {}, document):
        for key in ("registryRequestId", "requestId", "request_id"):
            value = place.get(key)
            yield value if isinstance(value, str) else ""


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?", "…")) else f"{sentence}."
