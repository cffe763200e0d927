"""Flow runs: how long, how much, and every place where a run hides its errors."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from .common import (
    ApiModel,
    AsMessages,
    AsObject,
    AsObjects,
    Int,
    Params,
    Ref,
    Stored,
    Text,
    Texts,
    Time,
    either,
    to_messages,
    to_time,
)


class RunStatus(StrEnum):
    """One spelling for the several that the API and its documents use."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    SUCCESS = "success"
    PARTIAL_SUCCESS = "partial_success"
    PARTIAL_FAILURE = "partial_failure"
    FAILED = "failed"
    UNKNOWN = "unknown"

    @property
    def finished(self) -> bool:
        return self in (self.SUCCESS, self.PARTIAL_SUCCESS, self.PARTIAL_FAILURE, self.FAILED)


_STATUSES = {
    "scheduled": RunStatus.SCHEDULED,
    "queued": RunStatus.QUEUED,
    "waiting": RunStatus.QUEUED,
    "pending": RunStatus.QUEUED,
    "inprogress": RunStatus.IN_PROGRESS,
    "processing": RunStatus.IN_PROGRESS,
    "running": RunStatus.IN_PROGRESS,
    "started": RunStatus.IN_PROGRESS,
    "success": RunStatus.SUCCESS,
    "successful": RunStatus.SUCCESS,
    "succeeded": RunStatus.SUCCESS,
    "completed": RunStatus.SUCCESS,
    "partial": RunStatus.PARTIAL_SUCCESS,
    "partialsuccess": RunStatus.PARTIAL_SUCCESS,
    "partialsucceeded": RunStatus.PARTIAL_SUCCESS,
    "partiallysucceeded": RunStatus.PARTIAL_SUCCESS,
    "partiallysuccessful": RunStatus.PARTIAL_SUCCESS,
    "partiallycompleted": RunStatus.PARTIAL_SUCCESS,
    "completedwitherrors": RunStatus.PARTIAL_SUCCESS,
    "successwitherrors": RunStatus.PARTIAL_SUCCESS,
    "partialfailure": RunStatus.PARTIAL_FAILURE,
    "partialfailed": RunStatus.PARTIAL_FAILURE,
    "partiallyfailed": RunStatus.PARTIAL_FAILURE,
    "failed": RunStatus.FAILED,
    "failure": RunStatus.FAILED,
    "error": RunStatus.FAILED,
}


def read_status(text: str | None) -> RunStatus:
    """The status behind any of its spellings (`inProgress`, `IN_PROGRESS`, `Failed`); UNKNOWN for others."""
    text = text or ""
    known = _STATUSES.get(text)
    if known is None:
        known = _STATUSES.get("".join(filter(str.isalpha, text.casefold())), RunStatus.UNKNOWN)
    return known


class CodedMessage(ApiModel):
    code: Text = Field(default=None, validation_alias=either("code", "errorCode"))
    message: Text = Field(
        default=None, validation_alias=either("message", "errorMessage", "detail", "details")
    )
    count: Int = Field(default=None, validation_alias=either("count", "recordCount"))
    type: Text = None


class RunError(ApiModel):
    """One error, skip or warning of a run.

    `place` says where it was found: `run`, `activity`, `activity details`, `failed records`,
    `skipped records`, `warnings`. `where` names the activity or the audience (`segment:<id>`), if any.
    """

    place: str
    code: str | None = None
    message: str | None = None
    count: int | None = None
    where: str | None = None


class DurationSummary(ApiModel):
    started_at: Time = Field(default=None, validation_alias=either("startedAtUTC", "startedAt"))
    completed_at: Time = Field(
        default=None, validation_alias=either("completedAtUTC", "stoppedAtUTC", "completedAt")
    )
    extensions: Params = Field(default_factory=dict)


class SizeSummary(ApiModel):
    input_bytes: Int = None
    output_bytes: Int = None


class RecordCounts(ApiModel):
    id: Text = None
    input_record_count: Int = None
    output_record_count: Int = None
    created_record_count: Int = None
    updated_record_count: Int = None
    skipped_record_count: Int = None
    failed_record_count: Int = None
    deleted_record_count: Int = None
    warning_record_count: Int = None
    failed_info: Annotated[list[CodedMessage], AsMessages] = Field(default_factory=list)
    skipped_info: Annotated[list[CodedMessage], AsMessages] = Field(default_factory=list)
    warning_info: Annotated[list[CodedMessage], AsMessages] = Field(default_factory=list)


class EndRecords(RecordCounts):
    """The counts at one source or target connection, and per entity (audience)."""

    entity_summaries: Annotated[list[RecordCounts], AsObjects] = Field(default_factory=list)


class RecordSummary(RecordCounts):
    source_summaries: Annotated[list[EndRecords], AsObjects] = Field(default_factory=list)
    target_summaries: Annotated[list[EndRecords], AsObjects] = Field(default_factory=list)

    def entities(self) -> Iterator[RecordCounts]:
        for end in [*self.source_summaries, *self.target_summaries]:
            yield from end.entity_summaries


