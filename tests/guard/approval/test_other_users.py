"""Another user of the machine sees what every user sees, and approves nothing with it."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from aep_flow_mcp.guard.approval import browser, forwarding, peers
from aep_flow_mcp.guard.approval.desk import Answer
from aep_flow_mcp.guard.approval.opening import open_browser
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.preview import Preview, preview
from support.approver import Page, forwarded

NOBODY = 65_534
PYTHON = shutil.which("python3", path="/usr/bin:/usr/local/bin:/bin") or sys.executable
another_user = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0,
    reason="only root on Linux can start a program as another user",
)
ROUNDS = 5

ATTACK = r"""
import glob, http.client, json, re, sys, urllib.parse, urllib.request
given = json.load(sys.stdin)
jar, tried, seen = urllib.request.HTTPCookieProcessor(), [], set()
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar)
FROM = [{"Sec-Fetch-Site": site, "Sec-Fetch-Dest": "document"} for site in ("none", "cross-site")] + [{}]

def follow(address):
    for headers in FROM if address not in seen else ():
        seen.add(address)
        if look(address, headers):
            return

def look(address, headers):
    try:
        if address.startswith("file:"):
            page = open(urllib.request.url2pathname(urllib.parse.urlsplit(address).path)).read()
        else:
            page = opener.open(urllib.request.Request(address, headers=headers), timeout=5).read().decode()
    except Exception as error:
        tried.append([address, getattr(error, "code", type(error).__name__)])
        return False
    tried.append([address, 200])
    for found in re.findall(r'url=([^"]+)"', page):
        follow(urllib.parse.urljoin(address, found))
    token = re.search(r'name="token" value="([^"]+)"', page)
    if token:
        origin = "http://%s" % urllib.parse.urlsplit(address).netloc
        form = urllib.parse.urlencode({"token": token[1], "decision": "approve"}).encode()
        sent = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
        try:
            code = opener.open(urllib.request.Request(address, form, sent), timeout=5).status
        except urllib.error.HTTPError as error:
            code = error.code
        tried.append([address + " approve", code])
    return True

for address in given["known"]:
    follow(address)
commands = []
for name in glob.glob("/proc/[0-9]*/cmdline"):
    try:
        commands.append(open(name, "rb").read().decode("utf-8", "replace").replace("\0", " "))
    except OSError:
        pass
# Of the browser's, and of whatever else names a port of ours: other programs' addresses are none of our business.
for command in commands:
    if given["needle"] not in command and not any(":%d/" % port in command for port in given["ports"]):
        continue
    for found in re.findall(r"(?:https?|file)://[^\s'\"]+", command):
        follow(found)
for table in ("/proc/net/tcp", "/proc/net/tcp6"):
    for line in open(table).read().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and int(fields[1].split(":")[1], 16) in given["ports"]:
            follow("http://127.0.0.1:%d/" % int(fields[1].split(":")[1], 16))
print(json.dumps({"tried": tried, "saw": [c for c in commands if given["needle"] in c]}))
"""


@pytest.fixture
def shown() -> Preview:
    return preview(Change.delete(Kind.FLOW, {"id": "f1", "name": "Orders"}).in_sandbox("dev", "development"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder that every user can pass through, as many are."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o755)
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture
def command_line_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A browser that stays for a while with the address in its command line, and opens nothing."""
    script = tmp_path / "a-browser"
    script.write_text("#!/bin/sh\nsleep 3\n")
    script.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{script} %s")
    return script


