"""Arguments of a list as the conditions that the service filters by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aep_flow_mcp.gathering.asked import AskedError
from aep_flow_mcp.platform.filters import Filter, FilterLike, Value


def where(
    given: Mapping[str, Value | Sequence[str] | None], filters: Sequence[str] | None
) -> list[FilterLike]:
    """The conditions of a list: property path -> value (several: any of them; None: not asked), and raw ones.

    Raises:
        AskedError: an argument is empty. An empty text would otherwise ask for everything, or for nothing.
        PlatformError: (invalid) a value that the API's filters cannot express.
    """
    conditions: list[FilterLike] = []
    for path, value in given.items():
        if value is None:
            continue
        if isinstance(value, str) and not value.strip():
            raise AskedError(f"The filter on {path} is empty: leave it out to list all.")
        if isinstance(value, Sequence) and not isinstance(value, str):
            conditions.append(Filter(path).in_(value))
        else:
            conditions.append(Filter(path).eq(value))
    return [*conditions, *(filters or [])]
