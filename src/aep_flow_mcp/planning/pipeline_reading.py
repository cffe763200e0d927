"""What a wish is judged by, read in at most four rounds of concurrent calls.

1. the specs (cached), and whatever the wish names: account, datasets, mapping set, flows of that name;
2. what follows from those: the accounts of the connector, the dataset's schema, a look at the source, and what
   there is to choose from where the wish is silent or nothing has the name;
3. and 4. a sample of the files (pipeline_places).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from aep_flow_mcp.pipelines import connectors, wellknown
from aep_flow_mcp.pipelines.findings import Findings, Place
from aep_flow_mcp.pipelines.wish import Direction, PipelineWish
from aep_flow_mcp.planning import objects as planning
from aep_flow_mcp.planning import pipeline_places
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.filters import Filter
from aep_flow_mcp.platform.models.common import lives
from aep_flow_mcp.platform.models.connections import Connection
from aep_flow_mcp.platform.models.flows import Flow
from aep_flow_mcp.platform.models.neighbours import Dataset, MappingSet
from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.reader_specs import ConfigsQuery

Call = Callable[[], Awaitable[Any]]
Known = TypeVar("Known", Connection, Dataset)

MANY = 100
EXPORTABLE_PAGES = 3
"""Pages of exportable datasets that are read; in an organisation with more, the service has the last word."""

_OBJECT_ID = re.compile(r"[0-9a-fA-F-]{24,40}")


@dataclass
class Reading:
    """What is known so far of one wish. `unread` says what could not be read, and so was not checked."""

    aep: FlowReader
    wish: PipelineWish
    unread: list[str] = field(default_factory=list)
    specs: Sequence[ConnectionSpec] = ()
    flow_specs: Sequence[FlowSpec] = ()
    accounts_asked: Sequence[Connection] = ()
    accounts: Sequence[Connection] = ()
    datasets_asked: dict[str, tuple[Dataset, ...]] = field(default_factory=dict)
    datasets: Sequence[Dataset] = ()
    exportable: frozenset[str] | None = None
    schema: Mapping[str, Any] | None = None
    mapping_sets_asked: Sequence[MappingSet] = ()
    mapping_sets: Sequence[MappingSet] = ()
    same_name: Sequence[Flow] = ()
    place: Place | None = None

    async def read(self, *, beside: Sequence[Call] = ()) -> Findings:
        """The findings; `beside` are calls of others that may go with the first round.

        Raises:
            PlatformError: the specs, or something that the wish names, cannot be read.
        """
        await together([*beside, *self._named()])
        self._infer_connector()
        await together(self._following())
        return self._findings()

    # --- the first round ----------------------------------------------------------------------------------

    def _named(self) -> list[Call]:
        wish = self.wish
        calls: list[Call] = [self._read_connectors, self._read_flow_specs]
        if wish.name:
            calls.append(self._optional("whether the name is taken", self._read_same_name))
        if wish.account:
            calls.append(self._read_asked_account)
        if wish.mapping_set:
            calls.append(self._read_asked_mapping_set)
        calls += [partial(self._read_asked_dataset, wanted) for wanted in wish.datasets]
        if wish.direction is Direction.EXPORT and wish.datasets:
            calls.append(self._optional("which datasets can be exported", self._read_exportable))
        return calls

    async def _read_connectors(self) -> None:
        self.specs = await self.aep.list_connection_specs()

    async def _read_flow_specs(self) -> None:
        self.flow_specs = await self.aep.list_flow_specs()

    async def _read_same_name(self) -> None:
        page = await self.aep.list_flows(Filter("name").eq((self.wish.name or "").strip()), limit=5)
        self.same_name = [flow for flow in page.items if lives(flow.state)]

    async def _read_asked_account(self) -> None:
        wanted = (self.wish.account or "").strip()

        async def named() -> list[Connection]:
            return (await self.aep.list_connections(Filter("name").eq(wanted), limit=MANY)).items

        found = await _by_id_or_name(
            wanted, self._unless_hidden("the account", self.aep.get_connection, Connection), named
        )
        self.accounts_asked = found

    async def _read_asked_dataset(self, wanted: str) -> None:
        catalog = self.aep.neighbours
        get: Callable[[str], Awaitable[Dataset]] = catalog.get_dataset
        if self.wish.direction is Direction.EXPORT:  # an import is into its schema, which has to be known
            get = self._unless_hidden("the dataset", get, Dataset)
        found = await _by_id_or_name(
            wanted.strip(), get, partial(catalog.find_dataset_by_name, wanted.strip())
        )
        self.datasets_asked[wanted] = tuple(found)

    async def _read_asked_mapping_set(self) -> None:
        wanted = (self.wish.mapping_set or "").strip()
        prep = self.aep.neighbours

        async def named() -> list[MappingSet]:
            found = (await prep.list_mapping_sets(name=wanted, limit=MANY)).items
            return [item for item in found if item.name == wanted]

        self.mapping_sets_asked = await _by_id_or_name(wanted, prep.get_mapping_set, named)

    async def _read_exportable(self) -> None:
        known: set[str] = set()
        cursor: str | None = None
        for _ in range(EXPORTABLE_PAGES):
            page = await self.aep.connection_spec_configs(
                wellknown.DATA_LAKE_SOURCE, ConfigsQuery(limit=MANY), cursor=cursor
            )
            known |= {item.id for item in page.items}
            cursor = page.next_cursor
            if cursor is None:
                self.exportable = frozenset(known)
                return

    # --- the second round ---------------------------------------------------------------------------------

    def _infer_connector(self) -> None:
        """An account says which connector is meant."""
        if self.wish.connector is None and len(self.accounts_asked) == 1 and self.accounts_asked[0].spec_id:
            self.wish = replace(self.wish, connector=self.accounts_asked[0].spec_id)

    def _following(self) -> list[Call]:
        wish, spec = self.wish, self.connector()
        calls: list[Call] = []
        account = next((item for item in self.accounts_asked if spec and item.spec_id == spec.id), None)
        if spec is not None and account is None:
            calls.append(self._optional("the accounts", partial(self._read_accounts, spec.id)))
        explore = (
            pipeline_places.explorer(self.aep, spec, account.id if account else None)
            if spec is not None and wish.direction is Direction.IMPORT
            else None
        )
        if spec is not None and explore is not None:
            calls.append(partial(self._look, spec, explore))
        if not wish.datasets or not all(self.datasets_asked.values()):
            calls.append(self._optional("the datasets", self._read_datasets))
        return calls + self._of_schema()

    def _of_schema(self) -> list[Call]:
        found = [item for items in self.datasets_asked.values() for item in items]
        schema_id = found[0].schema_id if len(found) == 1 else None
        if schema_id is None or self.wish.direction is Direction.EXPORT:
            return []
        calls = [self._optional("the dataset's schema", partial(self._read_schema, schema_id))]
        if not self.wish.fields and not self.mapping_sets_asked:
            calls.append(self._optional("the mapping sets", partial(self._read_mapping_sets, schema_id)))
        return calls

    def connector(self) -> ConnectionSpec | None:
        wanted = (self.wish.connector or "").strip()
        found = connectors.meant(wanted, self.specs, self.wish.direction) if wanted else []
        return found[0] if len(found) == 1 else None

    async def _read_accounts(self, spec_id: str) -> None:
        self.accounts = (
            await self.aep.list_connections(Filter("connectionSpec.id").eq(spec_id), limit=MANY)
        ).items

    async def _look(self, spec: ConnectionSpec, explore: pipeline_places.Explore) -> None:
        self.place = await pipeline_places.look(spec, explore, self.wish.path)

    async def _read_datasets(self) -> None:
        self.datasets = (await self.aep.neighbours.list_datasets(limit=MANY)).items

    async def _read_schema(self, schema_id: str) -> None:
        self.schema = await self.aep.neighbours.get_schema_fields(schema_id)

    async def _read_mapping_sets(self, schema_id: str) -> None:
        found = (await self.aep.neighbours.list_mapping_sets(limit=MANY)).items
        self.mapping_sets = [item for item in found if item.schema_id == schema_id]

    # --- the end ------------------------------------------------------------------------------------------

    def _findings(self) -> Findings:
        return Findings(
            now=planning.now(),
            connectors=tuple(self.specs),
            flow_specs=tuple(self.flow_specs),
            accounts_asked=tuple(self.accounts_asked),
            accounts=tuple(self.accounts),
            datasets_asked={wanted: self.datasets_asked[wanted] for wanted in self.wish.datasets},
            datasets=tuple(self.datasets),
            exportable=self.exportable,
            schema=self.schema,
            mapping_sets_asked=tuple(self.mapping_sets_asked),
            mapping_sets=tuple(self.mapping_sets),
            same_name=tuple(self.same_name),
            place=self.place,
        )

    def _unless_hidden(
        self, what: str, get: Callable[[str], Awaitable[Known]], known_by_id: Callable[..., Known]
    ) -> Callable[[str], Awaitable[Known]]:
        """What is named by its id and may not be read is known by that alone, which is said: the service decides."""

        async def run(object_id: str) -> Known:
            try:
                return await get(object_id)
            except PlatformError as error:
                if error.kind not in (ErrorKind.PERMISSION, ErrorKind.UNAVAILABLE):
                    raise
                self.unread.append(
                    f"Could not be read, so it was not checked: {what} {object_id} ({error.kind.value})."
                )
                return known_by_id(id=object_id)

        return run

    def _optional(self, what: str, call: Call) -> Call:
        """What only helps: when it cannot be read, that is said, and the rest goes on."""

        async def run() -> None:
            try:
                await call()
            except PlatformError as error:
                self.unread.append(f"Could not be read, so it was not checked: {what} ({error.kind.value}).")

        return run


async def _by_id_or_name(
    wanted: str, by_id: Callable[[str], Awaitable[Any]], by_name: Callable[[], Awaitable[list[Any]]]
) -> list[Any]:
    """The one of that id, else those of that name."""

    async def one() -> list[Any]:
        if not _OBJECT_ID.fullmatch(wanted):
            return []
        try:
            return [await by_id(wanted)]
        except PlatformError as error:
            if error.kind in (ErrorKind.NOT_FOUND, ErrorKind.INVALID):
                return []
            raise

    async def several() -> list[Any]:
        try:
            return await by_name()
        except PlatformError as error:
            # No filter can say this name, so nothing has it; and what is an id need not be a name.
            if error.kind is ErrorKind.INVALID or _OBJECT_ID.fullmatch(wanted):
                return []
            raise

    found: list[list[Any]] = await together([one, several])
    return found[0] or found[1]
