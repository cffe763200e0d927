"""Who may say yes, and how they are asked."""

from __future__ import annotations

import hashlib
import json
from enum import Enum
from typing import Annotated, Any

from mcp.server.mcpserver import Context
from mcp.shared.exceptions import MCPError
from mcp_types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    ClientCapabilities,
    ElicitationCapability,
    FormElicitationCapability,
    MissingRequiredClientCapabilityErrorData,
)
from mcp_types.version import is_version_at_least
from pydantic import BaseModel, Field

from aep_flow_mcp.callers import Ability, person
from aep_flow_mcp.guard.approval.terminal import NoClient
from aep_flow_mcp.platform.models.text import clean_text
from aep_flow_mcp.settings import ApprovalMode, Approvers, AuthMode, Settings
from aep_flow_mcp.store.kept import StoreDown

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
    PAGE = "page"
    NO_OTHER = "no other"
    NONE = "none"
    NOBODY = "nobody"
    NO_APPROVER = "no approver"
    SETTLED = "settled"


NO_PERSON = (
    "AEP_MCP_APPROVAL is human, and this client cannot ask a person (it does not declare elicitation): nothing was "
    "sent. Use a client that can, or set AEP_MCP_APPROVAL to browser."
)
NO_OTHER = (
    "Another person than the caller has to approve this, on the approval page. That takes a server over HTTP at which "
    "people sign in (AEP_MCP_AUTH=oidc and AEP_MCP_AUTH_CLIENT_ID): nothing was sent."
)
ON_THE_PAGE = "A person has to agree, on the approval page."
BY_ANOTHER = "Another person has to agree, on the approval page (four eyes)."
NEXT_STEP_ON_THE_PAGE = (
    "Nothing was sent. Give the person this address: {address} . There they sign in, see this preview and decide. When "
    "they have approved, call confirm_change with the confirmation_id (both are valid for an hour, and once)."
)
NEXT_STEP_BY_ANOTHER = (
    "Nothing was sent. Whoever asked may not approve it: give the person this address, for somebody else who has the "
    "scope {scope}: {address} . There they sign in, see this preview and decide. When they have approved, call "
    "confirm_change with the confirmation_id (both are valid for an hour, and once)."
)
ON_THE_PAGE_THEY_OPENED = "on the approval page that the client was asked to open"
NOT_OPENED = (
    "The client did not open the approval page: nothing was sent. If nobody saw the question, this client dismisses "
    "such questions by itself."
)
NO_ROOM = "Too many changes wait on the approval page. Nothing was sent; try again later."
UNDECIDED = (
    "Nobody has decided about it on the approval page yet: nothing was sent, and the confirmation_id stays valid. The "
    "page is {address} ."
)
DECLINED_ON_THE_PAGE = "{name} declined on the approval page: nothing was sent."
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
TOO_MANY = "Too many changes wait for a person's approval. Nothing was sent; try again in ten minutes."
NOT_VALID = (
    "This confirmation_id is not valid: it is unknown, was used, is older than ten minutes, or belongs to another "
    "caller. Nothing was sent. Call the write tool again to get a new preview. If a new one is not valid either, this "
    "client starts a server for each call, which forgets what the one before it previewed: let it keep one session "
    "for all calls."
)


def down(error: StoreDown) -> str:
    """What is said when the store of replicas is not there: nothing is written without it."""
    return f"{error} Nothing was sent; reading goes on. Try again when it answers."


def can_ask(ctx: Context) -> bool:
    """Whether the client says that it can put a form to a person, over a channel that carries the question."""
    capabilities = ctx.client_capabilities
    elicitation = capabilities.elicitation if capabilities is not None else None
    if elicitation is None or (elicitation.form is None and elicitation.url is not None):
        return False
    return is_modern(ctx) or ctx.session.can_send_request


def can_visit(ctx: Context) -> bool:
    """Whether the client says that it can have a person open an address."""
    capabilities = ctx.client_capabilities
    elicitation = capabilities.elicitation if capabilities is not None else None
    return (
        elicitation is not None
        and elicitation.url is not None
        and (is_modern(ctx) or ctx.session.can_send_request)
    )


def lacks_elicitation(sentence: str) -> MCPError:
    """The protocol's error for a client that cannot put a form to a person."""
    form = ElicitationCapability(form=FormElicitationCapability())
    lacks = MissingRequiredClientCapabilityErrorData(
        required_capabilities=ClientCapabilities(elicitation=form)
    )
    return MCPError(
        MISSING_REQUIRED_CLIENT_CAPABILITY,
        sentence,
        lacks.model_dump(by_alias=True, mode="json", exclude_none=True),
    )


def is_modern(ctx: Context) -> bool:
    """Whether questions are returned rather than pushed."""
    version = ctx.protocol_version
    return version is not None and is_version_at_least(version, MODERN)


def can_ask_for_values(settings: Settings, ctx: Context) -> bool:
    """Whether what is missing may be asked for in a form.

    Not where a second call carries the change out: the call is kept with its arguments, and answers are none of them.
    """
    kept = settings.mcp_approval is ApprovalMode.TWO_STEP or settings.mcp_approvers is Approvers.OTHERS
    on_page = settings.mcp_approval is ApprovalMode.BROWSER and settings.has_page and ctx.headers is not None
    return not kept and not on_page and can_ask(ctx)


def with_question(state: str | None, name: str) -> str:
    """The state of a question, before it is sealed, with the name of the question in it."""
    return json.dumps({**members(state), _QUESTION: name}, separators=(",", ":"))


def question_of(ctx: Context) -> str | None:
    """The name of the question that this call answers; None when it answers none of ours."""
    name = members(ctx.request_state).get(_QUESTION)
    return name if isinstance(name, str) else None


def members(state: str | None) -> dict[str, Any]:
    """What is in the state of a question, once it is unsealed."""
    try:
        found = json.loads(state or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def route(
    mode: ApprovalMode, *, askable: bool, approver: bool = True, others: bool = False, page: bool = False
) -> Route | None:
    """The way to an approval; None is a question through the client.

    approver: whether whoever calls may say yes. Who may not is shown the preview, and asked nothing. others: whether
    another person has to approve; no mode makes that unnecessary. page: whether people sign in to the approval page.
    """
    if others:
        return Route.PAGE if page else Route.NO_OTHER
    if mode is ApprovalMode.BROWSER and page and approver:
        return Route.PAGE
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
