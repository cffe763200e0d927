"""An entry of the catalogue: one connector, as a file of `connectors/` describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..json_types import JsonObject
from .parameters import parameters


@dataclass(frozen=True)
class Auth:
    """One way to log in: the name that a connection gives as `auth.specName`, and its parameters by kind."""

    name: str
    params: Mapping[str, str]


@dataclass(frozen=True)
class Connector:
    """One connector. `source` and `target` are JSON Schemas of params; None: it cannot be one.

    `flow_specs` are the ids of the flow specs that it may be used with; they may be unknown here.
    """

    name: str
    id: str
    label: str
    category: str
    role: Literal["source", "destination", "internal"]
    frequency: Literal["batch", "streaming"]
    auths: tuple[Auth, ...]
    source: JsonObject | None
    target: JsonObject | None
    explore: Literal["FileSystem", "Table", "Resource"] | None
    attributes: JsonObject
    flow_specs: tuple[str, ...]


def connector(entry: Mapping[str, Any], shared: Mapping[str, JsonObject]) -> Connector:
    """The connector that an entry describes. `shared` are the schemas and attributes that entries name.

    Raises ValueError, with the connector's name, for an entry that cannot be understood.
    """
    try:
        role = entry["role"]
        return Connector(
            name=entry["name"],
            id=entry["id"],
            label=entry["label"],
            category=entry["category"],
            role=role,
            frequency=entry.get("frequency", "batch"),
            auths=tuple(_auth(auth) for auth in entry.get("auths", ())),
            source=_side(entry, "source", shared, always=role == "source"),
            target=_side(entry, "target", shared, always=role == "destination"),
            explore=entry.get("explore"),
            attributes=_named(entry.get("attributes", {}), shared),
            flow_specs=tuple(entry.get("flow_specs", ())),
        )
    except (KeyError, ValueError) as error:
        raise ValueError(f"the connector {entry.get('name')!r} is not understood: {error}") from error


def _auth(auth: Mapping[str, Any]) -> Auth:
    if not auth["name"]:
        raise ValueError("a way to log in has no name, so no connection could choose it")
    parameters(auth["params"])  # A wrong kind is found when the catalogue is read, not when it is asked.
    return Auth(auth["name"], auth["params"])


def _side(
    entry: Mapping[str, Any], side: str, shared: Mapping[str, JsonObject], *, always: bool
) -> JsonObject | None:
    """The schema of a side's params: `source` by kinds, `sourceSpec` whole, or the one added to the other.

    A source can always be a source, also when no parameter of it is known.
    """
    kinds, whole = entry.get(side), entry.get(f"{side}Spec")
    if kinds is None and whole is None and not always:
        return None
    return parameters(kinds or {}, base=None if whole is None else _named(whole, shared))


def _named(value: str | JsonObject, shared: Mapping[str, JsonObject]) -> JsonObject:
    """A JSON object, or the one of this name that several entries share."""
    return shared[value] if isinstance(value, str) else value
