"""Opens the person's own browser."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Awaitable, Callable

import anyio.to_thread

Opener = Callable[[str], Awaitable[bool]]
"""Shows an address in a browser; False when there is none."""

_OPEN = "import sys, webbrowser; sys.exit(0 if webbrowser.open(sys.stdin.readline().strip()) else 1)"


async def open_browser(address: str) -> bool:
    """Open the person's browser. It runs apart from our standard streams: stdout belongs to the protocol.

    What opens it takes no module from the folder in which the server was started (-I).
    """
    if not _has_screen():
        return False

    def run() -> bool:
        try:
            done = subprocess.run(  # noqa: S603  (our own interpreter, a fixed program)
                [sys.executable, "-I", "-c", _OPEN],
                input=address.encode(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=15,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return True  # Some browsers stay in the foreground until they are closed.
        except OSError:
            return False
        return done.returncode == 0

    return await anyio.to_thread.run_sync(run, abandon_on_cancel=True)


def _has_screen() -> bool:
    """Whether a browser would be seen: a text browser without a terminal would not."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
