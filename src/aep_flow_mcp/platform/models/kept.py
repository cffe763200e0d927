"""What the audit log, Observability Insights and Data Access return."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from .common import ApiModel, AsObjects, Int, Key, Params, Text, Time, either, to_key, to_number


class AuditedAsset(ApiModel):
    """One of the assets of an event that is about several."""

    asset_id: Text = None
    asset_name: Text = None
    status: Text = None
    failure_code: Text = None


class AuditedAction(ApiModel):
    """Who did what to which asset, and how it ended. Words are Adobe's, in any of the cases that it writes."""

    id: Key = ""
    action: Text = None
    status: Text = None
    failure_code: Text = None
    timestamp: Time = None
    asset_type: Text = None
    asset_id: Text = None
    asset_name: Text = None
    assets: Annotated[list[AuditedAsset], AsObjects] = Field(default_factory=list)


class AuditEvent(AuditedAction):
    """An event of the audit log. `enhanced_events` say how what was allowed ended."""

    user_email: Text = None
    auth_id: Text = None
    enhanced_events: Annotated[list[AuditedAction], AsObjects] = Field(default_factory=list)

    @property
    def user(self) -> str | None:
        return self.user_email or self.auth_id

    @property
    def results(self) -> list[str]:
        """Each different end, such as `Allow`, `Success`, `Failure SMS-2010-403`."""
        parts = [self, *self.enhanced_events]
        ends: list[AuditedAction | AuditedAsset] = [*parts, *(one for part in parts for one in part.assets)]
        words = [" ".join(word for word in (end.status, end.failure_code) if word) for end in ends]
        return [word for word in dict.fromkeys(words) if word]

    @property
    def named(self) -> list[AuditedAsset]:
        """What it is about: one asset, or those of a request about several."""
        several = [asset for part in (self, *self.enhanced_events) for asset in part.assets]
        alone = AuditedAsset(asset_id=self.asset_id, asset_name=self.asset_name)
        return several if several and not (self.asset_id or self.asset_name) else [alone]


class MetricPoints(ApiModel):
    """The datapoints of a group: values by ISO 8601 time, oldest first; None where a value is no number."""

    group_by: Params = Field(default_factory=dict)
    dps: Params = Field(default_factory=dict)

    @property
    def dataset_id(self) -> str | None:
        """Of a group by dataset; both spellings of the key are Adobe's."""
        found = {name.casefold(): to_key(value) for name, value in self.group_by.items()}
        return found.get("datasetid") or next(iter(found.values()), None) or None

    @property
    def points(self) -> dict[str, float | None]:
        return {at: to_number(self.dps[at]) for at in sorted(self.dps)}


class MetricSeries(ApiModel):
    """One metric of an answer, with its datapoints by group."""

    metric: Key = Field(default="", validation_alias=either("metric", "name"))
    datapoints: Annotated[list[MetricPoints], AsObjects] = Field(default_factory=list)
    granularity: Text = None


class FileEntry(ApiModel):
    """A file of a batch, a folder of them (without a length), or a file of a dataset. `length` in bytes."""

    name: Key = Field(default="", validation_alias=either("name", "dataSetFileId", "path"))
    length: Int = Field(default=None, validation_alias=either("length", "size"))
    records: Int = None
    created: Time = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value
