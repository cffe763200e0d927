"""Any GET below the Platform URL, for what no other tool covers. No other host, ever."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any
from urllib.parse import parse_qsl, unquote

import anyio.to_thread
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from aep_flow_mcp.answers.present import present
from aep_flow_mcp.answers.rows import without_rows
from aep_flow_mcp.answers.text import Record
from aep_flow_mcp.answers.whole import fitted
from aep_flow_mcp.gathering.secret_fields import declared_secrets
from aep_flow_mcp.platform.urls import (
    CATALOG,
    CONNECTORS,
    CONVERSION,
    FLOW_SERVICE,
    SANDBOXES,
    SCHEMA_REGISTRY,
    encode_query,
)
from aep_flow_mcp.surface.dependencies import AppState, Reader, Rows
from aep_flow_mcp.surface.registry import read_tool

_CONTAINER_AND_KIND = 2
_DIGITS = 9
_FAMILIES = (
    CATALOG, CONNECTORS, CONVERSION, FLOW_SERVICE, SANDBOXES, SCHEMA_REGISTRY, "/data/foundation/import",
    "/data/infrastructure/observability",
)  # fmt: skip
"""What describes pipelines; people's data (profiles, identities, queries, files) is read only when it is named."""
_EXAMPLE = "such as /data/foundation/flowservice/flows"

ResourcePath = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2000,
        description="below the Platform URL, e.g. /data/foundation/catalog/dataSets",
    ),
]
Query = Annotated[dict[str, str | int | bool | list[str]] | None, Field(description="query parameters")]
Select = Annotated[
    str | None, Field(description="part of the answer: items.0.sourceSpec; 57: is from item 57 on")
]
Accept = Annotated[
    str | None,
    Field(
        pattern=r"^application/(json|problem\+json|vnd\.adobe\.[a-zA-Z0-9.+-]{1,60})(; ?version=\d{1,4}(\.\d{1,4})?)?$",
        description="media type, e.g. application/vnd.adobe.xed-full+json; version=1",
    ),
]


@read_tool("raw")
async def get_resource(
    app: AppState,
    aep: Reader,
    shown_rows: Rows,
    path: ResourcePath,
    params: Query = None,
    select: Select = None,
    accept: Accept = None,
) -> Record:
    """GET any Platform resource. Only for what no other tool reads; secrets are masked."""
    clean_path, own = checked_path(path)
    check_family(clean_path, app.settings.mcp_raw_paths)
    asked = [*own, *_pairs(params or {})]
    answer = await aep.get_raw(clean_path, asked, accept=accept or _registrys_form(clean_path))
    # Secrets are masked before a part is taken out: a part alone no longer says that it is one.
    known = await declared_secrets(aep, answer.data)
    # Of any size: masking it must not keep other calls waiting.
    data = without_rows(clean_path, answer.data, shown_rows)
    shown = await anyio.to_thread.run_sync(partial(present, {"answer": data}, known))
    del answer, data  # Of a large answer, one copy is enough.
    found = _selected(shown.get("answer", {}), select)
    query = encode_query(asked)
    return fitted(found, path=f"{clean_path}?{query}" if query else clean_path, select=select)


def _registrys_form(path: str) -> str | None:
    """The Schema Registry refuses plain JSON: a list in its short form, one resource in its own."""
    if not path.startswith(f"{SCHEMA_REGISTRY}/"):
        return None
    parts = path.removeprefix(f"{SCHEMA_REGISTRY}/").strip("/").split("/")
    if len(parts) < _CONTAINER_AND_KIND:
        return None
    one = len(parts) > _CONTAINER_AND_KIND
    return "application/vnd.adobe.xed+json; version=1" if one else "application/vnd.adobe.xed-id+json"


