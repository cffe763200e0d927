"""What all models share: lenient field types and the fields that every stored object has.

Adobe's answers are read leniently (numbers as strings, null for missing, an object where a list is
documented) and kept whole: unknown fields stay on the model as extras.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AliasChoices,
    AliasGenerator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic.alias_generators import to_camel

from .text import clean_text

# A number from here on is milliseconds, below it is seconds (1973 in ms, 5138 in s).
_FIRST_MILLISECOND = 100_000_000_000
MANAGED = frozenset(
    {
        *(
            "id",
            "etag",
            "eTag",
            "createdAt",
            "updatedAt",
            "createdBy",
            "updatedBy",
            "createdClient",
            "updatedClient",
        ),
        *("sandboxId", "sandboxName", "imsOrgId"),
    }
)
"""Members of every stored object that the service itself keeps: a body that leaves them out takes nothing away."""


def lives(state: object) -> bool:
    """Whether an object in this state is there, and not on its way out."""
    return str(state).casefold() not in ("deleted", "deleting")


def to_text(value: object) -> str | None:
    """A cleaned string; numbers as text; None for everything that is not text."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return None


def to_int(value: object) -> int | None:
    """An int from an int, an integral float or a string of digits; else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        value = _number(value)
    if isinstance(value, float) and math.isfinite(value):
        return int(value)
    return value if isinstance(value, int) else None


def to_bool(value: object) -> bool | None:
    """A bool from a bool or from "true"/"false" in any case; else None."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().casefold())
    return None


def to_time(value: object) -> datetime | None:
    """An aware UTC time from epoch ms, epoch s or ISO 8601, as number or string; None for 0 and nonsense."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, str) and _number(value) is None:
        return _iso_time(value)
    number = to_int(value)
    if number is None or number <= 0:
        return None
    seconds = number / 1000 if number >= _FIRST_MILLISECOND else number
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def to_object(value: object) -> object:
    """An object as it is; None for anything else."""
    return value if isinstance(value, dict | BaseModel) else None


def to_objects(value: object) -> list[object]:
    """The objects of a list; a lone object becomes a list of one; nulls and scalars are dropped."""
    if isinstance(value, dict | BaseModel):
        return [value]
    if isinstance(value, list | tuple):
        return [item for item in value if isinstance(item, dict | BaseModel)]
    return []


def to_number(value: object) -> float | None:
    """A finite number from a number or from a text of one; else None."""
    if isinstance(value, str):
        value = _number(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def to_messages(value: object) -> list[object]:
    """Errors: objects as `to_objects`, and a text as an object with that `message`."""
    listed = value if isinstance(value, list | tuple) else [value]
    return to_objects([{"message": item} if isinstance(item, str) and item else item for item in listed])


def to_texts(value: object) -> list[str]:
    """The strings of a list; a lone string or number becomes a list of one."""
    if isinstance(value, str | int | float):
        value = [value]
    if not isinstance(value, list | tuple):
        return []
    return [text for text in map(to_text, value) if text is not None]


def to_dict(value: object) -> dict[str, Any]:
    """An object as it is; {} for anything else."""
    return value if isinstance(value, dict) else {}


def to_key(value: object) -> str:
    """An id or name as text, "" when there is none."""
    return to_text(value) or ""


def to_verbatim(value: object) -> str | None:
    """A string exactly as it came; None for anything else."""
    return value if isinstance(value, str) else None


def _number(text: str) -> int | float | None:
    text = text.strip()
    try:
        return int(text) if text.lstrip("+-").isdecimal() else float(text)
    except ValueError:
        return None


def _iso_time(text: str) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


Text = Annotated[str | None, BeforeValidator(to_text)]
Key = Annotated[str, BeforeValidator(to_key)]
Verbatim = Annotated[str | None, BeforeValidator(to_verbatim)]
Int = Annotated[int | None, BeforeValidator(to_int)]
Bool = Annotated[bool | None, BeforeValidator(to_bool)]
Time = Annotated[datetime | None, BeforeValidator(to_time)]
Texts = Annotated[list[str], BeforeValidator(to_texts)]
Params = Annotated[dict[str, Any], BeforeValidator(to_dict)]
AsObject = BeforeValidator(to_object)
AsObjects = BeforeValidator(to_objects)
AsMessages = BeforeValidator(to_messages)


def either(*names: str) -> AliasChoices:
    """Field names that Adobe's documents use for the same thing; the first that is there and not null counts."""
    return AliasChoices(*names)


class ApiModel(BaseModel):
    """Something that the API returned: frozen, snake_case here, camelCase there, unknown fields kept."""

    model_config = ConfigDict(
        alias_generator=AliasGenerator(alias=to_camel),
        populate_by_name=True,
        extra="allow",
        frozen=True,
        # Building a validator costs start-up time; most processes use a few of these models.
        defer_build=True,
        protected_namespaces=(),
    )

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: object) -> object:
        # A null is what Adobe also leaves out: it must not hide the same field under its other name.
        if isinstance(value, dict) and None in value.values():
            return {name: each for name, each in value.items() if each is not None}
        return value


class SpecRef(ApiModel):
    """A reference to a connection spec or flow spec; one published example is a bare id, read too."""

    id: Text = None
    version: Text = None

    @model_validator(mode="before")
    @classmethod
    def _from_bare_id(cls, value: object) -> object:
        return {"id": value} if isinstance(value, str) else value


def to_reference(value: object) -> object:
    """An object or a bare id; None for anything else."""
    return value if isinstance(value, dict | BaseModel | str) else None


Ref = Annotated[SpecRef | None, BeforeValidator(to_reference)]


class Stored(ApiModel):
    """The fields that connections, source and target connections, flows and runs have in common."""

    id: Key = ""
    name: Text = None
    description: Text = None
    state: Text = None
    created_at: Time = None
    updated_at: Time = None
    created_by: Text = None
    updated_by: Text = None
    created_client: Text = None
    updated_client: Text = None
    sandbox_id: Text = None
    sandbox_name: Text = None
    ims_org_id: Text = None
    version: Text = None
    # The value carries its own double quotes and is sent back verbatim in If-Match.
    etag: Verbatim = Field(default=None, validation_alias=either("etag", "eTag"))
