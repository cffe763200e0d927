"""What is listed, and how a listed tool is called: cards, selection, shared parameters.

Knows the guard and MCP; names no tool.
"""
