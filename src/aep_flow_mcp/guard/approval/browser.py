"""Approval on a page that the server opens in the person's own browser, on this machine.

The address of the page is in a file that only this user can read (forwarding.py) and in nothing else: no argument
list, answer, log line or error. It holds 256 random bits, works for one page and one decision, for ten minutes. Where
the system tells whose program connects, only the same user's is answered. Whoever comes second ends the whole thing,
so that a copied address is of no use and is noticed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import anyio
import anyio.to_thread

from aep_flow_mcp.guard.approval.desk import LIFE, Answer, Desk
from aep_flow_mcp.guard.approval.forwarding import NAME, PREFIX, forward
from aep_flow_mcp.guard.approval.opening import Opener, open_browser
from aep_flow_mcp.guard.approval.page_server import PageServer
from aep_flow_mcp.guard.changes.preview import Preview

_LINGER = 5.0
"""Seconds for which a decided page still answers, with "no longer open"."""
_LINGER_OPEN = LIFE
"""Seconds for which a page answers likewise that somebody still has before them, undecided."""
_OPENING = 5.0
"""Seconds for which what opens the browser may go on after the decision."""

BY_HAND = f"it is {NAME} in the folder {PREFIX}... of the home folder (on macOS and Windows: of the temporary folder)"
NO_BROWSER = (
    "AEP_MCP_APPROVAL is browser, and no browser could be opened on this machine: nothing was sent. Run the server "
    "where a person has a browser, or set AEP_MCP_APPROVAL to human or two-step."
)
NO_FILE = (
    "AEP_MCP_APPROVAL is browser, and the file that opens the page could not be written to the home folder or to the "
    "folder for temporary files: nothing was sent. Make one of them writable, or set AEP_MCP_APPROVAL to human or "
    "two-step."
)
NOT_LOADED = f"no browser has loaded the page yet; {BY_HAND}"
ON_THE_PAGE = "on the page in their browser"
NOT_HERE = (
    "AEP_MCP_APPROVAL is browser, which works for a server on the person's own machine over stdio; this call came over "
    "HTTP: nothing was sent. Set AEP_MCP_APPROVAL to human or ask, or let people sign in to a page of this server "
    "(AEP_MCP_AUTH_CLIENT_ID)."
)
GIVEN_UP = (
    "The client gave up this call while a person was asked on the approval page: nothing was sent, and the page says "
    "that nothing will be."
)
GIVEN_UP_LATE = "The client gave up this call after it was approved on the page: nothing was sent."
SENTENCES = {
    Answer.NO_BROWSER: NO_BROWSER,
    Answer.EXPIRED: "The approval page was opened, and nobody decided on it within ten minutes: nothing was sent.",
    Answer.UNSEEN: (
        "No browser loaded the approval page within ten minutes: nothing was sent. If none appeared, the browser may "
        "not be allowed to read files of the home folder, or another program opens .html files. While the page is "
        f"waited for, it can be opened by hand: {BY_HAND}."
    ),
    Answer.SHARED: (
        "The approval page was loaded from a second place (or by a browser that keeps no cookies), which ends it: "
        "nothing was sent."
    ),
}


async def ask(
    preview: Preview,
    opener: Opener | None = None,
    *,
    life: float = LIFE,
    say: Callable[[str], None] = lambda _: None,
) -> Answer:
    """Show the preview as a page, and wait for Approve or Decline.

    Args:
        opener: is given the address of the file that leads to the page.
        life: seconds.
        say: is told how it stands while the page is waited for.

    Raises:
        NoFolderError: the file could not be written anywhere.
    """
    desk = Desk(preview)
    server = await anyio.to_thread.run_sync(PageServer, desk)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        file = forward(desk.address)

        def used() -> None:
            file.remove()
            say(ON_THE_PAGE)

        desk.on_used = used
        say(NOT_LOADED)
        async with anyio.create_task_group() as group:
            group.start_soon(_open, desk, opener or open_browser, file.address)
            # Closing the desk ends the wait of an abandoned thread.
            await anyio.to_thread.run_sync(desk.decided.wait, life, abandon_on_cancel=True)
            answer = desk.take()
            # A browser may stay in the foreground, and nobody has to wait for that.
            group.cancel_scope.deadline = anyio.current_time() + _OPENING
        return answer
    finally:
        desk.close(Answer.GIVEN_UP)
        undecided = desk.loaded and desk.answer not in (Answer.APPROVED, Answer.DECLINED)
        # A closed desk decides nothing; it stays to say so to whoever reloads it or presses a button.
        closing = threading.Timer(_LINGER_OPEN if undecided else _LINGER, server.end)
        closing.daemon = True
        closing.start()


async def _open(desk: Desk, opener: Opener, address: str) -> None:
    if not await opener(address):
        desk.decide(Answer.NO_BROWSER)
