"""Files as people and hosts leave them, by format: what is there before this server is put in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from aep_flow_mcp.configuring.editing import Format
from aep_flow_mcp.configuring.hosts import Host

BOM = b"\xef\xbb\xbf"

_SAMPLES = Path(__file__).with_name("samples")
BEFORE = {
    format_: {path.stem: path.read_bytes().decode() for path in sorted((_SAMPLES / format_).iterdir())}
    for format_ in Format
}
"""What a file says that holds another server; KEY stands for the name of the host's list of servers."""

WITHOUT_SERVERS = {
    Format.JSON: [
        "",
        "\n",
        "{}",
        "{}\n",
        "// nothing yet\n",
        '{\n  "z": 1\n}\n',
        '{"z":1}',
        "{\n}\n",
        "{ /* c */ }",
    ],
    Format.TOML: ["", "\n", "# nothing yet\n", "z = 1\n"],
    Format.YAML: [
        "",
        "\n",
        "# nothing yet\n",
        "z: 1\n",
        "extensions:\n",
        "extensions: # none\nz: 1\n",
        "extensions: ~\n",
    ],
}
"""Nothing holds servers yet, so that taking out leaves an empty list of them."""

BROKEN = {
    Format.JSON: [
        ("{not json", 1, 2),
        ('{\n  "a": 1\n  "b": 2\n}', 3, 3),
        ("{} {}", 1, 4),
        ('{"a": [1, 2}', 1, 12),
    ],
    Format.TOML: [("a = \n", 1, 5), ("[a]\nb = 1\nb = 2\n", 3, 6)],
    Format.YAML: [("a: [1\nb: 2\n", 2, 2), ("a:\n\tb: 1\n", 2, 1)],
}


def bytes_before(host: Host, text: str, *, mark: bool, windows: bool) -> bytes:
    """The file of a host with this text, with or without a byte order mark and line ends of Windows."""
    filled = text.replace("KEY", host.key)
    lines = filled.replace("\n", "\r\n") if windows else filled
    return (BOM if mark else b"") + lines.encode()


def only_put_in(before: bytes, after: bytes) -> bool:
    """Whether `after` is `before` with one piece put in, and perhaps a comma ahead of it."""
    if _one_piece(before, after):
        return True
    commas = [match.start() for match in re.finditer(b",", after)]
    return any(_one_piece(before, after[:at] + after[at + 1 :]) for at in commas)


def _one_piece(before: bytes, after: bytes) -> bool:
    same = 0
    while same < len(before) and before[same] == after[same]:
        same += 1
    return len(after) > len(before) and after.endswith(before[same:])


_PIECE = re.compile(
    r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/|,(?=(?>\s|//[^\n]*+|/\*(?:(?!\*/).)*+\*/)*+[}\]])', re.DOTALL
)


def parsed(format_: Format, raw: bytes) -> Any:
    """What another reader than ours makes of a file."""
    import json
    import tomllib

    import yaml

    text = raw.removeprefix(BOM).decode()
    if format_ is Format.JSON:
        return json.loads(_PIECE.sub(lambda found: found.group(1) or "", text))
    return tomllib.loads(text) if format_ is Format.TOML else yaml.safe_load(text)
