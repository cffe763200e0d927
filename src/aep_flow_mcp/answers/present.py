"""An object of the API as an answer shows it: the API's field names, no secrets, times a person can read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from pydantic import AliasChoices, BaseModel, SecretStr
from pydantic.fields import FieldInfo

from aep_flow_mcp.answers.text import Record
from aep_flow_mcp.platform.models.common import to_time
from aep_flow_mcp.platform.models.connections import MASK, mask_params
from aep_flow_mcp.platform.models.text import redact_text

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

# Names whose scalar value is a secret wherever it stands; under `auth` the stricter `mask_params` rules.
_SECRET_NAME = re.compile(
    r"password|passwd|passphrase|secret|privatekey|accesskey|accountkey|sharedkey|apikey|connectionstring|sasuri"
    r"|signature$|(?<!continuation)token$"
)
_NOT_WORD = re.compile(r"[^a-z0-9]")


def present(item: BaseModel | Mapping[str, Any]) -> dict[str, Any]:
    """The object with secrets as `***`, times as ISO 8601 in UTC, without nulls, its audit fields last."""
    shown: dict[str, Any] = _object(_fields(item) if isinstance(item, BaseModel) else dict(item))
    last = {name: shown[name] for name in _LAST if name in shown}
    return {name: value for name, value in shown.items() if name not in last} | last


def record(item: BaseModel | Mapping[str, Any], note: str | None = None) -> Record:
    """One object as a get tool answers with it."""
    return Record(item=present(item), note=note)


def moment(time: datetime | None) -> str | None:
    """A time in ISO 8601, in UTC, in seconds."""
    return None if time is None else time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=4_096)
def is_secret_name(name: str) -> bool:
    """Whether a field of this name holds a secret, by its name alone."""
    return _SECRET_NAME.search(_NOT_WORD.sub("", name.casefold())) is not None


def _fields(model: BaseModel) -> dict[str, Any]:
    """What the API gave, under the API's names. Fields that it left out are left out."""
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


def _object(fields: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: _value(name, value) for name, value in fields.items() if value is not None}
    if "value" in shown and str(fields.get("path", "")).startswith("/auth"):
        shown["value"] = MASK  # a patch of credentials, as `lastOperation.ops` repeats it
    return shown


def _value(name: str, value: Any) -> Any:
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, BaseModel):
        value = _fields(value)
    if isinstance(value, Mapping):
        return _auth(value) if name == "auth" else _object(value)
    if isinstance(value, list | tuple):
        return [_value(name, item) for item in value if item is not None]
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, bool):
        return value
    if is_secret_name(name):
        return MASK
    return _time(value) if name in _TIMES else redact_text(value) if isinstance(value, str) else value


def _auth(auth: Mapping[str, Any]) -> dict[str, Any]:
    params = auth.get("params")
    masked = {"params": mask_params(dict(params))} if isinstance(params, Mapping) else {}
    return _object({name: value for name, value in auth.items() if name != "params"} | masked)


def _time(value: Any) -> Any:
    number = isinstance(value, int | float) or (isinstance(value, str) and value.isdecimal())
    if not number or float(value) < _FIRST_TIME:
        return value
    return moment(to_time(value)) or value
