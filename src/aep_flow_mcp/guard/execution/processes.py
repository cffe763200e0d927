"""Processes by name: who wrote a line of the audit log, and whether it may still be at it."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path


def process_name() -> str:
    """This process among all that may write to one log: host, process id, and when it began where that is known."""
    return f"{socket.gethostname()} {os.getpid()} {_began(os.getpid())}".strip()


def may_still_run(process: str) -> bool:
    """Whether the process of an attempt is known to run on this machine, so that it is not cut off."""
    host, _, rest = process.partition(" ")
    number, _, began = rest.partition(" ")
    if host != socket.gethostname() or not number.isdecimal() or process == process_name():
        return False
    if sys.platform == "win32":
        return False
    try:
        os.kill(int(number), 0)
    except PermissionError:
        pass
    except (OSError, OverflowError):
        return False
    return began == _began(int(number))


def _began(number: int) -> str:
    """When a process began, in ticks since the machine did; nothing where the system does not say."""
    try:
        return Path(f"/proc/{number}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
