"""What is where the source of a pipeline points to: two or three rounds of looking.

Which of a path, of the folders above it, and of the file of that name exist is asked at once; then the file is
sampled, or the first one in the folder, one folder deeper if there are only folders.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from aep_flow_mcp.pipelines import wellknown
from aep_flow_mcp.pipelines.findings import Place
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.models.explore import Exploration, ExploreItem, ExplorePreview, ExploreQuery
from aep_flow_mcp.platform.models.specs import ConnectionSpec
from aep_flow_mcp.platform.reader import FlowReader

FILES, TABLES = "FileSystem", "Table"
MAX_FOLDERS = 6
"""How many of the folders above a path are looked into; the nearest ones."""

Explore = Callable[[ExploreQuery], Awaitable[Exploration]]


def explorer(aep: FlowReader, spec: ConnectionSpec, account_id: str | None) -> Explore | None:
    """How a source is looked into; None when it cannot be, or not without an account."""
    if spec.explore_spec is None or spec.explore_spec.type not in (FILES, TABLES):
        return None
    if account_id is not None:
        return partial(aep.explore_connection, account_id)
    if spec.id == wellknown.LANDING_ZONE_SOURCE:
        return partial(aep.explore_connection_spec, spec.id)
    return None


async def look(spec: ConnectionSpec, explore: Explore, path: str | None) -> Place:
    """What is at `path`, or at the root without one. Never raises: an account that fails is told in `error`."""
    wanted = (path or "").strip()
    if "://" in wanted or "\\" in wanted:
        wanted = ""
    if spec.explore_spec is not None and spec.explore_spec.type == TABLES:
        return await _tables(explore, wanted)
    return await _files(explore, wanted)


async def _tables(explore: Explore, wanted: str) -> Place:
    questions = [ExploreQuery()]
    if wanted:
        questions.append(ExploreQuery(object_type="table", object=wanted, preview=True))
    root, *table = await _all(explore, questions)
    entries = tuple(root.items) if isinstance(root, Exploration) else ()
    if not wanted:
        return Place(entries=entries, error=_sentence(root))
    if isinstance(table[0], Exploration) and table[0].preview is not None:
        return Place(entries=entries, sampled=wanted, preview=table[0].preview)
    return Place(entries=entries, missing=True, error=_sentence(root))


async def _files(explore: Explore, wanted: str) -> Place:
    folders = _folders(wanted)
    questions = [
        ExploreQuery(object_type="folder", object=folder) if folder else ExploreQuery() for folder in folders
    ]
    as_file = bool(wanted) and not wanted.endswith("/")
    if as_file:
        questions.append(_sample_of(wanted))
    answers = await _all(explore, questions)
    listed = {
        folder: answer.items
        for folder, answer in zip(folders, answers, strict=False)
        if isinstance(answer, Exploration) and (answer.items or not folder)
    }
    if as_file and isinstance(answers[-1], Exploration) and answers[-1].preview is not None:
        folder = _parent(wanted)
        return Place(
            folder=folder,
            entries=tuple(listed.get(folder, ())),
            sampled=wanted,
            preview=answers[-1].preview,
        )
    if not listed:
        return Place(error=_sentence(answers[folders.index("")]))
    nearest = max(listed, key=len)
    entries = listed[nearest]
    if nearest.strip("/") != wanted.strip("/"):
        return Place(folder=nearest, entries=tuple(entries), missing=bool(wanted))
    sampled, preview = await _sample_in(explore, entries) if wanted else (None, None)
    return Place(folder=nearest, entries=tuple(entries), sampled=sampled, preview=preview)


async def _sample_in(
    explore: Explore, entries: Sequence[ExploreItem]
) -> tuple[str | None, ExplorePreview | None]:
    """The first file, in the first folder when there are only folders."""
    files = [item.path for item in entries if item.type == "file" and item.path]
    deeper = [item.path for item in entries if item.type == "folder" and item.path]
    if not files and deeper:
        [inner] = await _all(explore, [ExploreQuery(object_type="folder", object=deeper[0])])
        found = inner.items if isinstance(inner, Exploration) else []
        files = [item.path for item in found if item.type == "file" and item.path]
    if not files:
        return None, None
    [answer] = await _all(explore, [_sample_of(files[0])])
    return files[0], answer.preview if isinstance(answer, Exploration) else None


def _sample_of(path: str) -> ExploreQuery:
    return ExploreQuery(object_type="file", object=path, determine_properties=True, preview=True)


def _folders(wanted: str) -> list[str]:
    """The path as a folder, the folders above it, and the root (""), the nearest first."""
    lead = "/" if wanted.startswith("/") else ""
    parts = [part for part in wanted.split("/") if part]
    nested = [f"{lead}{'/'.join(parts[:count])}/" for count in range(len(parts), 0, -1)]
    return [*nested[:MAX_FOLDERS], ""]


def _parent(path: str) -> str:
    """The folder of a file, as `_folders` writes it."""
    lead = "/" if path.startswith("/") else ""
    parts = [part for part in path.split("/") if part][:-1]
    return f"{lead}{'/'.join(parts)}/" if parts else ""


async def _all(explore: Explore, questions: Sequence[ExploreQuery]) -> list[Exploration | PlatformError]:
    """The answers in order; a question that cannot be answered gives its error."""

    async def one(query: ExploreQuery) -> Exploration | PlatformError:
        try:
            return await explore(query)
        except PlatformError as error:
            return error

    return await together([partial(one, query) for query in questions])


def _sentence(answer: Any) -> str | None:
    """Why nothing can be looked at; without the request, which is no help to a person."""
    if not isinstance(answer, PlatformError):
        return None
    words = answer.detail or answer.title or str(answer)
    return f"{words} ({answer.code})" if answer.code else words
