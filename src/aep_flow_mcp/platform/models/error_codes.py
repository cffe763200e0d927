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
SCHEMA_REGISTRY = "schema-registry"

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
# Codes of these issuers stand with their prefix, as printed: their numbers alone say nothing.
_WHOLE_CODES = frozenset({RUN, SCHEMA_REGISTRY})


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """One code: its meaning, its usual cause, the fix to suggest, and the page that prints it.

    `cause` and `fix` are empty where the page names none. `kind` is set where the HTTP status alone would mislead
    (a 400 that means "not found").
    """

    code: str
    issuer: str
    meaning: str
    source: str
    cause: str = ""
    fix: str = ""
    kind: str | None = None


def explain(code: str | int, issuer: str | None = None) -> ErrorInfo | None:
    """What a code means.

    Args:
        code: as Adobe sent it: `1404-412`, `FLOW-1404-412`, `CONNECTOR-1001-500`, `403025`, `106`, or a problem's
            `type` that ends in one.
        issuer: `flow-service`, `sources`, `gateway`, `ims`, `schema-registry` or `run` (codes of flow runs and
            batches). The same number means different things to different issuers; without one it is guessed.

    Returns:
        None for codes that no public document explains, and for those of services whose tables are not here:
        numbers of other prefixes (`DCVS-1106-400`, `XDM-1010-404`) mean something else there.
    """
    text = str(code).strip().rstrip("/").rsplit("/", 1)[-1]
    index = _index()
    exact = next(
        (info for each in (issuer, *_WHOLE_CODES) if each and (info := index.get((each, text)))), None
    )
    if exact:
        return exact
    prefixed = _PREFIXED.fullmatch(text)
    if prefixed:
        known = _PREFIX_ISSUERS.get(prefixed["prefix"])
        return _numbered(known, prefixed["number"], prefixed["http"]) if known else None
    bare = _BARE.fullmatch(text)
    if bare is None:
        return index.get((IMS, text))
    number, http = bare["number"], bare["http"]
    if issuer == RUN:
        return _of_run(number, http)
    found = _numbered(issuer or issuer_of(text), number, http)
    return found or _numbered(_only_issuer(number), number, http)


def _numbered(issuer: str | None, number: str, http: str | None) -> ErrorInfo | None:
    """The entry of a number; one that is sent with another HTTP status than printed is the same."""
    index = _index()
    return index.get((issuer, f"{number}-{http}")) or index.get((issuer, number))


def _of_run(number: str, http: str | None) -> ErrorInfo | None:
    """A number in a run: of a row where it stands alone (as in files of parsing errors), else of the sources."""
    row = _index().get((RUN, f"INGEST-{number}-{http or 400}"))
    return row or (_numbered(SOURCES, number, http) if http else None)


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
    found = {
        info.issuer
        for (issuer, code), info in _index().items()
        if code == number and issuer not in _WHOLE_CODES
    }
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
        if info.issuer not in _WHOLE_CODES:
            index.setdefault((info.issuer, info.code.split("-")[0]), info)
    return index
