"""An organisation read from a file that `aep-flow-mcp snapshot` wrote; docs/rehearsal.md describes the format.

Shares no code with what writes the file. Nothing is decoded before it is asked for, and the file is never changed.
"""
