"""One walk through JSON that knows at every value where it stands, and so whether it may be shown.

First what the connector's spec declares secret, then what the place says (below `auth`, a header, a query, a
JSON Patch), then the name, then the look of the text.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from . import MASK
from .declared import ANY, Pointers, declares_secret, parts_of
from .names import is_open_header, is_open_param, is_secret_in_query, is_secret_name, squashed
from .texts import Show, names_a_variable, redact_headers, redact_query, redact_text

JSON = Any
"""What `json.loads` returns."""
Way = tuple[str | int, ...]
"""From the root of a document to a value in it: names and positions."""
Known = Mapping[str, Pointers]
"""What connection specs declare secret, by their ids."""
NOTHING_KNOWN: Known = {}

_HEADERS = ("headers", "header", "headerparams", "headerparameters", "httpheaders")
_QUERIES = ("queryparams", "queryparam", "queryparameters", "queryparameter", "querystring")
_PAIR_NAMES = ("name", "key", "header", "headerName", "parameter", "paramName", "id", "label")
_PAIR_VALUES = ("value", "val", "headerValue", "paramValue", "defaultValue")
_FIELD_MAPS = frozenset({"properties", "patternProperties", "definitions", "$defs"})
_SAMPLES = frozenset({"default", "const", "example", "examples"})


class Where(Enum):
    """The kinds of places: what decides about a name there."""

    PLAIN = "plain"
    AUTH = "below auth"
    HEADERS = "a set of headers"
    HEADER = "below a header"
    QUERY = "a set of query parameters"
    QUERIED = "below a query parameter"
    FIELDS = "the fields of a JSON Schema"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands.

    declared: what is left of the pointers that lead below here; around: those of the object around it.
    secret: whether it is hidden; marked: because a spec says so, and so is everything below.
    samples: in a JSON Schema, whether its defaults and examples are hidden. describes: of which kind its fields are.
    """

    way: Way = ()
    name: str = ""
    where: Where = Where.PLAIN
    declared: tuple[tuple[str, ...], ...] = ()
    around: tuple[tuple[str, ...], ...] = ()
    secret: bool = False
    marked: bool = False
    samples: bool = False
    describes: Where = Where.PLAIN

    @classmethod
    def root(cls, pointers: Pointers = frozenset()) -> Place:
        """The root of an object, or of a patch of one, whose spec declares these secret."""
        declared = tuple(map(parts_of, sorted(pointers)))
        return cls(declared=declared, around=declared)

    @property
    def show(self) -> Show:
        """How a text that is no secret by its name is shown here."""
        if self.where is Where.HEADERS:
            return redact_headers
        return redact_query if self.where is Where.QUERY else redact_text


Leaf = Callable[[Place, Any], JSON]
"""Makes of a scalar what is shown in its place."""


def masked(value: JSON, known: Known = NOTHING_KNOWN) -> JSON:
    """Any JSON as it may be shown: secrets as `***`, whatever they are called. Booleans and nulls stay."""
    return walked(value, hidden, Place(), known)


def masked_params(params: Mapping[str, Any]) -> dict[str, JSON]:
    """The `auth.params` of a connection with every value hidden that is not known to be harmless."""
    place = Place(name="params", where=Where.AUTH)
    return {name: walked(item, hidden, _below(place, name, item)) for name, item in params.items()}


def hidden(place: Place, value: Any) -> JSON:
    """A scalar as it may be shown. What only names the variable that holds a secret stays."""
    if value is None or isinstance(value, bool) or value == "" or names_a_variable(value):
        return value
    if place.secret:
        return MASK
    return place.show(value) if isinstance(value, str) else value


def walked(value: JSON, leaf: Leaf, place: Place, known: Known = NOTHING_KNOWN) -> JSON:
    """The same JSON with every scalar passed through `leaf(place, scalar)`; the very same where nothing changes."""
    if isinstance(value, Mapping):
        shown = {key: walked(item, leaf, inner, known) for key, item, inner in _members(place, value, known)}
        return value if type(value) is dict and _same(shown.values(), value.values()) else shown
    if isinstance(value, list | tuple):
        items = [walked(item, leaf, _item(place, index, item), known) for index, item in enumerate(value)]
        return value if type(value) is list and _same(items, value) else items
    return leaf(place, value)


def _same(ones: Iterable[Any], others: Iterable[Any]) -> bool:
    """Whether nothing was changed, so that of a large answer there is one."""
    return all(map(operator.is_, ones, others))


def scalars(value: JSON, place: Place) -> Iterator[tuple[Place, Any]]:
    """Every scalar with its place."""
    if isinstance(value, Mapping):
        for _, item, inner in _members(place, value, NOTHING_KNOWN):
            yield from scalars(item, inner)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from scalars(item, _item(place, index, item))
    else:
        yield place, value


# --- the steps down ---------------------------------------------------------------------------------------


def _members(place: Place, value: Mapping[str, Any], known: Known) -> Iterator[tuple[str, Any, Place]]:
    if known:
        place = _of_connector(place, value, known)
    pointer = _patched(value)
    called = _pair_name(value)
    for key, item in value.items():
        name = str(key)
        if pointer is not None and name == "value":
            yield key, item, _patch_value(place, pointer, item)
        elif called is not None and name in _PAIR_VALUES:
            yield key, item, _pair_value(place, name, value[called], item)
        elif called == name and place.where in (Where.HEADERS, Where.QUERY):
            yield key, item, Place(way=(*place.way, name), name=name)
        else:
            yield key, item, _below(place, name, item)


