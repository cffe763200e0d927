"""One question on a page: its secrets, its state, its answer. Threads of the page's server and the call meet here."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from aep_flow_mcp.guard.changes.preview import Preview

LIFE = 600.0
"""Seconds for which the page waits."""


class Answer(Enum):
    """What came of the page."""

    APPROVED = "approved"
    DECLINED = "declined"
    EXPIRED = "expired"
    UNSEEN = "unseen"
    SHARED = "shared"
    GIVEN_UP = "given up"
    NO_BROWSER = "no browser"


CLOSED = {
    Answer.APPROVED: "This was decided already.",
    Answer.DECLINED: "This was decided already: nothing is sent.",
    Answer.EXPIRED: "Nobody decided within ten minutes: nothing will be sent any more.",
    Answer.UNSEEN: "Nobody decided within ten minutes: nothing will be sent any more.",
    Answer.SHARED: "This page was loaded from a second place, which ended it: nothing will be sent any more.",
    Answer.GIVEN_UP: "The program that asked has given up the call: nothing will be sent any more.",
    Answer.NO_BROWSER: "The question was withdrawn: nothing will be sent any more.",
}
"""What a page says that is not open any more."""


def _secret() -> str:
    return secrets.token_urlsafe(32)


@dataclass
class Desk:
    """One question, and where it is answered.

    The ticket opens the page, once; it stands in the file that the browser opens. The page itself has another path
    and belongs to whoever holds the cookie that came with the ticket; what is sent from it holds the token.
    """

    preview: Preview
    port: int = 0
    ticket: str = field(default_factory=lambda: f"/{_secret()}", repr=False)
    path: str = field(default_factory=lambda: f"/{_secret()}", repr=False)
    cookie: str = field(default_factory=_secret, repr=False)
    token: str = field(default_factory=_secret, repr=False)
    on_used: Callable[[], None] = field(default=lambda: None, repr=False)
    """Called once the ticket is of no use any more."""
    decided: threading.Event = field(default_factory=threading.Event)
    heard: threading.Event = field(default_factory=threading.Event)
    """Set when the call knows the answer, or is over."""
    _answer: Answer | None = None
    _entered: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        """What opens the page, once."""
        return f"http://{self.host}{self.ticket}"

    @property
    def answer(self) -> Answer | None:
        """What came of it; None as long as it is open."""
        return self._answer

    @property
    def loaded(self) -> bool:
        """Whether somebody opened the page."""
        return self._entered

    def enter(self) -> bool:
        """Use the ticket. The second who tries shows that it was read by another: that ends it."""
        with self._lock:
            if self._answer is not None:
                return False
            if self._entered:
                self._settle(Answer.SHARED)
                return False
            self._entered = True
        self.on_used()
        return True

    def show(self, *, own: bool) -> bool:
        """Whether the page may be shown: as often as they like to whoever entered; anybody else ends it."""
        with self._lock:
            if self._answer is None and not own:
                self._settle(Answer.SHARED)
            return self._answer is None

    def decide(self, answer: Answer) -> bool:
        """Take the decision; False when there is one already."""
        with self._lock:
            if self._answer is not None:
                return False
            self._settle(answer)
            return True

    def take(self) -> Answer:
        """The decision, for the call that waited for it; from now on none is taken."""
        with self._lock:
            nobody = Answer.EXPIRED if self._entered else Answer.UNSEEN
            answer = self._answer or self._settle(nobody)
            self.heard.set()
            return answer

    def close(self, because: Answer) -> None:
        """The call is over. A decision that it did not take any more is worth nothing."""
        with self._lock:
            if not self.heard.is_set():
                self._answer = because
                self.decided.set()
                self.heard.set()
        self.on_used()

    @property
    def closed(self) -> str:
        """What to say to those who come now."""
        return CLOSED[self._answer or Answer.EXPIRED]

    def _settle(self, answer: Answer) -> Answer:
        self._answer = answer
        self.decided.set()
        return answer
