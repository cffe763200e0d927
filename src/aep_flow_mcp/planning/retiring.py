"""What goes with a flow, what stays because others use it, and what goes stale; and the deletions in the API's order.

The service refuses to delete a connection while a flow names it (1447) and an account while a connection does (1418),
so the flow goes first. Nothing brings a deleted object back: when a step fails, what went before is created again
under new ids. An account cannot be, for its credentials cannot be read; so it goes last.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aep_flow_mcp.gathering.unread import Unread
from aep_flow_mcp.guard.changes.canonical import shown
from aep_flow_mcp.guard.changes.change import Change, Plan
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.naming import LISTED, NAME
from aep_flow_mcp.guard.changes.steps import PlanError, Ref, Undo
from aep_flow_mcp.planning import dependents, objects
from aep_flow_mcp.planning.dependents import flow_lines, flows_with
from aep_flow_mcp.planning.pipeline_change import DRAFT
from aep_flow_mcp.planning.taking_back import created_again
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.filters import Filter
from aep_flow_mcp.platform.models.common import to_text, to_texts
from aep_flow_mcp.platform.models.connections import SourceConnection, TargetConnection
from aep_flow_mcp.platform.models.flows import Flow
from aep_flow_mcp.platform.reader import FlowReader

Json = dict[str, Any]
_ENDS = ((Kind.SOURCE_CONNECTION, "sourceConnectionIds"), (Kind.TARGET_CONNECTION, "targetConnectionIds"))
_OF_END = ("name", "description", "baseConnectionId", "data", "params", "connectionSpec")
_OF_FLOW = (
    *("name", "description", "flowSpec", "transformations", "scheduleParams", "options", "policy", "labels"),
)
_AS_END = "it has a new id"
_AS_FLOW = "a draft with a new id; its runs and its place in the history stay with the old one"
FAILING = (
    "If a step fails, what was deleted before it is created again under new ids, the flow as a draft; its runs stay "
    "with the old id."
)


@dataclass
class Part:
    """A connection of the flow. `others`: who else uses it, a line each; None where that is not known."""

    kind: Kind
    item: Json
    others: list[str] | None = None

    @property
    def id(self) -> str:
        return str(self.item["id"])

    @property
    def words(self) -> str:
        name = self.item.get("name")
        return f"{self.kind.value} {shown(name, limit=NAME)} ({self.id})" if name else self._plain

    @property
    def _plain(self) -> str:
        return f"{self.kind.value} {self.id}"

    @property
    def goes(self) -> bool:
        return self.others == []


@dataclass
class Retiring:
    """One flow and everything around it, as it was read."""

    aep: FlowReader
    flow: Json
    parts: list[Part] = field(default_factory=list)
    accounts: list[Part] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    stays: list[str] = field(default_factory=list)
    unread: Unread = field(default_factory=Unread)

    async def read(self) -> None:
        """Its ends with their users, then their accounts, the dataset and the mapping set."""
        ends = [
            partial(self._end, kind, object_id)
            for kind, member in _ENDS
            for object_id in to_texts(self.flow.get(member))
        ]
        await together(ends)
        self.parts.sort(key=lambda part: (part.kind is Kind.TARGET_CONNECTION, part.id))
        ids = dict.fromkeys(base for part in self.parts if (base := base_of(part.item)))
        around: list[Callable[[], Awaitable[None]]] = [partial(self._account, one) for one in ids]
        await together([*around, self._datasets])
        self.accounts.sort(key=lambda part: part.id)

    # --- reading ------------------------------------------------------------------------------------------

    async def _end(self, kind: Kind, object_id: str) -> None:
        what = f"The {kind.value} {object_id}"
        try:
            item = await objects.stored(self.aep, kind, object_id)
        except PlatformError as error:
            if error.kind is ErrorKind.NOT_FOUND:
                self.stays.append(f"{kind.value} {object_id} is not there any more")
            else:
                self.unread.add(what, error, so="it stays")
            return
        self.parts.append(Part(kind, item, await self._users(kind, object_id)))

    async def _users(self, kind: Kind, object_id: str) -> list[str] | None:
        path = "sourceConnectionIds[]" if kind is Kind.SOURCE_CONNECTION else "targetConnectionIds[]"
        flows = await self.unread.read(
            f"The users of the {kind.value} {object_id}",
            partial(flows_with, self.aep, Filter(path).eq(object_id)),
            None,
            so="it stays",
        )
        if flows is None:
            return None
        if str(self.flow["id"]).lower() not in {(flow.id or "").lower() for flow in flows}:
            # A list of its users has this flow in it, or is none.
            told = f"The users of the {kind.value} {object_id} are not known, so it stays: the list lacks this flow."
            self.unread.notes.append(told)
            return None
        return flow_lines([flow for flow in flows if flow.id != self.flow["id"]])

    async def _account(self, account_id: str) -> None:
        """An account, and what uses it besides what goes."""
        try:
            item = await objects.stored(self.aep, Kind.CONNECTION, account_id)
        except PlatformError as error:
            self.unread.add(f"The account {account_id}", error, so="it stays")
            return
        unread = Unread()
        lines = await dependents.of_connection(self.aep, account_id, unread)
        going = [str(self.flow["id"]), *(part.id for part in self.parts if part.goes)]
        others = [line for line in lines if _id_in(line) not in going]
        self.unread.notes += [note for note in unread.notes if note not in self.unread.notes]
        mine = {part.id for part in self.parts if base_of(part.item) == account_id}
        told = bool(
            mine & {_id_in(line) for line in lines}
        )  # as with the ends: a list without these is none of its users
        self.accounts.append(
            Part(Kind.CONNECTION, item, others if others or (told and not unread.errors) else None)
        )

    async def _datasets(self) -> None:
        """Who still fills the dataset that the flow fills, and who reads it."""
        targets = [part for part in self.parts if part.kind is Kind.TARGET_CONNECTION]
        for part in targets:
            dataset = TargetConnection.model_validate(part.item).dataset_id
            if dataset is not None:
                told = partial(self._of_dataset, dataset)
                so = "what goes stale is not known"
                await self.unread.read(f"What uses the dataset {dataset}", told, None, so=so)

    async def _of_dataset(self, dataset_id: str) -> None:
        aep, own = self.aep, str(self.flow["id"])
        fills, exports = Filter("params.dataSetId"), Filter("params.datasets[].dataSetId")
        targets = [item.id async for item in aep.iter_target_connections(filters=[fills.eq(dataset_id)])]
        sources = [
            item.id
            for path in (exports, fills)
            async for item in aep.iter_source_connections(filters=[path.eq(dataset_id)])
        ]
        calls: list[Callable[[], Awaitable[list[Flow]]]] = [
            partial(_flows_of, aep, "targetConnectionIds[]", targets),
            partial(_flows_of, aep, "sourceConnectionIds[]", sources),
        ]
        filling, reading = await together(calls)
        name = await self._dataset_name(dataset_id)
        others = [flow for flow in filling if flow.id != own]
        self.stays.append(f"dataset {name} with its data")
        if others:
            self.stale.append(f"{name} is still filled by {len(others)} other flows, no longer by this one")
        else:
            self.stale.append(f"{name} gets no further data from any flow")
        self.stale += [
            f"{line} reads {name}" for line in flow_lines([flow for flow in reading if flow.id != own])
        ]

    async def _dataset_name(self, dataset_id: str) -> str:
        try:
            name = (await self.aep.neighbours.get_dataset(dataset_id)).name
        except PlatformError:
            name = None
        return f"{shown(name, limit=NAME)} ({dataset_id})" if name else dataset_id

    # --- the change ---------------------------------------------------------------------------------------

    def change(self, *, delete_account: bool) -> Change:
        """The deletions: the flow, its connections, its accounts where asked.

        Raises:
            PlanError: an account shall go that others use, or may use.
        """
        going = [part for part in self.parts if part.goes]
        if delete_account:
            self._refuse_used_accounts()
        name = self.flow.get("name")
        plan = Plan(f"Delete the pipeline {shown(name, limit=NAME) if name else self.flow['id']}")
        plan.delete(Kind.FLOW, self.flow, key="flow", undo=self._flow_again(plan, going))
        for part in going:
            plan.delete(part.kind, part.item, key=_key(part), undo=_end_again(plan, part))
        for account in self.accounts if delete_account else ():
            plan.delete(Kind.CONNECTION, account.item, key=_key(account))
        if objects.state_of(self.flow) == "enabled":
            plan.warn("It is enabled: its runs stop.")
        for part in self.parts:
            if part.others:
                plan.depending(f"Stays, for others use it: {part.words}", part.others)
        plan.depending("Goes stale", self.stale)
        if len(going) or delete_account:
            plan.warn(FAILING)
        if delete_account and self.accounts:
            plan.warn("An account cannot be created again from here: its credentials cannot be read.")
        plan.warn(*self.unread.notes)
        return plan.change(summary=self._summary(delete_account=delete_account))

    def _refuse_used_accounts(self) -> None:
        for account in self.accounts:
            if account.others:
                more = len(account.others) - LISTED
                told = "; ".join(account.others[:LISTED]) + (f"; and {more} more" if more > 0 else "")
                raise PlanError(
                    f"delete_account: the account {shown(account.item.get('name') or account.id, limit=NAME)} "
                    f"is used by: {told}. Without delete_account it stays and the rest goes."
                )
            if account.others is None:
                raise PlanError(
                    "delete_account: what uses the account could not be read, or not all of it. "
                    "Without delete_account it stays and the rest goes."
                )
        if not self.accounts:
            raise PlanError("delete_account: the flow has no account, or it cannot be read: leave it out.")

    def _summary(self, *, delete_account: bool) -> str:
        stays = ["its runs", *self.stays]
        for part in () if delete_account else self.accounts:
            unused = part.others == []
            free = " (nothing else uses it: delete_account=true deletes it too)" if unused else ""
            stays.append(f"account {shown(part.item.get('name') or '', limit=NAME)} ({part.id}){free}")
        mapping = Flow.model_validate(self.flow).mapping
        if mapping is not None:
            stays.append(f"mapping set {mapping.mapping_id} (no API deletes one)")
        return f"These stay: {'; '.join(stays)}."

    def _flow_again(self, plan: Plan, going: list[Part]) -> Undo | None:
        body = {name: self.flow[name] for name in _OF_FLOW if self.flow.get(name) is not None}
        keys = {part.id: Ref(_key(part)) for part in going}
        for _, member in _ENDS:
            body[member] = [keys.get(one, one) for one in to_texts(self.flow.get(member))]
        return created_again(plan, Kind.FLOW, body, lost=_AS_FLOW, params=tuple(DRAFT.items()))


def base_of(item: Mapping[str, Any]) -> str | None:
    """The account that a stored source or target connection names."""
    return to_text(item.get("baseConnectionId")) or SourceConnection.model_validate(item).base_id


async def retire(aep: FlowReader, flow_id: str, *, delete_account: bool) -> Change:
    """A Change that deletes a flow with what only it uses.

    Raises:
        PlanError: an account shall go that others use. PlatformError: the flow cannot be read.
    """
    retiring = Retiring(aep, await objects.stored(aep, Kind.FLOW, flow_id))
    await retiring.read()
    return retiring.change(delete_account=delete_account)


async def _flows_of(aep: FlowReader, path: str, ids: list[str]) -> list[Flow]:
    """The flows over any of these connections, each once."""
    found: dict[str, Flow] = {}
    for at in range(0, len(ids), 40):  # a request line has to hold them
        found |= {flow.id: flow for flow in await flows_with(aep, Filter(path).in_(ids[at : at + 40]))}
    return list(found.values())


def _id_in(line: str) -> str:
    """The id in a line of `dependents`: behind the name, which may be anything."""
    return line.rpartition("(")[2].partition(")")[0]


def _end_again(plan: Plan, part: Part) -> Undo | None:
    body = {name: part.item[name] for name in _OF_END if part.item.get(name) is not None}
    params = tuple(DRAFT.items()) if objects.state_of(part.item) == "draft" else ()
    return created_again(plan, part.kind, body, lost=_AS_END, params=params)


def _key(part: Part) -> str:
    return f"{part.kind.value.split()[0]}-{part.id}"[:60]
