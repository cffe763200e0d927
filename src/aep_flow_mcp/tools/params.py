"""Parameters that many tools share, described once."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

Id = Annotated[str, Field(min_length=1, max_length=200)]
FlowId = Id
Limit = Annotated[int, Field(ge=1, le=100)]
Cursor = Annotated[str | None, Field(description="next_cursor of the previous page")]
OrderBy = Annotated[str | None, Field(description="property, - before it for descending, e.g. -createdAt")]
Filters = Annotated[
    list[str] | None,
    Field(description='further conditions, all must hold, e.g. ["name==Orders","createdAt>=1700000000000"]'),
]


class Detail(StrEnum):
    """How much of each item a list returns."""

    SUMMARY = "summary"
    FULL = "full"
