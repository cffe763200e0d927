"""The `.mcpb` bundle: the package unpacked, a manifest, and the names of what uv installs beside it.

Of type `uv`: the host installs the dependencies for its own platform, so one file serves all of them. They are held to
the versions of locked.txt. The format is that of github.com/modelcontextprotocol/mcpb, manifest version 0.4.
"""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from aep_flow_mcp.prompts import PromptFile
from distribution.bundle_main import EMULATOR
from distribution.manifests import as_json
from distribution.product import LONG, SETTINGS, SHORT, TITLE, Product, Setting

MANIFEST_VERSION = "0.4"
ENTRY_POINT = "server/main.py"
_TRY = Setting(
    EMULATOR,
    "Try it without an Adobe account",
    "Answer from an emulated organisation instead of Adobe. Credentials and sandbox are not needed then.",
    kind="boolean",
    default=False,
)


def manifest(
    product: Product, *, cards: Iterable[Mapping[str, Any]], prompts: Iterable[PromptFile]
) -> dict[str, Any]:
    """`manifest.json`: how a host starts the server, what it asks a person for, and what the server offers.

    Args:
        product: what pyproject.toml says.
        cards: the tools of surface.json.
        prompts: the shipped prompts. Their texts here have every argument given, as the format knows no condition.
    """
    asked = {_key(setting): setting for setting in (_TRY, *SETTINGS)}
    return {
        "manifest_version": MANIFEST_VERSION,
        "name": product.name,
        "display_name": TITLE,
        "version": product.version,
        "description": SHORT,
        "long_description": LONG,
        "author": {"name": product.author},
        "license": product.license,
        "keywords": list(product.keywords),
        "privacy_policies": ["https://www.adobe.com/privacy/policy.html"],
        "compatibility": {"runtimes": {"python": product.requires_python}},
        "server": {
            "type": "uv",
            "entry_point": ENTRY_POINT,
            "mcp_config": {
                "command": "uv",
                "args": ["run", "--directory", "${__dirname}", ENTRY_POINT],
                "env": {setting.variable: f"${{user_config.{key}}}" for key, setting in asked.items()},
            },
        },
        "user_config": {key: _option(setting) for key, setting in asked.items()},
        "tools": [{"name": card["name"], "description": card["description"]} for card in cards],
        "prompts": [_prompt(prompt) for prompt in prompts],
        "prompts_generated": True,  # AEP_MCP_PROMPTS_DIR adds a person's own
    }


def _key(setting: Setting) -> str:
    return "emulator" if setting is _TRY else setting.key


def _option(setting: Setting) -> dict[str, Any]:
    option: dict[str, Any] = {
        "type": setting.kind,
        "title": setting.title,
        "description": setting.description,
        "required": False,
    }
    if setting.secret:
        option["sensitive"] = True
    if setting.default is not None:
        option["default"] = setting.default
    return option


def _prompt(prompt: PromptFile) -> dict[str, Any]:
    names = [argument.name for argument in prompt.arguments]
    return {
        "name": prompt.name,
        "description": prompt.description,
        "arguments": names,
        "text": prompt.render({name: f"${{arguments.{name}}}" for name in names}),
    }


def project_file(product: Product, locked: Iterable[str]) -> str:
    """The bundle's own pyproject.toml: what to install, and in which versions. It is no package itself."""
    lines = [
        "[project]",
        f"name = {json.dumps(product.name + '-bundle')}",
        f"version = {json.dumps(product.version)}",
        f"requires-python = {json.dumps(product.requires_python)}",
        f"dependencies = {json.dumps(list(product.dependencies), indent=2)}",
        "",
        "[tool.uv]",
        "package = false",
        f"constraint-dependencies = {json.dumps(list(locked), indent=2)}",
    ]
    return "\n".join(lines) + "\n"


def locked_versions(text: str) -> list[str]:
    """The requirements of locked.txt, without its comments."""
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def pack(
    target: Path, *, wheel: Path, root: Path, product: Product, described: dict[str, Any], epoch: int
) -> None:
    """Write the bundle; the same content and time make the same bytes."""
    with zipfile.ZipFile(wheel) as packed:
        package = {
            f"server/{name}": packed.read(name) for name in packed.namelist() if not name.endswith("/")
        }
    locked = locked_versions((root / "distribution" / "locked.txt").read_text(encoding="utf-8"))
    files = package | {
        "manifest.json": as_json(described).encode(),
        "pyproject.toml": project_file(product, locked).encode(),
        "LICENSE": (root / "LICENSE").read_bytes(),
        ENTRY_POINT: (root / "distribution" / "bundle_main.py").read_bytes(),
    }
    moment = time.gmtime(epoch)[:6]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as bundle:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, moment)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            bundle.writestr(entry, files[name])
