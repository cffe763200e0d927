"""The shared asynchronous client of the Flow Service and its neighbours. Knows HTTP, knows nothing of MCP."""
