"""Completions: arguments of prompts and resources, by name as well as by id.

At most `MAXIMUM` suggestions; what is typed may be the start of an id, or any part of a name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import anyio
from mcp_types import (
    Completion,
    CompletionArgument,
    CompletionContext,
    PromptReference,
    ResourceTemplateReference,
)

from aep_flow_mcp.platform.errors import PlatformError

if TYPE_CHECKING:
    from aep_flow_mcp.app import App

MAXIMUM = 50
TYPING = 10.0
"""Seconds for which suggestions are waited for."""
Named = list[tuple[str, str]]
"""(id, name) pairs."""


async def complete(
    app: App,
    reference: PromptReference | ResourceTemplateReference,
    argument: CompletionArgument,
    context: CompletionContext | None,
) -> Completion | None:
    """Suggestions, or None where there is nothing to suggest. A service that cannot be asked, or takes longer than a
    person who types, suggests nothing."""
    del context
    from aep_flow_mcp.surface import failures

    try:
        with anyio.move_on_after(TYPING):
            return await _suggested(app, reference, argument)
    except Exception as error:  # noqa: BLE001  (no suggestion is better than an error in the middle of typing)
        if not isinstance(failures.cause_of(error), PlatformError):
            failures.defect(error, "a completion", effect=failures.ONLY_READS)
    return None


async def _suggested(
    app: App, reference: PromptReference | ResourceTemplateReference, argument: CompletionArgument
) -> Completion | None:
    prompt = isinstance(reference, PromptReference)
    if isinstance(reference, PromptReference):
        kind = _kind_of_prompt(app, reference.name, argument.name)
    else:
        kind = _kind_of_resource(reference)
    source = _SOURCES.get(kind or "")
    if source is None:
        return None
    named = await source(app)
    found = [
        (object_id, name)
        for object_id, name in named
        if object_id.startswith(argument.value) or argument.value.casefold() in name.casefold()
    ]
    values = list(dict.fromkeys(name if prompt else object_id for object_id, name in found))
    return Completion(values=values[:MAXIMUM], total=len(values), has_more=len(values) > MAXIMUM)


def _kind_of_prompt(app: App, prompt: str, argument: str) -> str | None:
    from aep_flow_mcp.prompts import load_prompts

    known = load_prompts(app.settings.mcp_prompts_dir).get(prompt)
    return next((item.complete for item in known.arguments if item.name == argument), None) if known else None


def _kind_of_resource(reference: ResourceTemplateReference) -> str | None:
    from aep_flow_mcp.resources import RESOURCES

    return next((item.completes for item in RESOURCES if item.uri == reference.uri), None)


async def _connectors(app: App) -> Named:
    return [(spec.id, spec.name or spec.id) for spec in await app.reader().list_connection_specs()]


async def _flow_specs(app: App) -> Named:
    return [(spec.id, spec.name or spec.id) for spec in await app.reader().list_flow_specs()]


async def _flows(app: App) -> Named:
    page = await app.reader().list_flows(limit=100, orderby="-updatedAt")
    return [(flow.id, flow.name or flow.id) for flow in page.items]


async def _runs(app: App) -> Named:
    page = await app.reader().list_runs(limit=50, orderby="-createdAt")
    return [(run.id, run.id) for run in page.items]


async def _datasets(app: App) -> Named:
    page = await app.reader().neighbours.list_datasets(limit=100)
    return [(dataset.id or "", dataset.name or "") for dataset in page.items]


async def _sandboxes(app: App) -> Named:
    return [(name, name) for name in app.settings.all_sandboxes]


_SOURCES: dict[str, Callable[[App], Awaitable[Named]]] = {
    "connector": _connectors,
    "flow_spec": _flow_specs,
    "flow": _flows,
    "run": _runs,
    "dataset": _datasets,
    "sandbox": _sandboxes,
}
