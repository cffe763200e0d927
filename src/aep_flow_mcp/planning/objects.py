"""What planning a write needs over and over: objects as they are, specs, and problems as one sentence.

Everything here reads. A planner that finds something wrong raises `PlanError` before anybody is asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from aep_flow_mcp.gathering import times
from aep_flow_mcp.gathering.secret_fields import declared_secrets
from aep_flow_mcp.gathering.unread import Unread
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.naming import Named, known_by_name
from aep_flow_mcp.guard.changes.steps import PlanError
from aep_flow_mcp.pipelines.checks.connections import check_account
from aep_flow_mcp.pipelines.checks.outcome import Checked, Problem
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.models.connections import Connection
from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec
from aep_flow_mcp.platform.reader import FlowReader

Params = dict[str, Any]
Found = TypeVar("Found")
UNCHECKED = "nothing was checked against it and the service decides alone"


class Op(StrEnum):
    """JSON Patch, as far as the Flow Service takes it."""

    ADD = "add"
    REPLACE = "replace"
    REMOVE = "remove"


class PatchOp(BaseModel):
    """One JSON Patch operation."""

    model_config = ConfigDict(extra="forbid")

    op: Op
    path: Annotated[str, Field(pattern="^/.")]
    value: Any = None

    def as_json(self) -> dict[str, Any]:
        """As it is sent; the service wants a value even to remove."""
        return {"op": self.op.value, "path": self.path, "value": self.value}


def compact(**fields: Any) -> dict[str, Any]:
    """A body without the members that were not given."""
    return {name: value for name, value in fields.items() if value is not None}


def spec_ref(spec_id: str, spec: ConnectionSpec | FlowSpec | None) -> dict[str, str]:
    """How an object names its spec; `spec` is None where it could not be read."""
    return {"id": spec_id, "version": (spec.version if spec else None) or "1.0"}


def refuse(problems: Iterable[Problem]) -> None:
    """Raise when the specs refuse something.

    Raises:
        PlanError: one sentence a problem.
    """
    found = list(problems)
    if found:
        raise PlanError(" ".join(map(str, found)))


def sendable(checked: Checked, warnings: list[str]) -> Any:
    """The checked value; what there is to say about it is added to the warnings.

    Raises:
        PlanError: one sentence a problem.
    """
    refuse(checked.problems)
    warnings += [note for note in checked.notes if note not in warnings]
    return checked.value


async def stored(aep: FlowReader, kind: Kind, object_id: str, *, etag: str | None = None) -> dict[str, Any]:
    """An object as the service keeps it now, in the API's own words.

    Raises:
        PlanError: `etag` was given and the object has changed since.
        PlatformError: it is not there, or may not be read.
    """
    item = await aep.get_object(kind.collection.rsplit("/", 1)[-1], object_id)
    if etag is not None and etag.strip('"') != etag_of(item).strip('"'):
        raise PlanError(
            f"The {kind.value} has changed since that ETag: it is now {etag_of(item)}. Read it again."
        )
    return item


def etag_of(item: Mapping[str, Any]) -> str:
    """The object's ETag, quotes included."""
    found = item.get("etag") or item.get("eTag") or item.get("version")
    if not isinstance(found, str) or not found:
        raise PlanError("The service gave no ETag for this object, so it cannot be changed safely.")
    return found


Operations = list[dict[str, Any]]


async def update(
    aep: FlowReader,
    kind: Kind,
    object_id: str,
    operations: list[PatchOp],
    etag: str | None,
    *,
    checked: Callable[[dict[str, Any], Operations], Awaitable[Operations]] | None = None,
    **details: Any,
) -> Change:
    """A Change that patches an object as it is now, valid for its present ETag only.

    checked: from the object and the operations to the operations as they are sent.
    """
    item = await stored(aep, kind, object_id, etag=etag)
    ops = [operation.as_json() for operation in operations]
    if checked is not None:
        ops = await checked(item, ops)
    details.setdefault("secret_keys", (await declared_secrets(aep, item)).get(spec_id_of(item) or "", ()))
    return Change.update(kind, object_id, item, ops, etag=etag_of(item), **details)


