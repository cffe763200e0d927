"""The start of the bundle: its host has filled in variables, and nothing else tells the server what to do.

This file lies beside the package in the bundle, so it imports nothing before the variables are right.
"""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping

EMULATOR = "BUNDLE_EMULATOR"
"""The bundle's own variable; `serve` has an option for it and takes no variable."""


def arguments(environ: MutableMapping[str, str]) -> list[str]:
    """The command line, after what a person left open is taken out of the variables.

    A host may leave the placeholder of an option that nobody filled in; the server rightly stops at placeholders.
    """
    for name, value in list(environ.items()):
        if value.startswith("${user_config.") and value.endswith("}"):
            del environ[name]
    emulated = environ.pop(EMULATOR, "").strip().lower() == "true"
    return ["serve", *(["--emulator"] if emulated else [])]


if __name__ == "__main__":
    sys.argv[1:] = arguments(os.environ)
    from aep_flow_mcp.cli import main

    main()
