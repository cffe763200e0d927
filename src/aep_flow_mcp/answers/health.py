"""The answer of pipeline_health: its shapes, and its words."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, Field

from aep_flow_mcp.answers.text import Answer, table
from aep_flow_mcp.insight.health.quantiles import Quantiles
from aep_flow_mcp.insight.health.tally import Tally


class Counts(BaseModel):
    """Runs by outcome, and sums over the runs that report them. `partial`: success that lost records."""

    runs: int
    succeeded: int
    partial: int
    failed: int
    in_progress: int
    waiting: int
    unknown: int
    records_in: int
    records_out: int
    records_failed: int
    bytes_in: int
    bytes_out: int

    @classmethod
    def of(cls, tally: Tally) -> Counts:
        return cls(**{name: getattr(tally, name) for name in cls.model_fields})

    def outcomes(self) -> str:
        """Such as "312 runs: 290 succeeded, 8 partial, 12 failed, 2 in progress"."""
        named = ("succeeded", "partial", "failed", "in_progress", "waiting", "unknown")
        parts = [
            f"{number:,} {name.replace('_', ' ')}"
            for name in named
            if (number := getattr(self, name)) or name in named[:3]
        ]
        return f"{self.runs:,} runs: {', '.join(parts)}" if self.runs else "no runs"


class Percentiles(BaseModel):
    """Seconds, nearest rank, over `count` runs. `exact` is false where they are within one percent."""

    count: int
    p50: float
    p95: float
    p99: float
    max: float
    exact: bool

    @classmethod
    def of(cls, values: Quantiles) -> Percentiles | None:
        if not values.count:
            return None
        middle, high, highest = (round(values.at(percent) or 0.0, 1) for percent in (50, 95, 99))
        largest = round(values.largest, 1)
        return cls(count=values.count, p50=middle, p95=high, p99=highest, max=largest, exact=values.exact)

    def words(self) -> str:
        about = "" if self.exact else " (within 1 %)"
        return f"p50 {self.p50:g}, p95 {self.p95:g}, p99 {self.p99:g}, max {self.max:g}{about}"


class Row(BaseModel):
    """A flow in one of the lists."""

    flow: str
    id: str


class FailingRow(Row):
    failed: int
    partial: int
    runs: int
    records_failed: int | None = None
    last_error: str | None = None
    cause: str | None = None


class SlowRow(Row):
    mean_s: float
    max_s: float
    runs: int


class WorseRow(Row):
    """`now` and `before` as words, because each trend has its own measure."""

    trend: str
    now: str
    before: str


class MissedRow(Row):
    """`ran` of `due` times, by the flow's own rhythm; `last_due`: about when the last missing run should have come."""

    ran: int
    due: int
    last_due: str
    last_run: str | None = None


class NeverRow(Row):
    created: str | None = None
    due: str | None = None


class EndingRow(Row):
    ends: str


class ErrorRow(BaseModel):
    """Runs with the same error. `meaning` is what the code is documented for, else the message; `causes` is what
    the messages name, with the number of runs."""

    error: str
    runs: int
    flows: int
    records_failed: int | None = None
    first: str | None = None
    last: str | None = None
    meaning: str | None = None
    causes: str | None = None


class GroupRow(BaseModel):
    """The runs of one group; `mean_s` and `p95_s` are durations."""

    group: str
    id: str | None = None
    runs: int
    succeeded: int
    partial: int
    failed: int
    records_in: int
    records_failed: int
    bytes_in: int
    mean_s: float | None = None
    p95_s: float | None = None


class PipelineHealth(Answer):
    """How pipelines did in `window` (start/end, a run counts where it started) and in the window before.

    Lists hold at most `top` rows; `more` says how many there are in all where that is more. `complete` is false
    when reading was stopped: then the numbers are those of the runs that were read, and `notes` say so.
    """

    window: str
    scope: str
    flows: int
    total: Counts
    before: Counts
    duration_s: Percentiles | None = None
    latency_s: Percentiles | None = None
    errors: list[ErrorRow] = Field(default_factory=list)
    failing: list[FailingRow] = Field(default_factory=list)
    worse: list[WorseRow] = Field(default_factory=list)
    missed: list[MissedRow] = Field(default_factory=list)
    never_ran: list[NeverRow] = Field(default_factory=list)
    ending: list[EndingRow] = Field(default_factory=list)
    slowest: list[SlowRow] = Field(default_factory=list)
    group_by: str | None = None
    groups: list[GroupRow] = Field(default_factory=list)
    more: dict[str, int] = Field(default_factory=dict)
    complete: bool = True
    notes: list[str] = Field(default_factory=list)

    def text(self) -> str:
        total, before = self.total, self.before
        lines = [
            f"{self.window}, {self.scope}: {total.outcomes()}",
            f"window before: {before.outcomes()}",
        ]
        if total.runs:
            lines.append(
                f"records: {total.records_in:,} read, {total.records_out:,} written, {total.records_failed:,} failed; "
                f"bytes: {total.bytes_in:,} read, {total.bytes_out:,} written"
            )
        if self.duration_s:
            lines.append(f"seconds a run: {self.duration_s.words()}")
        if self.latency_s:
            lines.append(f"latency s: {self.latency_s.words()}")
        for name, title in _SECTIONS:
            lines += _section(title, getattr(self, name), self.more.get(name))
        if self.group_by:
            lines += _section(f"by {self.group_by}", self.groups, self.more.get("groups"))
        return "\n".join([*lines, *self.notes])


_SECTIONS = (
    ("errors", "errors"),
    ("failing", "flows with failed or partial runs"),
    ("worse", "worse than before"),
    ("missed", "ran less often than due"),
    ("never_ran", "enabled, never ran"),
    ("ending", "enabled, schedule over or ends within 14 days"),
    ("slowest", "slowest flows"),
)


def _section(title: str, rows: Sequence[BaseModel], of: int | None) -> list[str]:
    if not rows:
        return []
    shown = f" ({len(rows)} of {of})" if of else ""
    return [f"{title}{shown}:", *table(list(rows))]


def group_row(name: str, id: str | None, tally: Tally) -> GroupRow:
    """The row of one group."""
    mean, high = tally.durations.mean, tally.durations.at(95)
    return GroupRow(
        group=name,
        id=id,
        runs=tally.runs,
        succeeded=tally.succeeded,
        partial=tally.partial,
        failed=tally.failed,
        records_in=tally.records_in,
        records_failed=tally.records_failed,
        bytes_in=tally.bytes_in,
        mean_s=None if mean is None else round(mean, 1),
        p95_s=None if high is None else round(high, 1),
    )
