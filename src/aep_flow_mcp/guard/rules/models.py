"""What a policy file holds (`AEP_MCP_POLICY`). Its JSON Schema is made from these: policy.schema.json."""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from aep_flow_mcp.guard.changes.kinds import Kind

_HOURS = r"([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)"


class Verb(StrEnum):
    """What a change does to an object."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    ENABLE = "enable"
    DISABLE = "disable"
    RUN = "run"
    SECRETS = "secrets"
    OTHER = "other"


class Day(StrEnum):
    """A day of the week."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


DAYS = tuple(Day)
"""As `date.weekday` counts them."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no IANA time zone, such as Europe/Berlin") from None
    return name


def _hours(text: str) -> str:
    if not re.fullmatch(_HOURS, text):
        raise ValueError("takes hours such as 09:00-17:30")
    start, _, end = text.partition("-")
    if start == end:
        raise ValueError("begins when it ends; for the whole day leave it out")
    return text


Zone = Annotated[str, AfterValidator(_zone)]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Who(_Part):
    """Whom a rule is for: everyone, or who has one of the others. Over stdio nobody signs in: only everyone fits."""

    everyone: Literal[True] | None = None
    subjects: Texts | None = Field(None, description="The sub of the token: who it is, for the provider.")
    names: Texts | None = Field(
        None, description="What the provider calls them: name, preferred_username or email."
    )
    roles: Texts | None = Field(
        None, description="Of the claim that AEP_MCP_AUTH_ROLES_CLAIM names: roles or groups."
    )

    @model_validator(mode="after")
    def _somebody(self) -> Who:
        if not any((self.everyone, self.subjects, self.names, self.roles)):
            raise ValueError("names nobody: it takes everyone, subjects, names or roles")
        if self.everyone and any((self.subjects, self.names, self.roles)):
            raise ValueError("says everyone, and whom besides: leave one out")
        return self


class Where(_Part):
    """In which sandboxes: by name (* and ? stand for any characters), by type, or both."""

    sandboxes: Texts | None = None
    types: Annotated[tuple[Literal["development", "production"], ...], Field(min_length=1)] | None = None


class Window(_Part):
    """When: days of the week and hours, by the clock of a time zone. Hours that end before they begin go over midnight,
    and belong to the day on which they begin."""

    days: Annotated[tuple[Day, ...], Field(min_length=1)] = DAYS
    hours: Annotated[str, AfterValidator(_hours), Field(json_schema_extra={"pattern": f"^{_HOURS}$"})] = (
        "00:00-24:00"
    )
    timezone: Zone | None = None


class Rule(_Part):
    """What it allows; what no rule allows is refused."""

    name: Text
    who: Who
    may: Annotated[tuple[Verb | Literal["everything"], ...], Field(min_length=1)]
    objects: Annotated[tuple[Kind, ...], Field(min_length=1)] | None = Field(
        None, description="Only for these kinds of object; all where it is left out."
    )
    where: Where = Where()
    when: Annotated[tuple[Window, ...], Field(min_length=1)] | None = Field(
        None, description="In any of these windows; always where it is left out."
    )
    a_day: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        None, description="How many changes one person may make under this rule on one day of the time zone."
    )
    four_eyes: bool = Field(False, description="Another person has to approve.")


class Freeze(_Part):
    """Days on which nothing is changed, whatever the rules say; the last one is one of them."""

    name: Text
    first: date = Field(alias="from")
    last: date = Field(alias="to")
    timezone: Zone | None = None
    where: Where = Where()

    @model_validator(mode="after")
    def _forward(self) -> Freeze:
        if self.last < self.first:
            raise ValueError("ends before it begins")
        return self


class PolicyFile(_Part):
    """The whole file."""

    version: Literal[1]
    timezone: Zone = Field("UTC", description="Where a window or a freeze names none, and for days.")
    rules: Annotated[tuple[Rule, ...], Field(max_length=1_000)]
    freezes: tuple[Freeze, ...] = ()

    @model_validator(mode="after")
    def _told_apart(self) -> PolicyFile:
        for names in ([rule.name for rule in self.rules], [freeze.name for freeze in self.freezes]):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"has two of the name {twice[0]}: names are unique")
        return self
