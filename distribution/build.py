"""`make dist`: the files of a release, of the commit that is checked out and of nothing else, into `dist`.

The commit is taken out into a folder of its own and made there by its own code, so that neither uncommitted changes
nor files that happen to lie around reach a package.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from distribution.product import ROOT


def build(root: Path, out: Path, arguments: list[str]) -> int:
    """Make the commit's files in `out`, which is emptied first; the exit code of the making."""
    known = subprocess.run(
        ["git", "rev-parse", "-q", "--verify", "HEAD"], cwd=root, capture_output=True, check=False
    )
    if known.returncode:
        print("This folder is no git checkout: run `python -m distribution.assemble` there.", file=sys.stderr)
        return 1
    if _git(root, "status", "--porcelain"):
        print("Uncommitted changes are not in the files: they are made from the commit.", file=sys.stderr)
    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        packed, source = Path(folder) / "source.tar", Path(folder) / "source"
        _git(root, "archive", "--output", str(packed), "HEAD")
        with tarfile.open(packed) as archive:
            archive.extractall(source, filter="data")
        command = [sys.executable, "-m", "distribution.assemble", "--out", str(out), *arguments]
        environment = os.environ | {
            "PYTHONPATH": str(source / "src"),
            "SOURCE_DATE_EPOCH": _git(root, "log", "-1", "--format=%ct"),
        }
        return subprocess.run(command, cwd=source, env=environment, check=False).returncode


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(build(ROOT, ROOT / "dist", sys.argv[1:]))
