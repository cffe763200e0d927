"""Secrets inside texts: connection strings, URLs, headers, JSON, service messages that quote a request.

Every pattern is possessive or starts at a mark of its own, so that the work grows with the text and not with its
square, whatever somebody put into it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote_plus

from . import MASK
from .names import is_open_header, is_secret_in_query, is_secret_name, squashed

# Each of the patterns below needs one of these; most names and ids have none, and are done with sooner.
_SUSPECT = re.compile(
    r"(?i)[:=<]|eyJ|p8e-|-----BEGIN|--\w|->|%3d|\s(?:is|was|equals)\s|bearer|basic|digest|negotiate|gh[pousr]_"
    r"|github_pat_|xox[abprs]-|glpat-|k_live_|shp(?:at|ss)_|AIza"
)
_TOKEN = re.compile(
    r"(?<![\w-])(?:eyJ[\w-]{8,}+(?:\.[\w-]*+){0,4}|p8e-[\w-]++|gh[pousr]_\w{10,}+|github_pat_\w{10,}+"
    r"|xox[abprs]-[\w-]{10,}+|glpat-[\w-]{10,}+|[sr]k_live_\w{10,}+|shp(?:at|ss)_\w{10,}+|AIza[\w-]{20,}+)"
)
_SCHEME = re.compile(
    r"(?i)(?<![\w-])(bearer|basic|digest|negotiate|ntlm|sso-key)(\s++)([\w.~+/=-]++)(?![\w.~+/=-])"
)
_PLAIN_WORD = re.compile(r"[A-Z]?[a-z]++|[A-Z]++")
_ASSIGNED = re.compile(
    r"""(?<![\w$.-])(?P<name>[\w$][\w$.-]*+)(?P<close>\\*+["'`]?+\]?+)"""
    r"""(?:\s*+(?P<sign>=>|->|:=|==|[:=])\s*+|\s++(?P<verb>is|was|equals)\s++)"""
)
_OPTION = re.compile(r"(?<!\S)--([A-Za-z][\w-]*+)([ =]++)([^\s]++)")
_XML = re.compile(r"<([A-Za-z][\w.:-]*+)(\s[^<>]*+)?>([^<]++)</")
_QUOTE = re.compile(r"""(\\*+)(["'`])""")
_QUOTED = {
    quote: re.compile(rf"[^{quote}\\]*+(?:\\.[^{quote}\\]*+)*+", re.DOTALL) for quote in ('"', "'", "`")
}
_BARE = re.compile(r"""(?:[^\s,;&"'<>`|]++|,(?![\s,]|$|[\w.-]{1,60}\s{0,3}[:=])|&(?![\w.%~-]{1,60}=))*+""")
_HEADER_VALUE = re.compile(r"""(?:[^\r\n"'`<>,]++|,(?!\s{0,3}[\w-]{1,60}\s{0,3}:))*+""")
_PREVIOUS_WORD = re.compile(r"([A-Za-z]{1,20})[ _-]$")
_REFERENCE = re.compile(r"\$\{[^{}\s]*+\}")
_VARIABLE = re.compile(r"\$\{[A-Z][A-Z0-9]*+_[A-Z0-9_]++\}")
_ADDRESS = re.compile(r"""://([^\s"'<>`\\]++)""")
_NO_PORT = re.compile(r"[^/:@?#]++:(?!\d{1,5}(?:[/?#,;]|$))")
_HOOK = re.compile(
    r"(?i)^((?:[\w.-]*?\.)?(?:hooks\.slack\.com|webhook\.office\.com|discord(?:app)?\.com/api/webhooks"
    r"|hooks\.zapier\.com|outlook\.office(?:365)?\.com/webhook))/\S+"
)
_THIN = re.compile(r"(?i)(thin:)[^\s/@:]{1,100}/[^\s@]{1,200}@")
_ENCODED = re.compile(
    r"""(?i)(?:%(?:25){0,3}(?:3f|26)|[?&])([\w.~-]{1,60})(%(?:25){0,3}3d)((?:(?!%(?:25){0,3}26)[^\s&"'<>])*+)"""
)
_BEGIN, _END = "-----BEGIN ", "-----END "
_WHOLE_LINE = frozenset({"authorization", "proxyauthorization", "cookie", "setcookie"})
_CONTAINER_USER = re.compile(r"(?i)(?:abfss?|wasbs?)$")

# Words that follow "password:" or "the token is" in a sentence about a secret, instead of the secret.
_WORDS_ABOUT = re.compile(
    r"""(?ix) a | an | the | is | are | was | be | been | being | not | no | none | null | nil | true | false
    | undefined | empty | blank | missing | required | needed | invalid | valid | wrong | incorrect | expired | unknown
    | unset | set | too | also | only | must | should | may | might | can | cannot | could | has | have | had | does
    | did | malformed | rejected | refused | denied | revoked | disabled | enabled | locked | unavailable | already
    | never | now | used | unused | given | absent | present | ignored | hidden | masked | redacted | stored
    | supported | unsupported | of | in | on | for | from | to | with | without | by | and | or | if | when | at | as
    | it | its | this | that | these | those | your | our | their | which | who | whose | field | string | number
    | text | value | type | expected | failed | failure | error | please | see | use | check | pass | put | give
    | takes? | needs? | names? | one | each | every | any | all | least | most | authentication | authorization | auth
    | credentials | scheme | header | tokens? | key | secret | password | connector | account | incomplete
    | insufficient | mismatch | sent | shown | left | optional | declared"""
)
_NO_TOKENS = frozenset({"unexpected", "continuation", "next", "page", "sync", "skip", "illegal"})


def redact_text(text: str) -> str:
    """`text` with everything that looks like a credential replaced by `***`; `${...}` references stay.

    Connection strings, user info and keys in URLs, signatures, headers, members of JSON and XML, key blocks,
    tokens, and sentences such as "accessToken is ...".
    """
    if _SUSPECT.search(text) is None:
        return text
    if _BEGIN in text:
        text = _without_key_blocks(text)
    text = _ADDRESS.sub(_address, text)
    text = _THIN.sub(rf"\1{MASK}@", text)
    text = _ENCODED.sub(_encoded, text)
    text = _XML.sub(_element, text)
    text = _without_assigned(text)
    text = _OPTION.sub(_option, text)
    text = _SCHEME.sub(_scheme, text)
    return _TOKEN.sub(MASK, text)


def redact_query(text: str) -> str:
    """`a=1&api_key=...` with the values of secret parameters masked."""
    return "&".join(map(_query_part, text.split("&")))


def redact_headers(text: str) -> str:
    """`Name: value, Name: value` with every value masked whose header is not known to be harmless."""
    heads = [
        match for match in re.finditer(r"(?:^|[,;|\r\n])\s*+([A-Za-z][\w-]*+)\s*+[:=]", text) if match[1]
    ]
    if not heads:
        return MASK if text.strip() else text
    parts = [MASK] if text[: heads[0].start()].strip() else []
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        value = text[head.end() : following.start() if following else len(text)]
        parts.append(head[0])
        parts.append(
            redact_text(value) if is_open_header(head[1]) else f" {MASK}" if value.strip() else value
        )
    return "".join(parts)


# --- the parts --------------------------------------------------------------------------------------------


def _query_part(part: str) -> str:
    name, sign, value = part.partition("=")
    if sign and value and is_secret_in_query(unquote_plus(name.rpartition("?")[2])):
        return f"{name}={MASK}"
    return redact_text(part)


def _without_key_blocks(text: str) -> str:
    parts, at = [], 0
    while (begin := text.find(_BEGIN, at)) >= 0:
        label = text[begin + len(_BEGIN) : begin + len(_BEGIN) + 60].split("-----")[0]
        end = text.find(_END, begin)
        closed = text.find("-----", end + len(_END)) if end >= 0 else -1
        stop = closed + 5 if closed >= 0 else len(text)
        parts.append(text[at:begin])
        parts.append(text[begin:stop] if "PUBLIC KEY" in label else MASK)
        at = stop
    return "".join([*parts, text[at:]])


def _address(match: re.Match[str]) -> str:
    rest = match[1]
    end = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
    at = rest.rfind("@", 0, end)
    if at < 0 and _NO_PORT.match(rest):
        at = rest.rfind("@")  # a password with a slash in it
    if at >= 0:
        scheme = match.string[max(0, match.start() - 6) : match.start()]
        if ":" in rest[:at] or not _CONTAINER_USER.search(scheme):
            rest = f"{MASK}{rest[at:]}"
    return "://" + _HOOK.sub(rf"\1/{MASK}", rest)


def _encoded(match: re.Match[str]) -> str:
    if not is_secret_in_query(match[1]):
        return match[0]
    return f"{match[0][: match.start(3) - match.start()]}{MASK}"


def _element(match: re.Match[str]) -> str:
    name = match[1].rpartition(":")[2]
    return f"<{match[1]}{match[2] or ''}>{MASK}</" if is_secret_name(name) else match[0]


def _option(match: re.Match[str]) -> str:
    if not is_secret_name(match[1]) or _about(match[3]):
        return match[0]
    return f"--{match[1]}{match[2]}{MASK}"


def _scheme(match: re.Match[str]) -> str:
    word = match[3]
    plain = _about(word) or (match[1].casefold() != "bearer" and _PLAIN_WORD.fullmatch(word.rstrip(".-")))
    return match[0] if plain else f"{match[1]}{match[2]}{MASK}"


def _without_assigned(text: str) -> str:
    """Values behind the name of a secret: `pwd=...`, `"pass": "..."`, `x-api-key: ...`, `token is ...`."""
    parts: list[str] = []
    done = 0
    for match in _ASSIGNED.finditer(text):
        if match.start() < done or not _names_a_secret(text, match):
            continue
        start, stop = _extent(text, match)
        if start >= stop or _harmless(text[start:stop]):
            continue
        parts += [text[done:start], MASK]
        done = stop
    return "".join([*parts, text[done:]]) if parts else text


def _names_a_secret(text: str, match: re.Match[str]) -> bool:
    start = match.start()
    name = match["name"].strip(".-$").rpartition(".")[2]
    if text[max(0, start - 1) : start] in ("?", "&") and match["sign"] == "=":
        return is_secret_in_query(name)
    before = _PREVIOUS_WORD.search(text[max(0, start - 24) : start])
    previous = before[1].casefold() if before else ""
    if is_secret_name(name):
        return not (squashed(name) == "token" and previous in _NO_TOKENS)
    return (
        bool(previous) and squashed(name) in ("key", "string", "phrase") and is_secret_name(previous + name)
    )


def _extent(text: str, match: re.Match[str]) -> tuple[int, int]:
    """From where to where the value reaches."""
    at = match.end()
    quote = _QUOTE.match(text, at)
    if quote is not None:
        return quote.end(), _closing(text, quote)
    if squashed(match["name"]) in _WHOLE_LINE and match["sign"]:
        found = _HEADER_VALUE.match(text, at)
        return at, found.end() if found else at
    opened = text[at : at + 2]
    if opened[:1] == "[" or (opened[:1] == "{" and opened[1:] not in ('"', "'", "\\", "\n", " ", "}")):
        end = text.find("]" if opened[0] == "[" else "}", at)
        return at + 1, end if end >= 0 else len(text)
    if opened[:1] == "{":
        return at, at
    found = _BARE.match(text, at)
    stop = found.end() if found else at
    while stop > at and text[stop - 1] in ")]}." and not text[at:stop].startswith("${"):
        stop -= 1
    if (match["verb"] or match["sign"] == ":") and _is_prose(match["name"], text[at:stop]):
        return at, at
    return at, stop


def _closing(text: str, quote: re.Match[str]) -> int:
    if quote[1]:
        end = text.find(quote[0], quote.end())
        return end if end >= 0 else len(text)
    found = _QUOTED[quote[2]].match(text, quote.end())
    return found.end() if found else len(text)


def _is_prose(name: str, word: str) -> bool:
    """A sentence about secrets: "the token is expired", "uses these credentials: flow ..."."""
    return _about(word) or (name.endswith("s") and _PLAIN_WORD.fullmatch(word) is not None)


def _about(word: str) -> bool:
    return _WORDS_ABOUT.fullmatch(word.strip(".,:!?()")) is not None


def _harmless(value: str) -> bool:
    """Nothing to hide: hidden already, a reference, or no value."""
    bare = value.strip()
    return (
        not bare
        or bare.startswith(MASK)
        or _REFERENCE.fullmatch(bare) is not None
        or bare.casefold() in ("true", "false", "null", "none", "nil", "undefined")
    )


def names_a_variable(value: object) -> bool:
    """Whether a value is `${AEP_SECRET_NAME}` and nothing else: where a secret is found, and not the secret."""
    return isinstance(value, str) and _VARIABLE.fullmatch(value) is not None


Show = Callable[[str], str]
"""What is done to a text that is no secret by itself."""
