"""The file that a browser opens, and that forwards to the approval page.

What a program is started with can be read by every user of a machine (`ps`), so a browser is not given the address
of the page but that of a file that nobody else may read. The address in the file works once.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from html import escape
from pathlib import Path

logger = logging.getLogger(__name__)

PREFIX = "aep-flow-approval-"
NAME = "approve.html"
STALE = 900.0
"""Seconds after which a file that is still there was left by a process that was killed."""


class NoFolderError(Exception):
    """No folder takes the file."""


class Forwarding:
    """One such file, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME

    @property
    def address(self) -> str:
        """What the browser is given: `file:///.../approve.html`."""
        return self.path.as_uri()

    def remove(self) -> None:
        """Remove the file and its folder; once they are gone, nothing happens."""
        try:
            with suppress(FileNotFoundError):
                self.path.unlink()
                self.path.parent.rmdir()
        except (
            OSError
        ) as error:  # A browser that still reads it (Windows). What it says is of no use any more.
            logger.info("the file that opens the approval page stays: %s", error.strerror)


def forward(address: str) -> Forwarding:
    """A new file that forwards to the address: mode 0600, in a new folder with mode 0700.

    Raises:
        NoFolderError: no folder takes it.
    """
    for base in folders():
        try:
            _sweep(base)
            return _written(base, address)
        except OSError as error:
            logger.info("a folder does not take the file of the approval page: %s", error.strerror)
    raise NoFolderError


def folders() -> Iterator[Path]:
    """Where the file may be, best first.

    On Linux that is the home folder itself: a browser from a snap reads neither /tmp nor what is hidden, and one on
    the Windows side of WSL reaches it. Elsewhere the user has a temporary folder of his own.
    """
    home = Path(os.path.expanduser("~"))
    temporary = Path(tempfile.gettempdir())
    if sys.platform in ("win32", "darwin"):
        yield from (temporary, home)
        return
    yield home
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        yield Path(runtime)
    yield temporary


def _written(base: Path, address: str) -> Forwarding:
    # mkdtemp makes it for its owner alone, under a name that nobody can prepare.
    file = Forwarding(Path(tempfile.mkdtemp(prefix=PREFIX, dir=base)).absolute())
    try:
        descriptor = os.open(file.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as page:
            page.write(forwarding_page("Approve a change?", address))
    except OSError:
        file.path.unlink(missing_ok=True)
        file.path.parent.rmdir()
        raise
    return file


def forwarding_page(title: str, address: str) -> str:
    """A page that leads to the address by itself, and by a click where a browser does not do that."""
    to = escape(address, quote=True)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" '
        'content="light dark"><meta name="referrer" content="same-origin"><link rel="icon" href="data:,">'
        f'<meta http-equiv="refresh" content="0;url={to}"></head>'
        f'<body><p><a href="{to}">Open the approval page</a></p></body></html>'
    )


def _sweep(base: Path) -> None:
    """Remove what killed processes left in the folder."""
    for left in base.glob(f"{PREFIX}*/{NAME}"):
        try:
            found = left.lstat()
            if time.time() - found.st_mtime > STALE and found.st_uid == left.parent.lstat().st_uid:
                Forwarding(left.parent).remove()
        except OSError as error:
            logger.info("a left file of an approval page stays: %s", error.strerror)
