"""Whatever goes wrong, as a sentence for whoever called: Adobe's errors, what cannot be asked, and our own defects.

The SDK shows anything else than a `ToolError` or `ResourceError` as "Error executing tool", which helps nobody.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from traceback import clear_frames, format_tb

from mcp.server.mcpserver.exceptions import (
    ResourceError,
    ToolError,
    UnexpectedResourceError,
    UnexpectedToolError,
)

from aep_flow_mcp.gathering.asked import AskedError
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.redaction.texts import redact_text
from aep_flow_mcp.surface.patience import NoTimeLeftError

logger = logging.getLogger(__name__)

ONLY_READS = "It only reads: nothing was changed."
NOTHING_SENT = "Nothing was sent that changes anything."
SENT = (
    "Something had been sent by then: look at what is there before you do it again; the audit log, if there is one, "
    "says what was sent."
)


REFUSED = "refused"
PROTOCOL = "protocol"


def kind_of(error: Exception) -> str:
    """What kind of error it is, in one of few words: Adobe's kinds (`ErrorKind`), `time` where there was no more of it,
    `call` for what cannot be asked as it was, and `defect` for ours.
    """
    cause = cause_of(error)
    if isinstance(cause, PlatformError):
        return cause.kind.value
    if isinstance(cause, NoTimeLeftError):
        return "time"
    return "call" if isinstance(cause, AskedError | ToolError | ResourceError) else "defect"


def sentence(error: Exception, what: str, *, effect: str) -> str:
    """What to say of an error.

    Args:
        error: whatever was raised, alone or with others in a group.
        what: the tool or resource that was called.
        effect: what a defect of ours has, or has not, done.
    """
    cause = cause_of(error)
    if isinstance(cause, PlatformError | NoTimeLeftError):
        return f"{what}: {cause}"
    if isinstance(cause, AskedError):
        return redact_text(str(cause))
    if isinstance(cause, ToolError | ResourceError):
        return str(cause)
    return defect(error, what, effect=effect)


def defect(error: BaseException, what: str, *, effect: str) -> str:
    """Log an error that should not have been, and say so. The answer has the id, the log the rest.

    Neither has the error's text, which may quote a request or an answer with a secret in it.
    """
    id, name = secrets.token_hex(4), type(cause_of(error)).__name__
    logger.error("defect %s: %s met %s\n%s", id, what, name, "".join(_trace(error)))
    return (
        f"{what}: this is a defect of this server ({name}), not of your request. {effect} "
        f"The server's log (stderr) has the details under {id}: report it with them."
    )


def cause_of(error: BaseException) -> BaseException:
    """What really went wrong: out of the SDK's wrapping and out of groups of concurrent calls."""
    while True:
        if isinstance(error, BaseExceptionGroup):
            error = min(_leaves(error), key=_rank)
        elif isinstance(error, UnexpectedToolError | UnexpectedResourceError) and error.__cause__:
            error = error.__cause__
        elif isinstance(error, ToolError) and isinstance(error.__cause__, ToolError | ResourceError):
            # The SDK repeats a tool's own sentence behind "Error executing tool ...".
            error = error.__cause__
        else:
            return error


def let_go(error: BaseException) -> None:
    """Take what they hold from the frames of an error that was told of, and of what led to it.

    An answer that could not be worked with may have a hundred megabytes in memory. Errors and frames hold each other,
    and would keep it until the garbage collector comes by.
    """
    for one in _led_to(error):
        clear_frames(one.__traceback__)


def _led_to(error: BaseException) -> Iterator[BaseException]:
    """An error, those that it was raised from or beside, and those in its groups."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__]
        waiting += one.exceptions if isinstance(one, BaseExceptionGroup) else ()


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for one in group.exceptions:
        yield cause_of(one)


def _rank(error: BaseException) -> int:
    """A defect first, since it must not hide; then what Adobe said; last what was only cancelled by the others."""
    if not isinstance(error, Exception):
        return 2
    return 1 if isinstance(error, PlatformError | AskedError | ToolError | ResourceError) else 0


def _trace(error: BaseException) -> Iterator[str]:
    """The stack of an error, and of what led to it, without any text of theirs."""
    seen: set[int] = set()
    while id(error) not in seen:
        seen.add(id(error))
        yield f"{type(error).__name__}\n"
        yield from format_tb(error.__traceback__)
        for one in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
            yield "in it "
            yield from _trace(one)
        following = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if following is None:
            return
        yield "because of "
        error = following
