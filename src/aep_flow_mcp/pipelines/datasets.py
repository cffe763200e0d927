"""The datasets of a pipeline: the one that an import fills, or those that an export reads."""

from __future__ import annotations

from collections.abc import Sequence

from aep_flow_mcp.platform.models.neighbours import Dataset

from . import wellknown
from .blueprint import Part, What
from .checks.outcome import Problem
from .connectors import plain
from .desk import Desk, named


def filled(desk: Desk) -> Dataset | None:
    """The one dataset that an import writes to."""
    if len(desk.wish.datasets) > 1:
        desk.refuse("datasets", "an import fills one dataset: give one, and make a pipeline for each other.")
        return None
    chosen = _chosen(desk, "Which dataset receives the data?", desk.findings.datasets)
    if not chosen:
        return None
    if chosen[0].schema_id is None:
        desk.refuse("datasets", f"{chosen[0].name or chosen[0].id} has no schema: choose a dataset with one.")
        return None
    return chosen[0]


def exported(desk: Desk) -> list[Dataset]:
    """The datasets that an export reads; each must be exportable."""
    exportable = desk.findings.exportable
    offered = [item for item in desk.findings.datasets if exportable is None or item.id in exportable]
    chosen = _chosen(desk, "Which datasets are exported?", offered)
    for item in chosen:
        if exportable is not None and item.id not in exportable:
            desk.refuse("datasets", f"{item.name or item.id} is not among the datasets that can be exported.")
    return chosen


def target(desk: Desk, dataset: Dataset) -> Part:
    """The target connection that writes into a dataset of the data lake."""
    schema = {"id": dataset.schema_id, "version": wellknown.SCHEMA_VERSION}
    return Part(
        what=What.TARGET,
        body={
            "name": f"{desk.wish.name} target",
            "data": {"format": "parquet_xdm", "schema": schema},
            "params": {"dataSetId": dataset.id},
            "connectionSpec": {"id": wellknown.DATA_LAKE, "version": "1.0"},
        },
    )


def _chosen(desk: Desk, question: str, offered: Sequence[Dataset]) -> list[Dataset]:
    if not desk.wish.datasets:
        desk.ask("datasets", question, type="list of names or ids", choices=named(offered))
        return []
    chosen: dict[str, Dataset] = {}
    for wanted, found in desk.findings.datasets_asked.items():
        if len(found) == 1:
            chosen[found[0].id] = found[0]
        elif found:
            desk.refuse(
                "datasets", f"several datasets are called {wanted}: give one id of {', '.join(named(found))}."
            )
        else:
            desk.refuse_all([Problem("datasets", f"there is no dataset {wanted}.{_close(desk, wanted)}")])
    return list(chosen.values())


def _close(desk: Desk, wanted: str) -> str:
    from rapidfuzz import fuzz

    scored = [(fuzz.WRatio(plain(wanted), plain(item.name or "")), item) for item in desk.findings.datasets]
    best = sorted((one for one in scored if one[0] >= 60), key=lambda one: (-one[0], one[1].id))[:3]
    return f" Close: {', '.join(named(item for _, item in best))}." if best else ""
