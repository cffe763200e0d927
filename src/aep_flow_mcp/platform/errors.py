"""Every error that Adobe sends, as one exception with a kind, a sentence and a way on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Self

from .error_bodies import first_bytes as first_bytes
from .error_bodies import read_body
from .models.error_codes import ErrorInfo, explain, issuer_of

NOT_SEEN = (
    "It may be deleted, be in another sandbox, or carry an access label that the credential's role lacks: "
    "Adobe answers the same to all three"
)
"""What a 404 can mean. None of them is proved by it."""


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
        if self.code and words.startswith(f"{self.code}:"):
            # Some services begin their message with the code, which is told already.
            words = words[len(self.code) + 1 :].strip() or _KIND_WORDS[self.kind]
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

_NOT_ACCEPTABLE = 406
_OTHER_FORM = (
    "Name the form that is wanted: get_resource takes `accept`, "
    "for a schema application/vnd.adobe.xed+json; version=1"
)
_SANDBOX_CODES = ("210",)
"""Codes of sandboxes that are not found: no object is meant."""

_HINTS = {
    ErrorKind.AUTH: "Check the credentials (AEP_CLIENT_ID, AEP_CLIENT_SECRET, AEP_ORG_ID, AEP_SCOPES)",
    ErrorKind.PERMISSION: (
        "Ask an administrator to add the API credential to a product profile and to a role with access "
        "to this sandbox and this resource"
    ),
    ErrorKind.NOT_FOUND: "Check the id with a list or find tool",
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
    told = read_body(body, lowered, status=status)
    info = explain(told.code, issuer_of(told.code, path)) if told.code else None
    kind = _kind(status, info)
    return PlatformError(
        kind,
        told.detail,
        status=status,
        code=told.code,
        title=told.title,
        request_id=told.request_id,
        hint=_hint(kind, info, status),
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


def _kind(status: int, info: ErrorInfo | None) -> ErrorKind:
    if info and info.kind:
        return ErrorKind(info.kind)
    known = _STATUS_KINDS.get(status)
    if known:
        return known
    if 500 <= status < 600:
        return ErrorKind.UNAVAILABLE
    return ErrorKind.INVALID if 400 <= status < 500 else ErrorKind.UNEXPECTED


def _hint(kind: ErrorKind, info: ErrorInfo | None, status: int) -> str:
    if status == _NOT_ACCEPTABLE:
        return _OTHER_FORM
    fix = info.fix if info and info.fix else _HINTS[kind]
    if kind is ErrorKind.NOT_FOUND and not (info and info.code.startswith(_SANDBOX_CODES)):
        return f"{_ended(fix)} {NOT_SEEN}"
    return fix


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?", "…")) else f"{sentence}."
