"""What a service keeps about a sandbox that a snapshot of it does not hold."""

from __future__ import annotations

from ..http.errors import generic
from ..state.backend import Backend


def check_kept(backend: Backend, what: str) -> None:
    """404 where nothing but a file answers in the services' place."""
    if backend.unreachable is not None:
        raise generic(404, "NotFoundError", f"{backend.unreachable}: {what} is not in it")
