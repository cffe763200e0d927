"""Where credentials come from: variables, files of secrets, the system's keyring, named profiles. Knows no MCP."""
