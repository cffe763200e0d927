"""`make guides`: has the conversations and writes them into docs/guides, between the markers of each page."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from guides.conversations import CONVERSATIONS
from guides.talk import talking

GUIDES = Path(__file__).resolve().parents[2] / "docs" / "guides"
BEGIN, END = "<!-- transcript: begin -->", "<!-- transcript: end -->"


async def transcript(name: str) -> str:
    """One conversation as Markdown."""
    async with talking() as talk:
        await CONVERSATIONS[name](talk)
        return "\n".join(talk.lines).strip()


def with_transcript(page: str, text: str) -> str:
    """A page with this text between its markers."""
    head, rest = page.split(BEGIN)
    return f"{head}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}"


def main() -> None:
    for name in CONVERSATIONS:
        path = GUIDES / f"{name}.md"
        path.write_text(with_transcript(path.read_text("utf-8"), anyio.run(transcript, name)), "utf-8")


if __name__ == "__main__":
    main()
