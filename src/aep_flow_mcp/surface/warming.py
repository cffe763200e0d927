"""What the next questions need is imported while the first answer is waited for.

A tool's module is imported when the tool is called, so that a server starts fast. For the tools that answer most
questions that takes up to a tenth of a second, in which a process that waits for the service has mostly nothing to do.
"""

from __future__ import annotations

import asyncio
import sys
import weakref
from collections.abc import Iterable
from importlib import import_module

from aep_flow_mcp.surface.snapshot import PACKAGE

ASKED_FIRST = tuple(
    f"{PACKAGE}.questions.{name}"
    for name in ("describe_flow", "pipeline_health", "diagnose_flow", "find_flows", "trace_lineage")
)
"""The modules of the tools that answer most questions, one of them a step."""
FIRST_AFTER_S = 0.03
"""By then a request is under way, if the call needs one."""
BETWEEN_S = 0.1
"""Between two steps: the loop stands still for one, and goes on before the next."""


class Warming:
    """Imports the modules of some tools that are asked first, on whatever event loop runs."""

    def __init__(self, modules: Iterable[str], order: Iterable[str] = ASKED_FIRST) -> None:
        """modules: of the tools that can be called; what stands in `order` is imported, in that order."""
        served = set(modules)
        self._left = [module for module in order if module in served][::-1]
        self._loop: weakref.ref[asyncio.AbstractEventLoop] | None = None
        """Where the next step is planned. A loop that ended takes its steps with it."""

    def begin(self) -> None:
        """Plan the first step, once. To be called when a call begins."""
        if not self._left:
            return
        loop = asyncio.get_running_loop()
        if self._loop is None or self._loop() is not loop:
            self._loop = weakref.ref(loop)
            loop.call_later(FIRST_AFTER_S, self._step, loop)

    def _step(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._left:
            module = self._left.pop()
            if module not in sys.modules:
                import_module(module)
                break
        if self._left:
            loop.call_later(BETWEEN_S, self._step, loop)
