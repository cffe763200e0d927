"""What Adobe counted of what came in: records, batches and bytes over time."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field

from aep_flow_mcp.answers.text import Answer
from aep_flow_mcp.gathering import times
from aep_flow_mcp.gathering.finding import flow_id_of
from aep_flow_mcp.gathering.observed.ingestion import (
    FAMILIES,
    MOST_DATASETS,
    Written,
    datasets_meant,
    datasets_of_flow,
    written_by,
)
from aep_flow_mcp.insight.windows import Window, WindowError, parse_window
from aep_flow_mcp.insight.words import utc
from aep_flow_mcp.platform.kept.insights import MetricsQuery
from aep_flow_mcp.platform.models.kept import MetricPoints, MetricSeries
from aep_flow_mcp.platform.models.text import clean_text
from aep_flow_mcp.surface.dependencies import AppState, Reader
from aep_flow_mcp.surface.registry import read_tool

MOST_POINTS = 62
"""Of a series, in the order of time; so many of the latest are shown."""
_SHORT = timedelta(days=2)
_LONG = timedelta(days=62)

Family = Literal["ingestion", "profile", "identity", "streaming"]
Granularity = Literal["hour", "day", "month"]


class Series(BaseModel):
    """One metric of one dataset (or of all): values by time, without `left_out` earlier ones. `total` adds up all of
    them; None for a metric that adds up by itself."""

    metric: str
    dataset: str | None = None
    dataset_id: str | None = None
    total: float | None = None
    points: dict[str, float | None]
    left_out: int | None = None


class IngestionMetrics(Answer):
    """What Adobe counted in a window. `runs_wrote`: what the flow's own runs say, to hold against it."""

    window: str
    granularity: str
    series: list[Series]
    runs: int | None = None
    runs_wrote: int | None = None
    note: str | None = None

    def text(self) -> str:
        lines = [f"window {self.window}, by {self.granularity}"]
        for dataset in dict.fromkeys((one.dataset_id, one.dataset) for one in self.series):
            own = [one for one in self.series if (one.dataset_id, one.dataset) == dataset]
            lines += _table(own, *dataset)
        if self.runs_wrote is not None:
            lines.append(f"the flow's {self.runs} runs that started in it wrote {self.runs_wrote:,} records")
        return "\n".join([*lines, *([self.note] if self.note else [])])


def _table(own: list[Series], id: str | None, name: str | None) -> list[str]:
    """A line a time and a column a metric, the totals last."""
    head = f"{clean_text(name)} ({id})" if name and id else id or "all datasets"
    ats = sorted({at for one in own for at in one.points})
    if not ats:
        return [f"{head}: nothing was counted ({', '.join(_short(one.metric) for one in own)})"]
    rows = [" | ".join(["at", *(_short(one.metric) for one in own)])]
    rows += [" | ".join([at, *(_number(one.points.get(at)) for one in own)]) for at in ats]
    rows.append(" | ".join(["total", *(_number(one.total) for one in own)]))
    left_out = max(one.left_out or 0 for one in own)
    cut = [f"({len(ats)} of {len(ats) + left_out} times; the totals count all)"] if left_out else []
    return [head, *rows, *cut]


def _short(metric: str) -> str:
    return clean_text(metric.removeprefix("timeseries.").removeprefix("ingestion.dataset."))


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{int(value):,}" if float(value).is_integer() else f"{value:,.2f}"


@read_tool("runs")
async def get_ingestion_metrics(
    app: AppState,
    aep: Reader,
    flow: Annotated[str | None, Field(description="id or name: the datasets it writes into")] = None,
    datasets: Annotated[
        list[str] | None, Field(max_length=MOST_DATASETS, description="ids or names; none: all together")
    ] = None,
    family: Family = "ingestion",
    metrics: Annotated[
        list[str] | None,
        Field(max_length=20, description="instead of family: Adobe's full names, timeseries. ..."),
    ] = None,
    window: Annotated[str, Field(description="as for pipeline_health")] = "7d",
    granularity: Granularity | None = None,
) -> IngestionMetrics:
    """What Adobe itself counted into datasets (Observability Insights): records, batches, failed batches, bytes over
    time, beside what the flow's runs say. What ran and failed, and why: pipeline_health."""
    try:
        asked = parse_window(window, now=times.now())
    except WindowError as error:
        raise ToolError(f"window: {error}") from None
    if flow and datasets:
        raise ToolError("Give flow or datasets, not both.")
    flow_id = await flow_id_of(app, aep, flow, now=times.now()) if flow else None
    known = await datasets_of_flow(aep, flow_id) if flow_id else await datasets_meant(aep, datasets or [])
    step = granularity or _fitting(asked)
    found = await aep.insights.metrics(
        MetricsQuery(
            names=tuple(metrics) if metrics else FAMILIES[family],
            start=asked.start,
            end=asked.end,
            granularity=step.upper(),
            datasets=tuple(known),
        )
    )
    written = await written_by(aep, flow_id, asked) if flow_id else None
    return IngestionMetrics(
        window=str(asked),
        granularity=step,
        series=[_series(one, points, known) for one in found for points in one.datapoints],
        runs=written.runs if written else None,
        runs_wrote=written.records if written else None,
        note=_note(written, found, asked, step),
    )


def _fitting(window: Window) -> Granularity:
    if window.length <= _SHORT:
        return "hour"
    return "day" if window.length <= _LONG else "month"


def _series(one: MetricSeries, points: MetricPoints, known: dict[str, str | None]) -> Series:
    id = points.dataset_id or (next(iter(known)) if len(known) == 1 else None)
    every = list(points.points.items())
    values = [value for _, value in every if value is not None]
    adds_up = not one.metric.endswith(".dataset.size")
    return Series(
        metric=one.metric,
        dataset=known.get(id) if id else None,
        dataset_id=id,
        total=sum(values) if values and adds_up else None,
        points=dict(every[-MOST_POINTS:]),
        left_out=max(0, len(every) - MOST_POINTS) or None,
    )


def _note(written: Written | None, found: list[MetricSeries], asked: Window, step: Granularity) -> str | None:
    notes = []
    if written is not None:
        notes.append(
            "Metrics count when a batch is done, runs when they start; others may write into the dataset too."
        )
    if written is not None and not written.all:
        notes.append(f"Only {written.runs:,} runs were read.")
    longest = max((list(points.points) for one in found for points in one.datapoints), key=len, default=[])
    if len(longest) > MOST_POINTS:
        window = f"window={utc(asked.start)}/{longest[-MOST_POINTS]}"
        notes.append(f"Earlier times: call again with granularity={step}, {window}.")
    return " ".join(notes) or None
