"""Endpoints under `/_emulator/` that steer an emulator from any HTTP client. They need no token."""

from __future__ import annotations

from collections.abc import Callable

from ..http.errors import bad_request
from ..http.messages import Answer, Call
from ..http.routing import Route
from ..state.backend import Backend
from ..state.store import KINDS
from .faults import FaultPlan, FaultRule
from .journal import Journal


def routes(faults: FaultPlan, journal: Journal, reset_all: Callable[[], None]) -> tuple[Route[Backend], ...]:
    """The control routes of one emulator, which `reset_all` takes back to its start."""

    def health(_: Backend, __: Call) -> Answer:
        return Answer(200, {"status": "ok"})

    def list_faults(_: Backend, __: Call) -> Answer:
        hits = [
            {"kind": hit.kind, "route": hit.route, "method": hit.method, "path": hit.path}
            for hit in faults.hits
        ]
        return Answer(200, {"rules": [rule.as_json() for rule in faults.rules], "hits": hits})

    def add_faults(_: Backend, call: Call) -> Answer:
        body = call.json()
        rules = _rules(body if isinstance(body, list) else [body])
        for rule in rules:
            faults.add(rule)
        return Answer(201, {"rules": [rule.as_json() for rule in faults.rules]})

    def clear_faults(_: Backend, __: Call) -> Answer:
        faults.clear()
        return Answer(204)

    def read_journal(_: Backend, call: Call) -> Answer:
        chosen = journal.writes() if call.first("writes") == "true" else list(journal)
        return Answer(200, {"exchanges": [exchange.as_json() for exchange in chosen]})

    def clear_journal(_: Backend, __: Call) -> Answer:
        journal.clear()
        return Answer(204)

    def reset(_: Backend, __: Call) -> Answer:
        reset_all()
        return Answer(204)

    def read_clock(backend: Backend, _: Call) -> Answer:
        return Answer(200, {"now": backend.clock.now().isoformat()})

    def advance_clock(backend: Backend, call: Call) -> Answer:
        seconds = call.json_object().get("advance")
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds < 0:
            raise bad_request("advance has to be a number of seconds, 0 or more")
        backend.clock.advance(seconds)
        return read_clock(backend, call)

    def state(backend: Backend, _: Call) -> Answer:
        counts = {
            name: {kind: len(sandbox[kind]) for kind in KINDS}
            for name, sandbox in backend.store.sandboxes.items()
        }
        specs = {kind: len(backend.specs(kind)) for kind in ("connectionSpecs", "flowSpecs")}
        return Answer(
            200,
            {
                "now": backend.clock.now().isoformat(),
                "seed": backend.options.seed,
                "specs": specs,
                "sandboxes": counts,
                "brokenConnections": backend.broken,
                "faults": len(faults.rules),
                "requests": len(journal),
            },
        )

    return tuple(
        Route(method, f"/_emulator/{name}", handler, access="open")
        for method, name, handler in (
            ("GET", "health", health),
            ("GET", "state", state),
            ("GET", "faults", list_faults),
            ("POST", "faults", add_faults),
            ("DELETE", "faults", clear_faults),
            ("GET", "journal", read_journal),
            ("DELETE", "journal", clear_journal),
            ("POST", "reset", reset),
            ("GET", "clock", read_clock),
            ("POST", "clock", advance_clock),
        )
    )


def _rules(items: list[object]) -> list[FaultRule]:
    rules: list[FaultRule] = []
    for item in items:
        if not isinstance(item, dict):
            raise bad_request("A fault rule has to be a JSON object")
        try:
            rules.append(FaultRule.from_json(item))
        except (ValueError, TypeError) as error:
            raise bad_request(f"This is not a fault rule: {error}") from error
    return rules
