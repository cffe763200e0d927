"""Names as people give them, in any script, and as nobody should."""

from __future__ import annotations

import unicodedata
from random import Random

from foreign.draw import Draw

FORGED = "FORGEDLINE"
"""Follows a line break in some names: no line of an answer may begin with it."""

_WORDS = (
    "orders", "loyalty", "CRM", "web", "daily", "profiles", "EMEA", "returns", "stores", "nightly", "audience",
    "export", "Kontakte", "clients", "événements", "données", "pedidos", "Übersicht",
)  # fmt: skip
_SCRIPTS = (
    "طلبات المتاجر اليومية", "הזמנות יומיות", "每日订单导入", "注文データの取り込み", "일일 주문 가져오기",
    "दैनिक आदेश आयात", "การนำเข้ารายวัน", "Ежедневный импорт", "Ημερήσια εισαγωγή", "සිංහල ඇණවුම්", "ব্যবহারকারী তালিকা",
)  # fmt: skip
_EMOJI = (
    "🚀 launch",
    "👩‍👩‍👧‍👦 families",
    "🏳️‍🌈",
    "📦📦📦",
    "e\u0301t\u0301e\u0301",
    "Ž̷̧a̶l̵g̴o̷ text",
    "𝓯𝓪𝓷𝓬𝔂",
    "ﬁle ﬂow",
)
_HIDDEN = (
    "or\u200bders\u200b zero\ufeff width", "abc\u202edef\u202c reversed", "bell\x07 and\x00 null\x1b[31m red",
    "tag\U000e0041\U000e0042 tags", "soft\u00adhyphen", "\u2066isolated\u2069 run", "next\u0085line", "line\u2028sep",
    "tab\tand\x0bvertical", "filler\u3164 hangul", "\x7fdelete",
)  # fmt: skip
_MARKS = (
    'say "hello" \\ it\'s', "a | b | c", "|---|---|", "col1 | enabled | source", "`code` **bold** [x](y)", "<b>tag</b>",
    "{{ 7*7 }} {% raw %}", "${AEP_SECRET_NAME}", "%DATASET_NAME%_%DATETIME%", "{}", "[]", "null", "true", "0", "-1",
    "1e309", "a,b;c", "=cmd|' /C calc'!A0", "x==y&state==enabled", "id\\u0000", "../../etc", "a/b?c#d", "100 % of it",
)  # fmt: skip
_LINES = (
    f"two\n{FORGED}: enabled", f"two\r\n{FORGED} | disabled | x", f"tail\n\n{FORGED}\n", f"sep\u2028{FORGED}: yes",
    f"form\x0c{FORGED}: x", f"next\x85{FORGED}: 1",
)  # fmt: skip


def name(draw: Draw, point: str = "name") -> str | None:
    """A name: mostly a plain one, else of a kind that the tests are about. None: the object has no name."""
    plain = f"{draw.choice(f'{point}a', *_WORDS)} {draw.choice(f'{point}b', *_WORDS)} {draw.number(f'{point}n', 1, 99)}"
    kind = draw.mostly(
        f"{point}Kind", "plain", "script", "emoji", "hidden", "mark", "lines", "same", "long", "longest", "wild",
        "odd", percent=45,
    )  # fmt: skip
    word = f"{point}w"
    match kind:
        case "script":
            return f"{draw.choice(word, *_SCRIPTS)} {draw.number(f'{point}n', 1, 99)}"
        case "emoji":
            return draw.choice(word, *_EMOJI)
        case "hidden":
            return draw.choice(word, *_HIDDEN)
        case "mark":
            return draw.choice(word, *_MARKS)
        case "lines":
            return draw.choice(word, *_LINES)
        case "same":
            return "Orders"
        case "long":
            return f"{plain} " + "long name " * draw.number(word, 20, 40)
        case "longest":
            return draw.choice(word, "W" * 4_000, "日" * 3_000, f"{plain} " * 250)
        case "wild":
            return wild(draw.random(word))
        case "odd":
            return draw.choice(word, "", None, "   ", "\u200b\u200b", "\ud83d half", "Ω", " lead and trail ")
    return plain


def wild(random: Random) -> str:
    """Any characters at all, assigned or not."""
    planes = (
        (0x20, 0x7F),
        (0xA0, 0x2FF),
        (0x300, 0x1FFF),
        (0x2000, 0x2BFF),
        (0x3000, 0xD7FF),
        (0x1F000, 0x1FAFF),
    )
    return "".join(chr(random.randint(*random.choice(planes))) for _ in range(random.randint(1, 40)))


def shown(text: str | None) -> str:
    """What of a text a reader can be shown: its letters and numbers. Two texts that look alike have the same."""
    return "".join(
        char for char in text or "" if unicodedata.category(char)[0] in "LN" and char not in _FILLERS
    )


def typable(text: str | None) -> bool:
    """Whether anybody can ask for it: half a surrogate pair is no text that an argument can hold."""
    return bool(text) and not any("\ud800" <= char <= "\udfff" for char in text or "")


_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")
