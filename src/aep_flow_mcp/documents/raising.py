"""From what is stored to a document. Nothing is lost: what the words of the format do not give back, member by member,
is kept under `extra` as the API has it. Nothing secret comes along. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aep_flow_mcp.documents import members
from aep_flow_mcp.documents.format import Pipeline
from aep_flow_mcp.documents.lowering import Bodies, lower
from aep_flow_mcp.documents.members import given
from aep_flow_mcp.documents.names import Names
from aep_flow_mcp.documents.same import same
from aep_flow_mcp.documents.stored import Stored, unsent, writable
from aep_flow_mcp.pipelines import wellknown
from aep_flow_mcp.pipelines.wish import Direction
from aep_flow_mcp.platform.models.flows import FlowKind
from aep_flow_mcp.platform.models.text import clean_text

Json = dict[str, Any]

_STATES = {
    "enabled": "enabled", "enabling": "enabled", "initializing": "enabled", "inprogress": "enabled",
    "enabled-finalizing": "enabled", "disabled": "disabled", "disabling": "disabled", "draft": "draft",
}  # fmt: skip


@dataclass
class Raised:
    """A document, as a plain value, and what had to be said about it."""

    document: Json
    notes: list[str] = field(default_factory=list)
    unsent: list[str] = field(default_factory=list)
    """Members that no request of the API has, and no document."""

    @property
    def pipeline(self) -> Pipeline:
        """The same, parsed."""
        return Pipeline.model_validate(self.document)


class CannotRaise(Exception):
    """This is no pipeline of a document: an internal flow, or one whose parts cannot be read."""


def state_of(flow: Mapping[str, Any]) -> str | None:
    """enabled, disabled or draft; None for a state on the way between them."""
    return _STATES.get(str(flow.get("state") or "").casefold())


def raised(stored: Stored, names: Names) -> Raised:
    """The document of a flow.

    Raises:
        CannotRaise: the flow is internal, or has no name.
    """
    kind = stored.kind
    if kind is FlowKind.INTERNAL:
        raise CannotRaise("it is internal to Platform")
    if not isinstance(stored.flow.get("name"), str) or not stored.flow["name"]:
        raise CannotRaise("it has no name")
    work = _Raising(stored, names, imports=kind is FlowKind.SOURCE)
    return work.run()


class _Raising:
    def __init__(self, stored: Stored, names: Names, *, imports: bool) -> None:
        self.stored = stored
        self.names = names
        self.imports = imports
        self.parts, self.left = writable(stored, names)

    def run(self) -> Raised:
        document = self._said()
        self._fill_up(document)
        try:
            json.dumps(document, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise CannotRaise("it holds half of a character, which no file can") from None
        notes = [f"left out, for it may be a secret: {one}" for one in self.left]
        return Raised(_ordered(document), notes, unsent(self.stored))

    def _said(self) -> Json:
        """What the words of the format make of it, right or not."""
        source, target, flow = self.parts["source"], self.parts["target"], self.parts["flow"]
        outer = source if self.imports else target
        way = Direction.IMPORT if self.imports else Direction.EXPORT
        spec_id = outer["connectionSpec"]["id"]
        spec = self.names.connectors.get(spec_id or "")
        document: Json = {
            "pipeline": flow["name"],
            "kind": way.value,
            **given(
                description=flow.get("description") if isinstance(flow.get("description"), str) else None
            ),
            "connector": self.names.called(spec, way) if spec else str(spec_id),
            **given(
                flow_spec=self.names.kind_called(
                    str(flow["flowSpec"]["id"]),
                    str(source["connectionSpec"]["id"]),
                    str(target["connectionSpec"]["id"]),
                ),
                account=self._reference("account", outer.get("baseConnectionId")),
                state=state_of(self.stored.flow),
            ),
        }
        document |= self._import_ends() if self.imports else self._export_ends()
        return document | self._flow_members()

    def _import_ends(self) -> Json:
        source, target = self.parts["source"], self.parts["target"]
        data = _object(source.get("data"))
        format_ = data.get("format")
        return given(
            source=self.names.named(_object(source.get("params"))) or None,
            format=format_ if isinstance(format_, str) else None,
            format_options=dict(_object(data.get("properties"))) or None,
            dataset=self._reference("dataset", _object(target.get("params")).get("dataSetId")),
        )

    def _export_ends(self) -> Json:
        source, target = self.parts["source"], self.parts["target"]
        params = dict(_object(source.get("params")))
        listed = params.get("datasets")
        datasets = None
        if (
            isinstance(listed, list)
            and listed
            and source["connectionSpec"]["id"] == wellknown.DATA_LAKE_SOURCE
        ):
            datasets = [self._reference("dataset", _object(one).get("dataSetId")) for one in listed]
            made = [
                given(
                    dataSetId=_object(one).get("dataSetId"),
                    name=self._stored_name(_object(one).get("dataSetId")),
                )
                for one in listed
            ]
            if all(datasets) and same(made, listed):
                params.pop("datasets")
            else:
                datasets = None
        return given(
            source=self.names.named(params) or None,
            datasets=datasets,
            destination=self.names.named(_object(target.get("params"))) or None,
        )

    def _flow_members(self) -> Json:
        flow = self.parts["flow"]
        export = not self.imports and "frequency" not in _object(flow.get("scheduleParams"))
        schedule = members.schedule_said(_object(flow.get("scheduleParams")), export=export)
        said: Json = given(
            schedule=schedule or None,
            options=members.options_said(_object(flow.get("options"))) or None,
            labels=_texts(flow.get("labels")) or None,
            policies=dict(_object(flow.get("policy"))) or None,
            mapping=self.parts.get("mapping", {}).get("rows") or None,
        )
        return said | self._steps(said)

    def _steps(self, said: Json) -> Json:
        """The delta column where the usual steps give it back; else the steps as they are."""
        raw = self.parts["flow"].get("transformations")
        listed = [step for step in raw if isinstance(step, Mapping)] if isinstance(raw, list) else []
        if not listed:
            return {}
        ref = self.stored.mapping_ref if "mapping" in said else None
        copy = next((step for step in listed if step.get("name") == members.COPY), None)
        column = _object(_object(copy.get("params") if copy else None).get("deltaColumn")).get("name")
        further = [step for step in listed if step.get("name") not in (members.COPY, members.MAPPING)]
        column = column if isinstance(column, str) else None
        usual = members.steps(delta_column=column, mapping=ref, further=further)
        if same(usual, listed):
            own = [self._own(step) for step in further]
            return given(delta_column=column, transformations=own or None)
        return {"transformations": [self._own(step) for step in listed]}

    def _own(self, value: Any) -> Any:
        """Of a flow: `${mapping}` for the mapping set whose rows the document has."""
        ref = self.stored.mapping_ref if self.parts.get("mapping", {}).get("rows") else None
        if isinstance(value, Mapping):
            made = {key: self._own(item) for key, item in value.items()}
            if ref is not None and value.get("mappingId") == ref[0]:
                made["mappingId"] = "${mapping}"
                if value.get("mappingVersion") is not None:
                    made["mappingVersion"] = "${mapping.version}"
            return made
        if isinstance(value, list):
            return [self._own(item) for item in value]
        return self.names.named(value)

    def _fill_up(self, document: Json) -> None:
        """Names of parts that are not the usual ones; under `extra` each member that the words do not give back."""
        extra: dict[str, Json] = {}
        called = self._part_names(str(document["pipeline"]))
        if called:
            document["names"] = called
        for part, name in self._lacking(document):
            own = self._own if part == "flow" else self.names.named
            extra.setdefault(part, {})[name] = own(self.parts[part].get(name))
            document.pop(_SAID_BY.get((part, name), ""), None)
        schema = self.parts.get("mapping", {}).get("schema")
        end = _object(_object(self.parts["target"].get("data")).get("schema")).get("id")
        if schema and schema != end and document.get("mapping"):
            reference = {"id": self.names.named(schema), "contentType": wellknown.SCHEMA_VERSION}
            extra["mapping"] = {"outputSchema": {"schemaRef": reference}}
        if extra:
            document["extra"] = extra

    def _lacking(self, document: Json) -> list[tuple[str, str]]:
        bodies = self._bodies(document)
        if bodies is None:  # a name or a text that leads nowhere: the members as they are say it all
            return [
                (part, name)
                for part in ("source", "target", "flow")
                for name in self.parts[part]
                if name not in _OWN
            ]
        made: dict[str, Json] = {"source": bodies.source, "target": bodies.target, "flow": bodies.flow}
        found = []
        for part, body in made.items():
            for name in dict.fromkeys((*self.parts[part], *body)):
                if name == "name" and part != "flow" and name not in self.parts[part]:
                    continue
                one, other = self.parts[part].get(name), body.get(name)
                if name in ("connectionSpec", "flowSpec"):
                    one, other = _object(one).get("id"), _object(other).get("id")
                if not same(one or None, other or None):
                    found.append((part, name))
        return found

    def _part_names(self, pipeline: str) -> Json:
        known = {part: self.parts.get(part, {}).get("name") for part in ("source", "target", "mapping")}
        return {
            part: name
            for part, name in known.items()
            # Names of mapping sets are read without characters that nobody sees.
            if isinstance(name, str)
            and name
            and name not in (f"{pipeline} {part}", clean_text(f"{pipeline} {part}"))
        }

    def _bodies(self, document: Json) -> Bodies | None:
        try:
            said = Pipeline.model_validate(document)
        except ValueError:
            return None
        ref = self.stored.mapping_ref
        return lower(said, self.names, **({"mapping": ref} if ref else {})).bodies

    def _reference(self, kind: str, object_id: Any) -> Any:
        if not isinstance(object_id, str) or not object_id:
            return None
        return self.names.name_of(kind, object_id) or {"id": object_id}

    def _stored_name(self, object_id: Any) -> str | None:
        thing = self.names.by_id("dataset", str(object_id))
        return thing.name if thing else None


_OWN = frozenset({"name", "sourceConnectionIds", "targetConnectionIds"})
"""Members that need no words under `extra`, whatever they are."""
_SAID_BY = {
    ("flow", "scheduleParams"): "schedule",
    ("flow", "options"): "options",
    ("flow", "labels"): "labels",
    ("flow", "policy"): "policies",
    ("flow", "description"): "description",
    ("flow", "transformations"): "transformations",
}
"""The field of a document that says nothing any more where `extra` has the member."""


def _ordered(document: Json) -> Json:
    """In the order of the format; what is kept as the API has it in one that does not depend on who sent it."""
    return {
        name: _sorted(document[name]) if name in _AS_IT_IS else document[name]
        for name in Pipeline.model_fields
        if name in document
    }


_AS_IT_IS = frozenset({"source", "destination", "format_options", "policies", "transformations", "extra"})
_FIRST = ("name", "id", "tableName", "path", "type", "params")
"""What says most of an object comes first."""


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        names = sorted(value, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name))
        return {name: _sorted(value[name]) for name in names}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
