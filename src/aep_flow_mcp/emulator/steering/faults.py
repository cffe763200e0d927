"""Faults that can be switched on per route."""

from __future__ import annotations

import random
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

FaultKind = Literal[
    "status",
    "latency",
    "drop",
    "lost_answer",
    "expire_token",
    "slow_body",
    "truncated",
    "not_json",
    "null_item",
    "timeout",
]
FAULT_KINDS: tuple[str, ...] = get_args(FaultKind)


@dataclass(frozen=True, slots=True)
class FaultRule:
    """When a request whose "METHOD /path" matches `route` (a regular expression) goes wrong, and how.

    status       answered with `status` and `body`, and `Retry-After: retry_after` when given; nothing is done
    latency      answered `seconds` later
    drop         the connection is cut before anything is done
    lost_answer  the request is carried out, then the connection is cut
    expire_token every access token issued so far becomes invalid, then the request is treated as usual
    slow_body    the body comes in pieces, `seconds` apart
    truncated    the body stops half way
    not_json     carried out, answered with a page of HTML
    null_item    the list in the answer has a null among its items
    timeout      no answer within `seconds` (None: until the client gives up); nothing is done

    `times` bounds how often the rule acts (None: always), `after` lets that many matching requests pass
    first, `probability` is drawn from a generator seeded with the emulator's seed.
    """

    route: str
    kind: FaultKind
    status: int = 503
    body: Any = None
    retry_after: int | None = None
    seconds: float | None = None
    times: int | None = None
    probability: float = 1.0
    after: int = 0

    def __post_init__(self) -> None:
        if self.kind not in FAULT_KINDS:
            raise ValueError(f"kind must be one of {', '.join(FAULT_KINDS)}, not {self.kind!r}")
        if not 0 <= self.probability <= 1:
            raise ValueError("probability must be from 0 to 1")
        try:
            re.compile(self.route)
        except re.error as error:
            raise ValueError(f"route is not a regular expression: {error}") from error

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> FaultRule:
        """Raises ValueError for an unknown or a missing member."""
        known = {one.name for one in fields(cls)}
        if unknown := set(data) - known:
            raise ValueError(f"a fault rule has no member {', '.join(sorted(unknown))}")
        if missing := {"route", "kind"} - set(data):
            raise ValueError(f"a fault rule needs {', '.join(sorted(missing))}")
        return cls(**data)

    def as_json(self) -> dict[str, Any]:
        return {one.name: getattr(self, one.name) for one in fields(self)}


@dataclass(frozen=True, slots=True)
class FaultHit:
    """One time that a rule acted."""

    kind: str
    route: str
    method: str
    path: str


@dataclass(slots=True)
class _Planned:
    rule: FaultRule
    pattern: re.Pattern[str]
    seen: int = 0
    used: int = 0


class FaultPlan:
    """The rules in force, in the order they were added, and the latest times that they acted."""

    def __init__(self, seed: int) -> None:
        self._planned: list[_Planned] = []
        self._random = random.Random(f"faults-{seed}")
        self.hits: deque[FaultHit] = deque(maxlen=10_000)

    @property
    def rules(self) -> list[FaultRule]:
        return [planned.rule for planned in self._planned]

    def add(self, rule: FaultRule) -> None:
        self._planned.append(_Planned(rule, re.compile(rule.route)))

    def clear(self) -> None:
        """Remove the rules and forget the hits."""
        self._planned.clear()
        self.hits.clear()

    def due(self, method: str, path: str) -> list[FaultRule]:
        """The rules that act on this request: every latency, and the first of the others."""
        acting: list[FaultRule] = []
        for planned in self._planned:
            rule = planned.rule
            if not planned.pattern.search(f"{method} {path}"):
                continue
            if rule.kind != "latency" and any(other.kind != "latency" for other in acting):
                continue
            planned.seen += 1
            if planned.seen <= rule.after or (rule.times is not None and planned.used >= rule.times):
                continue
            if rule.probability < 1 and self._random.random() >= rule.probability:
                continue
            planned.used += 1
            self.hits.append(FaultHit(rule.kind, rule.route, method, path))
            acting.append(rule)
        return acting
