"""From what a person calls something to the thing: flows by id or name, and filters by id or name."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from aep_flow_mcp.gathering.asked import AskedError
from aep_flow_mcp.gathering.memory import Memory
from aep_flow_mcp.gathering.names import find_by_name
from aep_flow_mcp.gathering.progress import Progress
from aep_flow_mcp.gathering.unread import Unread
from aep_flow_mcp.insight.windows import WindowError, parse_since
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.filters import Filter
from aep_flow_mcp.platform.models.flows import Flow
from aep_flow_mcp.platform.paging import Page
from aep_flow_mcp.platform.reader import FlowReader

if TYPE_CHECKING:
    from aep_flow_mcp.gathering.flow_index import FlowIndex

CLOSE_ENOUGH = 80.0
"""A search score from which on a single best match is taken for what was meant."""
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_DATASET_ID = re.compile(r"[0-9a-fA-F]{24}")
_SHOWN = 5
_AT_ONCE = 80
"""Ids in one filter: a request line has to hold them."""


def is_flow_id(text: str) -> bool:
    """Whether a text has the shape of a Flow Service id."""
    return _ID.fullmatch(text.strip()) is not None


async def index_of(
    memory: Memory, aep: FlowReader, *, now: datetime, progress: Progress | None = None
) -> FlowIndex:
    """The search index of the reader's sandbox, at most a minute old."""
    # Most calls give an id: they do not wait for the import of what reads whole lists.
    from aep_flow_mcp.gathering.flow_index import FlowIndexes
    from aep_flow_mcp.gathering.whole_lists import Reading

    return await memory.cache("flow_indexes", FlowIndexes).get(Reading.of(aep, now=now, progress=progress))


async def flow_id_of(
    memory: Memory, aep: FlowReader, text: str, *, now: datetime, progress: Progress | None = None
) -> str:
    """The id of the flow that is meant: an id as it is, else the flow of that name, else the one close match.

    Raises:
        AskedError: no flow matches, or several do; the message names them.
    """
    wanted = text.strip()
    if is_flow_id(wanted):
        return wanted
    named = await _named(aep, wanted)
    if len(named) == 1:
        return named[0].id
    if named:
        raise AskedError(f"Several flows are called {wanted!r}: {_several(named)}. Give the id.")
    index = await index_of(memory, aep, now=now, progress=progress)
    found = index.search.search(wanted)
    if not found:
        raise AskedError(
            f"No flow matches {wanted!r} in sandbox {aep.sandbox}. Try find_flows with other words."
        )
    best = found[0][1].score
    close = [index.order[at] for at, match in found if match.score >= best - 2]
    if len(close) == 1 and best >= CLOSE_ENOUGH:
        return close[0].id
    shown = ", ".join(f"{flow.name} ({flow.id})" for flow in [index.order[at] for at, _ in found[:_SHOWN]])
    raise AskedError(f"No flow is called {wanted!r}. Close: {shown}. Give the id of the one you mean.")


async def exact_flow_id(aep: FlowReader, text: str) -> str:
    """The id of the flow that a change is meant for: an id, or a whole name that only one flow has.

    Raises:
        AskedError: several flows have this name, or none.
    """
    return await _exact_id(aep.list_flows, text, "flow", "find_flows")


async def connection_id_of(aep: FlowReader, text: str) -> str:
    """The id of the account (base connection) that is meant: an id, or a whole name that only one has.

    Raises:
        AskedError: several accounts have this name, or none.
    """
    return await _exact_id(aep.list_connections, text, "account", "list_connections")


async def connector_ids_of(aep: FlowReader, text: str) -> list[str]:
    """The connection specs that are meant: an id as it is, else all of that name or label, in any spelling.

    Raises:
        AskedError: nothing is called so; the message offers close names.
        PlatformError: the connectors could not be read, to find a name.
    """
    wanted = text.strip()
    if is_flow_id(wanted):
        return [wanted]
    specs = await aep.list_connection_specs()
    named = [(spec.id, name) for spec in specs for name in {spec.name, spec.label} if name]
    found = find_by_name(wanted, named)
    ids = list(dict.fromkeys(each.id for each in found if each.match != "close"))
    if ids:
        return ids
    names = ", ".join(f"{each.name} ({each.id})" for each in found)
    hint = f"Close: {names}." if found else "list_connection_specs shows what there is."
    raise AskedError(f"{wanted!r} is the name or id of no connector. {hint}")


async def connector_id_of(aep: FlowReader, text: str) -> str:
    """The one connection spec that is meant, likewise.

    Raises:
        AskedError: nothing is called so, or several are.
        PlatformError: the connectors could not be read, to find a name.
    """
    ids = await connector_ids_of(aep, text)
    if len(ids) > 1:
        labels = {spec.id: spec.shown_name for spec in await aep.list_connection_specs()}
        which = ", ".join(f"{id} ({labels.get(id)})" for id in ids)
        raise AskedError(f"Several connectors are called {text.strip()!r}: {which}. Give the id.")
    return ids[0]


