"""An entry of the catalogue: one connector, as a file of `connectors/` describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..json_types import JsonObject
from .parameters import parameters

Shared = Mapping[str, Any]


@dataclass(frozen=True)
class Auth:
    """One way to log in: the name that a connection gives as `auth.specName`, and the JSON Schema of its params."""

    name: str
    schema: JsonObject


@dataclass(frozen=True)
class Connector:
    """One connector. `source` and `target` are JSON Schemas of params; None: it cannot be one.

    `auths` of None: it has ways to log in, of which none is published. `encryption` are the printed
    `encryptionSpecs`. `flow_specs` are the ids of the flow specs that it may be used with; they may be unknown
    here. `pages` and `note` say where it is published, and what a reader must know.
    """

    name: str
    id: str
    label: str
    category: str
    role: Literal["source", "destination", "both", "internal"]
    frequency: Literal["batch", "streaming"]
    auths: tuple[Auth, ...] | None
    source: JsonObject | None
    target: JsonObject | None
    explore: Literal["FileSystem", "Table", "Resource"] | None
    attributes: JsonObject
    encryption: list[JsonObject] | None
    flow_specs: tuple[str, ...]
    pages: tuple[str, ...]
    note: str

    @property
    def is_source(self) -> bool:
        """Whether data can come from it into Platform."""
        return self.role in {"source", "both"}

    @property
    def is_destination(self) -> bool:
        """Whether data can go to it out of Platform."""
        return self.role in {"destination", "both"}


@dataclass(frozen=True)
class Unpublished:
    """A connector whose connection spec id no page states: it cannot be served, only named."""

    label: str
    category: str
    role: str
    page: str
    note: str


def unpublished(entry: Mapping[str, Any]) -> list[Unpublished]:
    """What an entry `{"unpublished": [...]}` names."""
    return [Unpublished(**one) for one in entry["unpublished"]]


def connector(entry: Mapping[str, Any], shared: Shared) -> Connector:
    """The connector that an entry describes. `shared` are the schemas and attributes that entries name.

    Raises ValueError, with the connector's name, for an entry that cannot be understood.
    """
    try:
        role = entry["role"]
        auths = entry.get("auths", ())
        return Connector(
            name=entry["name"],
            id=entry["id"],
            label=entry["label"],
            category=entry["category"],
            role=role,
            frequency=entry.get("frequency", "batch"),
            auths=None if auths is None else tuple(_auth(entry, auth) for auth in auths),
            source=_side(entry, "source", shared, always=role in {"source", "both"}),
            target=_side(entry, "target", shared, always=role in {"destination", "both"}),
            explore=entry.get("explore"),
            attributes=_named(entry.get("attributes", {}), shared),
            encryption=shared[entry["encryption"]] if "encryption" in entry else None,
            flow_specs=tuple(entry.get("flow_specs", ())),
            pages=tuple(entry.get("pages", ())),
            note=entry.get("note", ""),
        )
    except (KeyError, ValueError) as error:
        raise ValueError(f"the connector {entry.get('name')!r} is not understood: {error}") from error


def _auth(entry: Mapping[str, Any], auth: Mapping[str, Any]) -> Auth:
    if not auth["name"]:
        raise ValueError("a way to log in has no name, so no connection could choose it")
    return Auth(auth["name"], _with_patterns(entry, parameters(auth["params"])))


def _side(entry: Mapping[str, Any], side: str, shared: Shared, *, always: bool) -> JsonObject | None:
    """The schema of a side's params: `source` by kinds, `sourceSpec` whole, or the one added to the other.

    A source can always be a source, also when no parameter of it is known.
    """
    kinds, whole = entry.get(side), entry.get(f"{side}Spec")
    if kinds is None and whole is None and not always:
        return None
    schema = parameters(kinds or {}, base=None if whole is None else _named(whole, shared))
    return _with_patterns(entry, schema)


def _with_patterns(entry: Mapping[str, Any], schema: JsonObject) -> JsonObject:
    """The regular expressions that the printed spec has for parameters of these names."""
    patterns: Mapping[str, str] = entry.get("patterns", {})
    held = schema.get("properties", {})
    added = {name: held[name] | {"pattern": patterns[name]} for name in held if name in patterns}
    return schema | {"properties": held | added} if added else schema


def _named(value: str | JsonObject, shared: Shared) -> JsonObject:
    """A JSON object, or the one of this name that several entries share."""
    named: JsonObject = shared[value] if isinstance(value, str) else value
    return named
