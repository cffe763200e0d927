"""What the writes of one server have created, and what may come of those under way: no two claim the same object."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aep_flow_mcp.guard.changes.canonical import JSON
from aep_flow_mcp.guard.changes.kinds import Kind

_KEPT = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Creating:
    """A request under way that creates something. body: references to earlier results resolved."""

    sandbox: str
    kind: Kind
    body: JSON


class Creations:
    """One for all calls of a server: two callers may want the same, word for word, at the same time."""

    def __init__(self) -> None:
        self._under_way: list[Creating] = []
        self._known: OrderedDict[tuple[Kind, str], bool] = OrderedDict()

    @contextmanager
    def under_way(self, one: Creating) -> Iterator[None]:
        """From before a request is sent until it is known what came of it."""
        self._under_way.append(one)
        try:
            yield
        finally:
            self._under_way.remove(one)

    def made(self, kind: Kind, object_id: str) -> None:
        """An object came of a request of this server, which said so to its caller."""
        self._note(kind, object_id, sure=True)

    def disputed(self, kind: Kind, object_id: str) -> None:
        """An object was named to a caller as what may have come of a request: nobody else can be sure of it."""
        if (kind, object_id) not in self._known:
            self._note(kind, object_id, sure=False)

    def is_anothers(self, kind: Kind, object_id: str) -> bool:
        """Whether an object came of a request whose answer said so, or which was looked for before."""
        return self._known.get((kind, object_id), False)

    def contested(
        self, own: Creating | None, kind: Kind, object_id: str, fits: Callable[[JSON], bool]
    ) -> bool:
        """Whether an object may as well have come of another request, of now or of before.

        fits: whether it can come of a body.
        """
        return (kind, object_id) in self._known or any(
            other is not own
            and own is not None
            and (other.sandbox, other.kind) == (own.sandbox, own.kind)
            and fits(other.body)
            for other in self._under_way
        )

    def _note(self, kind: Kind, object_id: str, *, sure: bool) -> None:
        self._known[kind, object_id] = sure
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
