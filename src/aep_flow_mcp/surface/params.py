"""Parameters that many reading tools share, described once."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

Id = Annotated[str, Field(min_length=1, max_length=200)]
FlowRef = Annotated[str, Field(min_length=1, max_length=300, description="id or name")]
FlowRefs = Annotated[
    Annotated[str, Field(min_length=1)] | Annotated[list[str], Field(min_length=1, max_length=5)],
    Field(description="id or name; or several"),
]
AccountRef = FlowRef
AccountRefs = FlowRefs
ConnectorRef = FlowRef
DatasetRef = FlowRef
Named = Annotated[str | None, Field(description="id or name")]
Limit = Annotated[int, Field(ge=1, le=100)]
Cursor = Annotated[str | None, Field(description="from the last answer")]
OrderBy = Annotated[str | None, Field(description="property, - before it for descending, e.g. -createdAt")]
Filters = Annotated[
    list[str] | None,
    Field(description='further conditions, all must hold, e.g. ["name==Orders","createdAt>=1700000000000"]'),
]
Since = Annotated[str | None, Field(description="UTC time, or age: 24h, 7d")]
Until = Annotated[str | None, Field(description="likewise")]
EndState = Literal["enabled", "disabled", "draft"]
"""The states of source and target connections."""
NEWEST_FIRST = "-createdAt"
