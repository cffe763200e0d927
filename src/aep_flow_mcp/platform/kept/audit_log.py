"""The audit log: who did what, and when. Adobe answers for the last 90 days."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..answers import items_of, model_of, next_href, unexpected
from ..models.common import to_int
from ..models.kept import AuditEvent
from ..paging import Page, page_start
from ..reader_core import SEARCH_LIMIT, ReaderCore, check_limit
from ..urls import AUDIT


class AuditLog(ReaderCore):
    """Reads the Audit Query API. Needs the permission View User Activity Log. All raise PlatformError."""

    async def list_events(
        self, filters: Iterable[str] = (), *, limit: int = 50, cursor: str | None = None
    ) -> Page[AuditEvent]:
        """A page of events, newest first.

        Args:
            filters: `name` `==` `value,value` of `assetId`, `assetName`, `assetType`, `action`, `user`, `status`,
                `requestId`; `timestamp>` or `timestamp<` and an ISO 8601 time. All must hold.
        """
        path = f"{AUDIT}/events"
        params = [*(("property", one) for one in filters), ("limit", str(check_limit(limit, SEARCH_LIMIT)))]
        query = self._query(path, params, cursor)
        data = await self._data(path, query.all_params)
        objects, skipped = _events(data, path)
        items = [model_of(AuditEvent, item, path) for item in objects]
        total = _total(data)
        more = next_href(data) is not None
        if total is not None:
            more = more or page_start(query) + len(objects) + skipped < total
        return self._offset_page(query, items, skipped=skipped, more=more, total=total)


def _events(data: Any, path: str) -> tuple[list[dict[str, Any]], int]:
    """(events, number of entries that were none). An empty result has no body, or nothing embedded."""
    if data is None:
        return [], 0
    if not isinstance(data, dict):
        return items_of(data, path)
    embedded = data.get("_embedded")
    if embedded is None and ("page" in data or "_links" in data):
        return [], 0
    listed = embedded.get("events", embedded) if isinstance(embedded, dict) else embedded
    if listed == {}:
        return [], 0
    if not isinstance(listed, list):
        raise unexpected(path, "a list under `_embedded.events` was expected")
    return items_of(listed, path)


def _total(data: Any) -> int | None:
    page = data.get("page") if isinstance(data, dict) else None
    return to_int(page.get("totalElements")) if isinstance(page, dict) else None