async def attack(needle: str, ports: list[int], *known: str) -> dict[str, Any]:
    """What another user tries and sees; `known`: addresses that were told to it."""

    def run() -> dict[str, Any]:
        done = subprocess.run(
            [PYTHON, "-c", ATTACK],
            input=json.dumps({"known": known, "needle": needle, "ports": ports}).encode(),
            capture_output=True,
            cwd="/",
            env={},
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    return await anyio.to_thread.run_sync(run)


def files(folder: Path) -> list[Path]:
    """What is in a folder."""
    return sorted(folder.iterdir())


def browsers(script: str) -> list[bytes]:
    """The address in each command line of the browser."""
    found: list[bytes] = []
    for name in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = name.read_bytes().split(b"\0")
        except OSError:
            continue  # it has ended
        if script.encode() in words:
            found += [word for word in words if word.startswith(b"file:")]
    return found


def _port(address: str) -> int:
    return int(re.findall(r":(\d+)/", address)[0])


@another_user
async def test_what_the_command_line_shows_approves_nothing(
    shown: Preview, home: Path, command_line_browser: Path
) -> None:
    found: list[dict[str, Any]] = []
    answers = []
    for _ in range(ROUNDS):

        async def opened(address: str) -> bool:
            async with anyio.create_task_group() as group:
                group.start_soon(open_browser, address)
                await _started(str(command_line_browser))
                found.append(await attack(str(command_line_browser), [_port(forwarded(address))]))
                page = Page(address)
                await page.press("decline", await page.load())
                await page.http.aclose()
                group.cancel_scope.cancel()
            return True

        answers.append(await browser.ask(shown, opened, life=60))
    assert answers == [Answer.DECLINED] * ROUNDS
    for one in found:
        # It saw the browser with what it was given, tried that, and came in nowhere.
        assert any("file:///" in command for command in one["saw"])
        assert any(address.startswith("file:///") for address, _ in one["tried"])
        assert any(address.startswith("http://") for address, _ in one["tried"])
        assert [code for _, code in one["tried"] if code == 200] == []
    assert files(home) == []


@another_user
async def test_not_even_the_address_itself_is_of_use_to_another_user(shown: Preview, home: Path) -> None:
    found: list[dict[str, Any]] = []

    async def opened(address: str) -> bool:
        ticket = forwarded(address)
        found.append(await attack("no such", [], ticket))
        page = Page(address)
        first = await page.load()
        found.append(await attack("no such", [], ticket, page.address))
        await page.press("approve", first)
        await page.http.aclose()
        return True

    assert await browser.ask(shown, opened, life=60) is Answer.APPROVED
    codes = [[code for address, code in one["tried"] if address.startswith("http://")] for one in found]
    assert codes == [[403] * 3, [403] * 6]


async def _started(script: str) -> None:
    """Wait until the browser runs."""
    for _ in range(600):
        if browsers(script):
            return
        await anyio.sleep(0.05)
    pytest.fail("the browser never ran")


# --- the file ---------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_the_file_is_for_its_owner_alone_and_goes_when_used(home: Path) -> None:
    before = os.umask(0)
    try:
        file = forwarding.forward("http://127.0.0.1:1/ticket")
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    assert forwarded(file.address) == "http://127.0.0.1:1/ticket"
    another = forwarding.forward("http://127.0.0.1:1/ticket")
    assert another.path.parent != file.path.parent
    file.remove()
    file.remove()
    another.remove()
    assert files(home) == []


@pytest.mark.skipif(sys.platform != "linux", reason="snaps are of Linux")
def test_the_file_is_where_a_browser_from_a_snap_may_read(home: Path) -> None:
    file = forwarding.forward("http://127.0.0.1:1/ticket")
    inside = file.path.relative_to(home)
    file.remove()
    assert not any(part.startswith(".") for part in inside.parts)


@pytest.mark.skipif(os.name != "posix", reason="paths of POSIX")
def test_a_home_folder_that_takes_nothing_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "missing"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    monkeypatch.setattr("sys.platform", "linux")
    file = forwarding.forward("http://127.0.0.1:1/ticket")
    assert file.path.parent.parent == tmp_path
    file.remove()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "missing"))
    with pytest.raises(forwarding.NoFolderError):
        forwarding.forward("http://127.0.0.1:1/ticket")


def test_what_killed_processes_left_is_removed_and_nothing_else(home: Path) -> None:
    left, fresh, other = (home / f"{forwarding.PREFIX}{name}" for name in ("left", "fresh", "other"))
    for folder, name in ((left, forwarding.NAME), (fresh, forwarding.NAME), (other, "thesis.html")):
        folder.mkdir()
        (folder / name).write_text("x")
        if folder is not fresh:
            long_ago = time.time() - 2 * forwarding.STALE
            os.utime(folder / name, (long_ago, long_ago))
    forwarding.forward("http://127.0.0.1:1/ticket").remove()
    assert files(home) == sorted([fresh, other])


