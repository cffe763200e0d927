"""Every file of a release, made from the folder of this module: `python -m distribution.assemble --out FOLDER`.

The same folder, `SOURCE_DATE_EPOCH`, Python and requirements.txt make the same bytes. `make dist` gives it the
commit's.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from aep_flow_mcp.prompts import load_prompts
from distribution.bundle import manifest, pack
from distribution.manifests import as_json
from distribution.product import ROOT, product
from distribution.registry import UNOWNED, server_json

SUMS = "SHA256SUMS"


def assemble(out: Path, *, epoch: int, name: str, on_pypi: bool, bundle_url: str | None) -> list[Path]:
    """Write wheel, sdist, bundle, server.json, inventory and checksums into an empty or new folder.

    Args:
        out: the folder.
        epoch: seconds since 1970 that files inside the packages are dated with.
        name: the server's name in an MCP registry.
        on_pypi: whether this version will be on PyPI when server.json is published.
        bundle_url: where the bundle will be, if it is published.
    """
    facts = product()
    out.mkdir(parents=True, exist_ok=True)
    _hatch(out, epoch)
    wheel = next(out.glob("*.whl"))
    bundle = out / f"{facts.name}-{facts.version}.mcpb"
    cards = json.loads((ROOT / "src" / "aep_flow_mcp" / "surface" / "surface.json").read_text("utf-8"))
    described = manifest(facts, cards=cards, prompts=load_prompts().values())
    pack(bundle, wheel=wheel, root=ROOT, product=facts, described=described, epoch=epoch)
    registered = server_json(
        facts, name=name, on_pypi=on_pypi, bundle_url=bundle_url, bundle_sha256=_sha256(bundle)
    )
    (out / "server.json").write_text(as_json(registered), encoding="utf-8")
    _inventory(out / f"{facts.name}-{facts.version}.cdx.json", epoch)
    made = sorted(path for path in out.iterdir() if path.name != SUMS)
    sums = "".join(f"{_sha256(path)}  {path.name}\n" for path in made)
    (out / SUMS).write_text(sums, encoding="utf-8", newline="\n")
    return [*made, out / SUMS]


def _hatch(out: Path, epoch: int) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"SOURCE_DATE_EPOCH": str(epoch)}, check=True)


def _inventory(target: Path, epoch: int) -> None:
    """The CycloneDX inventory of the locked versions, with their licences, as they are installed on this platform."""
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder) / "environment"
        uv = [sys.executable, "-m", "uv", "--quiet"]
        subprocess.run([*uv, "venv", "--python", sys.executable, str(environment)], check=True)
        locked = str(ROOT / "distribution" / "locked.txt")
        install = [*uv, "pip", "install", "--python", str(environment), "--no-deps", "-r", locked]
        subprocess.run(install, check=True)
        look = [sys.executable, "-m", "cyclonedx_py", "environment", str(environment)]
        told = ["--pyproject", str(ROOT / "pyproject.toml"), "--mc-type", "application"]
        form = ["--output-reproducible", "--output-format", "JSON", "--output-file", str(target)]
        dated = os.environ | {"SOURCE_DATE_EPOCH": str(epoch)}
        subprocess.run([*look, *told, *form], env=dated, check=True)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Read the arguments and the time, and say what was made."""
    parser = argparse.ArgumentParser(description="Make every file of a release from this folder.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--registry-name", default=UNOWNED)
    parser.add_argument("--on-pypi", action="store_true")
    parser.add_argument("--bundle-url")
    given = parser.parse_args()
    if not os.environ.get("SOURCE_DATE_EPOCH", "").isdigit():
        parser.error("SOURCE_DATE_EPOCH is not set: give the time of the commit, git log -1 --format=%ct")
    made = assemble(
        given.out.resolve(),
        epoch=int(os.environ["SOURCE_DATE_EPOCH"]),
        name=given.registry_name,
        on_pypi=given.on_pypi,
        bundle_url=given.bundle_url,
    )
    for path in made:
        print(f"{path.stat().st_size:>9}  {path.name}")


if __name__ == "__main__":
    main()
