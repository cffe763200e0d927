"""What is true of a generated organisation: plain data, kept beside the JSON in which a service would tell it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]

SANDBOX = "acme-stage"
"""The sandbox of every organisation: the server was told its name before it knows the organisation."""


@dataclass(frozen=True)
class Refused:
    """An object that its collection lists and that answers an error by itself. `told` are parts of that error."""

    status: int
    body: bytes
    content_type: str
    told: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Thing:
    """An object: how its body reads, and how the service keeps it (what filters and orders compare)."""

    id: str
    body: Body
    kept: Body
    name: str | None = None
    state: str | None = None
    refused: Refused | None = None


@dataclass(frozen=True)
class TrueError:
    """An error of a run. `failing`: it lost something, as a skip or a warning does not."""

    code: str | None
    message: str | None
    failing: bool = True


@dataclass(frozen=True)
class TrueRun(Thing):
    """outcome: succeeded, partial, failed, in_progress, waiting, unknown, or unclear: a success of which fewer records
    came out than went in. Times are epoch ms, None is not told."""

    flow_id: str = ""
    outcome: str = "unknown"
    started: int | None = None
    completed: int | None = None
    created: int = 0
    records_in: int | None = None
    records_out: int | None = None
    records_failed: int | None = None
    errors: tuple[TrueError, ...] = ()


@dataclass(frozen=True)
class TrueSchedule:
    """Seconds; `every` is (number, unit), (0, "once") for one run."""

    every: tuple[int, str] | None
    start: int | None = None
    end: int | None = None
    backfill: bool | None = None


@dataclass(frozen=True)
class TrueFlow(Thing):
    """kind: source, destination or internal; None where the body does not say. last: (outcome, started ms)."""

    kind: str | None = None
    spec_id: str = ""
    source_id: str = ""
    target_id: str = ""
    schedule: TrueSchedule | None = None
    mapping_id: str | None = None
    audiences: tuple[tuple[str, str | None], ...] = ()
    inlet_url: str | None = None
    labels: tuple[str, ...] = ()
    last: tuple[str, int | None] | None = None
    runs: tuple[TrueRun, ...] = ()
    operation_error: str | None = None


@dataclass
class Organisation:
    """Everything, by collection (`flows`, `connections`, ...)."""

    seed: int
    production: bool
    things: dict[str, dict[str, Thing]] = field(default_factory=dict)
    page_size: dict[str, int] = field(default_factory=dict)
    closed: dict[str, Refused] = field(default_factory=dict)
    """Collections that the credential may not read at all."""
    explored: dict[str, Any] = field(default_factory=dict)
    """By connection id: the answers of explore."""
    landing_zone: Body = field(default_factory=dict)
    varied: set[str] = field(default_factory=set)

    def add(self, collection: str, thing: Thing) -> None:
        self.things.setdefault(collection, {})[thing.id] = thing

    def of(self, collection: str) -> list[Thing]:
        return list(self.things.get(collection, {}).values())

    @property
    def flows(self) -> list[TrueFlow]:
        return [flow for flow in self.of("flows") if isinstance(flow, TrueFlow)]

    @property
    def runs(self) -> list[TrueRun]:
        return [run for run in self.of("runs") if isinstance(run, TrueRun)]