class FileSummary(ApiModel):
    input_file_count: Int = None
    output_file_count: Int = None
    skipped_file_count: Int = None
    failed_file_count: Int = None
    manifest: Params = Field(default_factory=dict)
    extensions: Params = Field(default_factory=dict)

    @property
    def file_info_urls(self) -> list[str]:
        """Data Access links that list the files of the run, from either documented place."""
        nested = self.extensions.get("manifest")
        urls: list[str] = []
        for manifest in (self.manifest, nested if isinstance(nested, dict) else {}):
            info = manifest.get("fileInfo")
            for entry in info if isinstance(info, list) else [info]:
                url = entry.get("path") if isinstance(entry, dict) else entry
                if isinstance(url, str) and url:
                    urls.append(url)
        return urls


class StatusSummary(ApiModel):
    status: Text = None
    errors: Annotated[list[CodedMessage], AsMessages] = Field(default_factory=list)
    extensions: Params = Field(default_factory=dict)


class Metrics(ApiModel):
    duration_summary: Annotated[DurationSummary | None, AsObject] = None
    size_summary: Annotated[SizeSummary | None, AsObject] = None
    record_summary: Annotated[RecordSummary | None, AsObject] = None
    file_summary: Annotated[FileSummary | None, AsObject] = None
    status_summary: Annotated[StatusSummary | None, AsObject] = None


class InfoReference(ApiModel):
    type: Text = None
    ids: Texts = Field(default_factory=list)


class EndInfo(ApiModel):
    id: Text = None
    type: Text = None
    reference: Annotated[InfoReference | None, AsObject] = None


class Activity(Metrics):
    """One step of a run (copy, promotion, activation, ...), with its own metrics."""

    id: Text = None
    name: Text = None
    updated_at: Time = Field(default=None, validation_alias=either("updatedAtUTC", "updatedAt"))
    source_info: Annotated[list[EndInfo], AsObjects] = Field(default_factory=list)
    target_info: Annotated[list[EndInfo], AsObjects] = Field(default_factory=list)

    @property
    def label(self) -> str:
        return self.name or self.id or "unnamed activity"

    @property
    def status(self) -> RunStatus:
        return read_status(self.status_summary.status if self.status_summary else None)


class Predecessor(ApiModel):
    flow_id: Text = None
    flow_run_id: Text = None
    flow_spec: Ref = None


class FlowRun(Stored):
    """One execution of a flow. Counts and sizes are None when unknown (the API says -1 or nothing)."""

    flow_id: Text = None
    flow_spec: Ref = None
    provider_ref_id: Text = None
    params: Params = Field(default_factory=dict)
    metrics: Annotated[Metrics | None, AsObject] = None
    activities: Annotated[list[Activity], AsObjects] = Field(
        default_factory=list, validation_alias=either("activities", "activites")
    )
    parent_flow_run_id: Text = None
    child_flow_run_ids: Texts = Field(default_factory=list)
    predecessors: Annotated[list[Predecessor], AsObjects] = Field(default_factory=list)

    @property
    def status(self) -> RunStatus:
        """The run's own status; where it has none, what its `state` says."""
        summary = self.metrics.status_summary if self.metrics else None
        return read_status(summary.status if summary and summary.status else self.state)

    @property
    def started_at(self) -> datetime | None:
        summary = self.metrics.duration_summary if self.metrics else None
        return summary.started_at if summary else None

    @property
    def completed_at(self) -> datetime | None:
        summary = self.metrics.duration_summary if self.metrics else None
        return summary.completed_at if summary else None

    @property
    def duration_s(self) -> float | None:
        """Seconds from start to end; None while running."""
        if self.started_at is None or self.completed_at is None:
            return None
        return max(0.0, (self.completed_at - self.started_at).total_seconds())

    @property
    def records_in(self) -> int | None:
        return self._records("input_record_count")

    @property
    def records_out(self) -> int | None:
        return self._records("output_record_count")

    @property
    def records_failed(self) -> int | None:
        return self._records("failed_record_count")

    @property
    def records_skipped(self) -> int | None:
        return self._records("skipped_record_count")

    @property
    def bytes_in(self) -> int | None:
        return _known(self.metrics.size_summary, "input_bytes") if self.metrics else None

    @property
    def bytes_out(self) -> int | None:
        return _known(self.metrics.size_summary, "output_bytes") if self.metrics else None

    @property
    def files(self) -> FileSummary | None:
        return self.metrics.file_summary if self.metrics else None

    @property
    def files_in(self) -> int | None:
        return _known(self.metrics.file_summary, "input_file_count") if self.metrics else None

    @property
    def files_out(self) -> int | None:
        return _known(self.metrics.file_summary, "output_file_count") if self.metrics else None

    @property
    def files_failed(self) -> int | None:
        return _known(self.metrics.file_summary, "failed_file_count") if self.metrics else None

    @property
    def file_info_urls(self) -> list[str]:
        return self.metrics.file_summary.file_info_urls if self.metrics and self.metrics.file_summary else []

    @property
    def window(self) -> tuple[datetime | None, datetime | None]:
        """The window of source timestamps that the run covers, where an activity or the parameters tell."""
        for activity in self.activities:
            extensions = activity.duration_summary.extensions if activity.duration_summary else {}
            if "windowStart" in extensions or "windowEnd" in extensions:
                return to_time(extensions.get("windowStart")), to_time(extensions.get("windowEnd"))
        return to_time(self.params.get("windowStartTime")), to_time(self.params.get("windowEndTime"))

    @property
    def errors(self) -> list[RunError]:
        """Every error, skip and warning, from the summary down to single records; duplicates once."""
        return list(dict.fromkeys(_errors(self)))

    @property
    def clean(self) -> bool | None:
        """Succeeded and lost nothing, neither failed nor skipped; None where the counts do not tell."""
        return False if self.skips else self.unfailing

    @property
    def skips(self) -> bool:
        """Whether records were left out, in the summary or only below it: usually right, and a loss all the same."""
        return any(_counted_below(self, "skipped_record_count"))

    @property
    def unfailing(self) -> bool | None:
        """Succeeded and nothing failed: True where the counts account for every record, None where they do not tell.

        A plain `success` may hide failed records (partial ingestion), in the summary or only in an activity.
        """
        if self.status is not RunStatus.SUCCESS or self.records_failed or self.files_failed:
            return False
        if any(error.place in _FAILING_PLACES for error in self.errors):
            return False
        if any(_counted_below(self, "failed_record_count")):
            return False
        return True if self.unaccounted == 0 else None

    @property
    def unaccounted(self) -> int | None:
        """Records that were read and neither written, skipped nor counted as failed; None when not counted."""
        if self.records_in is None or self.records_out is None:
            return None
        return max(
            0, self.records_in - self.records_out - (self.records_skipped or 0) - (self.records_failed or 0)
        )

    @property
    def batch_ids(self) -> list[str]:
        """The Catalog batches that the run wrote."""
        infos = [info for activity in self.activities for info in activity.target_info]
        refs = [info.reference for info in infos if info.reference and (info.reference.type or "") == "Batch"]
        return list(dict.fromkeys(batch for ref in refs for batch in ref.ids))

    @property
    def diagnostics_urls(self) -> dict[str, str]:
        """Links to row-level diagnostics: `failedRecords` and `sampleErrors`, kept by Adobe for 30 days."""
        found: dict[str, str] = {}
        for activity in self.activities:
            manifest = activity.status_summary.extensions.get("manifest") if activity.status_summary else None
            for key in ("failedRecords", "sampleErrors"):
                url = manifest.get(key) if isinstance(manifest, dict) else None
                if isinstance(url, str) and url:
                    found.setdefault(key, url)
        return found

    def _records(self, field: str) -> int | None:
        return _known(self.metrics.record_summary, field) if self.metrics else None


