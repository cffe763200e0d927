"""A table of a database, warehouse or CRM into a dataset, on a schedule.

A scheduled import needs a delta column, by which each run finds the rows that are new; one that runs once must not
have one.
"""

from __future__ import annotations

from typing import Any

from aep_flow_mcp.platform.models.explore import Column

from .. import accounts, deltas, parameters, places, wellknown
from ..blueprint import Verdict
from ..desk import Desk, given
from ..imports import into_lake

NAME = "batch from a table"


def judge(desk: Desk) -> Verdict:
    """The verdict on an import of a table."""
    desk.leave_out("a table has no file format", "format", "format_options")
    account = accounts.choose(desk)
    params = _params(desk)
    steps = deltas.step(desk, required=True)
    spec = desk.flow_spec(wellknown.FLOW_TABLES_TO_LAKE)
    if spec is None:
        return desk.verdict(NAME)
    return into_lake(
        desk,
        NAME,
        spec,
        account,
        data={"format": "tabular"},
        params=params,
        mapping_required=True,
        steps=steps,
    )


def _params(desk: Desk) -> dict[str, Any]:
    parameters.refuse_places(desk)
    params = parameters.free(desk)
    table = places.asked_for(desk, f"Which table of {desk.label} is read?")
    if table is None:
        return params
    columns = [_column(column) for column in desk.findings.columns]
    declared = parameters.place_name(desk.spec.source_spec) or "tableName"
    params = {declared: table, **({"columns": columns} if columns else {}), **params}
    return parameters.settle(desk, desk.spec.source_spec, params)


def _column(column: Column) -> dict[str, Any]:
    return given(
        name=column.name,
        type=column.type or "string",
        **{"meta:xdmType": column.xdm_type},
        xdm=column.xdm or None,
    )
