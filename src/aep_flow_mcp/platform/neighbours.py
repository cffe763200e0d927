"""The few calls to the services around the Flow Service: they give names to ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, TypeVar

from .answers import model_of, next_href, one_of, unexpected
from .concurrency import together
from .errors import NOT_SEEN, ErrorKind, PlatformError
from .models.common import to_int
from .models.neighbours import (
    Batch,
    Dataset,
    LandingZone,
    LandingZoneCredential,
    MappingSet,
    Sandbox,
    SchemaSummary,
    keyed,
)
from .paging import Page, Query, encode_cursor, next_page, page_start
from .reader_core import PAGE_LIMIT, ReaderCore, check_limit
from .urls import (
    CATALOG,
    CONNECTORS,
    CONVERSION,
    SANDBOXES,
    SCHEMA_REGISTRY,
    Param,
    check_sandbox,
    join_path,
    quoted_segment,
)

LandingZoneType = Literal["user_drop_zone", "dlz_destination"]

_DATASET_FIELDS = "name,description,schemaRef,tags,created,updated,lastBatchStatus,lastBatchId,state"
_XED = "application/vnd.adobe.xed+json; version=1"
_XED_FULL = "application/vnd.adobe.xed-full+json; version=1"
_XED_ID = "application/vnd.adobe.xed-id+json"
_ADOBES_SCHEMAS = ("https://ns.adobe.com/xdm/", "_xdm.")
_MAX_SANDBOX_PAGES = 50


K = TypeVar("K", Dataset, Batch)


class Neighbours(ReaderCore):
    """Reads Catalog, Data Prep, Schema Registry, Sandboxes and the landing zone. All raise PlatformError."""

    # Catalog

    async def get_dataset(self, dataset_id: str) -> Dataset:
        """One dataset; not_found when it was deleted, or is not for this credential to see."""
        path = join_path(f"{CATALOG}/dataSets", dataset_id)
        data = await self._data(path, [("properties", _DATASET_FIELDS)], model=Dataset)
        return self._keyed_one(Dataset, data, path, dataset_id)

    async def get_datasets(self, dataset_ids: Iterable[str]) -> dict[str, Dataset | None]:
        """Several datasets at once, by id; None for those that do not exist (any more)."""
        ids = list(dict.fromkeys(dataset_ids))

        async def find(dataset_id: str) -> Dataset | None:
            try:
                return await self.get_dataset(dataset_id)
            except PlatformError as error:
                if error.kind is ErrorKind.NOT_FOUND:
                    return None
                raise

        found = await together([partial(find, each) for each in ids])
        return dict(zip(ids, found, strict=True))

    async def list_datasets(
        self, *, name: str | None = None, limit: int = 20, cursor: str | None = None
    ) -> Page[Dataset]:
        """A page of datasets; `name` gives those of exactly that name."""
        params: list[Param] = [("limit", str(check_limit(limit))), ("properties", _DATASET_FIELDS)]
        if name is not None:
            params.append(("name", name))
        return await self._keyed_page(Dataset, self._query(f"{CATALOG}/dataSets", params, cursor), limit)

    async def find_dataset_by_name(self, name: str) -> list[Dataset]:
        """The datasets of exactly that name: names are not unique."""
        page = await self.list_datasets(name=name, limit=PAGE_LIMIT)
        return [dataset for dataset in page.items if dataset.name == name]

    async def get_batch(self, batch_id: str) -> Batch:
        path = join_path(f"{CATALOG}/batches", batch_id)
        return self._keyed_one(Batch, await self._data(path), path, batch_id)

    async def list_batches(
        self, dataset_id: str, *, status: str | None = None, limit: int = 20, cursor: str | None = None
    ) -> Page[Batch]:
        """A page of a dataset's batches, newest first."""
        params: list[Param] = [
            ("dataSet", dataset_id),
            ("orderBy", "desc:created"),
            ("limit", str(check_limit(limit))),
        ]
        if status is not None:
            params.append(("status", status))
        return await self._keyed_page(Batch, self._query(f"{CATALOG}/batches", params, cursor), limit)

    # Data Prep

    async def get_mapping_set(self, mapping_id: str, version: int | None = None) -> MappingSet:
        """A mapping set in a version, the latest without one. A flow may point to one that was deleted."""
        path = join_path(f"{CONVERSION}/mappingSets", mapping_id)
        params = [] if version is None else [("version", str(version))]
        return model_of(MappingSet, one_of(await self._data(path, params, model=MappingSet), path), path)

    async def list_mapping_sets(
        self, *, name: str | None = None, limit: int = 20, cursor: str | None = None
    ) -> Page[MappingSet]:
        """A page of mapping sets, last changed first."""
        params: list[Param] = [("limit", str(check_limit(limit))), ("orderBy", "lastUpdateDate")]
        if name is not None:
            params.append(("name", name))
        query = self._query(f"{CONVERSION}/mappingSets", params, cursor)
        data = await self._data(query.path, _with_start(query))
        objects, skipped = _members(data, "data", query.path)
        items = [model_of(MappingSet, item, query.path) for item in objects]
        more = bool(next_href(data)) or len(items) + skipped >= limit
        return self._offset_page(query, items, skipped=skipped, more=more, total=_total(data))

    # Schema Registry

    async def get_schema(self, schema_id: str) -> SchemaSummary:
        """A schema's title, by its `$id` (a URI) or `meta:altId`."""
        path = _schema_path(schema_id)
        data = await self._data(path, headers={"accept": _XED}, model=SchemaSummary)
        return model_of(SchemaSummary, one_of(data, path), path)

    async def get_schema_fields(self, schema_id: str) -> dict[str, Any]:
        """The whole JSON Schema, with what it is composed of written out: `properties` are the fields."""
        path = _schema_path(schema_id)
        return one_of(await self._data(path, headers={"accept": _XED_FULL}), path)

    async def list_schemas(self, *, limit: int = 20, cursor: str | None = None) -> Page[SchemaSummary]:
        """A page of the organisation's schemas by title."""
        params = [("orderby", "title"), ("limit", str(check_limit(limit)))]
        query = self._query(f"{SCHEMA_REGISTRY}/tenant/schemas", params, cursor)
        data = await self._data(query.path, query.all_params, {"accept": _XED_ID})
        objects, skipped = _members(data, "results", query.path)
        items = [model_of(SchemaSummary, item, query.path) for item in objects]
        return Page(items, self._registry_cursor(query, data), skipped, None)

    # Sandboxes

    async def list_sandboxes(self) -> list[Sandbox]:
        """The sandboxes that the credential may use, from every page."""
        path = f"{SANDBOXES}/"
        params: list[Param] | None = [("limit", str(PAGE_LIMIT))]
        found: list[Sandbox] = []
        known: set[str] = set()
        asked: set[tuple[Param, ...]] = set()
        while params is not None:
            if tuple(params) in asked or len(asked) == _MAX_SANDBOX_PAGES:
                raise unexpected(path, f"the list of sandboxes does not end within {len(asked)} pages")
            asked.add(tuple(params))
            data = await self._data(path, params)
            objects, skipped = _members(data, "sandboxes", path)
            read = [model_of(Sandbox, item, path) for item in objects]
            fresh = [sandbox for sandbox in read if sandbox.name not in known]
            found += fresh
            known.update(sandbox.name for sandbox in fresh)
            following = next_page(
                next_href(data), params, self.client.config.platform_url, self.client.redactor.text
            )
            # Where the next link is a template, a full page of new ones means that there may be more.
            full = len(objects) + skipped >= PAGE_LIMIT and bool(fresh)
            params = following or (_at_offset(params, len(found)) if full else None)
        return found

    async def get_sandbox(self, name: str) -> Sandbox:
        """One sandbox with its type, which says whether it is production."""
        path = join_path(f"{SANDBOXES}/sandboxes", check_sandbox(name))
        return model_of(Sandbox, one_of(await self._data(path), path), path)

    # Landing zone

    async def landing_zone(self, type: LandingZoneType = "user_drop_zone") -> LandingZone:
        """Where the landing zone is: the source side's container or the export side's."""
        path = f"{CONNECTORS}/landingzone"
        return model_of(LandingZone, _object(await self._data(path, [("type", type)]), path), path)

    async def landing_zone_credential(
        self, type: LandingZoneType = "user_drop_zone"
    ) -> LandingZoneCredential:
        """How to reach the landing zone: live secrets, held as SecretStr."""
        path = f"{CONNECTORS}/landingzone/credentials"
        return model_of(LandingZoneCredential, _object(await self._data(path, [("type", type)]), path), path)

    def _keyed_one(self, model: type[K], data: Any, path: str, object_id: str) -> K:
        """Catalog answers with a map of one entry."""
        items, _ = keyed(model, data)
        found = next((item for item in items if item.id == object_id), items[0] if items else None)
        if found is None:
            raise PlatformError(
                ErrorKind.NOT_FOUND,
                f"Catalog knows no {model.__name__.casefold()} with this id",
                method="GET",
                path=path,
                hint=NOT_SEEN,
            )
        return found

    async def _keyed_page(self, model: type[K], query: Query, limit: int) -> Page[K]:
        data = await self._data(query.path, _with_start(query))
        if not isinstance(data, dict):
            raise unexpected(query.path, "a map of objects was expected")
        items, skipped = keyed(model, data)
        return self._offset_page(
            query, items, skipped=skipped, more=len(items) + skipped >= limit, total=None
        )

    def _registry_cursor(self, query: Query, data: Any) -> str | None:
        """Schema Registry pages by the last value: `_page.next`, or the same inside the next link."""
        following = next_page(
            next_href(data), query.all_params, self.client.config.platform_url, self.client.redactor.text
        )
        if following is not None:
            return encode_cursor(query, [pair for pair in following if pair not in query.params])
        page = data.get("_page") if isinstance(data, dict) else None
        last = page.get("next") if isinstance(page, dict) else None
        if not isinstance(last, str) or not last or dict(query.position).get("start") == last:
            return None
        return encode_cursor(query, [("start", last)])


def _schema_path(schema_id: str) -> str:
    """Adobe's own schemas are in another container than the organisation's."""
    container = "global" if schema_id.startswith(_ADOBES_SCHEMAS) else "tenant"
    return f"{SCHEMA_REGISTRY}/{container}/schemas/{quoted_segment(schema_id)}"


def _with_start(query: Query) -> list[Param]:
    return [*query.params, ("start", str(page_start(query)))]


def _at_offset(params: list[Param], offset: int) -> list[Param]:
    return [*(pair for pair in params if pair[0] != "offset"), ("offset", str(offset))]


def _members(data: Any, key: str, path: str) -> tuple[list[dict[str, Any]], int]:
    """(objects, number of entries that were none) of the list under `key`, or of a bare list."""
    listed = data.get(key) if isinstance(data, Mapping) else data
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        raise unexpected(path, f"a list under `{key}` was expected")
    objects = [item for item in listed if isinstance(item, dict)]
    return objects, len(listed) - len(objects)


def _object(data: Any, path: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise unexpected(path, "an object was expected")
    return data


def _total(data: Any) -> int | None:
    page = data.get("_page") if isinstance(data, dict) else None
    return to_int(page.get("totalCount")) if isinstance(page, dict) else None
