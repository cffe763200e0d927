"""One run in API shape."""

from __future__ import annotations

from dataclasses import dataclass

from ...json_types import JsonObject
from ...state.content import ORG_ID
from ..ids import IndexedUlids, digest, etag
from .export_runs import audience_run, export_run, internal_run
from .ingestion_runs import IngestionRun
from .run_parts import FlowAbout
from .timeline import RunFacts

_SERVICE = "acp_foundation_connectors"


@dataclass(frozen=True)
class RunRenderer:
    """Makes API objects of the runs of one sandbox."""

    seed: int
    sandbox_id: str
    sandbox_name: str
    batches: IndexedUlids

    def __call__(self, run: RunFacts) -> JsonObject:
        about: FlowAbout = run.plan.about
        match about.kind:
            case "audience":
                metrics, activities = audience_run(run, about)
            case "export":
                metrics, activities = export_run(run, about)
            case "internal":
                metrics, activities = internal_run(run)
            case _:
                metrics, activities = IngestionRun(run, about, self.batch_id(run)).parts()
        salt = digest(self.seed, "run-etag", run.id)
        return {
            "id": run.id,
            "createdAt": run.created,
            "updatedAt": run.updated,
            "createdBy": f"{_SERVICE}@AdobeID",
            "updatedBy": f"{_SERVICE}@AdobeID",
            "createdClient": _SERVICE,
            "updatedClient": _SERVICE,
            "sandboxId": self.sandbox_id,
            "sandboxName": self.sandbox_name,
            "imsOrgId": ORG_ID,
            "flowId": run.plan.flow_id,
            "flowSpec": {"id": about.flow_spec_id, "version": "1.0"},
            "providerRefId": f"M-{run.plan.flow_id}-incremental-{run.number}:{run.id}",
            "etag": etag(run.updated, salt),
            "metrics": metrics,
            "activities": activities,
        }

    def batch_id(self, run: RunFacts) -> str:
        """The Catalog batch that the run loads; it carries the run's row, see `Batches`."""
        return self.batches.of(run.index, run.started)
