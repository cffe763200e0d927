"""Reading a sandbox into one file, without credentials and records. Knows platform; no MCP, no emulator.

The format of the file is described in docs/rehearsal.md; the emulator reads it with code of its own.
"""
