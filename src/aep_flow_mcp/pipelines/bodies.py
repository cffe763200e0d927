"""The bodies of connections and flows, as the Flow Service documents them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aep_flow_mcp.platform.models.neighbours import Dataset
from aep_flow_mcp.platform.models.specs import FlowSpec

from . import wellknown
from .accounts import Account
from .blueprint import Created, Part, What
from .checks.fitting import STAND_IN
from .checks.flows import check_labels, check_options, check_pairing, check_transformations
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
    """The flow; what its spec says of steps and options is said at the desk."""
    listed = [*steps, *_further(desk, steps)]
    sent = desk.take(check_transformations(spec, concrete(listed)))
    ends = {"source_spec_id": _spec_id(source), "target_spec_id": _spec_id(target)}
    desk.take(check_pairing(spec, **ends))
    options = desk.take(check_options(spec, options))
    if desk.wish.state is StartState.DRAFT and spec.frequency == "streaming":
        desk.warn("A draft may be refused here (1368): many kinds of streaming flows have none.")
    body = given(
        name=_name(desk),
        description=desk.wish.description,
        flowSpec=spec_ref(spec),
        sourceConnectionIds=[source.ref],
        targetConnectionIds=[target.ref],
        transformations=with_stand_ins(listed, sent),
        scheduleParams=schedule or None,
        options=options or None,
        labels=desk.take(check_labels(desk.wish.labels)),
    )
    return Part(what=What.FLOW, body=body)


def options(desk: Desk) -> Json | None:
    """What a run does with bad rows; None when nothing was said about it."""
    percent = desk.wish.tolerated_percent
    if percent is None:
        return None
    if percent > 100:
        desk.warn("tolerated_percent is the share of bad rows in percent: more than 100 means any.")
    return {"errorDiagnosticsEnabled": True, "partialIngestionPercent": percent}


def concrete(value: Any) -> Any:
    """A body with a reference in place of every id that does not exist yet, to be checked against a schema."""
    if isinstance(value, Created):
        return f"{STAND_IN}{value.key}}}"
    if isinstance(value, Mapping):
        return {name: concrete(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [concrete(item) for item in value]
    return value


def with_stand_ins(value: Any, sent: Any) -> Any:
    """What was checked, with the ids that do not exist yet in their places again."""
    if isinstance(value, Created):
        return value
    if isinstance(value, Mapping) and isinstance(sent, Mapping):
        old = {str(name).casefold(): item for name, item in value.items()}
        return {name: with_stand_ins(old.get(name.casefold()), item) for name, item in sent.items()}
    if isinstance(value, list | tuple) and isinstance(sent, list):
        return [with_stand_ins(old, item) for old, item in zip(value, sent, strict=True)]
    return sent


def _further(desk: Desk, steps: Sequence[Json]) -> list[Json]:
    """The steps that were given as such; one of a name comes once."""
    for step in desk.wish.transformations:
        if any(step.get("name") == other.get("name") for other in steps):
            told = f"{step.get('name')} follows from other arguments already: give it once."
            desk.refuse("transformations", told)
    return [dict(step) for step in desk.wish.transformations]


def _spec_id(part: Part) -> str | None:
    found: str | None = part.body["connectionSpec"].get("id")
    return found


def _inside(desk: Desk, spec_id: str, *, params: Json | None = None) -> Part:
    known = desk.findings.connector(spec_id)
    ref = spec_ref(known) if known else {"id": spec_id, "version": "1.0"}
    return Part(what=What.SOURCE, body=given(name=f"{_name(desk)} source", params=params, connectionSpec=ref))


def _name(desk: Desk) -> str:
    return (desk.wish.name or "").strip()
