"""What the commands on files do: read a folder and a sandbox, plan, ask at the terminal, and keep how it was left.

Each gives an exit code (0 nothing to do or done, 1 wrong, 2 changes) and what is printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aep_flow_mcp.app import App
from aep_flow_mcp.documents.raising import Raised
from aep_flow_mcp.documents.schema import schema_text
from aep_flow_mcp.documents.text import Document
from aep_flow_mcp.filing.folder import Folder, FolderError
from aep_flow_mcp.filing.kept import LastState, StateFile, alone
from aep_flow_mcp.gathering import times
from aep_flow_mcp.guard.changes.canonical import visible
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.steps import NothingToDo, PlanError
from aep_flow_mcp.guard.policy import Allowed
from aep_flow_mcp.guard.secrets import SecretError, check
from aep_flow_mcp.insight.words import utc
from aep_flow_mcp.planning.as_code import telling
from aep_flow_mcp.planning.as_code.timely import kept_words
from aep_flow_mcp.planning.as_code.whole import (
    TWICE,
    Action,
    Entry,
    Kept,
    WholePlan,
    export_documents,
    plan_documents,
)
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.reader import FlowReader

if TYPE_CHECKING:
    from aep_flow_mcp.guard.approval.terminal import Terminal
    from aep_flow_mcp.guard.call import Call
    from aep_flow_mcp.guard.execution.results import WriteResult
    from aep_flow_mcp.planning.as_code.drifting import Drift, Drifts

DONE, WRONG, CHANGES = 0, 1, 2
Outcome = tuple[int, str]


class _Work:
    """A folder against a sandbox."""

    def __init__(self, app: App, path: Path, sandbox: str | None) -> None:
        self.app = app
        self.path = path
        self.aep: FlowReader = app.reader(None).with_sandbox(sandbox)
        if self.aep.sandbox is None:
            raise FolderError("no sandbox is configured: name it with --sandbox, or set AEP_SANDBOX.")
        self.sandbox = self.aep.sandbox

    async def plan(self, *, prune: bool) -> WholePlan:
        """What the files would change now: they are read anew each time."""
        folder = Folder.opened(self.path)
        found = folder.read()
        renamed, problems = folder.renamed(self.sandbox)
        states = StateFile.of(folder, found.documents).of_sandbox(self.sandbox)
        kept = Kept({key: state.flow for key, state in states.items()}, prune=prune)
        if problems or found.problems:
            # What cannot be read may be about any pipeline: nothing is planned beside it.
            return WholePlan(self.sandbox, problems=[*problems, *found.problems])
        return await plan_documents(self.aep, found.documents, kept=kept, renamed=renamed)

    async def digest(self, plan: WholePlan) -> tuple[str | None, list[str]]:
        """The digest that approves a plan; or why it would be refused."""
        if plan.change is None:
            return None, []
        where = await self.app.guard.policy.writes(self.sandbox)
        if not isinstance(where, Allowed):
            return None, [f"apply would be refused: {where.sentence}"]
        change = _placed(plan.change, where)
        try:
            check(change, prefix=self.app.settings.mcp_secrets_prefix, environ=self.app.guard.environ)
        except SecretError as error:
            return None, [f"apply would be refused: {error}"]
        return change.digest, []

    def keep(self, held: StateFile, entries: Sequence[Entry], *, instead: bool) -> None:
        """Write down how the flows of documents are now. A flow whose file is gone stays as it was.

        instead: these are all that there are, so that others are forgotten.
        """
        at = utc(times.now()) or ""
        before = {state.flow: state for state in held.of_sandbox(self.sandbox).values()}
        states = {}
        for entry in entries:
            if entry.flow is None:
                continue
            fresh = LastState(str(entry.flow["id"]), entry.name, at, entry.etags)
            old = before.get(fresh.flow)
            same = old is not None and (entry.action is Action.DELETE or replace(old, at=at) == fresh)
            states[entry.key] = old if old is not None and same else fresh
        held.keep(self.sandbox, states, instead=instead)


async def export_to(app: App, path: Path, *, sandbox: str | None, names: Sequence[str]) -> Outcome:
    """Write pipelines into a folder: into the files that have them, else into new ones."""
    work = _Work(app, path, sandbox)
    folder = Folder.opened(path, make=True)
    found = folder.read()
    renamed, problems = folder.renamed(work.sandbox)
    if problems or found.problems:
        return WRONG, "\n".join(visible(str(one)) for one in (*problems, *found.problems))
    pairs, notes = await export_documents(work.aep, names=names, renamed=renamed)
    held = StateFile.of(folder, found.documents)
    states = held.of_sandbox(work.sandbox)
    homes = _Homes(found.documents, {key: state.flow for key, state in states.items()})
    folder.put_schema(schema_text())
    written = count = 0
    for flow, raised in pairs:
        if app.redactor.value(raised.document) != raised.document:
            # Without it, or with something else in its place, an apply would change what is there.
            notes.append(f"left out: {flow['name']}: a text in it quotes a credential of this command.")
            continue
        count += 1
        home = homes.of(flow, raised)
        if home is None:
            written += folder.put(folder.place_of(str(flow["name"])), raised.document)
        else:
            document = kept_words(raised.document, home.pipeline)
            written += folder.put(home.file, document, home.number)
    now = await plan_documents(
        work.aep,
        Folder.opened(path).read().documents,
        kept=Kept(homes.owned),
        renamed=renamed,
    )
    exported = {str(flow["id"]) for flow, _ in pairs}
    work.keep(
        held, [entry for entry in now.entries if entry.flow and entry.flow["id"] in exported], instead=False
    )
    said = f"{path}: {count} pipelines of sandbox {work.sandbox}, {written} files written."
    return DONE, app.redactor.text("\n".join([said, *map(visible, notes)]))


class _Homes:
    """Which document of a folder a flow is kept in: the one that it was applied from, else the one of its name."""

    def __init__(self, documents: Sequence[Document], owned: dict[str, str]) -> None:
        self.owned = owned
        self._by_key = {document.key: document for document in documents}
        self._keys = {flow: key for key, flow in owned.items()}
        self._free = [document for document in documents if document.key not in owned]

    def of(self, flow: dict[str, Any], raised: Raised) -> Document | None:
        """The document; each has one flow."""
        known = self._by_key.get(self._keys.get(str(flow["id"]), ""))
        if known is not None:
            return known
        for document in self._free:
            if document.pipeline.pipeline == raised.document["pipeline"]:
                self._free.remove(document)
                self.owned = {**self.owned, document.key: str(flow["id"])}
                return document
        return None


async def plan_of(app: App, path: Path, *, sandbox: str | None, form: str, prune: bool) -> Outcome:
    """What applying would change."""
    work = _Work(app, path, sandbox)
    plan = await work.plan(prune=prune)
    digest, more = await work.digest(plan)
    if form == "json":
        said = telling.json_of(plan, digest=digest)
    elif form == "markdown":
        said = telling.markdown_of(plan, digest=digest)
    else:
        said = telling.text_of(plan, digest=digest, more=more)
    code = WRONG if plan.problems else CHANGES if plan.change is not None else DONE
    return code, app.redactor.text(said)


async def apply_to(
    app: App,
    path: Path,
    *,
    sandbox: str | None,
    approved: str | None,
    prune: bool,
    terminal: Terminal | None = None,
) -> Outcome:
    """Apply a folder through the guard, and keep how the flows are afterwards."""
    # Those that ask a person need the SDK, which takes longer to import than a plan does in whole.
    from aep_flow_mcp.guard.approval.terminal import NoClient, Terminal
    from aep_flow_mcp.guard.call import Call
    from aep_flow_mcp.guard.execution.results import Status

    work = _Work(app, path, sandbox)
    folder = Folder.opened(path)
    terminal = terminal or Terminal()
    with alone(folder):
        call = Call(app.guard, NoClient(), "apply", {"prune": prune})  # type: ignore[arg-type]

        async def planner() -> Change:
            plan = await work.plan(prune=prune)
            if plan.problems:
                raise PlanError("Nothing can be applied before this is right:", *map(str, plan.problems))
            if plan.change is None:
                raise NothingToDo(f"Nothing to do. {plan.sentence}")
            return plan.change

        result = await _decided(app, call, work, planner, terminal, approved)
        said = app.redactor.text(result.text())
        left = None
        if result.status in (Status.DONE, Status.UNCHANGED):
            try:
                left = await _kept(work, folder)
            except (FolderError, PlatformError) as error:
                # What was done is done, whatever can be read or written now.
                told = f"How the flows are now was not kept ({error}): apply again, or export, keeps it."
                return WRONG, app.redactor.text(f"{said}\n{told}")
    differs = left and (left.count(Action.CREATE) or left.count(Action.CHANGE) or left.problems)
    if left is not None and differs:
        said += app.redactor.text(f"\nAfter it this still differs:\n{telling.text_of(left)}")
    wrong = _bad(result) or TWICE in (result.data or {}) or (left is not None and left.problems)
    return (WRONG if wrong else DONE), said


async def _kept(work: _Work, folder: Folder) -> WholePlan:
    """Keep how the flows of a folder are. Returns what a plan says now.

    Raises:
        FolderError: a file cannot be read or written. PlatformError: the sandbox cannot be read.
    """
    left = await work.plan(prune=True)
    if left.problems and not left.entries:
        raise FolderError("; ".join(map(str, left.problems)))
    work.keep(StateFile.of(folder), left.entries, instead=True)
    return left


async def _decided(
    app: App, call: Call, work: _Work, planner: Any, terminal: Terminal, approved: str | None
) -> WriteResult:
    from mcp.server.mcpserver.exceptions import ToolError

    from aep_flow_mcp.guard.at_terminal import decide_at_terminal
    from aep_flow_mcp.guard.execution.results import Status, WriteResult
    from aep_flow_mcp.guard.gate import make_plan

    try:
        plan = await make_plan(app.guard, work.sandbox, planner, reveals=False)
    except ToolError as error:
        return WriteResult(status=Status.REFUSED, message=str(error), sandbox=work.sandbox)
    return await decide_at_terminal(call, plan, terminal, approved=approved)


def _bad(result: WriteResult) -> bool:
    from aep_flow_mcp.guard.execution.results import Status

    return result.is_error or result.status in (Status.DECLINED, Status.CANCELLED)


async def drift_of(app: App, path: Path, *, sandbox: str | None) -> Outcome:
    """What was changed outside of the files."""
    from aep_flow_mcp.planning.as_code.drifting import drifted

    work = _Work(app, path, sandbox)
    folder = Folder.opened(path)
    found = folder.read()
    renamed, problems = folder.renamed(work.sandbox)
    if problems or found.problems:
        return WRONG, "\n".join(visible(str(one)) for one in (*problems, *found.problems))
    states = StateFile.of(folder, found.documents).of_sandbox(work.sandbox)
    drifts = await drifted(work.aep, found.documents, states, renamed=renamed)
    code = CHANGES if drifts.outside else WRONG if drifts.problems else DONE
    return code, app.redactor.text(_drift_text(drifts))


def _drift_text(drifts: Drifts) -> str:
    lines = [
        f"Sandbox {visible(drifts.sandbox)}: {len(drifts.outside)} pipelines changed outside of the files."
    ]
    for one in drifts.found:
        lines += _drift_lines(one)
    lines += [f"! {visible(note)}" for note in drifts.notes]
    lines += [visible(str(problem)) for problem in drifts.problems]
    return "\n".join(lines)


def _drift_lines(one: Drift) -> list[str]:
    lines = [f"~ {visible(one.name)} ({visible(one.file)}) {visible(one.what)}"]
    lines += [f"    {telling.line(difference)}" for difference in one.differences]
    return [*lines, *(f"    {visible(event)}" for event in one.events)]


def _placed(change: Change, where: Allowed) -> Change:
    """The change as the gate would plan it, so that its digest is the same."""
    placed = change.in_sandbox(where.sandbox, where.sandbox_type)
    return replace(placed, steps=tuple(replace(step, reveals=False) for step in placed.steps))
