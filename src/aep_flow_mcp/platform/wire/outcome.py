"""What a response means: an answer, an error of one kind, or that nobody knows whether it happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from ..errors import AnswerLost, ErrorKind, PlatformError, first_bytes, outcome_unknown, parse_error
from ..redaction.values import Redactor
from ..waiting.patience import NotSentInTime
from . import bodies

_REFUSED_WRITE = (
    "It was not carried out, and not sent again: the next call takes a fresh token, so call the tool again"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: `data` is the parsed body or None. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    data: Any
    size: int = 0
    """Bytes of the body."""

    @property
    def request_id(self) -> str | None:
        return self.headers.get("x-request-id")


@dataclass(frozen=True, slots=True)
class Planned:
    """A request before it is sent."""

    method: str
    path: str
    url: str
    headers: dict[str, str] = field(repr=False)
    body: bytes | None = None
    most: int | None = None
    """Read no more bytes of the answer than this, and leave them as they are."""
    within: int = bodies.MOST_BYTES
    form: bodies.Form = bodies.WHOLE
    again: int = 0
    """How often it was tried before."""


def no_token(words: str, planned: Planned | None = None) -> NotSentInTime:
    """A request that never left, since there was no token for it in time."""
    failure = NotSentInTime(
        ErrorKind.UNAVAILABLE,
        f"not sent: no token from IMS, {words}",
        hint="Check the network, any proxy, and AEP_IMS_URL; IMS may be slow at the moment",
    )
    return failure.about(planned.method, planned.path) if planned else failure


def unbounded(planned: Planned, words: str, *, left: bool, reads: bool) -> PlatformError:
    """An answer that was not read to its end. The same again would be as long."""
    if not left:
        return no_token(words, planned)
    if not reads:
        return lost(planned, words, reads=False)
    return PlatformError(
        ErrorKind.UNEXPECTED,
        f"{words}, and was not read",
        hint="Ask for less at once: a smaller limit, or a single object",
    ).about(planned.method, planned.path)


class CrowdedOut(PlatformError):
    """A read that was given up because others held what it waited for. The service is well, and so is the answer."""


def crowded_out(planned: Planned, words: str, *, reads: bool) -> PlatformError:
    """An answer whose turn did not come."""
    if not reads:
        return lost(planned, words, reads=False)
    error = CrowdedOut(
        ErrorKind.UNAVAILABLE, words, hint="Other calls read much at the moment: try again in a moment"
    ).about(planned.method, planned.path)
    error.repeatable = False  # It has waited already.
    return error


def lost(planned: Planned, words: str, *, reads: bool, status: int | None = None) -> PlatformError:
    """No usable answer: a reading may be tried again, of a write it is not known whether it happened."""
    if reads:
        return PlatformError(
            ErrorKind.UNAVAILABLE,
            words,
            status=status,
            hint="Try again in a moment; ask for less at once if it stays",
        ).about(planned.method, planned.path)
    return AnswerLost(
        ErrorKind.UNAVAILABLE,
        f"{words}, so it is not known whether it happened",
        status=status,
        hint="Look at the current state before you repeat it",
    ).about(planned.method, planned.path)


def read_answer(
    planned: Planned, response: httpx.Response, body: bytes | bytearray, *, reads: bool, redactor: Redactor
) -> Answer:
    """The answer behind a complete response, or the error that it is."""
    status = response.status_code
    if 300 <= status < 400:
        target = urlsplit(response.headers.get("location", "")).hostname or "another place"
        redirected = PlatformError(
            ErrorKind.UNEXPECTED,
            f"a redirect to {target} was not followed: the token goes to the configured host only",
            status=status,
            hint="Check AEP_PLATFORM_URL",
        ).about(planned.method, planned.path)
        raise redirected if reads else _as_lost(planned, redirected)
    if status >= 400 or status < 200:
        # Before anything is cut: half a secret can no longer be found.
        body = redactor.body(bytes(body))
        error = parse_error(status, response.headers, body, method=planned.method, path=planned.path)
        if status == httpx.codes.UNAUTHORIZED and not reads:
            error.hint = f"{_REFUSED_WRITE}. {error.hint}"
        raise _as_lost(planned, error) if not reads and outcome_unknown(error) else error
    headers = {name.lower(): value for name, value in response.headers.items()}
    if planned.most is not None:
        start = bodies.FileStart(redactor.body(bytes(body[: planned.most])), len(body) <= planned.most)
        return Answer(status, headers, start)
    if not body.strip() and (not reads or status == httpx.codes.NO_CONTENT or planned.method == "HEAD"):
        return Answer(status, headers, None)
    try:
        return Answer(status, headers, planned.form.read(body), len(body))
    except bodies.UnboundedJson as error:
        raise unbounded(planned, str(error), left=True, reads=reads) from None
    except ValueError:
        raise _unreadable(planned, status, redactor.body(bytes(body)), reads=reads) from None


def _as_lost(planned: Planned, error: PlatformError) -> AnswerLost:
    return AnswerLost(
        error.kind,
        f"{error.detail}; it is not known whether it happened",
        hint="Look at the current state before you repeat it",
        **{name: getattr(error, name) for name in ("status", "code", "title", "request_id", "retry_after")},
    ).about(planned.method, planned.path)


def _unreadable(planned: Planned, status: int, body: bytes, *, reads: bool) -> PlatformError:
    """A success whose body cannot be read: cut JSON is a broken connection, anything else is no Platform."""
    start = body.lstrip()[:1]
    if not body.strip():
        words = "the answer has no body"
    elif start in (b"{", b"["):
        words = "the answer's JSON is incomplete or damaged"
    elif reads:
        error = PlatformError(
            ErrorKind.UNEXPECTED,
            f"the answer is not JSON; it begins with: {first_bytes(body)}",
            status=status,
            hint="Check AEP_PLATFORM_URL and any proxy in front of it",
        ).about(planned.method, planned.path)
        error.repeatable = True
        return error
    else:
        words = f"the answer is not JSON ({first_bytes(body, limit=80)})"
    return lost(planned, words, reads=reads, status=status)
