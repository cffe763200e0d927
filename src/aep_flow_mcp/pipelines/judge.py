"""From a wish and what was found to a verdict: which connector is meant, which recipe fits, what it says."""

from __future__ import annotations

from collections.abc import Sequence

from aep_flow_mcp.platform.models.specs import ConnectionSpec

from . import connectors, datasets, parameters, places, wellknown
from .blueprint import Verdict
from .connectors import label_of
from .desk import Desk
from .findings import Findings
from .recipes import exports, files, general, landing_zone, streaming, tables
from .wish import Direction, PipelineWish


def judge(wish: PipelineWish, findings: Findings) -> Verdict:
    """What is missing, what is wrong, or the blueprint of the pipeline.

    `findings` need hold only what concerns the wish; what they lack cannot be checked or offered as a choice.
    """
    wanted = (wish.connector or "").strip()
    found = connectors.meant(wanted, findings.connectors, wish.direction) if wanted else []
    if len(found) == 1 and _goes(found[0], wish.direction):
        return _by_recipe(Desk(wish, findings, found[0]))
    desk = Desk(wish, findings, ConnectionSpec(name="the connector"))
    if not wanted:
        _ask(desk, connectors.outside(findings.connectors))
    elif len(found) > 1:
        desk.ask("connector", f"Which connector is {wanted}?", choices=map(_named, found))
    else:
        _refuse(desk, wanted, found)
    if wish.direction is Direction.IMPORT:
        datasets.filled(desk)
    elif wish.datasets:
        datasets.exported(desk)
    return desk.verdict(None)


def _by_recipe(desk: Desk) -> Verdict:
    spec = desk.spec
    if desk.wish.direction is Direction.EXPORT:
        if spec.id == wellknown.LANDING_ZONE_TARGET:
            return landing_zone.from_lake(desk)
        return exports.judge(desk) if exports.flow_spec(desk) else general.judge(desk)
    if spec.id == wellknown.LANDING_ZONE_SOURCE:
        return landing_zone.into_lake(desk)
    if spec.id == wellknown.HTTP_API:
        return streaming.judge(desk)
    place = parameters.place_name(spec.source_spec)
    silent = parameters.silent(spec.source_spec) and desk.wish.path is not None
    if (place == "path" or silent) and _joined(desk, wellknown.FLOW_FILES_TO_LAKE):
        return files.judge(desk)
    if (place == "tableName" or silent) and _joined(desk, wellknown.FLOW_TABLES_TO_LAKE):
        return tables.judge(desk)
    return general.judge(desk)


def _joined(desk: Desk, flow_spec_id: str) -> bool:
    found = desk.findings.flow_spec(flow_spec_id)
    return found is not None and found.takes_source(desk.spec.id)


def _goes(spec: ConnectionSpec, direction: Direction) -> bool:
    return spec.is_source if direction is Direction.IMPORT else spec.is_destination


def _ask(desk: Desk, offered: Sequence[ConnectionSpec]) -> None:
    fitting = [spec for spec in offered if _goes(spec, desk.wish.direction)]
    question = (
        "Where does the data come from?"
        if desk.wish.direction is Direction.IMPORT
        else "Where does the data go?"
    )
    desk.ask("connector", question, choices=sorted(map(_named, fitting)))


def _refuse(desk: Desk, wanted: str, found: Sequence[ConnectionSpec]) -> None:
    """Nothing of this direction is meant: say what goes the other way, or what is called alike."""
    direction = desk.wish.direction
    word = "source" if direction is Direction.IMPORT else "destination"
    other = Direction.EXPORT if direction is Direction.IMPORT else Direction.IMPORT
    opposite = list(found) or connectors.meant(wanted, desk.findings.connectors, other)
    if opposite:
        names = ", ".join(map(_named, opposite[:3]))
        desk.refuse("connector", f"{names} is no {word}: say direction {other.value}, or choose a {word}.")
        return
    offered = [spec for spec in connectors.outside(desk.findings.connectors) if _goes(spec, direction)]
    near = places.close(wanted, [label_of(spec) for spec in offered])
    hint = f" Close: {', '.join(near)}." if near else " find_connector lists what there is."
    desk.refuse("connector", f"there is no {word} called {wanted}.{hint} Choose one of these.")


def _named(spec: ConnectionSpec) -> str:
    return f"{label_of(spec)} ({spec.id})"
