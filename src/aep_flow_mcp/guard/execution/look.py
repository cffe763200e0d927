"""Looking at what is stored, to find out whether a write whose answer was lost has happened."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec.json

from aep_flow_mcp.guard.changes.canonical import JSON, canonical
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.filters import Filter

if TYPE_CHECKING:
    from aep_flow_mcp.platform.transport import PlatformClient

PAGE = "100"


class Looker:
    """Reads one sandbox. Everything raises PlatformError and nothing else."""

    def __init__(self, client: PlatformClient, sandbox: str) -> None:
        self._client = client
        self._sandbox = sandbox

    async def one(self, path: str) -> dict[str, Any] | None:
        """The object at a path, None when the service says that it is not there (any more): by a 404 alone."""
        try:
            data = await self.read(path, [])
        except PlatformError as error:
            if error.kind is ErrorKind.NOT_FOUND:
                return None
            raise
        found = _items(data)
        if not found:
            # Adobe answers 404 for what is not there; an empty list says nothing of it.
            raise PlatformError(ErrorKind.UNEXPECTED, "What was looked at has an answer without an object")
        return found[0]

    async def newest(self, kind: Kind, wanted: Mapping[str, str]) -> list[dict[str, Any]]:
        """The latest objects of a kind with these fields, newest first, at most a hundred."""
        params = [("orderby", "-createdAt"), ("limit", PAGE)]
        if kind is Kind.MAPPING_SET:
            # Data Prep filters by name only, and insists on a start.
            return await self._listed(kind, [("limit", PAGE), ("start", "0"), *wanted.items()], wanted)
        for field, value in wanted.items():
            try:
                params.append(("property", str(Filter(field).eq(value))))
            except PlatformError:
                continue  # The API's filters cannot express it; the comparison below does.
        return await self._listed(kind, params, wanted)

    async def _listed(
        self, kind: Kind, params: list[tuple[str, str]], wanted: Mapping[str, str]
    ) -> list[dict[str, Any]]:
        return [
            item
            for item in _items(await self.read(kind.collection, params))
            if all(item.get(key) == value for key, value in wanted.items())
        ]

    async def fingerprint(self, path: str, params: list[tuple[str, str]]) -> str:
        """A digest of what a path answers with: to see that it has changed, not what it is."""
        data = await self.read(path, params)
        try:
            # An answer may be large: in one piece of bytes, where a text would be four times as wide.
            told = msgspec.json.encode(data, order="sorted")
        except ValueError:
            told = canonical(data).encode("utf-8", "surrogatepass")
        return hashlib.sha256(told).hexdigest()

    async def read(self, path: str, params: list[tuple[str, str]]) -> JSON:
        """The answer to any GET."""
        answer = await self._client.request_json("GET", path, params=params, sandbox=self._sandbox)
        return answer.data


def agrees(stored: JSON, sent: JSON) -> bool:
    """Whether what is stored is what was sent, as the API gives things back.

    It adds fields, and returns numbers and booleans as text; nothing else may differ. A list in `sent` where
    `stored` has a scalar means any of these.
    """
    if isinstance(sent, dict):
        return isinstance(stored, dict) and all(
            key in stored and agrees(stored[key], value) for key, value in sent.items() if value is not None
        )
    if isinstance(sent, list):
        if isinstance(stored, list):
            return len(stored) == len(sent) and all(map(agrees, stored, sent))
        return any(agrees(stored, one) for one in sent)
    if isinstance(stored, dict | list):
        return False
    return _text(stored) == _text(sent)


def _text(scalar: JSON) -> str:
    if isinstance(scalar, str):
        return scalar
    if isinstance(scalar, float) and scalar.is_integer():
        scalar = int(scalar)
    return json.dumps(scalar)


def _items(data: JSON) -> list[dict[str, Any]]:
    """The objects in an answer.

    Raises:
        PlatformError: it is neither an object nor a list, so it does not say what is there.
    """
    found = data.get("items", data.get("data", [data])) if isinstance(data, dict) else data
    if not isinstance(found, list):
        raise PlatformError(ErrorKind.UNEXPECTED, "What was looked at has no readable answer")
    return [item for item in found if isinstance(item, dict)]
