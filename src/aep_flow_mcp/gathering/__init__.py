"""What questions read, gathered with as few rounds of calls as can be.

Stands on platform and insight; knows nothing of MCP.
"""
