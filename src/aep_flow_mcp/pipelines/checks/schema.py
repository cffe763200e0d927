"""A value against a served JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aep_flow_mcp.platform.models.specs import FlowSpec, NamedSpec

from .. import wellknown
from .fitting import errors, fitted, spelled
from .outcome import Checked, joined
from .reading import Reader, required_names
from .words import problems_of

_SHOWN = 12


def check_schema(
    schema: Any, value: Any, field: str, *, flow_spec: FlowSpec | None = None, whose: str = "the spec"
) -> Checked:
    """What `schema` refuses in `value`, each at its own field; the value comes back in the declared types.

    Names that it neither lists nor forbids are noted, and so is what of it cannot be checked.
    """
    if not isinstance(schema, Mapping) or not schema:
        return _unchecked(value, field, whose)
    reader = Reader(schema, flow_spec)
    given = value
    try:
        value = spelled(schema, value)
        readable = reader.read(schema, value, field)
        sent = fitted(readable, value)
        found = {
            str(problem): problem for error in errors(readable, sent) for problem in problems_of(error, field)
        }
    except RecursionError:
        return _unchecked(value, field, whose)
    notes = [
        *_respelled(given, value, field),
        *_unnamed(schema, readable, reader, value, field, whose),
        *_unread(reader, field),
    ]
    return Checked(sent, tuple(found.values()), tuple(notes))


def demanded(
    part: NamedSpec | None, values: Mapping[str, Any] | None = None, flow_spec: FlowSpec | None = None
) -> list[str]:
    """The fields that a spec's part must be given, as far as it describes them."""
    if part is None or not part.spec:
        return []
    try:
        return required_names(part.spec, values or {}, flow_spec)
    except RecursionError:
        return []  # such a schema is sent unchecked, see `check_schema`


def _unchecked(value: Any, field: str, whose: str) -> Checked:
    told = (f"{field} is sent as it is: {whose} declares nothing that it could be checked against.",)
    return Checked(value, (), told if value else ())


def _unnamed(
    schema: Mapping[str, Any], readable: Any, reader: Reader, value: Any, field: str, whose: str
) -> Iterator[str]:
    """Names that are sent although nothing is declared about them."""
    known = readable.get("properties", {}) if isinstance(readable, dict) else {}
    told = (
        field in reader.unread
        or "additionalProperties" in readable
        or schema.get("additionalProperties") is True
    )
    if not isinstance(value, Mapping) or told:
        return
    named = {*known, *reader.undescribed, *_in_arms(readable)}
    extra = [
        joined(field, name)
        for name in value
        if name not in named and not _sent_by_pages(field, name, value[name])
    ]
    if extra:
        takes = ", ".join(sorted(named)[:_SHOWN]) or "nothing"
        yield f"{', '.join(extra)}: sent as given, though {whose} does not name it. It names: {takes}."


def _sent_by_pages(field: str, name: str, value: Any) -> bool:
    """Whether Adobe's tutorials send this although the printed specs do not declare it: the mode of every file
    destination (help/destinations/api/export-datasets.md), the version of a mapping of a streaming source
    (help/sources/tutorials/api/create/streaming/http.md)."""
    if name == "mode":
        return field == "params" and value == wellknown.SERVER_TO_SERVER
    return name == "mappingVersion" and field.startswith("transformations")


def _respelled(given: Any, sent: Any, field: str) -> Iterator[str]:
    if isinstance(given, Mapping):
        pairs = [f"{joined(field, old)} as {new}" for old, new in zip(given, sent, strict=True) if old != new]
        if pairs:
            yield f"Sent in the spec's spelling: {', '.join(pairs)}."


def _in_arms(schema: Any) -> set[str]:
    found: set[str] = set()
    arms = [arm for keyword in ("allOf", "anyOf", "oneOf") for arm in schema.get(keyword, [])]
    arms += [schema[keyword] for keyword in ("if", "then", "else") if keyword in schema]
    for arm in arms:
        if isinstance(arm, dict):
            found |= {*arm.get("properties", {}), *_in_arms(arm)}
    return found


def _unread(reader: Reader, field: str) -> Iterator[str]:
    for where, what in reader.unread.items():
        yield f"{where or field} could not be checked in full ({', '.join(what)})."
    for where in reader.misplaced:
        yield f"{where} is for another kind of flow than this one; it is sent all the same."
