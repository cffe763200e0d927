"""Any GET below the Platform URL, for what no other tool covers. No other host, ever."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import parse_qsl, unquote

import anyio.to_thread
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from aep_flow_mcp.answers.present import present
from aep_flow_mcp.answers.text import Record
from aep_flow_mcp.answers.whole import fitted
from aep_flow_mcp.gathering.secret_fields import declared_secrets
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.registry import read_tool

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
Select = Annotated[str | None, Field(description="part of the answer, e.g. items.0.sourceSpec")]


@read_tool("raw")
async def get_resource(
    aep: Reader, path: ResourcePath, params: Query = None, select: Select = None
) -> Record:
    """GET any Platform resource. Only for what no other tool reads; secrets are masked."""
    clean_path, own = checked_path(path)
    answer = await aep.get_raw(clean_path, [*own, *_pairs(params or {})])
    # Secrets are masked before a part is taken out: a part alone no longer says that it is one.
    known = await declared_secrets(aep, answer.data)
    # Of any size: masking it must not keep other calls waiting.
    shown = await anyio.to_thread.run_sync(lambda: present({"answer": answer.data}, known))
    found = _selected(shown.get("answer", {}), select)
    return fitted(found, path=clean_path, select=select)


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
    for step, name in enumerate((select or "").split(".") if select else []):
        if isinstance(answer, Mapping) and name in answer:
            answer = answer[name]
        elif isinstance(answer, list) and name.isdecimal() and int(name) < len(answer):
            answer = answer[int(name)]
        else:
            where = ".".join((select or "").split(".")[:step]) or "the answer"
            raise ToolError(f"select: {where} has no {name!r}. It has: {_contents(answer)}.")
    return answer


def _contents(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(map(str, list(value)[:40])) or "nothing"
    return f"places 0 to {len(value) - 1}" if isinstance(value, list) and value else "no parts"
