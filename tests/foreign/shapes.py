"""The small ways in which one fact is told: numbers as text, nulls, absent members, ETags, references."""

from __future__ import annotations

from typing import Any

from foreign.draw import Draw
from foreign.truth import SANDBOX, Body

ABSENT: Any = object()


def number(draw: Draw, point: str, value: int) -> Any:
    """A number, or the same as text."""
    return draw.mostly(point, value, str(value), percent=65)


def unknown(draw: Draw, point: str, *, minus: bool = False) -> Any:
    """How a member without a value is told: left out, null, or -1 where the service counts."""
    return draw.choice(point, ABSENT, ABSENT, None, *([-1] if minus else []))


def put(body: Body, name: str, value: Any) -> None:
    if value is not ABSENT:
        body[name] = value


def flag(draw: Draw, point: str, value: bool) -> Any:
    """A boolean, or the same as text."""
    return draw.mostly(point, value, str(value).lower(), percent=75)


def reference(draw: Draw, point: str, id: str) -> Any:
    """A reference to a spec: an object, its version in any form, or the bare id."""
    return draw.mostly(
        point,
        {"id": id, "version": "1.0"},
        id,
        {"id": id, "version": 1.0},
        {"id": id, "version": 1},
        {"id": id},
        {"id": id, "version": None},
        {"id": id, "version": "1.0", "name": "spec"},
        percent=55,
    )


def one_or_many(draw: Draw, point: str, items: list[Any]) -> Any:
    """A list, with nulls in it, or the object alone where it is one."""
    alone = [items[0]] if len(items) == 1 else [[*items]]
    return draw.mostly(point, items, [None, *items], [*items, None], *alone, percent=70)


def audit(draw: Draw, created: int, *, version: bool = True) -> Body:
    """What every stored object repeats: who, when, where, and its ETag in one of its spellings."""
    updated = created + draw.number("age", 0, 90_000_000)
    tag = f'"{draw.hex("etag", 8)}-0000-0200-0000-{draw.hex("etag2", 12)}"'
    body: Body = {
        "createdAt": number(draw, "createdAt", created),
        "updatedAt": number(draw, "updatedAt", updated),
        "createdBy": "0A4334FA556587477F000101@AdobeID",
        "updatedBy": draw.pick("updatedBy", "acp_foundation_connectors@AdobeID", None),
        "createdClient": draw.pick("createdClient", "exc_app", "my_client", None),
        "imsOrgId": "5555467B5D8013E50A494220@AdobeOrg",
        "sandboxName": SANDBOX,
    }
    spelling = draw.mostly("tagAs", "etag", "eTag", percent=75)
    body[spelling] = tag
    if version:
        put(body, "version", draw.mostly("version", tag, ABSENT, None, percent=75))
    put(body, "labels", draw.mostly("labels", ABSENT, ["core/C12"], [], None, percent=80))
    for optional in ("createdBy", "imsOrgId", "sandboxName"):
        put(body, optional, draw.mostly(optional, body.pop(optional), ABSENT, None, percent=90))
    for extra in ("futureField", "inheritedFromAbove"):
        put(body, extra, draw.mostly(extra, ABSENT, {"nested": [1, None, {"a": "b"}]}, None, percent=92))
    return body


def state_text(draw: Draw, state: str) -> str:
    """A state in any capitals."""
    return draw.mostly("state", state, state.upper(), state.capitalize(), percent=70)
