"""Asks a person, through the client, for what a wish lacks: as often as answers raise further questions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

from mcp.server.mcpserver import Context, Elicit, ElicitationResult, Resolve
from pydantic import BaseModel

from aep_flow_mcp.app import App
from aep_flow_mcp.asking.form import AnswerError, Form, answered, form_of
from aep_flow_mcp.guard.approval import asking as approval
from aep_flow_mcp.guard.policy import Allowed
from aep_flow_mcp.guard.tool import on_the_wire
from aep_flow_mcp.pipelines.blueprint import Verdict
from aep_flow_mcp.pipelines.wish import PipelineWish
from aep_flow_mcp.planning.pipeline_change import judged
from aep_flow_mcp.planning.pipeline_reading import Reading
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.surface.dependencies import AppState, Reader
from aep_flow_mcp.surface.pipeline_arguments import Wish

MAX_FORMS = 5
"""Connector, account, path, what follows from the data, and one more for what an answer brought up."""


@dataclass
class Talk:
    """A wish while a person is asked about it.

    said: what the person answered, for the case that it is not enough. refused: how the person said no.
    """

    wish: PipelineWish
    verdict: Verdict | None = None
    over: bool = False
    refused: str | None = None
    unreadable: str | None = None
    said: list[str] = field(default_factory=list)

    def take_verdict(self) -> Verdict | None:
        """What was judged while asking; once, for planning anew means reading anew."""
        verdict, self.verdict = self.verdict, None
        return verdict


def begin(wish: Wish) -> Talk:
    """Before the first question."""
    return Talk(wish)


def _stage(prior: Callable[..., Any]) -> Callable[..., Any]:
    """One form more: asks for what is missing after `prior`, and adds the answers."""

    async def ask_for_values(
        ctx: Context, app: AppState, aep: Reader, talk: Annotated[Talk, Resolve(prior)]
    ) -> Any:
        form = None if talk.over else await _form(ctx, app, aep, talk)
        return Elicit(form.message, form.model) if form is not None else None

    async def add(
        talk: Annotated[Talk, Resolve(prior)],
        outcome: Annotated[ElicitationResult[BaseModel], Resolve(ask_for_values)],
    ) -> Talk:
        answers: BaseModel | None = getattr(outcome, "data", None)
        if outcome.action != "accept":
            talk.over, talk.refused = True, outcome.action
        elif answers is not None:
            _take(talk, answers)
        else:
            talk.over = True
        return talk

    ask_for_values.__module__, ask_for_values.__qualname__ = on_the_wire("values")
    return add


def _take(talk: Talk, answers: BaseModel) -> None:
    talk.verdict = None
    talk.said += [f"{name}={value}" for name, value in answers.model_dump(by_alias=True).items()]
    try:
        talk.wish = answered(talk.wish, answers)
    except AnswerError as error:
        talk.over, talk.unreadable = True, str(error)


async def _form(ctx: Context, app: App, aep: FlowReader, talk: Talk) -> Form | None:
    if not approval.can_ask_for_values(app.settings, ctx):
        return None
    if app.rules is not None and any(rule.four_eyes for rule in app.rules.rules):
        return None  # What another person decides about is kept with its arguments, and answers are none of them.
    if not isinstance(await app.guard.policy.writes(aep.sandbox), Allowed):
        return None
    reading = Reading(aep, talk.wish)
    talk.verdict = await judged(reading)
    talk.wish = reading.wish
    return form_of(talk.verdict, talk.wish)


def _stages() -> Callable[..., Any]:
    last: Callable[..., Any] = begin
    for _ in range(MAX_FORMS):
        last = _stage(last)
    return last


Answered = Annotated[Talk, Resolve(_stages())]
