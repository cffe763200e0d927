"""The commands of README and docs are run as they stand but for the port, page by page, against an emulator.

What cannot be run here is on the list in test_blocks.py, with the reason.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pages.blocks import OURS, SHELLS, Block, Command, blocks, commands
from pages.test_blocks import NOT_RUN
from support.processes import emulator_process, end, free_port, server_environment
from support.waiting import answers, until

pytestmark = pytest.mark.subprocess

SHELL_BLOCKS = [block for block in blocks() if block.language in SHELLS]


def runnable(command: Command) -> bool:
    text = " ".join(command.words)
    return command.words[0] != "make" and not any(text.startswith(start) for start in NOT_RUN)


PAGES = sorted({block.page for block in SHELL_BLOCKS if any(map(runnable, commands(block)))})


@pytest.fixture(scope="module")
def emulated() -> Iterator[str]:
    with emulator_process() as url:
        yield url


@pytest.fixture
def environment(tmp_path: Path, emulated: str) -> dict[str, str]:
    """A shell of a newcomer: our command on the path, a home of its own, curl that fails where a page is not had."""
    programs, home = tmp_path / "bin", tmp_path / "home"
    programs.mkdir()
    home.mkdir()
    (programs / OURS).write_text(f'#!/bin/sh\nexec "{sys.executable}" -m aep_flow_mcp "$@"\n', "utf-8")
    (programs / OURS).chmod(0o755)
    (home / ".curlrc").write_text("fail\nmax-time = 60\n", "utf-8")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AEP_", "XDG_"))}
    return {
        **inherited,
        **server_environment(emulated),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
    }


def stays(command: Command) -> bool:
    """Whether it runs until it is stopped."""
    is_board = command.words[:2] == (OURS, "board") and "--out" not in command.words
    return is_board or command.words[:2] == (OURS, "emulator")


def is_there(text: str, said: Path, port: int) -> bool:
    """Whether a command that stays answers: the emulator at its port, the board at the address that it printed."""
    if f"{OURS} board" not in text:
        return answers(f"http://127.0.0.1:{port}/_emulator/health", status=200)()
    printed = re.search(r"http://127\.0\.0\.1:\d+/open/\S+", said.read_text("utf-8"))
    return printed is not None and answers(printed[0], status=200, follow_redirects=True)()


@contextmanager
def in_the_background(text: str, folder: Path, environment: dict[str, str], port: int) -> Iterator[None]:
    """A command that stays, from when it answers."""
    said = folder.parent / f"said-{len(list(folder.parent.glob('said-*')))}"
    with said.open("wb") as out:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {text}"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        until(lambda: is_there(text, said, port), text, process=process, said=lambda: said.read_text("utf-8"))
        yield
    finally:
        end(process, within=20)


def run(text: str, folder: Path, environment: dict[str, str]) -> str:
    outcome = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert outcome.returncode == 0, f"{text}\n{outcome.stdout}{outcome.stderr}"
    return outcome.stdout


@pytest.mark.parametrize("page", PAGES)
def test_a_pages_commands_work_one_after_the_other(
    page: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    port = free_port()

    def here(text: str) -> str:
        return re.sub(r"\b8080\b", str(port), text)

    def go_on(left: list[Block]) -> None:
        if not left:
            return
        block, *rest = left
        own = [command for command in commands(block) if runnable(command)]
        staying = [command for command in own if stays(command)]
        if not staying:
            # Whole, since a line may set a variable for the next; line by line where a line of it is not run.
            whole = len(own) == len(commands(block))
            for text in [block.text] if whole else [command.text for command in own]:
                run(here(text), folder, environment)
            go_on(rest)
            return
        assert len(staying) == 1
        for command in own:
            if not stays(command):
                run(here(command.text), folder, environment)
        with in_the_background(here(staying[0].text), folder, environment, port):
            go_on(rest)

    go_on([block for block in SHELL_BLOCKS if block.page == page])


def test_a_command_that_fails_would_be_seen(tmp_path: Path, environment: dict[str, str]) -> None:
    with pytest.raises(AssertionError, match="AEP_SANDBOX"):
        run(f"AEP_SANDBOX=nowhere {OURS} doctor", tmp_path, environment)
    with pytest.raises(AssertionError):
        run(f"curl -s {environment['AEP_PLATFORM_URL']}/no/such/path | cat", tmp_path, environment)