def _pair_name(value: Mapping[str, Any]) -> str | None:
    """The member that names the value of a pair; None when this is none."""
    if not any(name in value for name in _PAIR_VALUES):
        return None
    return next((name for name in _PAIR_NAMES if isinstance(value.get(name), str)), None)


def _of_connector(place: Place, value: Mapping[str, Any], known: Known) -> Place:
    """An object that names its connector starts afresh with what that declares."""
    spec = value.get("connectionSpec")
    pointers = known.get(str(spec.get("id") if isinstance(spec, Mapping) else spec))
    if pointers is None:
        return place
    declared = tuple(map(parts_of, sorted(pointers)))
    return replace(place, declared=declared, around=declared)


def _item(place: Place, index: int, item: Any) -> Place:
    declared = tuple(rest[1:] for rest in place.declared if rest and rest[0] == ANY)
    marked = place.marked or () in declared
    # In a list of secrets objects are judged by their own names, the unknown ones hidden.
    secret = marked or (place.secret and not isinstance(item, Mapping))
    return replace(place, way=(*place.way, index), declared=declared, secret=secret, marked=marked)


def _below(place: Place, name: str, item: Any) -> Place:
    declared = tuple(rest[1:] for rest in place.declared if rest and rest[0] in (name, ANY))
    marked = place.marked or () in declared or (place.samples and name in _SAMPLES)
    where = _where(place, name, item)
    secret = _is_secret(place, where, name)
    field = place.where is Where.FIELDS
    return Place(
        way=(*place.way, name),
        name=name,
        where=where,
        declared=declared,
        around=place.around,
        secret=marked or (secret and not field and not isinstance(item, Mapping)),
        marked=marked,
        samples=secret or declares_secret(item) if field else place.samples,
        describes=_kind(name) if _has_fields(item) else place.describes,
    )


def _where(place: Place, name: str, item: Any) -> Where:
    if place.where in (Where.AUTH, Where.HEADER, Where.QUERIED):
        return place.where
    if place.where in (Where.HEADERS, Where.QUERY):
        return Where.HEADER if place.where is Where.HEADERS else Where.QUERIED
    if place.where is Where.FIELDS:
        return Where.PLAIN
    if name in _FIELD_MAPS and _all_objects(item):
        return Where.FIELDS
    if place.name == "auth" and name == "params":
        return Where.AUTH
    kind = Where.PLAIN if _has_fields(item) else _kind(name)
    if kind is not Where.PLAIN or not isinstance(item, Mapping | list | tuple):
        return kind
    if squashed(name) in ("auth", "authparams"):
        return Where.PLAIN if isinstance(item, Mapping) and _is_auth(item) else Where.AUTH
    return Where.AUTH if is_secret_name(name) and not _has_fields(item) else Where.PLAIN


def _kind(name: str) -> Where:
    plain = squashed(name)
    if plain.endswith(_HEADERS):
        return Where.HEADERS
    return Where.QUERY if plain.endswith(_QUERIES) else Where.PLAIN


def _all_objects(item: Any) -> bool:
    return isinstance(item, Mapping) and all(isinstance(field, Mapping) for field in item.values())


def _has_fields(item: Any) -> bool:
    """A JSON Schema describes secrets and holds none, but for samples of them."""
    return isinstance(item, Mapping) and any(
        name in item and _all_objects(item[name]) for name in _FIELD_MAPS
    )


def _is_auth(item: Mapping[str, Any]) -> bool:
    """`auth` as the Flow Service has it; empty on the way that a patch points."""
    return not item or "params" in item or "specName" in item


def _is_secret(place: Place, where: Where, name: str) -> bool:
    """Whether a scalar of this name is hidden there."""
    rule = place.describes if place.where is Where.FIELDS else where
    if rule is Where.AUTH and place.where is Where.AUTH:
        return place.secret or not is_open_param(name)
    if rule is Where.HEADER or (rule is Where.HEADERS and place.where is Where.FIELDS):
        return place.where is Where.HEADER or not is_open_header(name)
    if rule is Where.QUERIED or (rule is Where.QUERY and place.where is Where.FIELDS):
        return is_secret_in_query(name)
    return is_secret_name(name) or (place.where is Where.PLAIN and name == "params" and where is Where.AUTH)


def _patched(value: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Where a JSON Patch operation points, if this is one."""
    path = value.get("path")
    if "value" not in value or not isinstance(path, str) or not path.startswith("/"):
        return None
    return parts_of(path) if "op" in value or path.startswith(("/auth", "/params")) else None


def _patch_value(place: Place, pointer: tuple[str, ...], item: Any) -> Place:
    """The name is in the operation's path, not on the way to the value."""
    found = Place(declared=place.around, around=place.around)
    for name in pointer[:-1]:
        found = _below(found, name, {})
    found = _below(found, pointer[-1], item)
    loose = pointer[0] == "auth" and pointer[1:2] not in (("params",), ("specName",))
    secret = found.secret or (loose and not isinstance(item, Mapping))
    return replace(found, way=(*place.way, "value"), secret=secret)


def _pair_value(place: Place, key: str, pair: str, item: Any) -> Place:
    """The value of a `{name, value}` pair: its name is the other member."""
    own = _below(place, key, item)
    if place.where in (Where.HEADERS, Where.HEADER):
        secret = not is_open_header(pair)
    elif place.where in (Where.QUERY, Where.QUERIED):
        secret = is_secret_in_query(pair)
    else:
        secret = own.secret or is_secret_name(pair)
    closed = place.where is Where.AUTH or (secret and isinstance(item, Mapping | list | tuple))
    return replace(own, where=Where.AUTH if closed else Where.PLAIN, secret=secret or own.marked)
