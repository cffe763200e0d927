"""Typed filters, compiled to the `property` parameters of the Flow Service.

    Filter("state").eq("enabled")                                    property=state==enabled
    Filter("id").in_(["a", "b"])                                     property=id==a,b          (a or b)
    Filter("sourceConnectionIds[]").eq("a")                          an array: [] on the part that is a list
    Filter("metrics.durationSummary.startedAtUTC").ge(1700000000000) epoch milliseconds

Several conditions are repeated parameters and mean "and".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, cast

from .models.common import to_time
from .urls import Param, invalid, shown

Operator = Literal["==", ">=", "<=", ">", "<"]
Value = str | int | float | bool | datetime

# Names as in JSON answers; `meta:xdmType` and `$id` exist, spaces and operators do not.
_PATH = re.compile(r"[A-Za-z_$@][\w$@:\-]*(\[\])?(\.[A-Za-z_$@][\w$@:\-]*(\[\])?)*", re.ASCII)
_EXPRESSION = re.compile(r"(?P<path>[^=<>!~]*)(?P<op>[=<>!~]+)(?P<rest>.*)", re.DOTALL)
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_ORDER = re.compile(r"[+-]?[A-Za-z_$@][\w$@.\[\]\-]*", re.ASCII)
_OPERATORS = ("==", ">=", "<=", ">", "<")
_MAX_VALUES = 100
_MAX_LENGTH = 4_000


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison, made by `Filter` or `parse_property`. Several values (`==` only) mean `or`."""

    path: str
    op: Operator
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.path}{self.op}{','.join(map(_quoted, self.values))}"


@dataclass(frozen=True, slots=True)
class Filter:
    """The left side of a condition: a dotted path into the object, `[]` after each part that is a list.

    Every method raises PlatformError (invalid) for what the API's grammar cannot express.
    """

    path: str

    def __post_init__(self) -> None:
        if not _PATH.fullmatch(self.path):
            raise invalid(
                f"{shown(self.path)} is not a property path.",
                hint="Write names joined by dots, with [] after lists, such as targetConnectionIds[]",
            )

    def eq(self, value: Value) -> Condition:
        return Condition(self.path, "==", (_text(value),))

    def in_(self, values: Iterable[Value]) -> Condition:
        """Equal to any of `values`."""
        texts = tuple(dict.fromkeys(map(_text, values)))
        if not texts or len(texts) > _MAX_VALUES:
            raise invalid(f"A filter on {self.path} takes 1 to {_MAX_VALUES} values, not {len(texts)}.")
        return Condition(self.path, "==", texts)

    def ge(self, value: Value) -> Condition:
        return Condition(self.path, ">=", (_number(self.path, value),))

    def gt(self, value: Value) -> Condition:
        return Condition(self.path, ">", (_number(self.path, value),))

    def le(self, value: Value) -> Condition:
        return Condition(self.path, "<=", (_number(self.path, value),))

    def lt(self, value: Value) -> Condition:
        return Condition(self.path, "<", (_number(self.path, value),))


FilterLike = Condition | str


def parse_property(expression: str) -> Condition:
    """A raw filter such as `state==enabled` or `createdAt>=1700000000000`, checked.

    Values may be in double quotes; a comma separates alternatives.

    Raises:
        PlatformError: (invalid) no expression, an operator that the service lacks, a value it cannot take.
    """
    match = _EXPRESSION.fullmatch(expression.strip())
    if match is None or len(expression) > _MAX_LENGTH:
        raise invalid(
            f"{shown(expression)} is not a filter.", hint="Write path==value, for instance state==enabled"
        )
    if match["op"] not in _OPERATORS:
        raise invalid(f"The operator in {shown(expression)} is not one of {', '.join(_OPERATORS)}.")
    op, rest = cast(Operator, match["op"]), match["rest"]
    target = Filter(match["path"].strip())
    values = [_unquoted(value, expression) for value in rest.split(",")]
    if op == "==":
        return target.in_(values)
    if len(values) > 1:
        raise invalid(f"{shown(expression)} compares with several values; only == takes several.")
    return Condition(target.path, op, (_number(target.path, values[0]),))


def compile_filters(filters: Iterable[FilterLike] | FilterLike | None) -> list[Param]:
    """`property` parameters, one per condition, repeated ones once. Strings are parsed first."""
    if filters is None:
        return []
    listed = [filters] if isinstance(filters, str | Condition) else filters
    texts = [str(parse_property(each) if isinstance(each, str) else each) for each in listed]
    return [("property", text) for text in dict.fromkeys(texts)]


def compile_order(orderby: str | Sequence[str] | None) -> str | None:
    """`orderby` as the API takes it: property names joined by commas, `-` in front for descending.

    Raises:
        PlatformError: (invalid) a name that cannot be a property.
    """
    if not orderby:
        return None
    names = [part.strip() for part in (orderby.split(",") if isinstance(orderby, str) else orderby)]
    for name in names:
        if not _ORDER.fullmatch(name):
            raise invalid(
                f"{shown(name)} is not something to order by.",
                hint="Name a property, with - in front for descending, such as -createdAt",
            )
    return ",".join(names)


def epoch_ms(moment: datetime) -> int:
    """Epoch milliseconds of a time; one without a zone is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return str(epoch_ms(value))
    if isinstance(value, int | float):
        return _plain(value)
    if not value.strip():
        raise invalid("A filter needs a value that is not empty.")
    if "," in value or '"' in value:
        raise invalid(
            f"The value {shown(value)} holds a comma or a double quote; filters of this API cannot.",
            hint="Filter by id, or list without this filter and compare the names in the answer",
        )
    if len(value) > _MAX_LENGTH or any(unicodedata.category(char) in ("Cc", "Cs") for char in value):
        raise invalid(
            f"The value {shown(value)} holds a character that a filter cannot carry, or is too long."
        )
    return value


def _number(path: str, value: Value) -> str:
    text = _text(value)
    moment = to_time(text) if isinstance(value, str) and _ISO.match(text) else None
    if moment is not None:
        # Schedules hold seconds; everything else holds milliseconds.
        return str(epoch_ms(moment) // 1000 if path.startswith("scheduleParams.") else epoch_ms(moment))
    if isinstance(value, bool) or not _NUMBER.fullmatch(text):
        raise invalid(
            f"{path} can only be compared with a number (times: ISO 8601 or epoch milliseconds), not {shown(text)}."
        )
    return text


def _plain(value: int | float) -> str:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        raise invalid("A filter cannot compare with an infinite or undefined number.")
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
    return str(value)


def _quoted(value: str) -> str:
    """Quotes only where a bare value would be read wrongly: around outer spaces and leading operators."""
    return f'"{value}"' if value != value.strip() or value[0] in "=<>!~" else value


def _unquoted(value: str, expression: str) -> str:
    bare = value.strip()
    if len(bare) >= 2 and bare[0] == bare[-1] == '"':
        return bare[1:-1]
    if '"' in bare:
        raise invalid(
            f"The quotes in {shown(expression)} do not match; a comma inside quotes is not possible here."
        )
    return bare
