"""`python -m aep_flow_mcp` is the command `aep-flow-mcp`."""

from aep_flow_mcp.cli import main

if __name__ == "__main__":
    main()
