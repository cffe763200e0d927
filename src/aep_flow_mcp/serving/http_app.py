"""The HTTP application: the SDK's own, behind what it leaves to others, in the order in which a request meets it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcp.server.transport_security import RequestBodyLimitMiddleware

from aep_flow_mcp.serving.asgi import Asgi
from aep_flow_mcp.serving.client_responses import readable_responses
from aep_flow_mcp.serving.limits import IDLE, Limits

if TYPE_CHECKING:
    from aep_flow_mcp.server import FlowServer
    from aep_flow_mcp.serving.signing_in.parts import SignIn


def http_app(server: FlowServer, sign_in: SignIn | None = None, **options: Any) -> Asgi:
    """The application of a server. options: of `MCPServer.streamable_http_app`.

    sign_in: how callers sign in. It was given to the server too, whose SDK checks each token as well.
    """
    settings = server.app.settings
    own: Asgi = server.streamable_http_app(
        max_request_body_size=settings.mcp_max_body,
        max_sessions=settings.mcp_max_sessions,
        session_idle_timeout=IDLE,
        stateless_http=not settings.keeps_sessions,
        **options,
    )
    inner = readable_responses(own)
    if sign_in is not None:
        from aep_flow_mcp.serving.signing_in.door import ScopeGate

        inner = ScopeGate(inner, sign_in, server.offer)
    # What reads a body behind this reads it whole.
    limited: Asgi = Limits(RequestBodyLimitMiddleware(inner, settings.mcp_max_body), settings)
    if sign_in is None:
        return limited
    from aep_flow_mcp.serving.signing_in.door import Door

    door = Door(limited, sign_in)
    if sign_in.page is None:
        return door
    from aep_flow_mcp.serving.approvals.pages import Pages

    return Pages(door, server.app, sign_in)
