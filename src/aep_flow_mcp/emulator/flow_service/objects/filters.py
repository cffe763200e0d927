"""The filters, the order and the projection of a list request, read from its parameters and checked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from ...http.errors import problem
from ...state.query import Filter, as_number

_AUDIT = (
    "id createdAt updatedAt createdBy updatedBy createdClient updatedClient sandboxId sandboxName imsOrgId"
    " name description state version etag"
)
_ENDPOINT = " baseConnectionId data connectionSpec params providerRefId inheritedAttributes typeInfo"
_OWN_FIELDS = {
    "connections": " connectionSpec auth",
    "sourceConnections": _ENDPOINT,
    "targetConnections": _ENDPOINT,
    "flows": " flowSpec sourceConnectionIds targetConnectionIds inheritedAttributes scheduleParams"
    " transformations options policy runs lastOperation lastRunDetails providerRefId unifiedMetadata",
    "runs": " flowId flowSpec providerRefId params eTag parentFlowRunId childFlowRunIds predecessors"
    " recordTypes metrics activities",
    "connectionSpecs": " providerId type authSpec sourceSpec targetSpec exploreSpec encryptionSpecs"
    " attributes permissionsInfo entitlementInfo policy settings",
    "flowSpecs": " providerId type sourceConnectionSpecIds targetConnectionSpecIds optionSpec scheduleSpec"
    " transformationSpec transformationSpecs transformationSpecDTOS runSpec attributes permissionsInfo"
    " entitlementInfo policy",
}
ROOT_FIELDS: Mapping[str, frozenset[str]] = {
    kind: frozenset((_AUDIT + own).split()) for kind, own in _OWN_FIELDS.items()
}
"""Fields that a filter path or an order may start with, by kind."""

_NUMBERS = frozenset({"createdAt", "updatedAt"})
_TEXTS = frozenset(_AUDIT.split()) - _NUMBERS | {"flowId", "baseConnectionId", "providerId"}
_EXPRESSION = re.compile(r"^\s*([^=<>!~]+?)\s*(==|>=|<=|!=|!>|!<|!~|~|=|>|<|!)(.*)$", re.DOTALL)


def parse_filters(kind: str, expressions: Sequence[str]) -> tuple[tuple[Filter, ...], tuple[str, ...]]:
    """The filters and the projection of `property` values. Errors carry codes 1440 to 1453."""
    filters: list[Filter] = []
    projection: list[str] = []
    for expression in expressions:
        if not re.search(r"[=<>!~]", expression):
            projection += [name.strip() for name in expression.split(",") if name.strip()]
        else:
            filters.append(_parse_filter(kind, expression))
    for name in projection:
        _check_root(kind, name)
    return tuple(filters), tuple(projection)


def _parse_filter(kind: str, expression: str) -> Filter:
    match = _EXPRESSION.match(expression)
    if match is None:
        raise problem(1453, f"The filter '{expression}' is malformed")
    path, op, rest = match.groups()
    if op in {"~", "!="}:
        raise problem(1440, f"The operator '{op}' is not implemented")
    if op not in {"==", ">", ">=", "<", "<="}:
        raise problem(1450, f"'{op}' in '{expression}' is not a known operator")
    _check_root(kind, path)
    values = tuple(_values(rest.strip()))
    if not values or (rest.strip() == ""):
        raise problem(1453, f"The filter '{expression}' has no value")
    if op != "==" and len(values) > 1:
        raise problem(1443, f"The operator '{op}' takes one value")
    if op != "==" and path in _TEXTS:
        raise problem(1448, f"The operator '{op}' is not supported for {path}")
    wants_number = path in _NUMBERS or op != "=="
    if wants_number and any(as_number(value) is None for value in values):
        raise problem(1452, f"'{rest.strip()}' is not a value for {path}")
    return Filter(path, op, values)


def _check_root(kind: str, path: str) -> None:
    root = path.split(".")[0].removesuffix("[]")
    if root not in ROOT_FIELDS[kind]:
        code = 1423 if kind == "connectionSpecs" else 1449
        raise problem(code, f"'{root}' is not a field of {kind}")


def _values(text: str) -> Iterator[str]:
    """The comma separated values; one in double quotes may itself have commas."""
    at = 0
    while at <= len(text):
        if text[at : at + 1] == '"':
            end = text.find('"', at + 1)
            if end == -1:
                raise problem(1453, f"A quote is not closed in '{text}'")
            yield text[at + 1 : end]
            after = text[end + 1 :].lstrip()
            if after and not after.startswith(","):
                raise problem(1453, f"There is text after a quoted value in '{text}'")
            at = len(text) - len(after) + 1 if after else len(text) + 1
        else:
            end = text.find(",", at)
            end = len(text) if end == -1 else end
            yield text[at:end].strip()
            at = end + 1


def parse_order(kind: str, text: str | None) -> tuple[tuple[str, bool], ...]:
    """`-updatedAt,name` as ((updatedAt, True), (name, False)). None or empty: the default order."""
    if not text:
        return ()
    order: list[tuple[str, bool]] = []
    for part in text.split(","):
        field = part.strip()
        descending = field.startswith("-")
        bare = field[1:] if field[:1] in {"-", "+"} else field
        if not bare or not (bare[0].isalpha() or bare[0] == "_"):
            raise problem(1432, f"'{part}' in orderby has neither -, + nor a field name in front")
        if bare.split(".")[0] not in ROOT_FIELDS[kind] or "[]" in bare:
            raise problem(1433, f"{kind} cannot be ordered by '{bare}'")
        order.append((bare, descending))
    return tuple(order)
