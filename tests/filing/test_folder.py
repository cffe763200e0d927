"""The files of a folder: nothing outside of it is written, and nothing without an end is read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from aep_flow_mcp.filing.folder import KEPT, MOST_BYTES, Folder, FolderError
from aep_flow_mcp.filing.kept import LOCK, LastState, StateFile, alone

links = pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody make links unasked")
DOCUMENT = {"pipeline": "Till refunds", "connector": "Amazon S3"}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file beside the folder, which is none of its business."""
    path = tmp_path / "outside.txt"
    path.write_text("mine", "utf-8")
    return path


@links
@pytest.mark.parametrize("name", [".till-refunds.yaml.new", "till-refunds.yaml"])
def test_a_file_is_not_written_through_a_link(tmp_path: Path, outside: Path, name: str) -> None:
    folder = Folder.opened(tmp_path / "pipelines", make=True)
    (folder.path / name).symlink_to(outside)
    assert folder.put("till-refunds.yaml", DOCUMENT)
    assert outside.read_text("utf-8") == "mine"
    assert "Till refunds" in (folder.path / "till-refunds.yaml").read_text("utf-8")
    assert not (folder.path / "till-refunds.yaml").is_symlink()


@links
def test_a_state_is_not_written_through_a_link(tmp_path: Path, outside: Path) -> None:
    folder = Folder.opened(tmp_path / "pipelines", make=True)
    (folder.path / f".{KEPT}.new").symlink_to(outside)
    StateFile(folder).keep("dev", {"a.yaml": LastState("f-1", "A", "2026-03-10T12:00Z")})
    assert outside.read_text("utf-8") == "mine"
    assert StateFile.of(folder).of_sandbox("dev")["a.yaml"].flow == "f-1"


@links
def test_a_lock_makes_nothing_where_a_link_leads(tmp_path: Path) -> None:
    folder = Folder.opened(tmp_path / "pipelines", make=True)
    (folder.path / LOCK).symlink_to(tmp_path / "made.txt")
    with pytest.raises(FolderError), alone(folder):
        pass
    assert not (tmp_path / "made.txt").exists()


@links
@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero"])
@pytest.mark.parametrize("name", ["a.yaml", KEPT])
def test_what_is_no_file_is_not_read(tmp_path: Path, name: str, device: str) -> None:
    (tmp_path / name).symlink_to(device)
    with pytest.raises(FolderError, match="no regular file"):
        StateFile.of(Folder.opened(tmp_path))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without named pipes")
def test_a_pipe_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.yaml")
    with pytest.raises(FolderError, match="no regular file"):
        Folder.opened(tmp_path)


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(FolderError, match="larger than 4 MB"):
        Folder.opened(tmp_path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, outside: Path) -> None:
    with pytest.raises(FolderError, match="cannot be used"):
        Folder.opened(outside / "pipelines", make=True)
