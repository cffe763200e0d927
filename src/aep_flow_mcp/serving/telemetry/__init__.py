"""What of a server's work is counted and traced, for whoever runs it; off until a setting asks for it.

Each kind is an `Observer`, in a module that is imported only then: most servers have no use for either library.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aep_flow_mcp.observing import NOBODY, Call, Observer, Request, Write
from aep_flow_mcp.settings import Settings, SettingsError

if TYPE_CHECKING:
    from aep_flow_mcp.serving.telemetry.metrics import Metrics
    from aep_flow_mcp.serving.telemetry.traces import Traces


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What the settings ask for; None where they do not."""

    metrics: Metrics | None = None
    traces: Traces | None = None

    @property
    def observer(self) -> Observer:
        """Who is told of what happens."""
        there = [each for each in (self.metrics, self.traces) if each is not None]
        if not there:
            return NOBODY
        return there[0] if len(there) == 1 else All(there)

    def close(self) -> None:
        """Send what has not been sent."""
        if self.traces is not None:
            self.traces.close()


def telemetry(settings: Settings, *, over_http: bool) -> Telemetry:
    """What is configured. Metrics are for servers over HTTP: a process of a person's own host has no port to spare.

    Raises:
        SettingsError: a library is not installed, or is asked for something that it does not have.
    """
    metrics = traces = None
    if over_http and settings.mcp_metrics_port is not None:
        try:
            from aep_flow_mcp.serving.telemetry.metrics import Metrics
        except ImportError:
            raise _missing("AEP_MCP_METRICS_PORT", "metrics") from None
        metrics = Metrics()
    if settings.mcp_traces:
        try:
            from aep_flow_mcp.serving.telemetry.traces import traced
        except ImportError:
            raise _missing("AEP_MCP_TRACES", "otel") from None
        traces = traced(settings)
    return Telemetry(metrics, traces)


def _missing(variable: str, extra: str) -> SettingsError:
    return SettingsError(
        f"{variable} is set, and what it takes is not installed: install this server with its extra, "
        f"aep-flow-mcp[{extra}]."
    )


class All:
    """Several observers, each told of everything."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = observers

    def call(self, call: Call) -> AbstractContextManager[None]:
        """Around a call of a tool."""
        return _each([one.call(call) for one in self._observers])

    def request(self, request: Request) -> AbstractContextManager[None]:
        """Around a request to Adobe."""
        return _each([one.request(request) for one in self._observers])

    def write(self, write: Write) -> AbstractContextManager[None]:
        """Around a write."""
        return _each([one.write(write) for one in self._observers])


@contextmanager
def _each(around: Sequence[AbstractContextManager[None]]) -> Iterator[None]:
    with ExitStack() as stack:
        for one in around:
            stack.enter_context(one)
        yield
