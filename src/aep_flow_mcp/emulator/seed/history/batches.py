"""Catalog's batches, worked out from the runs that loaded them (and, for streams, from the hour)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ...json_types import JsonObject
from ...state.content import ORG_ID
from ..organisation.plan import Outcome
from .ingestion_runs import ingested, loads_batch, refusals
from .run_parts import FlowAbout
from .runs import RunRenderer
from .timeline import History, RunFacts


@dataclass(frozen=True)
class Loading:
    """A history whose runs load batches, and the renderer that knows the batches' ids."""

    history: History
    renderer: RunRenderer

    def has_batch(self, index: int) -> bool:
        about: FlowAbout = self.history.plan_at(index).about
        return loads_batch(about, self.history.outcome(index))

    def batch_id(self, index: int) -> str:
        return self.renderer.batches.of(index, self.history.started(index))


class Batches(Mapping[str, JsonObject]):
    """All batches of a sandbox by id. Nothing is kept: an id carries the row of its run."""

    def __init__(self, loadings: tuple[Loading, ...]) -> None:
        self._loadings = loadings
        self._length: int | None = None

    def __getitem__(self, id: str) -> JsonObject:
        loading, run = self._found(id)
        return _batch(id, run, loading.renderer)

    def run_of(self, id: str) -> RunFacts:
        """The run that loaded a batch. Raises KeyError for an unknown one."""
        return self._found(id)[1]

    def _found(self, id: str) -> tuple[Loading, RunFacts]:
        for loading in self._loadings:
            index = loading.renderer.batches.index(id)
            if index is None or index >= len(loading.history):
                continue
            if loading.has_batch(index) and loading.batch_id(index) == id:
                return loading, loading.history.facts(index)
        raise KeyError(id)

    def __iter__(self) -> Iterator[str]:
        for loading in self._loadings:
            for index in range(len(loading.history)):
                if loading.has_batch(index):
                    yield loading.batch_id(index)

    def __len__(self) -> int:
        if self._length is None:
            self._length = sum(
                loading.has_batch(index)
                for loading in self._loadings
                for index in range(len(loading.history))
            )
        return self._length

    def of_flow(self, flow_id: str) -> Iterator[str]:
        """The ids of the batches that one flow loaded, newest first."""
        for loading in self._loadings:
            for index in reversed(loading.history.of_flow(flow_id)):
                if loading.has_batch(index):
                    yield loading.batch_id(index)


def _batch(id: str, run: RunFacts, renderer: RunRenderer) -> JsonObject:
    about: FlowAbout = run.plan.about
    read, refused = ingested(run)
    failed = run.outcome is Outcome.DATASET_GONE
    completed = run.completed or run.started
    return {
        "id": id,
        "imsOrg": ORG_ID,
        "sandboxId": renderer.sandbox_id,
        "status": "failed" if failed else "success",
        "created": run.started,
        "updated": completed,
        "started": run.started,
        "completed": completed,
        "createdUser": "acp_foundation_connectors@AdobeID",
        "updatedUser": "acp_foundation_dataTracker@AdobeID",
        "createdClient": "acp_foundation_connectors",
        "version": "1.0.3",
        "inputFormat": {"format": "parquet"},
        "tags": {"flowId": [run.plan.flow_id]},
        "relatedObjects": [{"type": "dataSet", "id": about.dataset_id}],
        "metrics": {
            "startTime": run.started,
            "endTime": completed,
            "inputRecordCount": read,
            "outputRecordCount": read - refused,
            "failedRecordCount": refused,
            "inputByteSize": read * run.plan.volume.record_bytes,
        },
        "errors": [
            {"code": error["code"], "description": error["message"], "recordCount": error["recordCount"]}
            for error in refusals(run)
        ],
    }