async def dataset_ids_of(aep: FlowReader, text: str) -> list[str]:
    """The datasets that are meant: an id as it is, else all of exactly that name. What Catalog does not tell is taken
    for an id.

    Raises:
        AskedError: it is no id, and nothing is called so.
    """
    wanted = text.strip()
    if _DATASET_ID.fullmatch(wanted):
        return [wanted]
    try:
        named = await aep.neighbours.find_dataset_by_name(wanted)
    except PlatformError:
        return [wanted]
    if not named and any(map(str.isspace, wanted)):
        raise AskedError(f"No dataset is called exactly {wanted!r}. Names match exactly, case included.")
    return [dataset.id for dataset in named] or [wanted]


async def dataset_id_of(aep: FlowReader, text: str) -> str:
    """The one dataset that is meant, likewise.

    Raises:
        AskedError: it is no id, and nothing is called so, or several are.
    """
    ids = await dataset_ids_of(aep, text)
    if len(ids) > 1:
        raise AskedError(f"Several datasets are called {text.strip()!r}: {', '.join(ids)}. Give the id.")
    return ids[0]


async def _exact_id(lister: Callable[..., Awaitable[Page[Any]]], text: str, what: str, finder: str) -> str:
    wanted = text.strip()
    if is_flow_id(wanted) or not can_be_asked(wanted):
        return text
    named = (await lister(Filter("name").eq(wanted), limit=_SHOWN)).items
    if len(named) > 1:
        which = ", ".join(f"{item.id} ({item.state})" for item in named)
        raise AskedError(f"Several {what}s are called {wanted!r}: {which}. Give the id.")
    if named:
        return str(named[0].id)
    if any(map(str.isspace, wanted)):
        raise AskedError(
            f"No {what} is called {wanted!r}, and it is not an id: {finder} shows what there is."
        )
    return text


async def uses_of_accounts(
    memory: Memory, aep: FlowReader, *, now: datetime
) -> tuple[dict[str, int], str | None]:
    """Account id -> how many flows use it; and why that cannot be told, where it cannot."""
    try:
        index = await index_of(memory, aep, now=now)
    except PlatformError as error:
        return {}, f"How many flows use each could not be read ({error.kind.value})."
    if index.uses_lack:
        return {}, f"How many flows use each could not be read: {', '.join(index.uses_lack)}."
    return index.uses(), None


async def names_of(
    lister: Callable[..., Awaitable[Page[Any]]], ids: Iterable[str], what: str, unread: Unread
) -> dict[str, str]:
    """The names of objects by id, in one list for many; one that is not shown, or has none, is left out.

    what: whose names, as a sentence begins with it, such as "The accounts' names".
    """
    wanted = [id for id in dict.fromkeys(ids) if can_be_asked(id)]
    asked = [wanted[at : at + _AT_ONCE] for at in range(0, len(wanted), _AT_ONCE)]
    so = "they are shown by id"
    calls = [
        partial(unread.read, what, partial(lister, Filter("id").in_(part), limit=_AT_ONCE), None, so=so)
        for part in asked
    ]
    pages = await together(calls)
    return {item.id: item.name for page in pages if page for item in page.items if item.name}


async def _named(aep: FlowReader, name: str) -> list[Flow]:
    """Flows of exactly this name; none for names that the service's filters cannot express."""
    if not can_be_asked(name):
        return []
    page = await aep.list_flows(Filter("name").eq(name), limit=_SHOWN)
    return page.items


def can_be_asked(name: str) -> bool:
    """Whether the service's filters can express a name."""
    return bool(name) and "," not in name and '"' not in name


def _several(flows: list[Flow]) -> str:
    return ", ".join(f"{flow.id} ({flow.state}, {flow.kind})" for flow in flows)


def ids_meant(text: str | None, names: Mapping[str, str], what: str) -> frozenset[str] | None:
    """The ids that a filter means: an id itself, else all of exactly that name, else all that hold the words.

    names: id -> name. None when there is no filter.

    Raises:
        AskedError: nothing is called so; the message offers close names.
    """
    if text is None:
        return None
    wanted = text.strip()
    if wanted in names:
        return frozenset((wanted,))
    from aep_flow_mcp.insight.search import fold

    plain = fold(wanted)
    same = frozenset(id for id, name in names.items() if fold(name) == plain)
    if same:
        return same
    words = plain.split()
    holding = frozenset(
        id for id, name in names.items() if words and all(word in fold(name) for word in words)
    )
    if holding:
        return holding
    from rapidfuzz import process

    close = process.extract(plain, sorted({*names.values()}), limit=_SHOWN, processor=fold, score_cutoff=55)
    offered = ", ".join(match[0] for match in close)
    hint = f"Close: {offered}." if offered else "find_flows without filters lists what there is."
    raise AskedError(f"No {what} is called {wanted!r} here. {hint}")


def since_of(name: str, text: str | None, *, now: datetime) -> datetime | None:
    """The moment that a `..._since` argument means.

    Raises:
        AskedError: it is no time.
    """
    if text is None:
        return None
    try:
        return parse_since(text, now=now)
    except WindowError as error:
        raise AskedError(f"{name}: {error}") from None
