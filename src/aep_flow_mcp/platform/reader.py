"""FlowReader: every reading endpoint of the Flow Service, typed, for one sandbox."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from .answers import items_of, one_of, unexpected
from .neighbours import Neighbours
from .paging import Page
from .reader_connections import ReadsConnections
from .reader_core import PAGE_LIMIT, Filters, Order
from .reader_flows import ReadsFlows
from .reader_specs import ConfigsQuery, ReadsSpecs
from .urls import FLOW_SERVICE, Params, as_pairs, invalid, join_path, shown, split_resource

if TYPE_CHECKING:
    from .kept.audit_log import AuditLog
    from .kept.data_access import DataAccess
    from .kept.insights import Insights
    from .wire.outcome import Answer

__all__ = ["ConfigsQuery", "Filters", "FlowReader", "Order"]


class FlowReader(ReadsConnections, ReadsFlows, ReadsSpecs):
    """Reads the Flow Service of one sandbox. Cheap to make: readers share the client, its pool and cache.

    Everything raises PlatformError and nothing else.
    """

    @cached_property
    def neighbours(self) -> Neighbours:
        """Catalog, Data Prep, Schema Registry, Sandboxes and the landing zone, in the same sandbox."""
        return Neighbours(self.client, self.sandbox)

    @cached_property
    def audit_log(self) -> AuditLog:
        """Who did what in the same sandbox."""
        # The next three are rarely asked: who does not ask does not wait for their import.
        from .kept.audit_log import AuditLog

        return AuditLog(self.client, self.sandbox)

    @cached_property
    def insights(self) -> Insights:
        """What Adobe counted of what came into the same sandbox."""
        from .kept.insights import Insights

        return Insights(self.client, self.sandbox)

    @cached_property
    def data_access(self) -> DataAccess:
        """The files of the same sandbox's batches."""
        from .kept.data_access import DataAccess

        return DataAccess(self.client, self.sandbox)

    def with_sandbox(self, name: str | None) -> FlowReader:
        """A reader for another configured sandbox; this one for None or its own.

        Raises:
            PlatformError: (invalid) the sandbox is not configured.
        """
        if name is None or name == self.sandbox:
            return self
        known = self.client.config.known_sandboxes
        if name not in known:
            raise invalid(
                f"The sandbox {shown(name)} is not configured; configured: {', '.join(known) or 'none'}.",
                hint="Name one of these, or add it to AEP_SANDBOXES",
            )
        return FlowReader(self.client, name)

    async def get_raw(
        self, resource: str, params: Params | None = None, *, accept: str | None = None
    ) -> Answer:
        """The answer of any GET below the Platform URL, unparsed beyond JSON.

        Args:
            resource: a path, with or without a query string, or a full URL on the configured host.
            accept: the media type to ask for; plain JSON without one.
        """
        path, named = split_resource(resource, self.client.config.platform_url)
        headers = {"accept": accept} if accept else None
        return await self.client.request_json(
            "GET", path, params=[*named, *as_pairs(params)], headers=headers, sandbox=self.sandbox
        )

    async def list_objects(
        self, collection: str, filters: Filters = None, *, limit: int = PAGE_LIMIT, cursor: str | None = None
    ) -> Page[dict[str, Any]]:
        """A page of Flow Service objects as raw JSON, for those who compare all of what is stored.

        Args:
            collection: as `get_object` takes it.
        """
        if collection not in _COLLECTIONS:
            raise invalid(f"{shown(collection)} is not a collection of the Flow Service.")
        query = self._asked(collection, filters, limit, None, cursor)
        data = (await self._get(query.path, query.all_params)).data
        objects, skipped = items_of(data, query.path)
        return self._paged(query, objects, skipped, data)

    async def get_object(self, collection: str, object_id: str) -> dict[str, Any]:
        """One Flow Service object as raw JSON, for those who send parts of it back (a PATCH, a PUT).

        Args:
            collection: `flows`, `connections`, `sourceConnections`, `targetConnections`, `runs`,
                `connectionSpecs` or `flowSpecs`.

        Raises:
            PlatformError: (unexpected) it is another object: what is written next would go to that one.
        """
        if collection not in _COLLECTIONS:
            raise invalid(f"{shown(collection)} is not a collection of the Flow Service.")
        path = join_path(f"{FLOW_SERVICE}/{collection}", object_id)
        found = one_of(await self._data(path), path)
        if found.get("id") in (None, ""):
            # It was asked for by this id; whoever goes on from it needs to know which one it is.
            found = {**found, "id": object_id}
        if str(found["id"]).lower() != object_id.lower():
            raise unexpected(path, "the answer is another object than the one that was asked for")
        return found


_COLLECTIONS = frozenset(
    {
        "connections",
        "sourceConnections",
        "targetConnections",
        "flows",
        "runs",
        "connectionSpecs",
        "flowSpecs",
    }
)
