"""`make lock`: the newest versions that pyproject.toml allows, for every platform, into locked.txt; and the same with
what a server for a team takes besides, into locked-image.txt, for the container's image."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from distribution.product import ROOT, product

LOCKED = ROOT / "distribution" / "locked.txt"
HEAD = (
    "# The versions that a release is tested, bundled and inventoried with. `make lock` writes this file from "
    "pyproject.toml.\n"
)
IMAGE = ROOT / "distribution" / "locked-image.txt"
IMAGE_HEAD = (
    "# What the container's image holds: locked.txt and these extras. `make lock` writes this file.\n"
)
_NOT_OF_A_SERVER = ("dev", "keyring")


def extras(root: Path = ROOT) -> list[str]:
    """What a server for a team takes besides: a container has no keyring."""
    with (root / "pyproject.toml").open("rb") as file:
        known = tomllib.load(file)["project"]["optional-dependencies"]
    return [name for name in known if name not in _NOT_OF_A_SERVER]


def resolved(root: Path = ROOT, *more: str) -> str:
    """The requirements, one a line, with markers where only some platforms need one. No index is named.

    more: further arguments, such as `--extra metrics`.
    """
    lowest = product(root).requires_python.removeprefix(">=")
    uv = [sys.executable, "-m", "uv", "--quiet", "pip", "compile", "--universal", "--python-version", lowest]
    said = [*uv, "--no-header", "--no-annotate", "pyproject.toml", *more]
    return subprocess.run(said, cwd=root, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    LOCKED.write_text(HEAD + resolved(), encoding="utf-8")
    wanted = [word for extra in extras() for word in ("--extra", extra)]
    together = resolved(ROOT, *wanted, "--constraint", str(LOCKED.relative_to(ROOT)))
    IMAGE.write_text(IMAGE_HEAD + together, encoding="utf-8")
