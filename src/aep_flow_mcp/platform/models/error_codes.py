"""What Adobe's error codes mean and what to do about them; the texts are in `error_codes.json`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

FLOW_SERVICE = "flow-service"
SOURCES = "sources"
GATEWAY = "gateway"
IMS = "ims"
RUN = "run"

_PREFIXED = re.compile(r"(?P<prefix>[A-Z][A-Z_]*)-(?P<number>\d{3,6})(?:-(?P<http>\d{3}|[A-Z]+))?")
_BARE = re.compile(r"(?P<number>\d{1,6})(?:-(?P<http>\d{3}))?")
_PREFIX_ISSUERS = {
    "FLOW": FLOW_SERVICE,
    "FLOWSERVICE": FLOW_SERVICE,
    "FLOW_SERVICE": FLOW_SERVICE,
    "CONNECTOR": SOURCES,
    "CONNECTORS": SOURCES,
    "SOURCE": SOURCES,
    "SOURCES": SOURCES,
}


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """One code: its meaning, its usual cause, the fix to suggest, and which document says so.

    `kind` is set where the HTTP status alone would mislead (a 400 that means "not found").
    """

    code: str
    issuer: str
    meaning: str
    cause: str
    fix: str
    source: str
    kind: str | None = None


def explain(code: str | int, issuer: str | None = None) -> ErrorInfo | None:
    """What a code means.

    Args:
        code: as Adobe sent it: `1404-412`, `FLOW-1404-412`, `CONNECTOR-1001-500`, `403025`, `106`.
        issuer: `flow-service`, `sources`, `gateway`, `ims` or `run` (codes of flow runs and batches). The
            same number means different things to different issuers; without one it is guessed.

    Returns:
        None for codes that no public document explains.
    """
    text = str(code).strip()
    index = _index()
    exact = index.get((issuer, text)) if issuer else None
    if exact or (exact := index.get((RUN, text))):
        return exact
    parsed = _PREFIXED.fullmatch(text) or _BARE.fullmatch(text)
    if parsed is None:
        return index.get((IMS, text))
    issuer = _PREFIX_ISSUERS.get(parsed.groupdict().get("prefix") or "") or issuer or issuer_of(text)
    number, http = parsed["number"], parsed["http"]
    found = index.get((issuer, f"{number}-{http}")) or index.get((issuer, number))
    return found or index.get((_only_issuer(number), number))


def issuer_of(code: str | None, path: str | None = None) -> str:
    """Who a code probably comes from, by its shape and by the path that was called."""
    text = code or ""
    parsed = _PREFIXED.fullmatch(text)
    if parsed:
        return _PREFIX_ISSUERS.get(parsed["prefix"], RUN)
    bare = _BARE.fullmatch(text)
    if bare is None:
        return IMS
    if len(bare["number"]) == 6:
        return GATEWAY
    if len(bare["number"]) < 4:
        return RUN
    if path and ("/connectors/" in path or path.rstrip("/").endswith(("/explore", "/test"))):
        return SOURCES
    # Numbers that only one of the two services uses decide by themselves.
    return _only_issuer(bare["number"]) or FLOW_SERVICE


def all_codes() -> tuple[ErrorInfo, ...]:
    """Every known code, for tables and completion."""
    return tuple(dict.fromkeys(_index().values()))


def _only_issuer(number: str) -> str | None:
    found = {info.issuer for (issuer, code), info in _index().items() if code == number and issuer != RUN}
    return found.pop() if len(found) == 1 else None


@cache
def _index() -> dict[tuple[str | None, str], ErrorInfo]:
    """(issuer, code as listed) and, where unambiguous, (issuer, bare number) -> what is known."""
    # Not at the top: most processes never explain an error.

    listed = json.loads((files(__package__) / "error_codes.json").read_text("utf-8"))
    index: dict[tuple[str | None, str], ErrorInfo] = {}
    for entry in listed:
        info = ErrorInfo(**entry)
        index[info.issuer, info.code] = info
        if info.issuer != RUN:
            index.setdefault((info.issuer, info.code.split("-")[0]), info)
    return index
