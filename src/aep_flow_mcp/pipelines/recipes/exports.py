"""Datasets of the data lake into a cloud storage, on a schedule. Into the landing zone: see `landing_zone`."""

from __future__ import annotations

from typing import Any

from aep_flow_mcp.platform.models.specs import FlowSpec

from .. import accounts, bodies, datasets, parameters, places, timing, wellknown
from ..blueprint import Verdict
from ..desk import Desk

NAME = "dataset export"
FILE_TYPES = ("JSON", "PARQUET")
JSON_UNCOMPRESSED = (
    "JSON without compression: pages differ on whether datasets are exported so; GZIP is safe."
)
"""help/destinations/ui/connect-destination.md says no, help/destinations/api/export-datasets.md sends it."""


def flow_spec(desk: Desk) -> FlowSpec | None:
    """The flow spec that exports datasets to this connector; None where there is none."""
    fitting = (spec for spec in desk.findings.flow_specs if spec.takes_target(desk.spec.id))
    return next((spec for spec in fitting if spec.takes_source(wellknown.DATA_LAKE_SOURCE)), None)


def judge(desk: Desk, recipe: str = NAME) -> Verdict:
    """The verdict on an export of datasets."""
    desk.leave_out("datasets are exported as they are", "mapping_set", "fields")
    desk.leave_out("an export finds new rows by itself", "delta_column")
    spec = flow_spec(desk)
    if spec is None:
        desk.refuse(
            "connector", f"{desk.label} takes no datasets: choose a cloud storage or the landing zone."
        )
        return desk.verdict(recipe)
    account = accounts.choose(desk, automatic=True)
    chosen = datasets.exported(desk)
    params = _params(desk, spec)
    schedule = timing.export(desk, spec)
    source = bodies.lake_source(desk, chosen)
    target = bodies.destination(desk, account, params)
    flow = bodies.flow(desk, spec, source, target, schedule=schedule, options=bodies.options(desk))
    names = ", ".join(item.name or item.id for item in chosen)
    return desk.verdict(
        recipe,
        f"Export {names} to {desk.label}",
        (*account.parts, source, target, flow),
        timing.described(desk, spec, schedule),
    )


def _params(desk: Desk, spec: FlowSpec) -> dict[str, Any]:
    """What was said, and what goes without saying: where the connection spec declares nothing, the names that
    help/destinations/api/export-datasets.md sends."""
    part = desk.spec.target_spec
    parameters.refuse_places(desk)
    params = {**parameters.free(desk), **_compression(desk)}
    silent = parameters.silent(part)
    place = parameters.place_name(part) or ("path" if silent else None)
    path = (desk.wish.path or "").strip()
    if path and place:
        places.note_spelling(desk, path)
        params[place] = path
    elif path:
        desk.leave_out(f"{desk.label} writes to no folder", "path")
    elif place:
        desk.ask("path", f"Which folder of {desk.label} are the files written to?")
    known = part.properties if part else {}
    # Every page sends the mode; the printed specs do not declare it.
    defaults = {"mode": wellknown.SERVER_TO_SERVER, **parameters.constants(part)}
    if "datasetFileType" in known or silent or desk.wish.format:
        defaults["datasetFileType"] = _file_type(desk)
    if "compression" in known or silent:
        defaults["compression"] = "GZIP"
    params = {**defaults, **params}
    if params.get("datasetFileType") == "JSON" and params.get("compression") == "NONE":
        desk.warn(JSON_UNCOMPRESSED)
    return parameters.settle(desk, part, params, spec)


def _compression(desk: Desk) -> dict[str, Any]:
    """The one option of a format that datasets have."""
    found: dict[str, Any] = {}
    for name, value in desk.wish.format_options.items():
        if name not in ("compression", "compressionType"):
            desk.refuse(f"format_options.{name}", "must be left out: exported files have compression only.")
        elif "compression" in desk.wish.params:
            desk.refuse(f"format_options.{name}", "is params.compression already: give one of the two.")
        else:
            found["compression"] = value
    return found


def _file_type(desk: Desk) -> str:
    said = desk.wish.format
    other = desk.wish.params.get("datasetFileType")
    if said is None:
        return FILE_TYPES[0]
    kind = said.strip().upper().removeprefix(".")
    if other is not None and other != kind:
        desk.refuse("params.datasetFileType", f"differs from format {said}: leave it out.")
    return kind