_FAILING_PLACES = frozenset({"run", "activity", "activity details", "failed records"})


def _counted_below(run: FlowRun, count: str) -> Iterator[bool]:
    """Whether each of the summaries, of the run and of its activities, ends and audiences, counts any."""
    summaries = [run.metrics.record_summary if run.metrics else None]
    summaries += [activity.record_summary for activity in run.activities]
    for summary in summaries:
        if summary is not None:
            ends = [*summary.source_summaries, *summary.target_summaries]
            yield from ((getattr(counts, count) or 0) > 0 for counts in (summary, *ends, *summary.entities()))


def _known(summary: ApiModel | None, field: str) -> int | None:
    value = getattr(summary, field, None)
    return value if isinstance(value, int) and value >= 0 else None


def _errors(run: FlowRun) -> Iterator[RunError]:
    if run.metrics and run.metrics.status_summary:
        yield from _coded("run", run.metrics.status_summary.errors)
    for activity in run.activities:
        summary = activity.status_summary
        if summary is None:
            continue
        yield from _coded("activity", summary.errors, where=activity.label)
        yield from _coded("activity details", _detailed(summary.extensions), where=activity.label)
    if run.metrics and run.metrics.record_summary:
        yield from _record_errors(run.metrics.record_summary, where=None)
    for activity in run.activities:
        if activity.record_summary:
            yield from _record_errors(activity.record_summary, where=activity.label)


def _record_errors(summary: RecordSummary, *, where: str | None) -> Iterator[RunError]:
    yield from _counted(summary, where=where)
    for end in [*summary.source_summaries, *summary.target_summaries]:
        yield from _counted(end, where=end.id or where)
    for entity in summary.entities():
        yield from _counted(entity, where=entity.id or where)


def _counted(counts: RecordCounts, *, where: str | None) -> Iterator[RunError]:
    yield from _coded("failed records", counts.failed_info, where=where)
    yield from _coded("skipped records", counts.skipped_info, where=where)
    yield from _coded("warnings", counts.warning_info, where=where)


def _coded(place: str, messages: list[CodedMessage], *, where: str | None = None) -> Iterator[RunError]:
    for each in messages:
        if each.code or each.message:
            yield RunError(place=place, code=each.code, message=each.message, count=each.count, where=where)


def _detailed(extensions: dict[str, Any]) -> list[CodedMessage]:
    return [CodedMessage.model_validate(item) for item in to_messages(extensions.get("errors"))]
