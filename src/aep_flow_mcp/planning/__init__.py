"""From arguments to a `Change`: what is read and checked before anybody is asked.

Cannot write; knows nothing of MCP.
"""
