"""An MCP server for the Flow Service of Adobe Experience Platform."""

__version__ = "0.1.0"
