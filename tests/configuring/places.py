"""Where the hosts of these tests keep their files: below a home folder of their own."""

from __future__ import annotations

import os
from pathlib import Path

from aep_flow_mcp.configuring.hosts import Host, System, located


def place_of(host: Host) -> Path:
    """The file that `configure HOST` writes without more words."""
    path = located(
        host, host.scope, home=os.environ["HOME"], folder=str(Path.cwd()), environ={}, system=System.LINUX
    )
    assert path is not None
    return Path(path)
