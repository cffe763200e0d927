"""The answer of pipeline_health: its shapes, and its words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from pydantic import BaseModel, Field

from aep_flow_mcp.answers.text import InPieces, table
from aep_flow_mcp.insight.health.quantiles import Quantiles
from aep_flow_mcp.insight.health.tally import Sums, Tally
from aep_flow_mcp.platform.models.text import clean_text

_ID = re.compile(r"\([0-9a-f-]{36}\)")


class Counts(BaseModel):
    """Runs by outcome, and sums over the runs that report them; None where none does.

    `partial`: a success of which records failed. Skipped records count apart.
    """

    runs: int
    succeeded: int
    partial: int
    failed: int
    in_progress: int
    waiting: int
    unknown: int
    records_in: int | None = None
    records_out: int | None = None
    records_failed: int | None = None
    records_skipped: int | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None

    @classmethod
    def of(cls, tally: Sums) -> Counts:
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

    def amounts(self, *, records: bool) -> str | None:
        """Records and bytes; without `records` only bytes. None where no run tells any."""
        counts = (
            (self.records_in, "read"),
            (self.records_out, "written"),
            (self.records_failed, "failed"),
            (self.records_skipped, "skipped"),
        )
        parts = [f"records: {words}" for words in [_counted(counts)] if words and records]
        sizes = _counted(((self.bytes_in, "read"), (self.bytes_out, "written")))
        return "; ".join([*parts, *([f"bytes: {sizes}"] if sizes else [])]) or None


def _counted(counts: Iterable[tuple[int | None, str]]) -> str:
    return ", ".join(f"{number:,} {word}" for number, word in counts if number is not None)


class Traffic(BaseModel):
    """What went into the datasets asked about and what was read from them, and by which flows. None: no run tells."""

    written_into: int | None = None
    read_from: int | None = None
    failed: int | None = None
    skipped: int | None = None
    writers: list[str]
    readers: list[str]

    def lines(self, told: Callable[[str, int], str]) -> list[str]:
        """told: how many names of a list are shown, of how many."""
        counts = (
            (self.written_into, "written into it"),
            (self.read_from, "read from it"),
            (self.failed, "failed"),
            (self.skipped, "skipped"),
        )
        found = [f"records: {words}"] if (words := _counted(counts)) else []
        lists = (("written by", "writers", self.writers), ("read by", "readers", self.readers))
        for word, list, names in lists:
            if names:
                shown = ", ".join(clean_text(name) for name in names)
                found.append(f"{word} {told(list, len(names))} flow{'s' if len(names) > 1 else ''}: {shown}")
        return found


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
    """`since`: the first of the bad runs in a row that go on, "at least ..." where it may be earlier; None: the newest
    run was good. `last_good`: the last run that was."""

    failed: int
    partial: int
    runs: int
    records_in: int | None = None
    records_out: int | None = None
    records_failed: int | None = None
    records_skipped: int | None = None
    since: str | None = None
    last_good: str | None = None
    last_error: str | None = None
    cause: str | None = None


class SkippingRow(Row):
    runs: int
    records_in: int | None = None
    records_out: int | None = None
    records_skipped: int


class SlowRow(Row):
    """`usual_s`: the median of the runs before the window."""

    mean_s: float
    max_s: float
    runs: int
    usual_s: float | None = None
    records_in: int | None = None
    records_out: int | None = None


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
    """Runs that failed for the same reason: code, cause and message without what varies. `message` is that of one;
    `meaning` what the code is documented for."""

    error: str
    cause: str | None = None
    runs: int
    flows: int
    records_failed: int | None = None
    first: str | None = None
    last: str | None = None
    meaning: str | None = None
    message: str | None = None


class GroupRow(BaseModel):
    """The runs of one group; `mean_s` and `p95_s` are durations. Of a dataset: `written_into` by the flows that write
    it, `read_from` by those that read it."""

    group: str
    id: str | None = None
    runs: int
    succeeded: int
    partial: int
    failed: int
    written_into: int | None = None
    read_from: int | None = None
    records_in: int | None = None
    records_out: int | None = None
    records_failed: int | None = None
    records_skipped: int | None = None
    bytes_in: int | None = None
    mean_s: float | None = None
    p95_s: float | None = None


class PipelineHealth(InPieces):
    """How pipelines did in `window` (start/end, a run counts where it started) and in the window before.

    Lists hold at most `limit` rows; `also` names flows that have none, by list. With a cursor there is only the list
    that it goes on in, `part`. `complete` is false when reading was stopped: then the numbers are those of the runs
    that were read, and `notes` say so.
    """

    window: str
    scope: str
    flows: int
    total: Counts
    before: Counts
    dataset: Traffic | None = None
    duration_s: Percentiles | None = None
    latency_s: Percentiles | None = None
    errors: list[ErrorRow] = Field(default_factory=list)
    failing: list[FailingRow] = Field(default_factory=list)
    worse: list[WorseRow] = Field(default_factory=list)
    missed: list[MissedRow] = Field(default_factory=list)
    never_ran: list[NeverRow] = Field(default_factory=list)
    ending: list[EndingRow] = Field(default_factory=list)
    skipping: list[SkippingRow] = Field(default_factory=list)
    slowest: list[SlowRow] = Field(default_factory=list)
    group_by: str | None = None
    groups: list[GroupRow] = Field(default_factory=list)
    also: dict[str, list[str]] = Field(default_factory=dict)
    part: str | None = None
    complete: bool = True
    notes: list[str] = Field(default_factory=list)

    def text(self) -> str:
        lines = [f"{self.window}, {self.scope}: {self.total.outcomes()}"]
        if self.part is None:
            lines += self._sums()
        elif self.dataset:
            lines += self.dataset.lines(self.told)
        titles = (*_SECTIONS, ("groups", f"by {self.group_by}"))
        for name, title in titles:
            rows = getattr(self, name)
            if rows:
                told = f" ({self.told(name, len(rows))})" if name in self.more else ""
                lines += [f"{title}{told}:", *table(list(rows))]
            lines += _also(self.also.get(name, []))
        return "\n".join([*lines, *self.notes])

    def _sums(self) -> list[str]:
        lines = [f"window before: {self.before.outcomes()}"]
        if self.dataset:
            lines += self.dataset.lines(self.told)
        if amounts := self.total.amounts(records=self.dataset is None):
            lines.append(amounts)
        if self.duration_s:
            lines.append(f"seconds a run: {self.duration_s.words()}")
        if self.latency_s:
            lines.append(f"latency s: {self.latency_s.words()}")
        return lines


_SECTIONS = (
    ("errors", "errors"),
    ("failing", "flows with failed or partial runs"),
    ("worse", "worse than before"),
    ("missed", "ran less often than due"),
    ("never_ran", "enabled, never ran"),
    ("ending", "enabled, schedule over or ends within 14 days"),
    ("skipping", "records skipped"),
    ("slowest", "slowest flows"),
)


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
        records_out=tally.records_out,
        records_failed=tally.records_failed,
        records_skipped=tally.records_skipped,
        bytes_in=tally.bytes_in,
        mean_s=None if mean is None else round(mean, 1),
        p95_s=None if high is None else round(high, 1),
    )


def dataset_row(name: str, id: str, tally: Tally, *, written: Tally | None, read: Tally | None) -> GroupRow:
    """The row of one dataset: what its writers read elsewhere, and what its readers write there, is not its own."""
    row = group_row(name, id, tally)
    own = {
        "written_into": written.records_out if written else None,
        "read_from": read.records_in if read else None,
    }
    return row.model_copy(update={"records_in": None, "records_out": None, **own})


def _also(names: list[str]) -> list[str]:
    """Names in one line; of several things with one name, each with its id in a line of its own."""
    told_apart = [name for name in names if _ID.search(name)]
    plain = [name for name in names if name not in told_apart]
    return [f"also: {clean_text(line)}" for line in (", ".join(plain), *told_apart) if line]