async def test_the_file_goes_when_nobody_comes_and_when_the_call_is_given_up(
    shown: Preview, home: Path
) -> None:
    async def opened(_: str) -> bool:
        assert len(files(home)) == 1
        return True

    assert await browser.ask(shown, opened, life=0.2) is Answer.UNSEEN
    assert files(home) == []
    with anyio.CancelScope() as scope:

        async def cancelling(address: str) -> bool:
            scope.cancel()
            return await opened(address)

        await browser.ask(shown, cancelling)
    assert scope.cancelled_caught
    assert files(home) == []


async def test_the_file_goes_when_it_was_used(shown: Preview, home: Path) -> None:
    async def opened(address: str) -> bool:
        page = Page(address)
        first = await page.load()
        assert files(home) == []
        await page.press("decline", first)
        await page.http.aclose()
        return True

    assert await browser.ask(shown, opened, life=20) is Answer.DECLINED


# --- whose connection it is -------------------------------------------------------------------------------

TABLE = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 0100007F:{port:04X} 01 00000000:00000000 00:00000000 00000000 {ours:5d}        0 1 1 0 20 4 0 10 -1
   1: {theirs} 0100007F:1F90 {state} 00000000:00000000 00:00000000 00000000 {uid:5d}        0 2 1 0 20 4 0 10 -1
"""
OURS, THEIRS = ("127.0.0.1", 0x1F90), ("127.0.0.1", 0xABCD)
ME = os.geteuid() if hasattr(os, "geteuid") else 0


def own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, uid: int = ME, state: str = "01", theirs: str = ""
) -> bool:
    """What is said of a connection when the system lists it so."""
    table = tmp_path / "tcp"
    table.write_text(
        TABLE.format(port=0xABCD, ours=ME, theirs=theirs or "0100007F:ABCD", uid=uid, state=state)
    )
    monkeypatch.setattr(peers, "TABLES", (table, tmp_path / "tcp6"))
    return peers.is_own(OURS, THEIRS)


little_endian = pytest.mark.skipif(
    sys.platform == "win32" or sys.byteorder != "little", reason="the table is written as on x86 and ARM"
)


@little_endian
def test_the_same_user_and_nobody_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("platform.release", lambda: "6.8.0-generic")
    assert own(monkeypatch, tmp_path)
    assert not own(monkeypatch, tmp_path, uid=ME + 1)
    # Closed already: the system shows no owner any more.
    assert not own(monkeypatch, tmp_path, state="06")
    assert not own(monkeypatch, tmp_path, theirs="0100007F:ABCE")


@little_endian
def test_a_browser_of_windows_comes_through_a_relay(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    for release, expected in (("6.8.0-generic", False), ("5.15.167.4-microsoft-standard-WSL2", True)):
        monkeypatch.setattr("platform.release", lambda release=release: release)
        assert own(monkeypatch, tmp_path, uid=0) is expected
        assert own(monkeypatch, tmp_path, theirs="0100007F:ABCE") is expected
        assert not own(monkeypatch, tmp_path, uid=1001)


def test_where_the_system_does_not_tell_everybody_passes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(peers, "TABLES", (tmp_path / "missing",))
    assert peers.is_own(OURS, THEIRS)
    # A folder stands for what cannot be read.
    monkeypatch.setattr(peers, "TABLES", (tmp_path,))
    assert peers.is_own(OURS, THEIRS)


@pytest.mark.skipif(sys.platform != "linux", reason="the table is of Linux")
@pytest.mark.parametrize("family", ["IPv4", "IPv4 in IPv6"])
async def test_a_real_connection_of_our_own_is_ours(family: str) -> None:
    import socket

    if family != "IPv4" and not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        kind, host = (
            (socket.AF_INET, "127.0.0.1") if family == "IPv4" else (socket.AF_INET6, "::ffff:127.0.0.1")
        )
        with socket.socket(kind) as client:
            client.connect((host, port))
            accepted, theirs = listening.accept()
            with accepted:
                ours = accepted.getsockname()
                assert peers.is_own(ours, theirs)
                listed = dict(peers._owners(peers.TABLES))
                assert [listed[key] for key in peers._keys(theirs, ours) if key in listed] == [os.geteuid()]
