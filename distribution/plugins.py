"""The checkout as a Claude Code plugin, as a marketplace with that one plugin, and as a Gemini CLI extension.

All of them start the server from their own folder with uvx, so they work from a checkout or an unpacked sdist and claim
no published package. The server is named inside `plugin.json`: a `.mcp.json` at the top would also be read as the
project's own by everybody who opens the checkout.
"""

from __future__ import annotations

from typing import Any

from distribution.product import COMMAND, SERVER_NAME, SETTINGS, SHORT, Product

PLUGIN_NAME = "aep-pipelines"
CONTEXT_FILE = "skills/gemini-context.md"


def claude_plugin(product: Product) -> dict[str, Any]:
    """`.claude-plugin/plugin.json`. The variables are those of the shell, or of `env` in Claude Code's settings."""
    return {
        "$schema": "https://json.schemastore.org/claude-code-plugin-manifest.json",
        "name": PLUGIN_NAME,
        "version": product.version,
        "description": SHORT,
        "author": {"name": product.author},
        "license": product.license,
        "keywords": list(product.keywords),
        "mcpServers": {SERVER_NAME: _started_from("${CLAUDE_PLUGIN_ROOT}")},
    }


def claude_marketplace(product: Product) -> dict[str, Any]:
    """`.claude-plugin/marketplace.json`: lets `/plugin marketplace add FOLDER` offer the plugin of this folder."""
    return {
        "$schema": "https://json.schemastore.org/claude-code-marketplace.json",
        "name": product.name,
        "description": SHORT,
        "owner": {"name": product.author},
        "plugins": [
            {
                "name": PLUGIN_NAME,
                "source": "./",
                "version": product.version,
                "description": SHORT,
                "license": product.license,
            }
        ],
    }


def gemini_extension(product: Product) -> dict[str, Any]:
    """`gemini-extension.json`. A variable that is not declared here does not reach the server."""
    return {
        "name": PLUGIN_NAME,
        "version": product.version,
        "description": SHORT,
        "mcpServers": {SERVER_NAME: _started_from("${extensionPath}")},
        "contextFileName": CONTEXT_FILE,
        "settings": [
            {
                "name": setting.title,
                "description": setting.description,
                "envVar": setting.variable,
                "sensitive": setting.secret,
            }
            for setting in SETTINGS
        ],
    }


def _started_from(folder: str) -> dict[str, Any]:
    return {"command": "uvx", "args": ["--from", folder, COMMAND, "serve"]}
