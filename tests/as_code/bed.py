"""A folder, a sandbox of the emulator, and the commands between them, inside this process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import httpx

from aep_flow_mcp import code_work
from aep_flow_mcp.app import App
from aep_flow_mcp.command_settings import emulator_settings
from aep_flow_mcp.documents.raising import CannotRaise, raised
from aep_flow_mcp.documents.text import Document, read
from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.filing.folder import Folder, FolderError
from aep_flow_mcp.gathering.times import standing
from aep_flow_mcp.guard import Guard
from aep_flow_mcp.guard.approval.terminal import Terminal
from aep_flow_mcp.planning.as_code.inventory import Inventory, read_inventory
from aep_flow_mcp.platform.errors import PlatformError

PIPELINE_PARTS = ("flows", "sourceConnections", "targetConnections", "mappingSets")
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
LONG_AGO = datetime(2019, 3, 10, 12, tzinfo=UTC)
"""Before every schedule of the organisation of `NOW`."""


async def no_wait(_: float) -> None:
    """In place of waits between looks."""


def organisation(at: datetime = NOW, seed: int = 7) -> Emulator:
    """The seeded organisation at a time."""
    return Emulator(EmulatorOptions(seed=seed, clock=lambda: at))


def emptied(emulator: Emulator, sandbox: str = "dev") -> Emulator:
    """The same without its pipelines: accounts, datasets and schemas stay."""
    store = emulator.store.sandboxes[sandbox]
    for kind in PIPELINE_PARTS:
        for row in list(store[kind]):
            store[kind].remove(row["id"])
    return emulator


def counts(emulator: Emulator, sandbox: str = "dev") -> dict[str, int]:
    """How many objects of each kind there are."""
    store = emulator.store.sandboxes[sandbox]
    return {kind: len(store[kind]) for kind in (*PIPELINE_PARTS, "connections")}


@dataclass
class Answers:
    """Who sits at the terminal. `questions` holds what they were shown; `meanwhile` runs while they read."""

    word: str | None = "yes"
    meanwhile: Any = None
    questions: list[str] = field(default_factory=list)

    def terminal(self) -> Terminal:
        return Terminal(
            has_person=lambda: self.word is not None, read=self._read, write=self.questions.append
        )

    def _read(self, question: str) -> str:
        del question
        if self.meanwhile is not None:
            self.meanwhile()
        return self.word or ""


Outcome = Any
"""An exit code and what is printed."""


class Bed:
    """One folder and one emulator."""

    def __init__(self, folder: Path, emulator: Emulator, **settings: Any) -> None:
        self.folder = folder
        self.emulator = emulator
        self.settings = emulator_settings(**settings)
        self.at: datetime = emulator.backend.clock.now()
        self.environ: dict[str, str] = {}

    def transport(self) -> httpx.AsyncBaseTransport:
        """What each command speaks to."""
        return EmulatorTransport(self.emulator)

    @contextmanager
    def _app(self) -> Iterator[App]:
        client = App(self.settings, transport=self.transport).client
        guard = Guard(self.settings, client, environ=self.environ, sleep=no_wait)
        guard.emulated = True
        with standing(self.at):
            yield App(self.settings, client=client, guard=guard, emulated=True)

    @property
    def writes(self) -> list[str]:
        """Every request that changed something, as `METHOD path`."""
        return [
            f"{one.method} {one.path}" for one in self.emulator.journal.writes() if "/ims/" not in one.path
        ]

    def _run(self, work: Any) -> Any:
        async def run() -> Any:
            with self._app() as app:
                try:
                    return await work(app)
                except (FolderError, PlatformError) as error:  # as the command does
                    return 1, app.redactor.text(str(error))
                finally:
                    await app.aclose()

        return anyio.run(run)

    def export(self, *names: str, sandbox: str | None = None) -> Outcome:
        return self._run(lambda app: code_work.export_to(app, self.folder, sandbox=sandbox, names=names))

    def plan(self, form: str = "text", *, sandbox: str | None = None, prune: bool = False) -> Outcome:
        return self._run(
            lambda app: code_work.plan_of(app, self.folder, sandbox=sandbox, form=form, prune=prune)
        )

    def apply(
        self,
        answers: Answers | None = None,
        *,
        approved: str | None = None,
        sandbox: str | None = None,
        prune: bool = False,
    ) -> Outcome:
        terminal = (answers or Answers()).terminal()
        return self._run(
            lambda app: code_work.apply_to(
                app, self.folder, sandbox=sandbox, approved=approved, prune=prune, terminal=terminal
            )
        )

    def drift(self, *, sandbox: str | None = None) -> Outcome:
        return self._run(lambda app: code_work.drift_of(app, self.folder, sandbox=sandbox))

    def inventory(self, sandbox: str | None = None) -> Inventory:
        async def work(app: App) -> Inventory:
            aep = app.reader(sandbox)
            found = await read_inventory(aep)
            await found.read_mappings(aep, found.flows.values())
            return found

        found: Inventory = self._run(work)
        return found

    # --- files ------------------------------------------------------------------------------------------

    @property
    def texts(self) -> dict[str, str]:
        return Folder.opened(self.folder).texts

    def documents(self) -> list[Document]:
        return Folder.opened(self.folder).read().documents

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text("utf-8")
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new, 1), "utf-8")

    def write(self, file: str, text: str) -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder / file).write_text(text, "utf-8")

    # --- the sandbox ------------------------------------------------------------------------------------

    def flow(self, name: str, sandbox: str = "dev") -> dict[str, Any]:
        """The one flow of that name, as it is stored."""
        found = [row for row in self.emulator.store.sandboxes[sandbox]["flows"] if row.get("name") == name]
        assert len(found) == 1, f"{len(found)} flows are called {name}"
        return found[0]

    def change_flow(self, name: str, **members: Any) -> None:
        """Somebody else changes a flow: it has a new ETag."""
        flow = self.flow(name)
        etag = self.emulator.backend.mint.etag(self.emulator.backend.clock.now_ms())
        changed = {**flow, **members, "etag": etag, "version": etag, "updatedAt": flow["updatedAt"] + 1_000}
        self.emulator.store.sandboxes["dev"]["flows"].put(flow["id"], changed)


def documents_of(inventory: Inventory) -> dict[str, dict[str, Any]]:
    """What each flow of a sandbox is as a document, by flow id."""
    found = {}
    for id, flow in inventory.flows.items():
        try:
            found[id] = raised(inventory.stored(flow), inventory.names).document
        except CannotRaise:
            continue
    return found


def only(text: str) -> Document:
    """The one document of a text."""
    found = read(text, "x.yaml")
    assert not found.problems, found.problems
    [document] = found.documents
    return document


def contents(folder: Path) -> Mapping[str, str]:
    """Every file of a folder."""
    return {path.name: path.read_text("utf-8") for path in sorted(folder.iterdir()) if path.is_file()}
