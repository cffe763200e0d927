"""Pipelines as YAML documents: the format, its text with lines and columns, and the bodies that a document stands for.

Pure: names and ids come in as a value (`names.py`), nothing here reads or writes a sandbox or knows MCP.
"""
