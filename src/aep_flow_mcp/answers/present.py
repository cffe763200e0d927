"""An object of the API as an answer shows it: the API's field names, no secrets, times a person can read."""

from __future__ import annotations

import operator
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import AliasChoices, BaseModel, RootModel, SecretStr
from pydantic.fields import FieldInfo

from aep_flow_mcp.answers.text import Record
from aep_flow_mcp.platform.models.common import to_time
from aep_flow_mcp.platform.redaction import MASK
from aep_flow_mcp.platform.redaction.masking import NOTHING_KNOWN, Known, Place, hidden, masked, walked
from aep_flow_mcp.platform.redaction.texts import redact_text

ModelT = TypeVar("ModelT", bound=BaseModel)

_TIMES = frozenset(
    {"createdAt", "updatedAt", "createdDate", "modifiedDate", "created", "updated", "started", "completed"}
    | {
        "startedAtUTC",
        "completedAtUTC",
        "stoppedAtUTC",
        "updatedAtUTC",
        "startedAt",
        "completedAt",
        "stoppedAt",
    }
    | {"startTime", "endTime", "windowStart", "windowEnd", "windowStartTime", "windowEndTime"}
    | {"expiryTime", "expiryDate"}
)
# A number below this is no time of ours (1973 in seconds): a counter or an hour of the day.
_FIRST_TIME = 100_000_000

_AUDIT = ("createdAt", "updatedAt", "createdBy", "updatedBy", "createdClient", "updatedClient")
_LAST = (*_AUDIT, "sandboxId", "sandboxName", "imsOrgId", "version", "etag")

# What this server wrote itself, from parts that were masked there.
# `data` of a write is masked by the guard, or revealed because a person agreed.
_OWN = frozenset({"preview", "data", "next_cursor", "confirmation_id"})


def present(item: BaseModel | Mapping[str, Any], known: Known = NOTHING_KNOWN) -> dict[str, Any]:
    """The object with secrets as `***`, times as ISO 8601 in UTC, without nulls, its audit fields last.

    known: what the specs of its connectors declare secret; without them names and looks decide.
    """
    shown: dict[str, Any] = walked(_plain(item), _leaf, Place(), known)
    last = {name: shown[name] for name in _LAST if name in shown}
    return {name: value for name, value in shown.items() if name not in last} | last


def record(
    item: BaseModel | Mapping[str, Any], note: str | None = None, *, known: Known = NOTHING_KNOWN
) -> Record:
    """One object as a get tool answers with it."""
    return Record(item=present(item, known), note=note)


def redacted(answer: ModelT) -> ModelT:
    """An answer as it may leave: secrets that stand in its texts and objects as `***`.

    Whole objects of the API went through `present` before, with what their specs declare; this is for everything
    that was taken out of one on another way, such as a name in a sentence.
    """
    if isinstance(answer, Record):
        return answer if answer.note is None else answer.model_copy(update={"note": redact_text(answer.note)})
    if isinstance(answer, RootModel):
        return answer
    changed = {}
    for name in type(answer).model_fields:
        value = getattr(answer, name)
        found = value if name in _OWN else _redacted(value)
        if found is not value:
            changed[name] = found
    return answer.model_copy(update=changed) if changed else answer


def moment(time: datetime | None) -> str | None:
    """A time in ISO 8601, in UTC, in seconds."""
    return None if time is None else time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _redacted(value: Any) -> Any:
    """The same value where there is nothing to hide, so that an answer is only copied where it changes."""
    if type(value) is str:
        found = redact_text(value)
        return value if found == value else found
    if isinstance(value, BaseModel):
        return redacted(value)
    if isinstance(value, dict):
        return masked(value)
    if isinstance(value, list | tuple):
        items = [_redacted(item) for item in value]
        return value if _all_same(items, value) else type(value)(items)
    return value


def _all_same(ones: Collection[object], others: Collection[object]) -> bool:
    """Whether nothing was changed or left out, so that of a large answer there is one."""
    return len(ones) == len(others) and all(map(operator.is_, ones, others))


def _plain(value: Any) -> Any:
    """What the API gave, under the API's names: no models, no nulls. The very same where it is that already."""
    if isinstance(value, BaseModel):
        value = _fields(value)
    if isinstance(value, Mapping):
        plain = {name: _plain(item) for name, item in value.items() if item is not None}
        return value if type(value) is dict and _all_same(plain.values(), value.values()) else plain
    if isinstance(value, list | tuple):
        items = [_plain(item) for item in value if item is not None]
        return value if type(value) is list and _all_same(items, value) else items
    return value


def _fields(model: BaseModel) -> dict[str, Any]:
    """Fields that the API left out are left out."""
    kinds = type(model).model_fields
    given = {
        _api_name(name, kinds[name]): getattr(model, name) for name in kinds if name in model.model_fields_set
    }
    return given | (model.model_extra or {})


def _api_name(name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        alias = next((choice for choice in alias.choices if isinstance(choice, str)), None)
    return alias if isinstance(alias, str) else field.alias or name


def _leaf(place: Place, value: Any) -> Any:
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, datetime):
        return MASK if place.secret else moment(value)
    if place.name in _TIMES and not place.secret and not isinstance(value, bool):
        return _time(value, place)
    return hidden(place, value)


def _time(value: Any, place: Place) -> Any:
    number = isinstance(value, int | float) or (isinstance(value, str) and value.isdecimal())
    if not number or float(value) < _FIRST_TIME:
        return hidden(place, value)
    return moment(to_time(value)) or value
