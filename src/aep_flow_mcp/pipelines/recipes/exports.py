"""Datasets of the data lake into a cloud storage, on a schedule. Into the landing zone: see `landing_zone`."""

from __future__ import annotations

from typing import Any

from aep_flow_mcp.platform.models.specs import FlowSpec

from .. import accounts, bodies, datasets, parameters, places, timing, wellknown
from ..blueprint import Verdict
from ..desk import Desk

NAME = "dataset export"
FILE_TYPES = ("JSON", "PARQUET")
_AUDIENCE_ONLY = ("fileType", "csvOptions")


def flow_spec(desk: Desk) -> FlowSpec | None:
    """The flow spec that exports datasets to this connector; None where there is none."""
    fitting = (spec for spec in desk.findings.flow_specs if spec.takes_target(desk.spec.id))
    return next((spec for spec in fitting if spec.takes_source(wellknown.DATA_LAKE_SOURCE)), None)


def judge(desk: Desk, recipe: str = NAME) -> Verdict:
    """The verdict on an export of datasets."""
    desk.leave_out("datasets are exported as they are", "mapping_set", "fields")
    desk.leave_out("an export finds new rows by itself", "delta_column")
    desk.leave_out("give params.compression", "format_options")
    spec = flow_spec(desk)
    if spec is None:
        desk.refuse(
            "connector", f"{desk.label} takes no datasets: choose a cloud storage or the landing zone."
        )
        return desk.verdict(recipe)
    account = accounts.choose(desk, automatic=True)
    chosen = datasets.exported(desk)
    params = _params(desk)
    schedule = timing.export(desk, spec)
    options = bodies.options(desk, spec)
    source = bodies.lake_source(desk, chosen)
    target = bodies.destination(desk, account, params)
    flow = bodies.flow(desk, spec, source, target, schedule=schedule, options=options)
    names = ", ".join(item.name or item.id for item in chosen)
    return desk.verdict(
        recipe,
        f"Export {names} to {desk.label}",
        (*account.parts, source, target, flow),
        timing.described(desk),
    )


def _params(desk: Desk) -> dict[str, Any]:
    part = desk.spec.target_spec
    parameters.refuse_places(desk)
    for name in _AUDIENCE_ONLY:
        if name in desk.wish.params:
            desk.refuse(f"params.{name}", "is for exports of audiences: leave it out, and give format.")
    params = {name: value for name, value in parameters.free(desk).items() if name not in _AUDIENCE_ONLY}
    place, path = parameters.place_name(part), (desk.wish.path or "").strip()
    if path and place and places.written_well(desk, path):
        params[place] = path
    elif not path:
        desk.ask("path", f"Which folder of {desk.label} are the files written to?")
    known = part.properties if part else {}
    defaults = parameters.constants(part)
    if "datasetFileType" in known:
        defaults["datasetFileType"] = _file_type(desk)
    if "compression" in known:
        defaults["compression"] = "GZIP"
    params = {**defaults, **params}
    if params.get("datasetFileType") == "JSON" and params.get("compression") == "NONE":
        desk.refuse("params.compression", "JSON is exported compressed only: say GZIP, or format parquet.")
    return parameters.settle(desk, part, params)


def _file_type(desk: Desk) -> str:
    said = desk.wish.format
    other = desk.wish.params.get("datasetFileType")
    if said is None:
        return FILE_TYPES[0]
    kind = said.strip().upper().removeprefix(".")
    if kind not in FILE_TYPES:
        desk.refuse("format", "takes one of: json, parquet. Datasets are not exported as anything else.")
        return FILE_TYPES[0]
    if other is not None and other != kind:
        desk.refuse("params.datasetFileType", f"differs from format {said}: leave it out.")
    return kind
