"""What the body of an error says: title, words, code and request id, from every shape that Adobe documents.

Adobe's services differ: OAuth objects, the gateway's `error_code`, problem JSON (RFC 7807) with a `report`, lists
under `errors`, `validationErrors`, `invalidParams`, `error-chain` or `_errors`, plain text and HTML. Nothing here
raises.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .models.text import clean_text
from .redaction.texts import redact_text

TEXT_LIMIT = 600
_LOOKED_AT = 65_536
"""Characters of a message that are looked through for secrets; far more than are shown."""
_MOST_FINDINGS = 8
_MOST_DEPTH = 5

_CODE = re.compile(r"\b[A-Z][A-Z_]*-\d{3,6}-(?:\d{3}|[A-Z]+)\b|\b\d{4}-\d{3}\b")
# What the last part of a problem's `type` must look like to be a code: others name a document.
_CODE_AS_TYPE = re.compile(r"[A-Z][A-Z_]*-\d[\w-]*|\d{3,6}(?:-\d{3})?")
_OAUTH_CODE = re.compile(r"[a-z_]{3,40}")

_TEXTS = ("detail", "error_description", "errorMessage", "message")
_REPORT_TEXTS = ("detailed-message", "detailedMessage", "message")
_LISTS = (
    *("errors", "_errors", "validationErrors", "validation-errors", "invalidParams", "invalid-params"),
    *("sub-errors", "subErrors", "error-chain", "errorChain", "details"),
)
_FINDING_TEXTS = ("message", "errorMessage", "reason", "detail", "description", "msg", "title", "error")
_FINDING_NAMES = ("field", "name", "param", "parameter", "property", "path", "pointer", "instancePath")
_FINDING_CODES = ("code", "errorCode", "error_code")
_REQUEST_IDS = ("request-id", "requestId", "registryRequestId", "request_id", "x-request-id")
_REQUEST_ID_HEADERS = ("x-request-id", "x-adobe-requestid", "x-correlation-id", "request-id")
_TAGS = re.compile(r"(?is)<(script|style)\b.{0,2000}?</\1\s*>|<[^<>]{0,2000}>")


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """An error's body: the words are cleaned, without secrets, and bounded."""

    title: str | None
    detail: str | None
    code: str | None
    request_id: str | None


def read_body(body: bytes, headers: Mapping[str, str], *, status: int) -> ErrorBody:
    """What a body of any shape says; `headers` with lower-case names."""
    document = _document(body)
    title, detail = _words(document, body)
    code = _code(document, f"{title or ''} {detail or ''}", status=status)
    return ErrorBody(title, detail, code, _request_id(headers, document))


def first_bytes(body: bytes, *, limit: int = 200) -> str:
    """The start of a body as clean text without markup, for an error about a body that could not be read."""
    text = body[:_LOOKED_AT].decode("utf-8", "replace")
    return clean_text(redact_text(_TAGS.sub(" ", text) if "<" in text else text), limit=limit)


def said(value: object, *, limit: int = TEXT_LIMIT) -> str | None:
    """Adobe's words as they may be repeated: without secrets, control characters and excess."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    # Redacted first, cut afterwards: half a secret no longer looks like one.
    return clean_text(redact_text(str(value)[:_LOOKED_AT]), limit=limit) or None


def _document(body: bytes) -> dict[str, Any]:
    """The body as one object; {} when it is no JSON, or has nothing in it."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if isinstance(parsed, str | list):
        first = next((item for item in parsed if isinstance(item, dict)), {})
        parsed = {**first, "errors": parsed} if parsed else {}
    if not isinstance(parsed, dict):
        return {}
    responses = parsed.get("responses")
    if isinstance(responses, list):
        # The streaming inlet's 207 reports per message; the first failure speaks for the call.
        failed = [item for item in responses if isinstance(item, dict) and item.get("message")]
        return {**parsed, **failed[0]} if failed else parsed
    inner = parsed.get("error")
    if isinstance(inner, dict):
        return {**inner, **{key: value for key, value in parsed.items() if key != "error"}}
    return parsed


def _report(document: Mapping[str, Any]) -> Mapping[str, Any]:
    report = document.get("report")
    return report if isinstance(report, dict) else {}


