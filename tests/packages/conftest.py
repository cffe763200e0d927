"""A release as somebody else gets it: made of copies of this checkout, installed where the checkout is not seen."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from distribution.product import ROOT

EPOCH = "1767225600"


@dataclass(frozen=True)
class Release:
    """A copy of the checkout, and what was made of it."""

    source: Path

    @property
    def out(self) -> Path:
        return self.source / "dist"

    def file(self, pattern: str) -> Path:
        """The one file of that form."""
        (found,) = self.out.glob(pattern)
        return found


@dataclass(frozen=True)
class Tools:
    """An environment with what `make dist` builds with, and pipx."""

    bin: Path

    def run(self, *command: str, cwd: Path, **variables: str) -> str:
        """What a command says, without this checkout and without settings of ours; an error says what it said."""
        done = subprocess.run(
            [str(self.bin / command[0]), *command[1:]],
            cwd=cwd,
            env=self.environment(**variables),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def environment(self, **variables: str) -> dict[str, str]:
        """The variables of a person who has uv and pipx and has never seen the repository."""
        hidden = ("AEP_", "PYTHON", "VIRTUAL_ENV")
        known = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
        return {**known, "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}", **variables}


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], str]) -> Path:
    """A folder that one of the processes of this run fills and the others wait for; a reason to skip is everybody's.

    Args:
        factory: of this process; the processes of one run share the folder above it.
        name: of the folder.
        make: fills the folder, and says why everybody has to skip, or nothing.
    """
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, said = shared / name, shared / f"{name}.said"
    try:
        folder.mkdir()
    except FileExistsError:
        while not said.exists():
            time.sleep(0.1)
    else:
        reason = "what is made here failed in another process"
        try:
            reason = make(folder)
        finally:
            half = shared / f"{name}.half"
            half.write_text(reason, encoding="utf-8")
            half.replace(said)
    if reason := said.read_text(encoding="utf-8"):
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Tools:
    scripts = "Scripts" if sys.platform == "win32" else "bin"
    return Tools(once(tmp_path_factory, "tools", _install) / scripts)


def _install(folder: Path) -> str:
    uv = [sys.executable, "-m", "uv", "--quiet"]
    requirements = str(ROOT / "distribution" / "requirements.txt")
    return installed([*uv, "venv", "--seed", "--allow-existing", str(folder)], folder) or installed(
        [*uv, "pip", "install", "--python", str(folder), "pipx", "-r", requirements], folder
    )


_UNREACHABLE = re.compile(
    r"error sending request|dns error|connection refused|timed out|unreachable|ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT",
    re.IGNORECASE,
)


def installed(command: list[str], folder: Path) -> str:
    """Nothing when it is installed, or that no index is reached: a reason to skip, as a wrong version is none."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    if done.returncode and _UNREACHABLE.search(done.stderr):
        return f"no package index is reached, so {Path(command[0]).name} can install nothing"
    assert done.returncode == 0, done.stderr
    return ""


@pytest.fixture(scope="session")
def releases(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> tuple[Release, Release]:
    """The files of this checkout in two folders of different names, and what is made of each."""

    def make(folder: Path) -> str:
        listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        listed = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=False)
        if listed.returncode:
            return "this folder is no git checkout, so nobody says which of its files belong to it"
        for source in (folder / "one", folder / "another" / "deeper"):
            _copy(listed.stdout.split("\0"), source)
            tools.run(
                "python", "-m", "distribution.assemble", "--out", str(source / "dist"),
                cwd=source, SOURCE_DATE_EPOCH=EPOCH, PYTHONPATH=str(source / "src"),
            )  # fmt: skip
        return ""

    folder = once(tmp_path_factory, "releases", make)
    return Release(folder / "one"), Release(folder / "another" / "deeper")


def _copy(names: list[str], target: Path) -> None:
    for name in names:
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)


@pytest.fixture(scope="session")
def release(releases: tuple[Release, Release]) -> Release:
    return releases[0]