def checked_path(path: str) -> tuple[str, list[tuple[str, str]]]:
    """The path alone and the query that came with it. The client checks path and host again before it sends.

    Raises:
        ToolError: it names a host, or could lead out of the path that it seems to name.
    """
    bare, _, query = path.strip().partition("?")
    if not bare.startswith("/") or bare.startswith("//"):
        raise ToolError(
            f"path starts with one slash and names no host, {_EXAMPLE}: only the Platform URL is read."
        )
    if "#" in path or "\\" in path:
        raise ToolError(f"path holds a # or a backslash, which no resource has; give it plainly, {_EXAMPLE}.")
    plain = unquote(bare)
    # An id that is a URI (a schema's) is one encoded segment: an encoded slash is right, two layers never are.
    if unquote(plain) != plain:
        raise ToolError(f"path is encoded more than once; give it plainly, {_EXAMPLE}.")
    if not plain.isprintable():
        raise ToolError(f"path holds control characters; give it plainly, {_EXAMPLE}.")
    if any(part in (".", "..") for part in plain.replace("\\", "/").split("/")):
        raise ToolError(f"path holds . or .. as a part of its own; give it plainly, {_EXAMPLE}.")
    return bare, parse_qsl(query, keep_blank_values=True)


def check_family(path: str, named: tuple[str, ...]) -> None:
    """Whether a path may be read: it describes pipelines, or a person named its family.

    Raises:
        ToolError: it is of neither.
    """
    asked = unquote(path).rstrip("/") + "/"
    if not any(asked.startswith(family.rstrip("/") + "/") for family in (*_FAMILIES, *named)):
        family = "/".join(asked.split("/")[:4]) if asked.startswith("/data/") else asked.rstrip("/")
        raise ToolError(
            f"path is outside of what describes pipelines, and may hold people's data, so it is not read. "
            f"A person allows it with AEP_MCP_RAW_PATHS={family[:200]} (docs/privacy.md)."
        )


def _pairs(params: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in params.items():
        for each in value if isinstance(value, list) else [value]:
            pairs.append((name, str(each).lower() if isinstance(each, bool) else str(each)))
    return pairs


def _selected(answer: Any, select: str | None) -> Any:
    """The part at a dotted path; numbers are places in a list.

    Raises:
        ToolError: there is no such part; the message says what is there.
    """
    names = select.split(".") if select else []
    step = 0
    # One object is documented inside a list of one, and some services answer with it bare: either is meant.
    if names[:2] == ["items", "0"] and isinstance(answer, Mapping) and "items" not in answer:
        step = 2
    elif names and (one := _only_item(answer)) is not None and names[0] not in answer:
        answer = one if _step(one, names)[0] else answer
    while step < len(names):
        taken, found = _step(answer, names[step:])
        if not taken:
            where = ".".join(names[:step]) or "the answer"
            raise ToolError(f"select: {where} has no {names[step]!r}. It has: {_contents(answer)}.")
        answer, step = found, step + taken
    return answer


def _only_item(answer: Any) -> Mapping[str, Any] | None:
    items = answer.get("items") if isinstance(answer, Mapping) else None
    only = items[0] if isinstance(items, list) and len(items) == 1 else None
    return only if isinstance(only, Mapping) else None


def _step(answer: Any, names: list[str]) -> tuple[int, Any]:
    """How many of the names lead one step further, and to what; 0 when none does. Names may hold dots themselves."""
    first = names[0]
    if isinstance(answer, Mapping):
        for taken in range(1, len(names) + 1):
            name = ".".join(names[:taken])
            if name in answer:
                return taken, answer[name]
    place = first.removesuffix(":")
    if (
        not isinstance(answer, list | str)
        or not place.isascii()
        or not place.isdecimal()
        or len(place) > _DIGITS
    ):
        return 0, None
    if first.endswith(":") and int(place) <= len(answer):
        return 1, answer[int(place) :]
    if isinstance(answer, list) and first == place and int(place) < len(answer):
        return 1, answer[int(place)]
    return 0, None


def _contents(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(map(str, list(value)[:40])) or "nothing"
    return f"places 0 to {len(value) - 1}" if isinstance(value, list) and value else "no parts"
