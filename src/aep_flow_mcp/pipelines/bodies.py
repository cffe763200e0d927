"""The bodies of connections and flows, as the Flow Service documents them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aep_flow_mcp.platform.models.neighbours import Dataset
from aep_flow_mcp.platform.models.specs import FlowSpec

from . import wellknown
from .accounts import Account
from .blueprint import Created, Part, What
from .checks import check_options, check_transformations
from .desk import Desk, given, spec_ref
from .wish import StartState

Json = dict[str, Any]


def source(desk: Desk, account: Account, *, data: Json | None = None, params: Json | None = None) -> Part:
    """The source connection of the connector."""
    body = given(
        name=f"{_name(desk)} source",
        baseConnectionId=account.id,
        data=data or None,
        params=params or None,
        connectionSpec=spec_ref(desk.spec),
    )
    return Part(what=What.SOURCE, body=body, secret_keys=desk.spec.secret_pointers)


def lake_source(desk: Desk, datasets: Sequence[Dataset]) -> Part:
    """The source connection that reads datasets from the data lake."""
    listed = [given(dataSetId=item.id, name=item.name) for item in datasets]
    return _inside(desk, wellknown.DATA_LAKE_SOURCE, params={"datasets": listed})


def profile_source(desk: Desk) -> Part:
    """The source connection that reads profiles: it has no parameters."""
    return _inside(desk, wellknown.PROFILE_STORE)


def destination(desk: Desk, account: Account, params: Json) -> Part:
    """The target connection of a destination."""
    body = given(
        name=f"{_name(desk)} target",
        baseConnectionId=account.id,
        params=params or None,
        connectionSpec=spec_ref(desk.spec),
    )
    return Part(what=What.TARGET, body=body, secret_keys=desk.spec.secret_pointers)


def flow(
    desk: Desk,
    spec: FlowSpec,
    source: Part,
    target: Part,
    *,
    steps: Sequence[Json] = (),
    schedule: Json | None = None,
    options: Json | None = None,
) -> Part:
    """The flow; what its spec refuses of steps and options is said at the desk."""
    desk.refuse_all(check_transformations(spec, concrete(list(steps))))
    desk.refuse_all(check_options(spec, options))
    if desk.wish.state is StartState.DRAFT and spec.frequency == "streaming":
        desk.refuse("state", "draft is for batch flows (the service answers 1368): say disabled instead.")
    body = given(
        name=_name(desk),
        description=desk.wish.description,
        flowSpec=spec_ref(spec),
        sourceConnectionIds=[source.ref],
        targetConnectionIds=[target.ref],
        transformations=list(steps),
        scheduleParams=schedule or None,
        options=options or None,
    )
    return Part(what=What.FLOW, body=body)


def options(desk: Desk, spec: FlowSpec) -> Json | None:
    """What a run does with bad rows; None when nothing was said about it."""
    percent = desk.wish.tolerated_percent
    if percent is None:
        return None
    if spec.option_spec is None:
        desk.leave_out(f"{spec.name or 'this kind of flow'} has no such option", "tolerated_percent")
        return None
    if percent > 100:
        desk.refuse("tolerated_percent", "must be at most 100: it is the share of bad rows in percent.")
    return {"errorDiagnosticsEnabled": True, "partialIngestionPercent": percent}


def concrete(value: Any) -> Any:
    """A body with a text in place of every id that does not exist yet, to be checked against a schema."""
    if isinstance(value, Created):
        return value.key
    if isinstance(value, Mapping):
        return {name: concrete(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [concrete(item) for item in value]
    return value


def _inside(desk: Desk, spec_id: str, *, params: Json | None = None) -> Part:
    known = desk.findings.connector(spec_id)
    ref = spec_ref(known) if known else {"id": spec_id, "version": "1.0"}
    return Part(what=What.SOURCE, body=given(name=f"{_name(desk)} source", params=params, connectionSpec=ref))


def _name(desk: Desk) -> str:
    return (desk.wish.name or "").strip()
