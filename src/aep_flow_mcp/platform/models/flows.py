"""Flows: what they read and write, when, and what happened last."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from .common import (
    ApiModel,
    AsMessages,
    AsObject,
    AsObjects,
    Bool,
    Int,
    Params,
    Ref,
    Stored,
    Text,
    Texts,
    Time,
    either,
    to_bool,
    to_number,
    to_objects,
)
from .connections import ConnectionRef, MappingRef
from .runs import CodedMessage, RunStatus, read_status

DATA_LAKE_TARGET_SPEC = "c604ff05-7f1a-43c0-8e18-33bf874cb11c"
DATA_LAKE_SOURCE_SPEC = "23598e46-f560-407b-88d5-ea6207e49db0"
PROFILE_STORE_SPEC = "8a9c3494-9708-43d7-ae3f-cda01e5030e1"


class FlowKind(StrEnum):
    """source: into the data lake; destination: out of Platform; internal: between Platform's own stores."""

    SOURCE = "source"
    DESTINATION = "destination"
    INTERNAL = "internal"


class FlowTraits(ApiModel):
    is_source_flow: Bool = None
    is_destination_flow: Bool = None


class FlowInheritance(ApiModel):
    """What a flow repeats from its connections, so that most questions need no further call."""

    properties: Annotated[FlowTraits | None, AsObject] = None
    source_connections: Annotated[list[ConnectionRef], AsObjects] = Field(default_factory=list)
    target_connections: Annotated[list[ConnectionRef], AsObjects] = Field(default_factory=list)


class Schedule(ApiModel):
    """`scheduleParams`: of an ingestion (frequency, ...) or of a dataset export (timeUnit, ...)."""

    start_time: Time = None
    end_time: Time = None
    frequency: Text = None
    interval: Int = None
    backfill: Bool = None
    time_unit: Text = None
    export_mode: Text = None
    folder_name_template: Text = Field(
        default=None, validation_alias=either("folderNameTemplate", "foldernameTemplate")
    )

    @property
    def every(self) -> tuple[int, str] | None:
        """How often, as (number, unit); (0, "once") for a single run; None when the parameters do not say."""
        return every(self.frequency, self.time_unit, self.interval)


def every(frequency: str | None, time_unit: str | None, interval: int | None) -> tuple[int, str] | None:
    """What `Schedule.every` says, from the three fields that it is made of."""
    unit = frequency or time_unit
    if unit is None:
        return None
    if unit.casefold() == "once" or (time_unit and interval == 0):
        return 0, "once"
    return interval or 1, unit.casefold()


class Transformation(ApiModel):
    name: Text = None
    params: Params = Field(default_factory=dict)


class OperationStatus(ApiModel):
    value: Text = None
    errors: Annotated[list[CodedMessage], AsMessages] = Field(default_factory=list)


class LastOperation(ApiModel):
    """The last change made to the flow itself (not a run)."""

    operation: Text = None
    started: Time = None
    updated: Time = None
    percent_completed: Int = None
    status: Annotated[OperationStatus | None, AsObject] = None

    @property
    def errors(self) -> list[CodedMessage]:
        return self.status.errors if self.status else []


class LastRun(ApiModel):
    """`lastRunDetails`: absent until the first run."""

    id: Text = None
    state: Text = None
    started_at: Time = Field(default=None, validation_alias=either("startedAtUTC", "startedAt"))
    completed_at: Time = Field(
        default=None, validation_alias=either("completedAtUTC", "stoppedAtUTC", "completedAt")
    )

    @property
    def status(self) -> RunStatus:
        return read_status(self.state)

    @property
    def told(self) -> bool:
        """Whether it says anything: some answers have an empty object before the first run."""
        return bool(self.id or self.state or self.started_at or self.completed_at)


