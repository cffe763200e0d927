"""`python -m aep_flow_mcp` is the command `aep-flow-mcp`."""

import os
import sys

if not sys.flags.safe_path and sys.path[:1] in ([""], [os.getcwd()]):
    # With -m, Python looks for modules in the working directory first: a typer.py in the project that a host opened
    # would be run. What is imported from here on comes from where it was installed.
    del sys.path[0]

from aep_flow_mcp.cli import main

if __name__ == "__main__":
    main()
