"""`server.json`: what an MCP registry is told of this server.

Nothing is published, so the file that is kept names no package: an entry would send people to a name that somebody else
may own. A person who publishes says where (options of `make dist`, RELEASING.md), and gets the entries with the hash.
"""

from __future__ import annotations

from typing import Any

from distribution.product import SETTINGS, SHORT, TITLE, Product, Setting

SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
UNOWNED = "com.example/aep-flow-mcp"
"""A registry's names begin with a domain or account that the publisher proves to own; nobody owns example.com."""


def server_json(
    product: Product,
    *,
    name: str = UNOWNED,
    on_pypi: bool = False,
    bundle_url: str | None = None,
    bundle_sha256: str | None = None,
) -> dict[str, Any]:
    """The document.

    Args:
        product: what pyproject.toml says.
        name: namespace and name in the registry, such as `io.github.somebody/aep-flow-mcp`.
        on_pypi: this version is on PyPI under the product's name.
        bundle_url: where the `.mcpb` file of this version can be downloaded.
        bundle_sha256: its hash, which registries ask for.
    """
    packages = []
    if on_pypi:
        packages.append(_package("pypi", product.name, product) | {"runtimeHint": "uvx"})
    if bundle_url:
        packages.append(_package("mcpb", bundle_url, product) | {"fileSha256": bundle_sha256})
    document: dict[str, Any] = {
        "$schema": SCHEMA,
        "name": name,
        "title": TITLE,
        "description": SHORT,
        "version": product.version,
    }
    return document | ({"packages": packages} if packages else {})


def _package(kind: str, identifier: str, product: Product) -> dict[str, Any]:
    package: dict[str, Any] = {"registryType": kind, "identifier": identifier}
    if kind == "pypi":
        package["version"] = product.version
        package["packageArguments"] = [{"type": "positional", "value": "serve"}]
    return package | {
        "transport": {"type": "stdio"},
        "environmentVariables": [_variable(setting) for setting in SETTINGS],
    }


def _variable(setting: Setting) -> dict[str, Any]:
    told: dict[str, Any] = {"name": setting.variable, "description": setting.description}
    kinds = {"file": "filepath", "boolean": "boolean", "string": "string"}
    told |= {"format": kinds[setting.kind], "isRequired": False, "isSecret": setting.secret}
    if setting.default is not None:
        told["default"] = str(setting.default).lower()
    if setting.choices:
        told["choices"] = list(setting.choices)
    return told