def _words(document: dict[str, Any], body: bytes) -> tuple[str | None, str | None]:
    """(title, detail): the most specific text that the body's shape offers, then what its lists name."""
    if not document:
        text = first_bytes(body)
        return None, f"the body is not JSON: {text}" if text else "the body is empty"
    report = _report(document)
    title = said(document.get("title")) or said(document.get("error"))
    texts = [said(document.get(key)) for key in _TEXTS]
    texts += [said(report.get(key)) for key in _REPORT_TEXTS]
    texts += [said(document.get("errorDetails")), said(document.get("report"))]
    texts += [finding.words for finding in _findings(document)]
    found = list(dict.fromkeys(text for text in texts if text))
    found = [text for text in found if not any(text != other and text in other for other in found)]
    detail = clean_text(" – ".join(found), limit=TEXT_LIMIT) if found else None
    return title, detail or title


@dataclass(frozen=True, slots=True)
class _Finding:
    words: str | None
    code: str | None


def _findings(document: Mapping[str, Any]) -> list[_Finding]:
    """What the lists of a body name one by one, the first few of them."""
    found: list[_Finding] = []
    for holder in (document, _report(document)):
        for key in (*_LISTS, *_TEXTS, *_REPORT_TEXTS):
            # Some services put a list where others have a sentence.
            if isinstance(holder.get(key), list | dict) or key in _LISTS:
                found.extend(_each(holder.get(key), "", _MOST_DEPTH))
    return list(dict.fromkeys(found))[:_MOST_FINDINGS]


def _each(value: object, name: str, depth: int) -> Iterator[_Finding]:
    """The findings in a list, in an object of one, or in an object of lists by field; texts are findings too."""
    if depth == 0:
        return
    if isinstance(value, list):
        for item in value[: _MOST_FINDINGS * 4]:
            yield from _each(item, name, depth - 1)
    elif isinstance(value, dict):
        own = _one(value, name)
        if own is not None:
            yield own
        for key, inner in list(value.items())[: _MOST_FINDINGS * 4]:
            if isinstance(inner, list | dict):
                yield from _each(inner, "" if key in _LISTS else str(key), depth - 1)
            elif own is None and isinstance(inner, str):
                yield _Finding(said(f"{key}: {inner}"), None)
    elif text := said(value):
        yield _Finding(f"{said(name, limit=80)}: {text}" if name else text, None)


def _one(item: Mapping[str, Any], name: str) -> _Finding | None:
    text = next((text for key in _FINDING_TEXTS if (text := said(item.get(key)))), None)
    code = next((code for key in _FINDING_CODES if (code := said(item.get(key), limit=64))), None)
    if text is None and code is None:
        return None
    where = next((where for key in _FINDING_NAMES if (where := said(item.get(key), limit=80))), name)
    words = ": ".join(part for part in (where, text) if part) if text else None
    return _Finding(words, code)


def _code(document: Mapping[str, Any], text: str, *, status: int) -> str | None:
    """`error_code`, the end of `type`, `errorCode`, `code`, a list's first, then anything code-shaped in the text."""
    candidates = [document.get("error_code"), _code_of_type(document.get("type"))]
    candidates += [
        document.get("errorCode"),
        document.get("code"),
        _code_of_type(_report(document).get("type")),
    ]
    named = [code for finding in _findings(document) if (code := finding.code)]
    for candidate in (*candidates, *named):
        code = said(candidate)
        # Some bodies repeat the HTTP status under `code`; that says nothing more.
        if code and len(code) <= 64 and code not in ("0", str(status)):
            return code
    match = _CODE.search(text)
    if match:
        return match.group()
    oauth = document.get("error")
    return said(oauth) if isinstance(oauth, str) and _OAUTH_CODE.fullmatch(oauth) else None


def _code_of_type(kind: object) -> str | None:
    """The code at the end of a problem's type URI (or URN); most URIs end in a word."""
    if not isinstance(kind, str):
        return None
    last = re.split(r"[/:#=]", kind.rstrip("/"))[-1]
    return last if _CODE_AS_TYPE.fullmatch(last) else None


def _request_id(headers: Mapping[str, str], document: Mapping[str, Any]) -> str | None:
    ids: list[object] = [headers.get(name) for name in _REQUEST_ID_HEADERS]
    ids += [place.get(key) for place in (_report(document), document) for key in _REQUEST_IDS]
    return next(
        (found for value in ids if isinstance(value, str) and (found := clean_text(value, limit=100))), None
    )
