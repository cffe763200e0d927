"""Who may say yes, and how they are asked."""

from __future__ import annotations

import hashlib
import json
from enum import Enum
from typing import Annotated, Any

from mcp.server.mcpserver import Context
from mcp_types.version import is_version_at_least
from pydantic import BaseModel, Field

from aep_flow_mcp.callers import Ability, person
from aep_flow_mcp.guard.approval.terminal import NoClient
from aep_flow_mcp.platform.models.text import clean_text
from aep_flow_mcp.settings import ApprovalMode, AuthMode, Settings

MODERN = "2026-07-28"
"""From this protocol on a question is returned and the answer comes with a repeat of the call."""

MAX_QUESTIONS = 4
"""How often one call asks again because what it is about has changed meanwhile."""

_QUESTION = "question"
"""Where the name of a question stands in its state."""


class Approval(BaseModel):
    """The form that a person fills in: one box, and nothing is ticked in advance."""

    approve: Annotated[bool, Field(strict=True, title="Approve", description="Send exactly this?")]


class Route(Enum):
    """How a call gets its approval, when it is not by a question through the client."""

    TWO_STEP = "two-step"
    BROWSER = "browser"
    NONE = "none"
    NOBODY = "nobody"
    NO_APPROVER = "no approver"
    SETTLED = "settled"


NO_PERSON = (
    "AEP_MCP_APPROVAL is human, and this client cannot ask a person (it does not declare elicitation): nothing was "
    "sent. Use a client that can, or set AEP_MCP_APPROVAL to browser."
)
NO_APPROVER = (
    "Whoever signed in here may not approve (that takes the scope {scope}), and AEP_MCP_APPROVAL is {mode}: nothing "
    "was sent."
)
NEXT_STEP_WITHOUT_APPROVER = (
    "Nothing was sent. Whoever signed in here may not approve: show this preview to the person. With the scope {scope} "
    "the same person can call confirm_change with the confirmation_id (valid once, for ten minutes)."
)
CANCELLED = (
    "The question was dismissed without an answer: nothing was sent. If nobody saw it, this client cancels questions "
    "by itself; AEP_MCP_APPROVAL=browser asks on a page in the person's own browser, AEP_MCP_APPROVAL=two-step in a "
    "second call."
)
DECLINED = "A person declined: nothing was sent."
CHANGED_TOO_OFTEN = (
    "What this is about changed each time while the question was open: nothing was sent. Read it again first."
)
USED = (
    "This approval was used already, or is older than ten minutes: nothing was sent (again). If it is to be done once "
    "more, call the tool anew."
)
CHANGED = "What this is about has changed since the question was put: nothing was sent. Call the tool anew."
LATE = "Nobody answered the question within ten minutes: nothing was sent."
UNREADABLE = "The client's answer to the question could not be read, so it counts as none: nothing was sent."
NEXT_STEP = (
    "Nothing was sent. Show this preview to the person; when they agree, call confirm_change with the confirmation_id "
    "(valid once, for ten minutes)."
)
SAME_PROFILE = "Give the same profile, {profile}: under another one the id is not valid."
NO_SECOND_CALL = (
    "This client cannot ask a person, and the second call that confirms cannot be made: nothing was sent."
)
NOT_VALID = (
    "This confirmation_id is not valid: it is unknown, was used, is older than ten minutes, or belongs to another "
    "caller. Nothing was sent. Call the write tool again to get a new preview. If a new one is not valid either, this "
    "client starts a server for each call, which forgets what the one before it previewed: let it keep one session "
    "for all calls."
)


def can_ask(ctx: Context) -> bool:
    """Whether the client says that it can put a form to a person, over a channel that carries the question."""
    capabilities = ctx.client_capabilities
    elicitation = capabilities.elicitation if capabilities is not None else None
    if elicitation is None or (elicitation.form is None and elicitation.url is not None):
        return False
    return is_modern(ctx) or ctx.session.can_send_request


def is_modern(ctx: Context) -> bool:
    """Whether questions are returned rather than pushed."""
    version = ctx.protocol_version
    return version is not None and is_version_at_least(version, MODERN)


def can_ask_for_values(mode: ApprovalMode, ctx: Context) -> bool:
    """Whether what is missing may be asked for in a form.

    Not in the second-call mode: the call is kept with its arguments, and answers are none of them.
    """
    return mode is not ApprovalMode.TWO_STEP and can_ask(ctx)


def with_question(state: str | None, name: str) -> str:
    """The state of a question, before it is sealed, with the name of the question in it."""
    return json.dumps({**_members(state), _QUESTION: name}, separators=(",", ":"))


def question_of(ctx: Context) -> str | None:
    """The name of the question that this call answers; None when it answers none of ours."""
    name = _members(ctx.request_state).get(_QUESTION)
    return name if isinstance(name, str) else None


def _members(state: str | None) -> dict[str, Any]:
    try:
        found = json.loads(state or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def route(mode: ApprovalMode, *, askable: bool, approver: bool = True) -> Route | None:
    """The way to an approval; None is a question through the client.

    approver: whether whoever calls may say yes. Who may not is shown the preview, and asked nothing.
    """
    if not approver and mode is not ApprovalMode.NONE:
        return Route.TWO_STEP if mode in (ApprovalMode.ASK, ApprovalMode.TWO_STEP) else Route.NO_APPROVER
    if mode in (ApprovalMode.ASK, ApprovalMode.HUMAN) and askable:
        return None
    return {
        ApprovalMode.ASK: Route.TWO_STEP,
        ApprovalMode.HUMAN: Route.NOBODY,
        ApprovalMode.TWO_STEP: Route.TWO_STEP,
        ApprovalMode.BROWSER: Route.BROWSER,
        ApprovalMode.NONE: Route.NONE,
    }[mode]


def caller_of(ctx: Context) -> str:
    """Who calls: whom a confirmation or a question belongs to.

    A person who signed in is one caller, in every session and on every replica. Without sign-in it is the session
    over HTTP, which a client of 2025-11-25 has; from 2026-07-28 on there is none (a header that says so is made up),
    and what is left is how the client calls itself. On stdio the process has one caller, whoever started it.
    """
    if isinstance(ctx, NoClient):
        return "command"
    headers = ctx.headers
    transport = "stdio" if headers is None else "http"
    someone = person()
    if someone is not None:
        return f"{transport} {someone.key}"
    if headers is None:
        return transport
    if is_modern(ctx):
        return " ".join(["http", *_calls_itself(ctx)])
    session = headers.get("mcp-session-id")
    # Whoever knows a session id can use the session, and the caller is written to the audit log.
    return f"http session {hashlib.sha256(session.encode()).hexdigest()[:32]}" if session else "http"


def _calls_itself(ctx: Context) -> list[str]:
    """The client's name and version, which nobody has checked."""
    client = ctx.session.client_params.client_info if ctx.session.client_params else None
    return [] if client is None else ["client", clean_text(f"{client.name} {client.version}", limit=80)]


def may_approve(ctx: Context, settings: Settings) -> bool:
    """Whether whoever calls may also say yes to what is asked; without sign-in that is nobody's to say."""
    if ctx.headers is None or settings.mcp_auth is not AuthMode.OIDC:
        return True
    someone = person()
    return someone is not None and Ability.APPROVE in someone.abilities
