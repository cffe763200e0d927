"""What an error message says apart from what varies from run to run, so that equal failures count as one.

Nothing here depends on the language of a message: names are known by their quotes, places by their slashes, ids and
times by their digits.
"""

from __future__ import annotations

import re

NO_ERROR_GIVEN = "no error given"
MARK = "#"
"""Stands for what was left out."""
_LONGEST = 2_000
_KEPT = 240

_QUOTED = re.compile(
    r"\"[^\"\n]{1,300}\"|`[^`\n]{1,300}`|«[^»\n]{1,300}»|»[^«\n]{1,300}«|[“„][^”“\n]{1,300}[”“]"
    r"|[‘‚][^’‘\n]{1,300}[’‘](?!\w)|「[^」\n]{1,300}」|『[^』\n]{1,300}』|‹[^›\n]{1,300}›"
    # An apostrophe inside a word is none that quotes.
    r"|(?<!\w)'[^'\n]{1,300}'(?!\w)"
)
_ADDRESS = re.compile(r"[A-Za-z][\w+.-]{1,20}://[^\s)\]>,;]{1,500}|[^\s@<>()]{1,100}@[^\s@<>(),;]{1,100}")
_PLACE = re.compile(r"[^\s(\[<,;]{0,300}[/\\][^\s)\]>,;]{1,300}")
_FILE = re.compile(
    r"[^\s(\[<,;:]{1,200}\.(?:csv|tsv|txt|json|jsonl|xml|parquet|avro|orc|gz|zip|gpg|pgp)\b", re.IGNORECASE
)
_NAMED_TIME = re.compile(
    r"\b(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},? )?(?:\d{1,2} )?"
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6} \d[\d:, ]{0,20}",
    re.IGNORECASE,
)
# Ids and times hold letters of the first alphabet only: a script without spaces must not be swallowed with them.
_COUNTED = re.compile(r"[A-Za-z_]{0,40}(?:\d[A-Za-z_.:+%-]{0,40}){1,80}|\d+")
_SEVERAL = re.compile(r"#(?:[\s,.:;|-]{0,4}#)+")


def template(message: str | None) -> str:
    """The message with a `#` for each name, place, time and number in it; empty without a message."""
    text = (message or "")[:_LONGEST]
    for varying in (_QUOTED, _ADDRESS, _PLACE, _FILE, _NAMED_TIME, _COUNTED):
        text = varying.sub(MARK, text)
    return " ".join(_SEVERAL.sub(MARK, text).split())


def signature(message: str | None, *, limit: int = 80) -> str:
    """What an error without a code is called by."""
    text = template(message)
    return (text if len(text) <= limit else text[: limit - 1] + "…") or NO_ERROR_GIVEN


def reason_of(message: str | None) -> str:
    """What tells the failure from others with the same code, for comparing only."""
    return template(message).casefold()[:_KEPT]
