"""From an answer's JSON to items, counts and links: every documented shape, and none is guessed from luck."""

from __future__ import annotations

import re
from typing import Any, TypeVar
from urllib.parse import unquote

from pydantic import BaseModel, ValidationError

from .errors import NOT_SEEN, ErrorKind, PlatformError
from .models.common import to_int

M = TypeVar("M", bound=BaseModel)
MOST_ITEMS = 20_000
"""Entries of one list answer. A hundred are asked for at once; a model of each takes thirty times its text."""


def unexpected(path: str, words: str) -> PlatformError:
    """An answer that has none of the documented shapes."""
    return PlatformError(
        ErrorKind.UNEXPECTED,
        words,
        method="GET",
        path=path,
        hint="This may be a change in Adobe's API; the raw read tool shows the answer as it is",
    )


def items_of(data: Any, path: str) -> tuple[list[dict[str, Any]], int]:
    """(objects, number of entries that were none) of a list answer.

    Raises:
        PlatformError: (unexpected) the answer is no list, or one that is far longer than what was asked for.
    """
    if isinstance(data, dict):
        listed = data.get("items", data.get("results"))
        if listed is None and (not data or "_links" in data or "count" in data or "pageInfo" in data):
            listed = []
        if isinstance(listed, dict):
            listed = [listed]
    else:
        listed = data
    if not isinstance(listed, list):
        raise unexpected(path, "a list was expected, but the answer has no `items`")
    check_length(len(listed), path)
    objects = [item for item in listed if isinstance(item, dict)]
    return objects, len(listed) - len(objects)


def check_length(entries: int, path: str) -> None:
    """Raises PlatformError (unexpected): a list answer has far more entries than were asked for."""
    if entries > MOST_ITEMS:
        raise unexpected(path, f"the answer lists {entries:,} entries at once, and was not read")


def one_of(data: Any, path: str) -> dict[str, Any]:
    """The object of a single get, which is wrapped in a list of one.

    Raises:
        PlatformError: (not_found) the list is empty; (unexpected) there is no object in it.
    """
    if isinstance(data, dict) and "items" not in data and data:
        return data
    objects, skipped = items_of(data, path)
    if objects:
        return objects[0]
    if skipped:
        raise unexpected(path, "the answer holds null where the object should be")
    raise PlatformError(
        ErrorKind.NOT_FOUND,
        "nothing was found under this id",
        method="GET",
        path=path,
        hint=f"Check the id with a list or find tool. {NOT_SEEN}",
    )


# A variable of a URI template (RFC 6570), plain or encoded; a continuation token that is JSON has none.
_VARIABLE = re.compile(r"\{[?&+#./;]?[A-Za-z_][\w.,:*]*\}")


def next_href(data: Any) -> str | None:
    """`_links.next.href`; missing links, empty links and nulls all mean the last page.

    So does a URI template (`offset={offset}`): it tells how pages are asked for, not that there is another.
    """
    links = data.get("_links") if isinstance(data, dict) else None
    link = links.get("next") if isinstance(links, dict) else None
    href = link.get("href") if isinstance(link, dict) else link
    if not isinstance(href, str) or not href or _VARIABLE.search(unquote(href)):
        return None
    return href


def count_of(data: Any, path: str) -> int:
    """The number of a count answer, alone or next to items.

    Raises:
        PlatformError: (unexpected) there is no number and the items are not all of them.
    """
    count = to_int(data.get("count")) if isinstance(data, dict) else None
    if count is not None and count >= 0:
        return count
    objects, _ = items_of(data, path)
    if next_href(data):
        raise unexpected(path, "a count was expected, but the answer has none")
    return len(objects)


def model_of(model: type[M], item: dict[str, Any], path: str) -> M:
    """`item` as a model.

    Raises:
        PlatformError: (unexpected) a field has a type that cannot be read; the sentence names it.
    """
    try:
        return model.model_validate(item)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise unexpected(path, f"the field {place or 'at the top'} has a type that cannot be read") from None
