"""FlowWriter: sends changes, once each. Only the guard may import this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .urls import CONNECTORS, CONVERSION, FLOW_SERVICE, Params, check_path, invalid, shown

if TYPE_CHECKING:
    from .transport import PlatformClient

_METHODS = frozenset({"POST", "PATCH", "PUT", "DELETE"})
_WRITABLE = (FLOW_SERVICE, CONNECTORS, CONVERSION)
_SPECS = (f"{FLOW_SERVICE}/connectionSpecs", f"{FLOW_SERVICE}/flowSpecs")


@dataclass(frozen=True, slots=True)
class WriteAnswer:
    """What a write returned. `id` and `etag` are None where the answer has none (a deletion).

    `data` may hold live secrets (a refreshed landing zone), so it is not in the repr.
    """

    status: int
    id: str | None = None
    etag: str | None = None
    data: Any = field(default=None, repr=False)


class FlowWriter:
    """Writes to the Flow Service, the landing zone and Data Prep. Never repeats a request."""

    def __init__(self, client: PlatformClient) -> None:
        self._client = client

    async def send(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        etag: str | None = None,
        params: Params | None = None,
        sandbox: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> WriteAnswer:
        """Send one write.

        Args:
            path: encoded; below the Flow Service (`/flows/{id}`) or a full one that starts with `/data/`.
            etag: sent as If-Match exactly as it was read, its own quotes included.

        Raises:
            PlatformError: it was refused. NotSent: it never left. AnswerLost: it may have happened.
        """
        verb = method.upper()
        if verb not in _METHODS:
            raise invalid(f"{shown(method)} does not write.")
        full = writable_path(path)
        all_headers = dict(headers or {})
        if etag is not None:
            if not etag.isascii() or not etag.isprintable():
                raise invalid("This is not an ETag.", hint="Use the etag of the object as it was read")
            all_headers["if-match"] = etag
        try:
            answer = await self._client.request_json(
                verb, full, params=params, json=json, headers=all_headers, sandbox=sandbox, retry=False
            )
        finally:
            # Also when the answer is lost: it may have happened.
            if full.startswith(_SPECS):
                self._client.specs.drop()
        return read_write_answer(answer.status, answer.data)


def writable_path(path: str) -> str:
    """The full path of a write.

    Raises:
        PlatformError: (invalid) it is outside what this server writes to.
    """
    full = check_path(path if path.startswith("/data/") else FLOW_SERVICE + path)
    if not any(full.startswith(f"{base}/") for base in _WRITABLE):
        raise invalid(f"{shown(path)} is not a place that is written to.")
    return full


def read_write_answer(status: int, data: Any) -> WriteAnswer:
    """Id and etag from any documented answer: an object, `{"items": [...]}`, a bare list, nothing."""
    found = data.get("items", data) if isinstance(data, dict) else data
    if isinstance(found, list):
        found = next((item for item in found if isinstance(item, dict)), None)
    if not isinstance(found, dict):
        return WriteAnswer(status, data=data)
    etag = next((found[key] for key in ("etag", "eTag") if isinstance(found.get(key), str)), None)
    object_id = found.get("id")
    return WriteAnswer(status, object_id if isinstance(object_id, str) else None, etag, data)
