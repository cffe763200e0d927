"""Organisations that nobody here wrote, with members missing, null, as text and in older spellings: nothing is lost.

What is exported stands for exactly what is stored, member by member, and is as it is to a plan.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest

from aep_flow_mcp.app import App
from aep_flow_mcp.documents.lowering import lower
from aep_flow_mcp.documents.raising import CannotRaise, raised
from aep_flow_mcp.documents.same import same
from aep_flow_mcp.documents.stored import writable
from aep_flow_mcp.documents.text import read, written
from aep_flow_mcp.planning.as_code.inventory import Inventory, read_inventory
from aep_flow_mcp.planning.as_code.whole import Action, Kept, export_documents, plan_documents
from aep_flow_mcp.settings import read_settings
from foreign.organisation import make_organisation
from foreign.service import ForeignService
from foreign.truth import SANDBOX

SEEDS = range(40)


def _inventory(seed: int) -> Inventory | None:
    async def run() -> Inventory | None:
        app = _app(seed)
        try:
            found = await read_inventory(app.reader())
            await found.read_mappings(app.reader(), found.flows.values())
            return found
        finally:
            await app.aclose()

    return anyio.run(run)


def _app(seed: int) -> App:
    organisation = make_organisation(seed)
    for closed in ("connectionSpecs", "flowSpecs", "flows"):
        organisation.closed.pop(closed, None)
    settings = read_settings(sandbox=SANDBOX, access_token="token", org_id="O@AdobeOrg", client_id="c")
    return App(settings, transport=lambda: ForeignService(organisation), emulated=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_document_stands_for_what_is_stored(seed: int) -> None:
    inventory = _inventory(seed)
    assert inventory is not None
    for flow in inventory.flows.values():
        try:
            stored = inventory.stored(flow)
            document = raised(stored, inventory.names)
        except CannotRaise:
            continue
        text = written(document.document)
        found = read(text, "x.yaml")
        assert not found.problems, f"{found.problems}\n{text}"
        ref = stored.mapping_ref
        lowered = lower(found.documents[0].pipeline, inventory.names, **({"mapping": ref} if ref else {}))
        assert lowered.bodies is not None, f"{lowered.findings}\n{text}"
        parts, _ = writable(stored, inventory.names)
        for part in ("source", "target", "flow"):
            body = getattr(lowered.bodies, part)
            for name in {*parts[part], *body} - {"connectionSpec", "flowSpec"}:
                if name == "name" and name not in parts[part]:
                    continue
                one, other = parts[part].get(name), body.get(name)
                assert same(one or None, other or None), f"{part}.{name}: {one} / {other}\n{text}"


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_exported_is_as_it_is(seed: int, tmp_path: Path) -> None:
    del tmp_path

    async def run() -> Any:
        app = _app(seed)
        try:
            pairs, _ = await export_documents(app.reader())
            texts = {f"{number}.yaml": written(one.document) for number, (_, one) in enumerate(pairs)}
            documents = [one for file, text in texts.items() for one in read(text, file).documents]
            owned = {f"{number}.yaml": str(flow["id"]) for number, (flow, _) in enumerate(pairs)}
            return texts, await plan_documents(app.reader(), documents, kept=Kept(owned))
        finally:
            await app.aclose()

    texts, plan = anyio.run(run)
    assert not plan.problems, [*map(str, plan.problems), *texts.values()]
    wrong = [
        (one.name, one.differences, texts[one.file]) for one in plan.entries if one.action is not Action.NONE
    ]
    assert not wrong, wrong[0]
