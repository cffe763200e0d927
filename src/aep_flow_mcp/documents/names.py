"""Names and ids of one sandbox: what a document says by name, and which id that is there. Pure.

In values that the format keeps as the API has them, `${dataset:NAME}`, `${schema:TITLE}` and `${account:NAME}` stand
for ids; a text of the organisation that looks like this gets one more `$` in front.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aep_flow_mcp.pipelines import wellknown
from aep_flow_mcp.pipelines.connectors import can_go, label_of
from aep_flow_mcp.pipelines.places import close
from aep_flow_mcp.pipelines.wish import Direction
from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec

KINDS = ("dataset", "schema", "account")
_REFERENCE = re.compile(r"\$\{(dataset|schema|account):(.*)\}", re.DOTALL)
_ID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ALIKE = re.compile(r"\$+\{(?:dataset:|schema:|account:|mapping(?:\.version)?\})")


@dataclass(frozen=True, slots=True)
class Thing:
    """A dataset, a schema or an account. of: the schema of a dataset, the connection spec of an account."""

    id: str
    name: str
    of: str | None = None


class NoSuchName(Exception):
    """A name that stands for nothing, or for several things, in this sandbox; the message says which."""


class _Called:
    """Connectors by what people call them, and then by what the API does."""

    def __init__(self, specs: Iterable[ConnectionSpec]) -> None:
        people: dict[str, list[ConnectionSpec]] = {}
        api: dict[str, list[ConnectionSpec]] = {}
        self.labels: list[str] = []
        for spec in specs:
            self.labels.append(label_of(spec))
            people.setdefault(self.labels[-1], []).append(spec)
            api.setdefault(spec.name or "", []).append(spec)
        self.by = (people, api)


class Names:
    """What is called how in one sandbox.

    renamed: by kind, names of documents that are other ones here (`sandboxes.yaml`).
    """

    def __init__(
        self,
        *,
        sandbox: str,
        connectors: Iterable[ConnectionSpec],
        flow_specs: Iterable[FlowSpec],
        datasets: Iterable[Thing] = (),
        schemas: Iterable[Thing] = (),
        accounts: Iterable[Thing] = (),
        renamed: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.sandbox = sandbox
        self.connectors = {spec.id: spec for spec in connectors}
        self.flow_specs = {spec.id: spec for spec in flow_specs}
        given = {"dataset": datasets, "schema": schemas, "account": accounts}
        self._by_id = {kind: {thing.id: thing for thing in things} for kind, things in given.items()}
        self._by_name: dict[str, dict[str, list[Thing]]] = {kind: {} for kind in KINDS}
        for kind, things in self._by_id.items():
            for thing in things.values():
                self._by_name[kind].setdefault(thing.name, []).append(thing)
        self._there = {kind: dict((renamed or {}).get(kind, {})) for kind in KINDS}
        self._connectors: dict[tuple[str, Direction], ConnectionSpec] = {}
        self._called: dict[tuple[str, Direction], str] = {}
        self._going: dict[Direction, _Called] = {}
        self._kinds: dict[tuple[str | None, str, str], FlowSpec] = {}
        self._secrets: dict[str, frozenset[str]] = {}
        self._here = {
            kind: {there: here for here, there in pairs.items()} for kind, pairs in self._there.items()
        }

    # --- from names to things ---------------------------------------------------------------------------

    def find(self, kind: str, name: str, *, of: str | None = None) -> Thing:
        """The one of that name; of: the connector of an account.

        Raises:
            NoSuchName: there is none, or there are several.
        """
        wanted = self._there[kind].get(name, name)
        found = self._by_name[kind].get(wanted, [])
        fitting = [thing for thing in found if of is None or thing.of in (None, of)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            ids = ", ".join(sorted(thing.id for thing in fitting))
            raise NoSuchName(
                f"several {kind}s of the sandbox {self.sandbox} are called {wanted}: say {{id: ...}}, one of {ids}."
            )
        if found:
            raise NoSuchName(f"the {kind} {wanted} of the sandbox {self.sandbox} is of another connector.")
        raise NoSuchName(
            f"the sandbox {self.sandbox} has no {kind} called {wanted}.{self._close(kind, wanted, of)}"
        )

    def has(self, kind: str, name: str, *, of: str | None = None) -> bool:
        """Whether there is exactly one of that name."""
        try:
            self.find(kind, name, of=of)
        except NoSuchName:
            return False
        return True

    def by_id(self, kind: str, object_id: str) -> Thing | None:
        """The one of that id; None where the sandbox shows none."""
        return self._by_id[kind].get(object_id)

    def things(self, kind: str) -> list[Thing]:
        """Everything of a kind that is known."""
        return list(self._by_id[kind].values())

    def connector(self, wanted: str, way: Direction) -> ConnectionSpec:
        """The connector that people or the API call so, of those that go this way.

        Raises:
            NoSuchName: there is none, or there are several.
        """
        key = (wanted, way)
        if key not in self._connectors:
            self._connectors[key] = self._connector(wanted, way)
        return self._connectors[key]

    def secrets_of(self, spec_id: str) -> frozenset[str]:
        """What a connector declares secret, as JSON pointers."""
        if spec_id not in self._secrets:
            spec = self.connectors.get(spec_id)
            self._secrets[spec_id] = spec.secret_pointers if spec else frozenset()
        return self._secrets[spec_id]

    def _connector(self, wanted: str, way: Direction) -> ConnectionSpec:
        if wanted in self.connectors or _ID.fullmatch(wanted):
            # An id that the catalogue does not show: the service knows it or not.
            return self.connectors.get(wanted) or ConnectionSpec(id=wanted)
        if way not in self._going:
            self._going[way] = _Called(spec for spec in self.connectors.values() if can_go(spec, way))
        for called in self._going[way].by:
            found = called.get(wanted, [])
            if len(found) == 1:
                return found[0]
            if found:
                ids = ", ".join(sorted(spec.id for spec in found))
                raise NoSuchName(f"several connectors are called {wanted}: give one id of {ids}.")
        near = close(wanted, self._going[way].labels)
        hint = f" Close: {', '.join(near)}." if near else " find_connector lists what there is."
        raise NoSuchName(f"there is no connector for an {way.value} called {wanted}.{hint}")

    def flow_spec(self, wanted: str | None, source: str, target: str) -> FlowSpec:
        """The kind of flow of that name or id; without one, the only kind that joins these connection specs.

        Raises:
            NoSuchName: there is none, or there are several.
        """
        key = (wanted, source, target)
        if key not in self._kinds:
            self._kinds[key] = self._flow_spec(wanted, source, target)
        return self._kinds[key]

    def _flow_spec(self, wanted: str | None, source: str, target: str) -> FlowSpec:
        if wanted is not None:
            found = [spec for spec in self.flow_specs.values() if wanted in (spec.id, spec.name)]
            what = f"called {wanted}"
            if not found and _ID.fullmatch(wanted):
                return FlowSpec(id=wanted)
        else:
            joining = [
                spec
                for spec in self.flow_specs.values()
                if spec.takes_source(source) and spec.takes_target(target)
            ]
            # Where the general one for files or tables fits, it is the one that the guided creation takes too.
            general = [
                s for s in joining if s.id in (wellknown.FLOW_FILES_TO_LAKE, wellknown.FLOW_TABLES_TO_LAKE)
            ]
            found = general if len(general) == 1 else joining
            what = "that joins this source and this target"
        if len(found) == 1:
            return found[0]
        names = ", ".join(sorted(spec.name or spec.id for spec in found))
        raise NoSuchName(
            f"there are several kinds of flow {what}: say flow_spec, one of {names}."
            if found
            else f"there is no kind of flow {what}."
        )

    # --- from ids to names ------------------------------------------------------------------------------

    def name_of(self, kind: str, object_id: str | None) -> str | None:
        """What a document calls it; None where no name leads back to exactly this one."""
        thing = self._by_id[kind].get(object_id or "")
        if thing is None:
            return None
        name = self._here[kind].get(thing.name, thing.name)
        try:
            found = self.find(kind, name, of=thing.of if kind == "account" else None)
        except NoSuchName:
            return None
        return name if found.id == thing.id else None

    def called(self, spec: ConnectionSpec, way: Direction) -> str:
        """What a document calls a connector: as people do, where that is clear."""
        key = (spec.id, way)
        if key not in self._called:
            self._called[key] = self._name_for(spec, way)
        return self._called[key]

    def _name_for(self, spec: ConnectionSpec, way: Direction) -> str:
        for name in (label_of(spec), spec.name or ""):
            try:
                if name and self.connector(name, way).id == spec.id:
                    return name
            except NoSuchName:
                continue
        return spec.id

    def kind_called(self, spec_id: str, source: str, target: str) -> str | None:
        """What a document calls a kind of flow; None where it goes without saying."""
        try:
            if self.flow_spec(None, source, target).id == spec_id:
                return None
        except NoSuchName:
            pass
        spec = self.flow_specs.get(spec_id)
        name = spec.name if spec else None
        twins = [one for one in self.flow_specs.values() if one.name == name]
        return name if name and len(twins) == 1 else spec_id

    # --- in values that are kept as the API has them ------------------------------------------------------

    def named(self, value: Any) -> Any:
        """A value with names in place of the ids that are known."""
        if isinstance(value, Mapping):
            return {key: self.named(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.named(item) for item in value]
        if not isinstance(value, str):
            return value
        for kind in KINDS:
            name = self.name_of(kind, value)
            if name is not None:
                return f"${{{kind}:{name}}}"
        return f"${value}" if _ALIKE.match(value) else value

    def resolved(self, value: Any, mapping: tuple[Any, Any] | None) -> Any:
        """A value with ids in place of names; mapping: id and version of the document's own mapping set, None where
        there is none that could stand there.

        Raises:
            NoSuchName: a name stands for nothing here, or for several things.
        """
        if isinstance(value, Mapping):
            return {key: self.resolved(item, mapping) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.resolved(item, mapping) for item in value]
        if not isinstance(value, str):
            return value
        if value in ("${mapping}", "${mapping.version}"):
            if mapping is None:
                raise NoSuchName(
                    f"{value} stands for the mapping of the document in steps of its flow: none is here."
                )
            return mapping[0] if value == "${mapping}" else mapping[1]
        match = _REFERENCE.fullmatch(value)
        if match is not None:
            return self.find(match[1], match[2]).id
        return value[1:] if value.startswith("$$") and _ALIKE.match(value) else value

    def _close(self, kind: str, wanted: str, of: str | None) -> str:
        known = [t.name for ts in self._by_name[kind].values() for t in ts if of is None or t.of == of]
        near = close(wanted, known)
        return f" Close: {', '.join(near)}." if near else ""
