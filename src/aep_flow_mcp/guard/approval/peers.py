"""Whose program is at the other end of a connection on this machine, where the system tells it (Linux)."""

from __future__ import annotations

import os
import platform
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
"""Every TCP connection of this machine, one a line, each end with the user that holds it (proc(5))."""
_ESTABLISHED = "01"

End = tuple[str, int]
"""Address and port of one end of a connection."""


def is_own(ours: End, theirs: End) -> bool:
    """Whether the other end belongs to the user of this process; True where the system does not tell.

    A connection that is being closed counts as foreign: the system shows no owner of it any more. On WSL a browser
    of Windows comes through a relay that runs as root, or from outside of what Linux lists.
    """
    owners = dict(_owners(TABLES))
    uid = next((owners[key] for key in _keys(theirs, ours) if key in owners), None)
    if uid is None:
        told = any(key in owners for key in _keys(ours, theirs))
        return not told or _on_wsl()
    return (sys.platform != "win32" and uid == os.geteuid()) or (uid == 0 and _on_wsl())


def _owners(tables: tuple[Path, ...]) -> Iterator[tuple[tuple[str, str], int]]:
    """((local end, remote end), user id) of each established connection."""
    if not hasattr(os, "geteuid"):
        return
    for table in tables:
        try:
            listed = table.read_text("ascii").splitlines()[1:]
        except OSError:  # not there, or not for us to read: the system does not tell
            continue
        for line in listed:
            fields = line.split()
            if fields[3] == _ESTABLISHED:
                yield (fields[1], fields[2]), int(fields[7])


def _keys(local: End, remote: End) -> Iterator[tuple[str, str]]:
    """How the connection is listed: as IPv4, or as IPv4 in IPv6."""
    yield _listed(local), _listed(remote)
    prefix = "0" * 16 + _word(b"\x00\x00\xff\xff")
    yield prefix + _listed(local), prefix + _listed(remote)


def _listed(end: End) -> str:
    return f"{_word(socket.inet_aton(end[0]))}:{end[1]:04X}"


def _word(four: bytes) -> str:
    return f"{int.from_bytes(four, sys.byteorder):08X}"


def _on_wsl() -> bool:
    return "microsoft" in platform.release().casefold()
