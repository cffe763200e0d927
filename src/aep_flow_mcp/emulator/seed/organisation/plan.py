"""The vocabulary in which the organisation is written down: accounts, flows, schedules, what goes wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

from ...json_types import JsonObject

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

Kind = Literal["files", "landing", "table", "stream", "audience", "stream_audience", "export", "internal"]


class Outcome(IntEnum):
    """How a run ended. From `TRANSIENT` on the run failed."""

    SUCCESS = 0
    EMPTY = 1
    """Nothing new was there: success with no file and no record."""
    PARTIAL = 2
    """Success, with some records refused (partial ingestion)."""
    RUNNING = 3
    TRANSIENT = 4
    CREDENTIALS = 5
    HOST = 6
    MISSING_FILE = 7
    DATASET_GONE = 8
    EXPORT_ABORTED = 9

    @property
    def status(self) -> str:
        """The word in `metrics.statusSummary.status`."""
        if self is Outcome.RUNNING:
            return "inProgress"
        return "failed" if self >= Outcome.TRANSIENT else "success"


@dataclass(frozen=True)
class Fault:
    """From `since_hours` before now on, this share of the runs ends this way."""

    outcome: Outcome
    since_hours: float
    share: float = 1.0
    until_hours: float = 0.0


@dataclass(frozen=True)
class Volume:
    """What one run usually moves, and how long it takes.

    `seconds` is the usual duration; `growth` is how much longer a run takes now than 30 days ago
    (1.5: two and a half times as long). `curve` says how the amount follows the hours of the day.
    """

    records: int
    record_bytes: int = 420
    seconds: float = 150.0
    files: int = 1
    growth: float = 0.0
    curve: Literal["shop", "flat"] = "flat"


@dataclass(frozen=True)
class Schedule:
    """When a flow runs. `at` is `HH:MM` in UTC; of it, an hourly schedule uses the minutes only.

    `starts_days_ago` may be negative (it starts in the future); None is the day after the flow was
    created. `ends_days_ago` is the end time of a
    dataset export; negative when that is still to come. `full` exports everything once.
    """

    frequency: Literal["once", "minute", "hour", "day", "week"]
    interval: int = 1
    at: str = "02:15"
    starts_days_ago: float | None = None
    ends_days_ago: float | None = None
    backfill: bool = True
    full: bool = False

    @property
    def period_ms(self) -> int:
        unit = {"once": 0, "minute": MINUTE, "hour": HOUR, "day": DAY, "week": 7 * DAY}[self.frequency]
        return unit * self.interval


@dataclass(frozen=True)
class Audience:
    """An audience that a destination flow sends."""

    name: str
    size: int
    frequency: str = "DAILY"
    mode: str = "FIRST_FULL_THEN_INCREMENTAL"
    at: str = "04:00"
    skipped_share: float = 0.0
    """The share of its records that lack a mandatory attribute."""


@dataclass(frozen=True)
class Account:
    """A base connection. `params` holds what is not secret; the builder invents the secrets."""

    key: str
    name: str
    spec: str
    """The API name of its connection spec."""
    auth: int = 0
    """Which of the spec's ways to log in."""
    params: JsonObject = field(default_factory=dict)
    description: str | None = None
    author: str = "mira"
    created_days_ago: float = 210.0
    broken: str | None = None


@dataclass(frozen=True, kw_only=True)
class FlowPlan:
    """One flow with its source connection, its target connection, and its history.

    `place` is the path, table or topic that is read, or the path written to. `datasets` names the target of
    an ingestion, or what an export or an internal flow reads; a name that starts with `!` was deleted.
    """

    key: str
    name: str
    kind: Kind
    account: str | None = None
    place: str = ""
    feed: str | None = None
    datasets: tuple[str, ...] = ()
    format: Literal["delimited", "json", "parquet"] = "delimited"
    description: str | None = None
    schedule: Schedule | None = None
    volume: Volume = Volume(1000)
    faults: tuple[Fault, ...] = ()
    author: str = "mira"
    created_days_ago: float | None = None
    """None: some day long enough ago, by its key."""
    updated_days_ago: float | None = None
    state: Literal["enabled", "disabled", "draft"] = "enabled"
    stopped_days_ago: float | None = None
    """No run since then (disabled, or silently stopped)."""
    running_minutes: float | None = None
    """A run that started so many minutes ago is still going on."""
    delta_column: str | None = None
    diagnostics: bool | None = None
    tolerated_percent: float | None = None
    mapping_version: int = 0
    audiences: tuple[Audience, ...] = ()
    mandatory: tuple[str, ...] = ()
    params: JsonObject = field(default_factory=dict)
    """Further parameters of the external side."""
    policy: tuple[str, ...] = ()
    flow_spec: str | None = None
    """Where the kind leaves a choice (streams, internal flows): the flow spec's id."""
    failed_update: str | None = None
    """The message with which the last update of the flow failed."""
    file_missing: bool = False
    newest_file_days: int = 0
    """How old the newest file in the folder is."""
    generated: bool = False
    """Part of a scaled organisation: it has no files, and its history ends well before now."""
    newest_runs: int | None = None
    """Of a generated flow: it has just so many runs, the newest ones."""
    shared_mapping: str | None = None
    """Of a generated flow: the key of a mapping set that it shares with others."""


@dataclass(frozen=True)
class Extra:
    """A file or table that no flow reads, at an account or (None) in the landing zone."""

    account: str | None
    place: str
    feed: str
    table: bool = False


@dataclass(frozen=True)
class SandboxPlan:
    """The content of one sandbox. `datasets` gives names and schemas by key."""

    name: str
    title: str
    type: Literal["production", "development"]
    accounts: tuple[Account, ...] = ()
    flows: tuple[FlowPlan, ...] = ()
    datasets: tuple[DatasetPlan, ...] = ()
    extras: tuple[Extra, ...] = ()
    is_default: bool = False


@dataclass(frozen=True)
class DatasetPlan:
    key: str
    name: str
    schema: str
    profile: bool = False
    """Whether it feeds profile and identity."""
    system: bool = False
    created_days_ago: float = 300.0
