"""What is wrong with a document. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What is wrong with a field of a document, and the fix. way: from the root of the document."""

    way: tuple[str | int, ...]
    message: str

    @property
    def field(self) -> str:
        """The field as a text: `schedule.every`."""
        text = ""
        for part in self.way:
            text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
        return text or "(document)"
