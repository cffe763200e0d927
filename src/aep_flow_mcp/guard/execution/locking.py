"""One writer of a file at a time, among threads and processes of this machine, where the file system can tell."""

from __future__ import annotations

import errno
import sys
import time

_PAUSE = 0.005
"""Seconds between two tries."""
_HELD = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
"""What the system says of a lock that another one has."""


def lock_file(descriptor: int, *, within: float) -> None:
    """Wait until this descriptor has its file alone; closing it lets the file go.

    A file system without locks (some network ones) leaves it unlocked: an append is still one write there.

    Raises:
        TimeoutError: another one kept it for `within` seconds.
    """
    end = time.monotonic() + within
    while not _locked(descriptor):
        if time.monotonic() > end:
            raise TimeoutError(errno.ETIMEDOUT, "another process keeps it locked")
        time.sleep(_PAUSE)


def _locked(descriptor: int) -> bool:
    """Whether it is ours now, or cannot be anybody's."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _HELD
    return True
