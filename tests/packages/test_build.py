"""`make dist` makes the commit that is checked out, whatever else lies in the folder."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from distribution.build import build

_STUB = """
import json, os, pathlib, sys
out = pathlib.Path(sys.argv[2])
out.mkdir()
files = {path.name: path.read_text() for path in pathlib.Path.cwd().glob("*.txt")}
(out / "made.json").write_text(json.dumps([files, os.environ["SOURCE_DATE_EPOCH"], sys.argv[3:]]))
sys.exit(3 if "--fail" in sys.argv else 0)
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    if not shutil.which("git"):
        pytest.skip("git is not installed, and make dist takes the files from it")
    root = tmp_path / "checkout"
    (root / "distribution").mkdir(parents=True)
    (root / "distribution" / "__init__.py").touch()
    (root / "distribution" / "assemble.py").write_text(_STUB, encoding="utf-8")
    (root / "kept.txt").write_text("committed", encoding="utf-8")
    author = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    for command in (
        ["init", "--quiet"],
        ["add", "--all"],
        [*author, "commit", "--quiet", "--message", "one"],
    ):
        subprocess.run(
            ["git", *command],
            cwd=root,
            check=True,
            env={"GIT_COMMITTER_DATE": "1767225600 +0000", "PATH": _PATH},
        )
    return root


_PATH = str(Path(shutil.which("git") or "git").parent)


def test_what_is_not_committed_is_left_out(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / "kept.txt").write_text("changed", encoding="utf-8")
    (checkout / "new.txt").write_text("new", encoding="utf-8")
    out = checkout / "dist"
    out.mkdir()
    (out / "older.whl").touch()
    assert build(checkout, out, ["--on-pypi"]) == 0
    files, epoch, arguments = json.loads((out / "made.json").read_text(encoding="utf-8"))
    assert (files, epoch, arguments) == ({"kept.txt": "committed"}, "1767225600", ["--on-pypi"])
    assert not (out / "older.whl").exists(), "its hash would stand beside those of this commit"
    assert "Uncommitted changes" in capsys.readouterr().err


def test_a_making_that_fails_fails(checkout: Path) -> None:
    assert build(checkout, checkout / "dist", ["--fail"]) == 3


def test_a_folder_without_git_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bare").mkdir()
    assert build(tmp_path / "bare", tmp_path / "out", []) == 1
    assert "distribution.assemble" in capsys.readouterr().err
