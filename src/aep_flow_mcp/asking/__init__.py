"""Asks a person, through the client, for what a plan lacks.

Knows MCP and planning; never asks for a yes: that is the guard's.
"""
