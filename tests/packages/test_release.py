"""What `make dist` makes: the same bytes from the same files, with what a user needs and nothing else."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from distribution import assemble
from distribution.product import ROOT, product
from packages.conftest import EPOCH, Release, Tools

FACTS = product()


def test_the_same_files_make_the_same_bytes(releases: tuple[Release, Release]) -> None:
    sums = [(release.out / assemble.SUMS).read_text(encoding="utf-8") for release in releases]
    assert sums[0] == sums[1]
    assert len(sums[0].splitlines()) == 5


def test_the_checksums_are_those_of_every_file(release: Release) -> None:
    lines = (release.out / assemble.SUMS).read_text(encoding="utf-8").splitlines()
    said = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    assert said == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in release.out.iterdir()
        if path.name != assemble.SUMS
    }


def test_the_wheel_holds_the_package_and_its_data_and_nothing_else(release: Release) -> None:
    with zipfile.ZipFile(release.file("*.whl")) as wheel:
        names = set(wheel.namelist())
    package = {
        f"aep_flow_mcp/{path.relative_to(ROOT / 'src/aep_flow_mcp').as_posix()}" for path in _package_files()
    }
    prompts = {f"aep_flow_mcp/prompts_shipped/{path.name}" for path in (ROOT / "prompts").glob("*.md")}
    assert {name for name in names if ".dist-info/" not in name} == package | prompts
    assert {
        "aep_flow_mcp/py.typed",
        "aep_flow_mcp/surface/surface.json",
        "aep_flow_mcp/emulator/catalogue/flow_specs.json",
    } <= names


def _package_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "src/aep_flow_mcp"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def test_the_sdist_makes_the_same_wheel(release: Release, tools: Tools, tmp_path: Path) -> None:
    with tarfile.open(release.file("*.tar.gz")) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    out = tmp_path / "out"
    tools.run(
        "python",
        "-m",
        "hatchling",
        "build",
        "-t",
        "wheel",
        "-d",
        str(out),
        cwd=source,
        SOURCE_DATE_EPOCH=EPOCH,
    )
    (wheel,) = out.glob("*.whl")
    assert wheel.read_bytes() == release.file("*.whl").read_bytes()


def test_the_inventory_lists_every_locked_package_with_its_licence(release: Release) -> None:
    inventory: dict[str, Any] = json.loads(release.file("*.cdx.json").read_text("utf-8"))
    assert (inventory["bomFormat"], inventory["metadata"]["component"]["name"]) == ("CycloneDX", FACTS.name)
    listed = {
        re.sub(r"[-_.]+", "-", item["name"]).lower(): item["version"] for item in inventory["components"]
    }
    lines = (ROOT / "distribution" / "locked.txt").read_text(encoding="utf-8").splitlines()
    locked = dict(line.split("==") for line in lines if line[:1] != "#" and ";" not in line)
    assert locked.items() <= listed.items()
    unlicensed = [item["name"] for item in inventory["components"] if not item.get("licenses")]
    assert unlicensed == []
    assert not {"serialNumber"} & inventory.keys()
    assert sys.prefix not in json.dumps(inventory)


def test_no_time_means_no_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    monkeypatch.setattr(sys, "argv", ["assemble", "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit):
        assemble.main()
    assert not (tmp_path / "out").exists()
