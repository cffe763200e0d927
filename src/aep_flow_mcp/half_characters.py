"""Messages that can be parsed: JSON can spell half of a character, which the SDK's parser refuses.

A message that cannot be parsed gets no answer at all, since its id cannot be read: the client waits until it gives
up. So such a half becomes a code point that says what was there, and the tool that gets it says so.
"""

from __future__ import annotations

import re

LOST = "\ufdd0"
"""Stands for half of a character (a lone surrogate). Unicode promises that no text has this code point."""

_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
# Left to right over whole escapes, so that an escaped backslash in front of `ud800` is not taken for one.
_ESCAPE = re.compile(
    rb"(?P<pair>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)
_REPLACEMENT = f"\\u{ord(LOST):04x}".encode()


def without_halves(message: bytes) -> bytes:
    """A message whose lone surrogate escapes are replaced by `LOST`; any other as it is."""
    if not _HALF.search(message):
        return message
    return _ESCAPE.sub(lambda match: _REPLACEMENT if match["half"] else match[0], message)
