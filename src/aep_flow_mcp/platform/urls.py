"""Paths and query strings: built from parts that cannot change where a request goes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from .errors import ErrorKind, PlatformError
from .models.text import clean_text

Param = tuple[str, str]
Params = Mapping[str, str | Sequence[str]] | Iterable[Param]

FLOW_SERVICE = "/data/foundation/flowservice"
CONNECTORS = "/data/foundation/connectors"
CATALOG = "/data/foundation/catalog"
CONVERSION = "/data/foundation/conversion"
SCHEMA_REGISTRY = "/data/foundation/schemaregistry"
SANDBOXES = "/data/foundation/sandbox-management"
AUDIT = "/data/foundation/audit"
DATA_ACCESS = "/data/foundation/export"
OBSERVABILITY = "/data/infrastructure/observability/insights"

_CONTROL = re.compile(r"[\x00-\x20\x7f-\x9f]")
_HIDDEN_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SANDBOX = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,255}")
_MAX_PATH = 4_000
_DEFAULT_PORTS = {"http": 80, "https": 443}


def invalid(sentence: str, *, hint: str | None = None) -> PlatformError:
    """An error about arguments, made before anything is sent."""
    return PlatformError(ErrorKind.INVALID, sentence, hint=hint)


def join_path(base: str, *segments: str) -> str:
    """`base` followed by `segments`, each of them one encoded path segment: for ids.

    Raises:
        PlatformError: (invalid) a segment is empty, is a dot segment, or holds a slash, a space or the like.
    """
    return "/".join([base, *(quote(_segment(segment), safe="") for segment in segments)])


def quoted_segment(value: str) -> str:
    """One encoded segment of anything, for ids that are URIs (schema ids)."""
    if not value or value in (".", "..") or any(ord(char) < 32 for char in value):
        raise invalid(f"{shown(value)} is not an id.")
    return quote(value, safe="")


def check_path(path: str) -> str:
    """`path` if it is a plain absolute path below the Platform URL.

    Raises:
        PlatformError: (invalid) it could reach another host or leave its folder (`//`, `..`, `\\`, `?`, ...).
    """
    decoded = unquote(path)
    if not path.startswith("/") or path.startswith("//") or len(path) > _MAX_PATH:
        raise invalid(f"{shown(path)} is not a path: it starts with one slash and names no host.")
    hidden = "\\" in decoded or _HIDDEN_CONTROL.search(decoded)
    if hidden or _CONTROL.search(path) or _BAD_ESCAPE.search(path) or "?" in path or "#" in path:
        raise invalid(f"{shown(path)} holds a character that no path here can have.")
    segments = path.split("/")[1:]
    # Decoded twice as well: a gateway on the way may do it once more than it should.
    if any(_is_dots(unquote(segment)) or _is_dots(unquote(unquote(segment))) for segment in segments):
        raise invalid(f"{shown(path)} holds a `.` or `..` segment.")
    if "" in segments[:-1]:
        raise invalid(f"{shown(path)} holds an empty segment; is an id missing?")
    return path


def _is_dots(segment: str) -> bool:
    return segment in (".", "..")


def split_resource(resource: str, platform_url: str) -> tuple[str, list[Param]]:
    """(path, params) of a resource that a person named: a path, or a full URL below `platform_url`.

    Raises:
        PlatformError: (invalid) another host, or no path.
    """
    text = resource.strip()
    try:
        parts = urlsplit(text)
        ours = same_host(text, platform_url)
    except ValueError:
        raise invalid(f"{shown(text)} is not a path or URL.") from None
    if parts.netloc or parts.scheme:
        base = urlsplit(platform_url)
        if not ours:
            raise invalid(
                f"{shown(text)} names another host; only paths below the configured Platform URL are read.",
                hint="Give the path alone, such as /data/foundation/catalog/dataSets",
            )
        prefix = base.path.rstrip("/")
        return check_path(parts.path.removeprefix(prefix)), parse_query(parts.query)
    return check_path(parts.path), parse_query(parts.query)


def same_host(url: str, base_url: str) -> bool:
    """Whether two URLs have the same scheme, host and port; a default port is the same as none.

    Raises:
        ValueError: one of them is no URL.
    """
    return _host(url) == _host(base_url)


def _host(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    netloc = parts.netloc.casefold()
    name = netloc.removesuffix(f":{parts.port}") if parts.port is not None else netloc
    return parts.scheme, name, parts.port or _DEFAULT_PORTS.get(parts.scheme)


def parse_query(query: str) -> list[Param]:
    """The pairs of a query string."""
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=200)
    except ValueError:
        raise invalid("The query string holds too many parameters.") from None


def encode_query(params: Params | None) -> str:
    """`params` as a query string, order kept, everything but letters, digits and `-._~` escaped."""
    return urlencode(as_pairs(params), quote_via=quote, safe="", errors="replace")


def as_pairs(params: Params | None) -> list[Param]:
    """Parameters in any accepted form as (name, value) pairs; a sequence of values repeats the name."""
    if params is None:
        return []
    if not isinstance(params, Mapping):
        return list(params)
    pairs: list[Param] = []
    for name, value in params.items():
        pairs.extend((name, each) for each in ([value] if isinstance(value, str) else value))
    return pairs


def check_sandbox(name: str) -> str:
    """`name` if it can be a sandbox's name (a header value, so no spaces, no wildcard).

    Raises:
        PlatformError: (invalid)
    """
    if not _SANDBOX.fullmatch(name):
        raise invalid(f"{shown(name)} is not the name of a sandbox: letters, digits and hyphens.")
    return name


def needs_sandbox(path: str) -> bool:
    """Whether a path reads or writes inside a sandbox. The Sandbox API itself does not."""
    return not path.startswith(SANDBOXES)


def shown(value: str) -> str:
    """A user's value as an error may repeat it: quoted, cleaned, short."""
    return f"`{clean_text(value, limit=80)}`"


def _segment(value: str) -> str:
    if not value.strip():
        raise invalid("The id is empty.", hint="Find the id with a list or find tool")
    if value in (".", "..") or "/" in value or "\\" in value or _CONTROL.search(value):
        raise invalid(f"{shown(value)} is not an id: ids hold no slashes, dots alone, or spaces.")
    if len(value) > 500:
        raise invalid(f"{shown(value)} is too long for an id.")
    return value
