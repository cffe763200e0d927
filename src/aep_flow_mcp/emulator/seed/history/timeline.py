"""Run histories that are not kept: some small arrays say when a run was and how it ended, the rest is
worked out again from the seed and the run's number each time somebody asks for it."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from ...json_types import JsonObject
from ..ids import IndexedUuids, digest
from ..organisation.plan import DAY, MINUTE, Fault, Outcome, Volume

_HOUR_MS = 3_600_000
_TRANSIENT_SHARE = 0.008

# How busy a shop is in each hour of the day (UTC), around 1.
_SHOP_HOURS = (
    *(0.25, 0.18, 0.14, 0.14, 0.18, 0.32, 0.55, 0.8, 1.05, 1.2, 1.3, 1.4),
    *(1.5, 1.45, 1.4, 1.45, 1.6, 1.8, 1.9, 1.85, 1.6, 1.2, 0.8, 0.45),
)
# Monday first; shops sell most on Saturdays.
_WEEKDAYS = (0.9, 0.88, 0.92, 0.97, 1.15, 1.35, 0.83)


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The history of one flow. `times` are its nominal starts in epoch milliseconds, oldest first."""

    flow_id: str
    times: Sequence[int]
    volume: Volume
    faults: tuple[Fault, ...] = ()
    running_since: int | None = None
    about: Any = None
    """Whatever the renderer needs to know of the flow."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """One run, as numbers. Times are epoch milliseconds; `completed` is None while it runs.

    `random` draws the details; it is seeded by the run alone.
    """

    index: int
    number: int
    """The how-manyeth run of its flow this is, from 0."""
    id: str
    plan: RunPlan
    nominal: int
    created: int
    started: int
    completed: int | None
    updated: int
    outcome: Outcome
    records: int
    random: Random


class Renderer(Protocol):
    def __call__(self, run: RunFacts) -> JsonObject: ...


class History:
    """The runs of many flows as `Rows`."""

    def __init__(
        self,
        *,
        seed: int,
        name: str,
        plans: Sequence[RunPlan],
        now_ms: int,
        render: Callable[..., JsonObject],
    ) -> None:
        self._plans = plans
        self._now = now_ms
        self._render = render
        self._seed = seed
        self._name = name
        self._uuids = IndexedUuids(seed, name)
        self._offsets = array("q", [0])
        self._plan_of = array("I")
        self._nominal = array("q")
        self._started = array("q")
        self._duration = array("q")
        self._outcome = array("b")
        self._positions: dict[str, int] = {}
        for position, plan in enumerate(plans):
            self._positions[plan.flow_id] = position
            self._append(position, plan)
            self._offsets.append(len(self._started))
        self._ids = _LazyIds(self._uuids, len(self._started))
        self._columns: dict[str, Sequence[Any]] = {}

    def __len__(self) -> int:
        return len(self._started)

    def ids(self) -> Sequence[str]:
        return self._ids

    def get(self, id: str) -> JsonObject | None:
        index = self.index_of(id)
        return None if index is None else self._render(self.facts(index))

    def column(self, path: str) -> Sequence[Any] | None:
        known = self._columns.get(path)
        if known is None:
            build = self._builders().get(path)
            if build is None:
                return None
            known = self._columns[path] = build()
        return known

    def index_of(self, id: str) -> int | None:
        index = self._uuids.index(id)
        return index if index is not None and index < len(self._started) else None

    def of_flow(self, flow_id: str) -> range:
        """The rows of one flow, oldest first."""
        position = self._positions.get(flow_id)
        if position is None:
            return range(0)
        return range(self._offsets[position], self._offsets[position + 1])

    def plan_at(self, index: int) -> RunPlan:
        return self._plans[self._plan_of[index]]

    def started(self, index: int) -> int:
        return self._started[index]

    def outcome(self, index: int) -> Outcome:
        return Outcome(self._outcome[index])

    def last(self, flow_id: str) -> RunFacts | None:
        """The newest run of a flow."""
        rows = self.of_flow(flow_id)
        return self.facts(rows[-1]) if rows else None

    def facts(self, index: int) -> RunFacts:
        """One run as numbers. Raises IndexError for an unknown row."""
        position = self._plan_of[index]
        plan = self._plans[position]
        nominal, started = self._nominal[index], self._started[index]
        completed = self._completed(index)
        random = Random(digest(self._seed, self._name, "run", plan.flow_id, nominal))
        return RunFacts(
            index=index,
            number=index - self._offsets[position],
            id=self._ids[index],
            plan=plan,
            nominal=nominal,
            created=self._created(index),
            started=started,
            completed=completed,
            updated=self._updated(index),
            outcome=Outcome(self._outcome[index]),
            records=amount(plan.volume, nominal, random),
            random=random,
        )

    def _append(self, position: int, plan: RunPlan) -> None:
        """Work out when each run of a flow was and how it ended; one that is not finished yet is left out."""
        draw = Random(digest(self._seed, self._name, "plan", plan.flow_id)).random
        volume, faults = plan.volume, plan.faults
        begin, now = self._now - 30 * DAY, self._now
        settled = len(plan.times) - 3
        for number, nominal in enumerate(plan.times):
            # A passing failure is followed by recovery, so the newest runs have none.
            chance = draw() if number < settled else 1 - draw() / 2
            outcome = _outcome(faults, (now - nominal) / _HOUR_MS, chance)
            started = nominal + 2 * MINUTE + int(draw() * MINUTE)
            duration = _duration(volume, outcome, draw(), (nominal - begin) / (30 * DAY), nominal)
            if started + duration > now - MINUTE:
                continue
            self._add(position, nominal, started, duration, outcome)
        if plan.running_since is not None:
            since = plan.running_since
            self._add(position, since - 2 * MINUTE, since, -1, Outcome.RUNNING)

    def _add(self, position: int, nominal: int, started: int, duration: int, outcome: Outcome) -> None:
        self._plan_of.append(position)
        self._nominal.append(nominal)
        self._started.append(started)
        self._duration.append(duration)
        self._outcome.append(outcome)

    def _created(self, index: int) -> int:
        return self._started[index] - 400 - (index * 37) % 1700

    def _completed(self, index: int) -> int | None:
        duration = self._duration[index]
        return None if duration < 0 else self._started[index] + duration

    def _updated(self, index: int) -> int:
        completed = self._completed(index)
        if completed is None:
            return self._started[index] + 20_000
        return completed + 3_000 + (index * 7919) % 40_000

    def _builders(self) -> dict[str, Callable[[], Sequence[Any]]]:
        rows = range(len(self._started))
        flow_ids = [plan.flow_id for plan in self._plans]
        words = {outcome.value: outcome.status for outcome in Outcome}
        return {
            "id": lambda: self._ids,
            "flowId": lambda: [flow_ids[position] for position in self._plan_of],
            "createdAt": lambda: array("q", map(self._created, rows)),
            "updatedAt": lambda: array("q", map(self._updated, rows)),
            "metrics.statusSummary.status": lambda: [words[outcome] for outcome in self._outcome],
            "metrics.durationSummary.startedAtUTC": lambda: self._started,
            "metrics.durationSummary.completedAtUTC": lambda: [self._completed(row) for row in rows],
        }


class _LazyIds(Sequence[str]):
    """The ids of the rows, worked out when they are asked for."""

    def __init__(self, uuids: IndexedUuids, length: int) -> None:
        self._uuids = uuids
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self._uuids.of(index) for index in range(self._length)[at]]
        return self._uuids.of(range(self._length)[at])

    def __iter__(self) -> Iterator[str]:
        return map(self._uuids.of, range(self._length))

    def __contains__(self, id: object) -> bool:
        index = self._uuids.index(id) if isinstance(id, str) else None
        return index is not None and index < self._length


def amount(volume: Volume, nominal: int, random: Random) -> int:
    """How many records a run moves: the usual number, the hour, the weekday, and some chance."""
    hours = nominal // _HOUR_MS
    factor = _WEEKDAYS[(hours // 24 + 3) % 7] * (0.9 + 0.2 * random.random())
    if volume.curve == "shop":
        factor *= _SHOP_HOURS[hours % 24]
    return max(1, int(volume.records * factor))


def _outcome(faults: tuple[Fault, ...], hours_ago: float, chance: float) -> Outcome:
    for fault in faults:
        if fault.until_hours <= hours_ago < fault.since_hours:
            if chance < fault.share:
                return fault.outcome
            return Outcome.SUCCESS
    return Outcome.TRANSIENT if chance < _TRANSIENT_SHARE else Outcome.SUCCESS


def _duration(volume: Volume, outcome: Outcome, chance: float, progress: float, nominal: int) -> int:
    """Milliseconds. A run that fails early is short; a busy hour takes longer."""
    if outcome in {Outcome.CREDENTIALS, Outcome.HOST, Outcome.MISSING_FILE, Outcome.EMPTY}:
        return 15_000 + int(chance * 25_000)
    busy = _SHOP_HOURS[nominal // _HOUR_MS % 24] if volume.curve == "shop" else 1.0
    seconds = volume.seconds * (0.85 + 0.3 * chance) * (0.6 + 0.4 * busy) * (1 + volume.growth * progress)
    return int(seconds * 1000)


def nominal_times(*, period: int, offset: int, first: int, last: int) -> range:
    """The times `offset + k * period` from `first` to `last`, both included."""
    start = offset + -(-(first - offset) // period) * period
    return range(start, last + 1, period)
