"""Accessibility, by axe-core, of what a window shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.chromium import Chromium

AXE = Path(__file__).resolve().parents[2] / "apps" / "node_modules" / "axe-core" / "axe.min.js"
needs_axe = pytest.mark.skipif(
    not AXE.exists(), reason="axe-core is not installed: cd apps && npm install --no-save"
)

_RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {iframes: false, resultTypes: ['violations']}).then(
  (found) => done(found.violations.map((one) => ({id: one.id, help: one.help,
    nodes: one.nodes.slice(0, 3).map((node) => node.html.slice(0, 300) + ' // ' + node.failureSummary)}))),
  (error) => done([{id: 'axe', help: String(error), nodes: []}]));
"""


async def is_accessible(chromium: Chromium, where: str = "the app") -> None:
    """Fail with what axe-core finds in the document, or in the frame that the window is in."""
    await chromium.script(AXE.read_text("utf-8"))
    found: list[dict[str, Any]] = await chromium.do("POST", "execute/async", script=_RUN, args=[])
    told = (f"{one['id']}: {one['help']}: {node}" for one in found for node in one["nodes"] or [""])
    if lines := "\n".join(told):
        pytest.fail(f"{where}:\n{lines}")
