"""Generated content: as many flows and runs as asked for, plain and all alike, to measure with."""

from __future__ import annotations

from dataclasses import replace

from ...state.content import Scale
from .plan import (
    DAY,
    HOUR,
    MINUTE,
    Account,
    DatasetPlan,
    Fault,
    FlowPlan,
    Outcome,
    SandboxPlan,
    Schedule,
    Volume,
)

_FLOWS_PER_ACCOUNT = 100
_DATASETS = 40
_AUTHORS = ("mira", "tomas", "yuki", "api")
_FEEDS = (("members", "loyalty"), ("orders", "transaction"), ("contacts", "customer"), ("stock", "stock"))


def with_scale(plan: SandboxPlan, scale: Scale) -> SandboxPlan:
    """The plan with generated accounts, datasets and flows behind its own.

    The generated flows have exactly `scale.runs` runs together, spread evenly. Raises ValueError for
    negative numbers, and for runs without a flow.
    """
    if scale.flows < 0 or scale.runs < 0 or (scale.runs and not scale.flows):
        raise ValueError("scale needs flows >= 0, runs >= 0, and a flow where there are runs")
    accounts = tuple(_account(number) for number in range(-(-scale.flows // _FLOWS_PER_ACCOUNT)))
    datasets = tuple(
        DatasetPlan(f"generated-{number}", f"Generated dataset {number:02}", _FEEDS[number % 4][1])
        for number in range(_DATASETS if scale.flows else 0)
    )
    each, more = divmod(scale.runs, scale.flows) if scale.flows else (0, 0)
    flows = tuple(_flow(number, each + (number < more)) for number in range(scale.flows))
    return replace(
        plan,
        accounts=(*plan.accounts, *accounts),
        datasets=(*plan.datasets, *datasets),
        flows=(*plan.flows, *flows),
    )


def _account(number: int) -> Account:
    if number % 4 == 3:
        return Account(f"generated-{number}", f"Generated database {number:03}", "postgre-sql", author="api")
    return Account(f"generated-{number}", f"Generated bucket {number:03}", "amazon-s3", author="api")


def _flow(number: int, runs: int) -> FlowPlan:
    account = number // _FLOWS_PER_ACCOUNT
    table = account % 4 == 3
    schedule = _schedule(number, runs)
    feed = _FEEDS[number % 4][0]
    return FlowPlan(
        key=f"generated-{number}",
        name=f"Generated {feed} feed {number:05}",
        kind="table" if table else "files",
        account=f"generated-{account}",
        place=f"generated.feed_{number}" if table else f"/generated/feed-{number}.csv",
        feed=feed,
        datasets=(f"generated-{number % _DATASETS}",),
        schedule=schedule,
        newest_runs=runs,
        volume=_VOLUMES[number % len(_VOLUMES)],
        faults=_EXPIRED if number % 50 == 7 else (),
        author=_AUTHORS[number % 4],
        created_days_ago=schedule.starts_days_ago or 0,
        state="disabled" if number % 10 == 9 else "enabled",
        shared_mapping=feed,
        generated=True,
    )


_VOLUMES = (
    Volume(12_000, 300, 90),
    Volume(800, 420, 45, curve="shop"),
    Volume(150_000, 120, 170, files=6),
)
_EXPIRED = (Fault(Outcome.CREDENTIALS, 48),)


def _schedule(number: int, runs: int) -> Schedule:
    """The widest schedule with which so many runs fit into about 30 days (a narrow one reaches back further)."""
    hours = 30 * 24 // max(runs, 1)
    at = f"00:{number % 60:02}"
    if hours:
        period, frequency, interval = hours * HOUR, "hour", hours
    else:
        interval = max(15, 30 * 24 * 60 // runs)
        period, frequency = interval * MINUTE, "minute"
    days = (runs + 2) * period / DAY + 1
    if frequency == "hour":
        return Schedule("hour", interval, at=at, starts_days_ago=days)
    return Schedule("minute", interval, at=at, starts_days_ago=days)
