"""Puts this server into the configuration of an MCP host, and takes it out again; nothing else in it moves.

`hosts.py` says as data which file each host reads and what an entry looks like there; `entry.py` what is in ours; a
file for each format edits the text in place, `editing.py` holds their result against what was meant, and `files.py`
replaces a file as a whole or not at all. The room knows neither MCP nor the server: a host starts that by a command.
"""