class Flow(Stored):
    """A dataflow: one source connection, one target connection, a flow spec, transformations, a schedule."""

    flow_spec: Ref = None
    source_connection_ids: Texts = Field(default_factory=list)
    target_connection_ids: Texts = Field(default_factory=list)
    inherited_attributes: Annotated[FlowInheritance | None, AsObject] = None
    schedule_params: Annotated[Schedule | None, AsObject] = None
    transformations: Annotated[list[Transformation], AsObjects] = Field(default_factory=list)
    options: Params = Field(default_factory=dict)
    policy: Params = Field(default_factory=dict)
    last_operation: Annotated[LastOperation | None, AsObject] = None
    last_run_details: Annotated[LastRun | None, AsObject] = None
    # Access labels: roles that lack one of them get a 404.
    labels: Texts = Field(default_factory=list)

    @property
    def spec_id(self) -> str | None:
        return self.flow_spec.id if self.flow_spec else None

    @property
    def schedule(self) -> Schedule | None:
        return self.schedule_params

    @property
    def last_run(self) -> LastRun | None:
        """What the flow itself says about its last run, which the list of runs may not hold (any more)."""
        last = self.last_run_details
        return last if last and last.told else None

    @property
    def inlet_url(self) -> str | None:
        """Where a webhook or stream sends its data to; None for a flow that fetches or exports."""
        found = self.options.get("inletUrl")
        return found if isinstance(found, str) and found else None

    @property
    def source_refs(self) -> list[ConnectionRef]:
        return self.inherited_attributes.source_connections if self.inherited_attributes else []

    @property
    def target_refs(self) -> list[ConnectionRef]:
        return self.inherited_attributes.target_connections if self.inherited_attributes else []

    @property
    def kind(self) -> FlowKind:
        """Source, destination or internal: by the flow's own flags, else by the specs at its two ends."""
        traits = self.inherited_attributes.properties if self.inherited_attributes else None
        if traits and traits.is_destination_flow:
            return FlowKind.DESTINATION
        if traits and traits.is_source_flow:
            return FlowKind.SOURCE
        return kind_by_ends(
            {ref.spec_id for ref in self.source_refs}, {ref.spec_id for ref in self.target_refs}
        )

    @property
    def tells_kind(self) -> bool:
        """Whether the flow repeats enough of what it joins to tell its kind by itself."""
        traits = self.inherited_attributes.properties if self.inherited_attributes else None
        flagged = traits is not None and bool(traits.is_destination_flow or traits.is_source_flow)
        return flagged or any(ref.spec_id for ref in (*self.source_refs, *self.target_refs))

    @property
    def mapping(self) -> MappingRef | None:
        """The mapping set in use: of the Mapping step, or of an audience activation's profileMapping."""
        for step in self.transformations:
            inner = step.params.get("profileMapping")
            found = MappingRef.from_params(step.params) or (
                MappingRef.from_params(inner) if isinstance(inner, dict) else None
            )
            if found:
                return found
        return None

    @property
    def audiences(self) -> list[dict[str, Any]]:
        """The audience selectors' values of an activation (id, name, exportMode, schedule); [] otherwise."""
        return self._selected("segmentSelectors")

    @property
    def attributes(self) -> list[dict[str, Any]]:
        """The profile attribute selectors' values of an activation (path, mapping, ...); [] otherwise."""
        return self._selected("profileSelectors")

    @property
    def error_diagnostics(self) -> bool | None:
        return to_bool(self.options.get("errorDiagnosticsEnabled"))

    @property
    def partial_ingestion_percent(self) -> float | None:
        return to_number(self.options.get("partialIngestionPercent"))

    @property
    def changed_at(self) -> datetime | None:
        return self.updated_at or self.created_at

    def _selected(self, group: str) -> list[dict[str, Any]]:
        values: list[dict[str, Any]] = []
        for step in self.transformations:
            outer = step.params.get(group)
            selectors = to_objects(outer.get("selectors")) if isinstance(outer, dict) else []
            for selector in selectors:
                value = selector.get("value") if isinstance(selector, dict) else None
                if isinstance(value, dict):
                    values.append(value)
        return values


def kind_by_ends(sources: set[str | None], targets: set[str | None]) -> FlowKind:
    """What a flow is by the connection specs at its two ends."""
    from_store = bool(sources & {DATA_LAKE_SOURCE_SPEC, PROFILE_STORE_SPEC})
    into_store = bool(targets & {DATA_LAKE_TARGET_SPEC, PROFILE_STORE_SPEC})
    if DATA_LAKE_TARGET_SPEC in targets and not from_store:
        return FlowKind.SOURCE
    if from_store and targets and not into_store:
        return FlowKind.DESTINATION
    return FlowKind.INTERNAL
