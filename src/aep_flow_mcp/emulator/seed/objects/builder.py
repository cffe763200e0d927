"""Builds one sandbox from its plan: every object, its history, its batches and its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from ...json_types import JsonObject
from ...state.content import ORG_ID, SandboxSeed
from ..history.batches import Batches, Loading
from ..history.run_parts import FlowAbout
from ..history.runs import RunRenderer
from ..history.timeline import History, RunPlan, nominal_times
from ..ids import IndexedUlids
from ..organisation.plan import DAY, HOUR, Account, DatasetPlan, FlowPlan, SandboxPlan
from ..organisation.schemas import build_schemas, schema_uri
from .files import build_files
from .mappings import export_mapping, ingestion_mapping
from .pipeline import (
    PEOPLE,
    Place,
    author_of,
    connection,
    endpoint_specs,
    flow,
    flow_spec_id,
    source_connection,
    target_connection,
)
from .rejected import Rejected
from .steps import audience_id, mapping_id, run_plan, schedule_params, transformations

_INGESTING = frozenset({"files", "landing", "table", "stream"})


@dataclass
class _Content:
    """The objects of a sandbox as they come into being."""

    sources: list[JsonObject] = field(default_factory=list)
    targets: list[JsonObject] = field(default_factory=list)
    flows: list[JsonObject] = field(default_factory=list)
    mapping_sets: dict[str, JsonObject] = field(default_factory=dict)
    run_plans: list[RunPlan] = field(default_factory=list)
    stream_plans: list[RunPlan] = field(default_factory=list)


class SandboxBuilder:
    """Turns a plan into API objects."""

    def __init__(self, place: Place, plan: SandboxPlan) -> None:
        self._place = place
        self._plan = plan
        self._accounts: Mapping[str, Account] = {account.key: account for account in plan.accounts}
        self._connections = {account.key: connection(place, account) for account in plan.accounts}
        self._datasets: Mapping[str, DatasetPlan] = {data.key: data for data in plan.datasets}
        self._content = _Content()

    def build(self) -> SandboxSeed:
        place, plan, content = self._place, self._plan, self._content
        for item in plan.flows:
            self._add_flow(item)
        runs = self._history("runs", content.run_plans)
        streams = self._history("streams", content.stream_plans)
        batches = Batches((runs, streams))
        self._add_last_runs(runs.history)
        return SandboxSeed(
            connections=list(self._connections.values()),
            source_connections=content.sources,
            target_connections=content.targets,
            flows=content.flows,
            runs=runs.history,
            datasets=self._build_datasets(batches),
            batches=batches,
            schemas=build_schemas(place.ids, place.sandbox_id, place.ago(320, "schemas")),
            mapping_sets=list(content.mapping_sets.values()),
            read_files=partial(build_files, place, plan),
            people={author_of(place.ids, who)[0]: f"{who}@brightfjord.example" for who in PEOPLE},
            rejected=self._rejected(batches),
        )

    def _rejected(self, batches: Batches) -> Rejected:
        """What batches left out, where their flow keeps diagnostics of it."""
        known = [(self._place.uuid("flow", item.key), item) for item in self._plan.flows]
        return Rejected(
            batches,
            feeds={id: item.feed for id, item in known if item.feed is not None},
            diagnosed=frozenset(id for id, item in known if item.diagnostics),
        )

    def _history(self, name: str, plans: list[RunPlan]) -> Loading:
        place = self._place
        renderer = RunRenderer(
            seed=place.ids.seed,
            sandbox_id=place.sandbox_id,
            sandbox_name=place.sandbox,
            batches=IndexedUlids(place.ids.seed, place.sandbox, name),
        )
        history = History(
            seed=place.ids.seed,
            name=f"{place.sandbox}/{name}",
            plans=plans,
            now_ms=place.now_ms,
            render=renderer,
        )
        return Loading(history, renderer)

    def _add_flow(self, plan: FlowPlan) -> None:
        place, content = self._place, self._content
        account = self._accounts[plan.account] if plan.account is not None else None
        base = self._connections[plan.account] if plan.account is not None else None
        source_spec, target_spec = endpoint_specs(place, plan, account)
        spec = flow_spec_id(place, plan, account)
        ingesting = plan.kind in _INGESTING
        references = [self._reference(key) for key in plan.datasets]
        reading = plan.kind in {"audience", "stream_audience"}
        source_base = self._connections["profile-store"] if reading else base if ingesting else None
        source = source_connection(place, plan, source_spec, source_base, references)
        dataset = self._target_dataset(plan) if ingesting else None
        target_base = None if ingesting or plan.kind == "internal" else base
        target = target_connection(place, plan, target_spec, target_base, dataset)
        steps = transformations(place, plan)
        schedule = schedule_params(place, plan)
        built = flow(
            place, plan, spec=spec, source=source, target=target, transformations=steps, schedule=schedule
        )
        content.sources.append(source)
        content.targets.append(target)
        content.flows.append(built)
        external = account.spec if account else "landing-zone"
        about = FlowAbout(
            kind=plan.kind,
            flow_spec_id=spec,
            source_id=source["id"],
            target_id=target["id"],
            connector=place.catalogue.by_name[external].label,
            account=account.name if account else "Data Landing Zone",
            place=plan.place,
            dataset_id=references[0]["dataSetId"] if references else "",
            audiences=tuple((audience_id(place, audience), audience) for audience in plan.audiences),
            diagnostics=bool(plan.diagnostics),
        )
        if plan.kind == "stream":
            content.stream_plans.append(self._stream_plan(plan, built["id"], about))
        else:
            content.run_plans.append(run_plan(place, plan, about))
        if plan.feed is not None and steps:
            mapping = mapping_id(place, plan)
            if mapping not in content.mapping_sets:
                content.mapping_sets[mapping] = self._mapping_set(plan)

    def _stream_plan(self, plan: FlowPlan, flow_id: str, about: FlowAbout) -> RunPlan:
        """Streams have no runs, but an hourly batch in their dataset; the last week is enough of those."""
        now = self._place.now_ms
        hours = nominal_times(period=HOUR, offset=0, first=now - 7 * DAY, last=now)
        live = plan.state == "enabled"
        return RunPlan(flow_id=flow_id, times=hours if live else range(0), volume=plan.volume, about=about)

    def _mapping_set(self, plan: FlowPlan) -> JsonObject:
        place = self._place
        id, author = mapping_id(place, plan), author_of(place.ids, plan.author)[0]
        created = place.created(plan)
        version = plan.mapping_version
        if plan.kind not in _INGESTING:
            return export_mapping(place.ids, id=id, version=version, created_ms=created, author=author)
        return ingestion_mapping(
            place.ids, id=id, version=version, feed_key=plan.feed or "", created_ms=created, author=author
        )

    def _reference(self, key: str) -> JsonObject:
        name = key.removeprefix("!")
        known = self._datasets.get(name)
        return {"dataSetId": self._place.dataset_id(name), "name": known.name if known else name}

    def _target_dataset(self, plan: FlowPlan) -> JsonObject:
        key = plan.datasets[0]
        if key.startswith("!"):
            name = key.removeprefix("!")
            return {"dataSetId": self._place.dataset_id(name), "schema": "message"}
        return {"dataSetId": self._place.dataset_id(key), "schema": self._datasets[key].schema}

    def _add_last_runs(self, history: History) -> None:
        for built in self._content.flows:
            run = history.last(built["id"])
            if run is None:
                continue
            details = {"id": run.id, "state": run.outcome.status, "startedAtUTC": run.started}
            if run.completed is not None:
                details["completedAtUTC"] = run.completed
            built["lastRunDetails"] = details

    def _build_datasets(self, batches: Batches) -> dict[str, JsonObject]:
        newest = self._newest_batches(batches)
        built = [self._dataset(plan, newest) for plan in self._plan.datasets]
        return {item["id"]: item for item in built}

    def _newest_batches(self, batches: Batches) -> dict[str, str]:
        """The last batch of each dataset. Batch ids begin with their time, so the greatest is the newest."""
        newest: dict[str, str] = {}
        for plan in self._plan.flows:
            if plan.kind not in _INGESTING or not plan.datasets:
                continue
            batch = next(batches.of_flow(self._place.uuid("flow", plan.key)), None)
            if batch is not None:
                id = self._place.dataset_id(plan.datasets[0])
                newest[id] = max(newest.get(id, ""), batch)
        return newest

    def _dataset(self, plan: DatasetPlan, newest: Mapping[str, str]) -> JsonObject:
        place = self._place
        id = place.dataset_id(plan.key)
        created = place.ago(plan.created_days_ago, plan.key)
        enabled = ["enabled:true"] if plan.profile else ["enabled:false"]
        user, client = author_of(place.ids, "mira")
        built: JsonObject = {
            "id": id,
            "name": plan.name,
            "description": f"{plan.name} of sandbox {place.sandbox}",
            "schemaRef": {
                "id": schema_uri(place.ids, plan.schema),
                "contentType": "application/vnd.adobe.xed-full+json;version=1",
            },
            "tags": {"unifiedProfile": enabled, "unifiedIdentity": enabled},
            "imsOrg": ORG_ID,
            "sandboxId": place.sandbox_id,
            "version": "1.0.7",
            "created": created,
            "updated": created + DAY,
            "createdClient": client,
            "createdUser": user,
            "viewId": place.ids.hexadecimal(f"view:{id}", 24),
            "basePath": f"abfss://lake@datalake.example/{id}",
            "files": f"@/dataSetFiles?dataSetId={id}",
            "fileDescription": {"persisted": True, "format": "parquet"},
            "enableErrorDiagnostics": False,
        }
        batch = newest.get(id)
        if batch is not None:
            built |= {"lastBatchId": batch, "lastBatchStatus": "success", "lastSuccessfulBatch": batch}
        return built


def build_sandbox(place: Place, plan: SandboxPlan) -> SandboxSeed:
    """Everything in one sandbox. Raises KeyError when the plan names something that it does not hold."""
    return SandboxBuilder(place, plan).build()
