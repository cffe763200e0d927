"""From a document to the bodies that the API takes, with the ids of one sandbox. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aep_flow_mcp.documents import members
from aep_flow_mcp.documents.findings import Finding
from aep_flow_mcp.documents.format import AccountToMake, ById, Pipeline, State, Way
from aep_flow_mcp.documents.members import NotUnderstood, given
from aep_flow_mcp.documents.names import Names, NoSuchName, Thing
from aep_flow_mcp.pipelines import wellknown
from aep_flow_mcp.pipelines.blueprint import Created, What
from aep_flow_mcp.pipelines.desk import spec_ref
from aep_flow_mcp.pipelines.wish import Direction
from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec

Json = dict[str, Any]
T = TypeVar("T")
NEW_MAPPING: tuple[Any, Any] = (Created(What.MAPPING.value), 0)
"""Id and version of a mapping set that is still to be created."""


@dataclass
class Bodies:
    """What a document stands for in one sandbox. `mapping` is None where it has none, `account` where it makes none."""

    connector: ConnectionSpec
    flow_spec: FlowSpec | None
    source: Json
    target: Json
    mapping: Json | None
    flow: Json
    account: Json | None
    state: State | None


@dataclass
class Lowered:
    """The bodies, or what stands in their way."""

    bodies: Bodies | None
    findings: list[Finding] = field(default_factory=list)
    unknown: list[Finding] = field(default_factory=list)
    """What is named by an id that the sandbox does not show: no reason to touch what is there, but nothing new can be
    made of it."""


def lower(document: Pipeline, names: Names, *, mapping: tuple[Any, Any] = NEW_MAPPING) -> Lowered:
    """The bodies of a document. mapping: id and version of the mapping set that the flow uses, if it is there."""
    work = _Lowering(document, names, mapping)
    bodies = work.bodies()
    return Lowered(None if work.findings else bodies, work.findings, work.unknown)


class _Lowering:
    def __init__(self, document: Pipeline, names: Names, mapping: tuple[Any, Any]) -> None:
        self.document = document
        self.names = names
        self.mapping = mapping
        self.findings: list[Finding] = []
        self.unknown: list[Finding] = []
        self.imports = document.kind is Way.IMPORT

    def bodies(self) -> Bodies | None:
        document = self.document
        way = Direction.IMPORT if self.imports else Direction.EXPORT
        connector = self._found(("connector",), lambda: self.names.connector(document.connector, way))
        if connector is None:
            return None
        account = self._account(connector)
        source, target = self._source(connector, account), self._target(connector, account)
        schema = ((target.get("data") or {}).get("schema") or {}).get("id")
        mapping = (
            members.mapping_body(document.pipeline, document.mapping, schema) if document.mapping else None
        )
        if mapping is not None:
            mapping = self._with_extra("mapping", mapping)
        spec = self._kind_of_flow(source, target)
        return Bodies(
            connector=connector,
            flow_spec=spec,
            source=source,
            target=target,
            mapping=mapping,
            flow=self._flow(spec),
            account=self._new_account(connector) if isinstance(account, Created) else None,
            state=document.state,
        )

    # --- the ends -----------------------------------------------------------------------------------------

    def _account(self, connector: ConnectionSpec) -> Thing | Created | None:
        said = self.document.account
        if isinstance(said, ById):
            return self._by_id(("account", "id"), "account", said.id)
        if isinstance(said, AccountToMake):
            if not self.names.has("account", said.name, of=connector.id):
                return Created(What.ACCOUNT.value)
            return self.names.find("account", said.name, of=connector.id)
        if said is None:
            return None
        return self._found(("account",), lambda: self.names.find("account", said, of=connector.id))

    def _new_account(self, connector: ConnectionSpec) -> Json:
        said = self.document.account
        if not isinstance(said, AccountToMake):
            raise TypeError("only an account with parameters is made")
        auth = given(specName=said.auth, params=dict(said.params)) if said.auth or said.params else None
        return given(name=said.name, auth=auth, connectionSpec=spec_ref(connector))

    def _source(self, connector: ConnectionSpec, account: Thing | Created | None) -> Json:
        document = self.document
        if self.imports:
            data = given(format=document.format, properties=dict(document.format_options) or None)
            body = given(
                name=f"{document.pipeline} source",
                baseConnectionId=_id_of(account),
                data=data or None,
                params=self._resolved(("source",), document.source) or None,
                connectionSpec=spec_ref(connector),
            )
            return self._with_extra("source", body)
        inner = wellknown.DATA_LAKE_SOURCE if self._of_datasets() else wellknown.PROFILE_STORE
        params = self._resolved(("source",), document.source) or {}
        if document.datasets:
            chosen = [
                self._dataset(("datasets", number), said) for number, said in enumerate(document.datasets)
            ]
            params = {"datasets": [given(dataSetId=one.id, name=one.name) for one in chosen if one], **params}
        body = given(
            name=f"{document.pipeline} source", params=params or None, connectionSpec=self._inner(inner)
        )
        return self._with_extra("source", body)

    def _target(self, connector: ConnectionSpec, account: Thing | Created | None) -> Json:
        document = self.document
        name = f"{document.pipeline} target"
        if not self.imports:
            body = given(
                name=name,
                baseConnectionId=_id_of(account),
                params=self._resolved(("destination",), document.destination) or None,
                connectionSpec=spec_ref(connector),
            )
            return self._with_extra("target", body)
        dataset = self._dataset(("dataset",), document.dataset) if document.dataset is not None else None
        schema = {"id": dataset.of, "version": wellknown.SCHEMA_VERSION} if dataset and dataset.of else None
        body = given(
            name=name,
            data=given(format="parquet_xdm", schema=schema) if dataset else None,
            params={"dataSetId": dataset.id} if dataset else None,
            connectionSpec=self._inner(wellknown.DATA_LAKE),
        )
        return self._with_extra("target", body)

    def _of_datasets(self) -> bool:
        return bool(self.document.datasets) or "datasets" in self.document.source

    def _inner(self, spec_id: str) -> Json:
        known = self.names.connectors.get(spec_id)
        return dict(spec_ref(known)) if known else {"id": spec_id, "version": "1.0"}

    def _dataset(self, way: tuple[str | int, ...], said: str | ById) -> Thing | None:
        if isinstance(said, ById):
            return self._by_id((*way, "id"), "dataset", said.id)
        return self._found(way, lambda: self.names.find("dataset", said))

    # --- the flow -----------------------------------------------------------------------------------------

    def _kind_of_flow(self, source: Json, target: Json) -> FlowSpec | None:
        ends = [str((end.get("connectionSpec") or {}).get("id")) for end in (source, target)]
        return self._found(
            ("flow_spec",), lambda: self.names.flow_spec(self.document.flow_spec, ends[0], ends[1])
        )

    def _flow(self, spec: FlowSpec | None) -> Json:
        document = self.document
        schedule = None
        if document.schedule is not None:
            export = not self.imports and members.exports_by_unit(spec)
            try:
                schedule = members.schedule_params(document.schedule, export=export)
            except NotUnderstood as error:
                self.findings.append(Finding(("schedule", error.field), str(error)))
        further = self._resolved(("transformations",), list(document.transformations)) or []
        body = given(
            name=document.pipeline,
            description=document.description,
            flowSpec=spec_ref(spec) if spec else None,
            sourceConnectionIds=[Created(What.SOURCE.value)],
            targetConnectionIds=[Created(What.TARGET.value)],
            transformations=members.steps(
                delta_column=document.delta_column,
                mapping=self.mapping
                if document.mapping and not _names_it(document.transformations)
                else None,
                further=further,
            ),
            scheduleParams=schedule or None,
            options=members.options_params(document.options) or None if document.options else None,
            labels=list(document.labels) or None,
            policy=dict(document.policies) or None,
        )
        return self._with_extra("flow", body)

    def _by_id(self, way: tuple[str | int, ...], kind: str, object_id: str) -> Thing:
        found = self.names.by_id(kind, object_id)
        if found is None:
            told = f"the sandbox {self.names.sandbox} shows no {kind} with the id {object_id}."
            self.unknown.append(Finding(way, told))
        return found or Thing(object_id, object_id)

    # --- shared -------------------------------------------------------------------------------------------

    def _with_extra(self, part: str, body: Json) -> Json:
        called = getattr(self.document.names, part, None)
        body = {**body, "name": called} if called else body
        extra = getattr(self.document.extra, part) if self.document.extra else {}
        merged = {**body, **(self._resolved(("extra", part), extra) or {})}
        return {name: value for name, value in merged.items() if value is not None}

    def _resolved(self, way: tuple[str | int, ...], value: Any) -> Any:
        # The ends are made before the mapping set, and one that is still to be created needs rows.
        of_flow = way in (("transformations",), ("extra", "flow"))
        there = bool(self.document.mapping) or not isinstance(self.mapping[0], Created)
        mapping = self.mapping if of_flow and there else None
        return self._found(way, lambda: self.names.resolved(value, mapping))

    def _found(self, way: tuple[str | int, ...], look: Callable[[], T]) -> T | None:
        try:
            return look()
        except NoSuchName as error:
            self.findings.append(Finding(way, str(error)))
            return None


def _names_it(value: Any) -> bool:
    """Whether further steps place the document's mapping set themselves."""
    if isinstance(value, dict):
        return any(map(_names_it, value.values()))
    return any(map(_names_it, value)) if isinstance(value, list) else value == "${mapping}"


def _id_of(account: Thing | Created | None) -> Any:
    return account.id if isinstance(account, Thing) else account
