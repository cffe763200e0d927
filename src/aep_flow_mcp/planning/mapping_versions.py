"""Other rows for a flow that has a mapping: a further version of its mapping set, or a set of its own.

Data Prep makes a new version of a set with each PUT; a flow names the version that it takes (Data Prep API, PUT
/mappingSets/{id}; Flow Service, `mappingVersion` of the Mapping step). So flows that name a version do not notice. One
that names none takes the newest at once: under such a flow nothing is changed, and the pipeline gets a set of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from aep_flow_mcp.documents.members import row_said
from aep_flow_mcp.documents.same import same
from aep_flow_mcp.guard.changes.change import Plan
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.pipelines import wellknown
from aep_flow_mcp.pipelines.blueprint import Created, What
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.models.neighbours import Mapping as Row
from aep_flow_mcp.platform.models.neighbours import MappingSet
from aep_flow_mcp.platform.reader import FlowReader

Json = dict[str, Any]
_AGAIN = ("id", "version", "sourceAttribute", "destinationXdmPath")
"""Members of a stored row that a new version gets anew, or that say the same once more."""


@dataclass(frozen=True)
class Versions:
    """A mapping set in the version that a flow takes, and in its newest one, which may be the same."""

    held: MappingSet
    newest: MappingSet


async def read_versions(aep: FlowReader, mapping_id: str, version: int | None) -> Versions:
    """Both versions of the set.

    Raises:
        PlatformError: one of them cannot be read.
    """
    get = aep.neighbours.get_mapping_set
    held, newest = await together([partial(get, mapping_id, version), partial(get, mapping_id)])
    return Versions(held, newest)


@dataclass(frozen=True)
class NewMapping:
    """The mapping that a flow is to take. before, body: the set as the flow takes it now, and as a PUT or a POST makes
    it. version: of the set in use; None where the flow gets a set of its own. there: nothing has to be made."""

    mapping_id: str
    before: Json
    body: Json
    version: int | None
    there: bool = False

    @property
    def ref(self) -> tuple[Any, Any]:
        """Id and version that the flow is to name; the id of a set of its own is still to come."""
        if self.version is None:
            return Created(What.MAPPING.value), 0
        return self.mapping_id, self.version

    @property
    def note(self) -> str:
        """What a person has to know of it before."""
        if self.version is None:
            return (
                "The mapping set in use stays as it is, since a flow takes its newest version, or may: the pipeline "
                "gets a set of its own."
            )
        if self.there:
            return f"Version {self.version} of the mapping set has these rows already: the flow is pointed to it."
        return (
            f"The rows become version {self.version} of the mapping set in use, which cannot be taken back: versions "
            "that are there stay, and so do flows that name them."
        )

    def add_to(self, plan: Plan, *, key: str) -> dict[str, Any]:
        """The step that makes it, if there is one; what stands for an id that is still to come."""
        if self.version is None:
            return {What.MAPPING.value: plan.create(Kind.MAPPING_SET, self.body, key=key)}
        if not self.there:
            expects = {"version": self.version}
            plan.replace(Kind.MAPPING_SET, self.mapping_id, self.before, self.body, key=key, expects=expects)
        return {}


def new_mapping(
    versions: Versions, body: Json, *, followed: bool, planned: Sequence[NewMapping] = ()
) -> NewMapping:
    """How a flow comes by these rows. followed: whether any flow takes the newest version of the set, this one among
    them. planned: what the same Change makes of the set before."""
    held, newest = versions.held, versions.newest
    before = body_of(held, list(map(row_of, held.mappings)))
    if followed:
        return NewMapping(held.id, before, body, None)
    again = next((one for one in planned if one.body == body), None)
    if again is not None:
        return NewMapping(held.id, before, body, again.version, there=True)
    if newest.version != held.version and _says(newest, body):
        return NewMapping(held.id, before, body, newest.version or 0, there=True)
    made = sum(not one.there for one in planned)
    return NewMapping(held.id, before, body, (newest.version or 0) + made + 1)


def pointed_to(value: Any, mapping_id: Any, new: NewMapping) -> Any:
    """Transformations that name the new mapping wherever they named the set."""
    if isinstance(value, Mapping):
        made = {name: pointed_to(item, mapping_id, new) for name, item in value.items()}
        if "mappingId" in made and mapping_id in (None, made["mappingId"]):
            made["mappingId"], made["mappingVersion"] = new.ref
        return made
    if isinstance(value, list):
        return [pointed_to(item, mapping_id, new) for item in value]
    return value


def body_of(held: MappingSet, rows: list[Json]) -> Json:
    """The set as it is sent, with other rows."""
    reference = held.output_schema.schema_ref if held.output_schema else None
    kind = (reference.version if reference else None) or wellknown.SCHEMA_VERSION
    extra = held.model_extra or {}
    return {
        **({"name": held.name} if held.name else {}),
        **{name: extra[name] for name in ("inputSchema",) if extra.get(name)},
        **(
            {"outputSchema": {"schemaRef": {"id": held.schema_id, "contentType": kind}}}
            if held.schema_id
            else {}
        ),
        "mappings": rows,
    }


def row_of(row: Row) -> Json:
    """A stored row as a new version takes it, with whatever else it holds."""
    own = {
        "sourceType": row.source_type,
        "source": row.written_source or row.source,
        "destination": row.written_destination or row.destination,
        "identity": row.identity,
        "primaryIdentity": row.primary_identity,
    }
    more = {name: value for name, value in (row.model_extra or {}).items() if name not in _AGAIN}
    return {name: value for name, value in {**own, **more}.items() if value is not None}


def rows_like(held: MappingSet, wanted: Iterable[Json]) -> list[Json]:
    """Rows as they are sent, where those that are there keep whatever else they hold."""
    known: dict[Any, list[Json]] = {}
    for body in map(row_of, held.mappings):
        known.setdefault(body.get("destination"), []).append(body)
    return [
        next(
            (body for body in known.get(row.get("destination"), ()) if same(row_said(body), row_said(row))),
            row,
        )
        for row in wanted
    ]


def _says(held: MappingSet, body: Json) -> bool:
    """Whether a version says what a body does."""
    there = body_of(held, list(map(row_of, held.mappings)))
    rows, wanted = ([row_said(row) for row in one["mappings"]] for one in (there, body))
    return same(rows, wanted) and same(
        {**there, "mappings": None}, {**body, "mappings": None, "name": there.get("name")}
    )