async def publish(aep: FlowReader, kind: Kind, object_id: str) -> Change:
    """A Change that publishes a draft."""
    item = await stored(aep, kind, object_id)
    if state_of(item) != "draft":
        raise PlanError(f"The {kind.value} is {item.get('state')}, not a draft: there is nothing to publish.")
    return Change.action(
        kind,
        object_id,
        "publish",
        name=item.get("name"),
        before={"state": item.get("state")},
        intended={"state": ["enabled", "initializing", "enabling", "inProgress"]},
    )


async def readable(
    what: str,
    read: Callable[[], Awaitable[Found]],
    warnings: list[str],
    *,
    so: str,
    absent: str | None = None,
) -> Found | None:
    """What `read` gives; None, said in the warnings, where it cannot be read: then the service decides alone.

    what, so: as `Unread.read` takes them. absent: what to say of a 404, where nothing else tells that it is there.

    Raises:
        PlanError: it is not there.
        PlatformError: the credentials are refused, or there were too many requests: that is no answer about it.
    """
    try:
        return await read()
    except PlatformError as error:
        if error.kind in (ErrorKind.AUTH, ErrorKind.RATE_LIMITED):
            raise
        if absent is not None and error.kind is ErrorKind.NOT_FOUND:
            raise PlanError(absent) from None
        unread = Unread()
        unread.add(what, error, so=so)
        warnings += [note for note in unread.notes if note not in warnings]
        return None


async def connector(aep: FlowReader, spec_id: str, warnings: list[str]) -> ConnectionSpec | None:
    """A connection spec by its id, from the cached catalogue; None as `readable` says.

    Raises:
        PlanError: there is none.
    """
    return await readable(
        f"The connection spec {spec_id}",
        lambda: aep.get_connection_spec(spec_id),
        warnings,
        so=UNCHECKED,
        absent=f"There is no connection spec {spec_id}. find_connection_spec finds it by name.",
    )


async def flow_spec(aep: FlowReader, spec_id: str, warnings: list[str]) -> FlowSpec | None:
    """A flow spec by its id, likewise."""
    return await readable(
        f"The flow spec {spec_id}",
        lambda: aep.get_flow_spec(spec_id),
        warnings,
        so=UNCHECKED,
        absent=f"There is no flow spec {spec_id}. find_flow_spec finds it by name.",
    )


def spec_id_of(item: Mapping[str, Any], member: str = "connectionSpec") -> str | None:
    """The id of the spec that a stored object names; some pages print it as a bare text."""
    ref = item.get(member)
    found = ref.get("id") if isinstance(ref, dict) else ref
    return found if isinstance(found, str) else None


def state_of(item: Mapping[str, Any]) -> str:
    """A stored object's state in lower case: Adobe writes it in several."""
    return str(item.get("state") or "").casefold()


def object_in(item: Mapping[str, Any], member: str) -> dict[str, Any]:
    """A member that is an object; {} where it is missing, null or something else."""
    found = item.get(member)
    return found if isinstance(found, dict) else {}


def objects_in(item: Mapping[str, Any], member: str) -> list[dict[str, Any]]:
    """A member that lists objects; a lone object is a list of one."""
    found = item.get(member)
    return [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, dict)]


def now() -> float:
    """Epoch seconds."""
    return times.now().timestamp()


async def account_for(
    aep: FlowReader, connection_id: str | None, spec: ConnectionSpec | None, warnings: list[str]
) -> Connection | None:
    """An account that is named must be there; whether it fits the connector is added to the warnings.

    Raises:
        PlanError: it is not there.
    """
    if connection_id is None:
        return None
    account = await readable(
        f"The account {connection_id}",
        lambda: aep.get_connection(connection_id),
        warnings,
        so="whether it fits was not checked",
        absent=f"account: there is no account {connection_id} in this sandbox.",
    )
    if account and spec:
        sendable(check_account(spec, account), warnings)
    return account


def called(*items: tuple[str, Any]) -> tuple[Named, ...]:
    """What the ids of objects that were read are called: `called(("account", account), ("connector", spec))`."""
    return known_by_name((item.id, what, item.name) for what, item in items if item is not None)


async def spec_for_update(
    read: Callable[[str], Awaitable[Found]], spec_id: str | None, warnings: list[str]
) -> Found | None:
    """The spec of an object that is there already; None, said in the warnings, where it cannot be read."""
    if spec_id is None:
        warnings.append(f"Its spec could not be read, for it names none, so {UNCHECKED}.")
        return None
    return await readable("Its spec", lambda: read(spec_id), warnings, so=UNCHECKED)
