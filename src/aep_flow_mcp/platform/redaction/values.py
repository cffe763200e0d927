"""Secrets by value: what the server itself knows is taken out of everything that leaves it, whatever said it."""

from __future__ import annotations

import base64
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from aep_flow_mcp.environment import Cleaned

from . import MASK

SHORTEST = 4
"""Characters of a secret that is looked for everywhere; a shorter one cannot be told from ordinary text."""
_FREE = 8
"""From here on it is found inside of longer words too; a shorter one as a word of its own."""
_TELLING = 6
"""Characters at the start of a secret that give it away where a text was cut."""
_CUTS = ("…", "\n")
"""Before these a text may have been cut, and at its end."""
_TOKENS = 8
"""How many access tokens are remembered; each is good for a day at most."""


class Redactor:
    """Takes known secrets out of texts and JSON: as they are, and in every form in which they come back."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[str, int]] = {}
        self._tokens: deque[str] = deque(maxlen=_TOKENS)
        self._watched: list[tuple[Cleaned, str]] = []
        self._known: tuple[tuple[str, str, int], ...] = ()
        self._forms: list[tuple[str, str]] = []
        self._words: list[tuple[re.Pattern[str], str, str]] = []
        self._starts: dict[str, list[tuple[str, str]]] = {}

    def learn(self, value: str, label: str = MASK, *, shortest: int = SHORTEST) -> None:
        """Hide a value from now on, with `label` in its place."""
        self._values.setdefault(value, (label, shortest))

    def learn_token(self, token: str) -> None:
        """Hide an access token; the oldest ones are forgotten."""
        if token not in self._tokens:
            self._tokens.append(token)

    def watch(self, environ: Mapping[str, str], prefix: str) -> None:
        """Hide the value of every variable that starts so, also of those that are set later."""
        self._watched.append((environ if isinstance(environ, Cleaned) else Cleaned(environ), prefix))

    def text(self, text: str) -> str:
        """The text without any known secret, the longest replaced first; the start of one before a cut goes too."""
        self._prepare()
        return self._hidden(text)

    def value(self, value: Any) -> Any:
        """JSON without any known secret, in keys neither. A number that is one becomes null."""
        self._prepare()
        return self._within(value)

    def body(self, body: bytes) -> bytes:
        """The body of an answer; as it is when nothing is found."""
        text = body.decode("utf-8", "replace")
        clean = self.text(text)
        return body if clean == text else clean.encode()

    def _hidden(self, text: str) -> str:
        for form, label in self._forms:
            if form in text:
                text = text.replace(form, label)
        for pattern, word, label in self._words:
            if word in text:
                text = pattern.sub(lambda _, label=label: label, text)  # type: ignore[misc]
        for start, forms in self._starts.items():
            if start in text:
                for form, label in forms:
                    text = _without_start(text, form, label)
        return text

    def _within(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self._hidden(str(key)): self._within(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._within(item) for item in value]
        if isinstance(value, str):
            return self._hidden(value)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return None if number and self._hidden(str(value)) != str(value) else value

    def _prepare(self) -> None:
        """Work the forms out again when something was learnt or set. Once for all of a value: environments are long."""
        known = tuple(self._secrets())
        if known == self._known:
            return
        forms: dict[str, str] = {}
        words: dict[str, str] = {}
        for value, label, shortest in known:
            for form in _forms(value, shortest):
                (forms if len(form) >= _FREE or label != MASK else words).setdefault(form, label)
        longest_first = sorted(forms.items(), key=lambda item: -len(item[0]))
        self._forms = longest_first
        self._words = [
            (re.compile(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])"), word, label)
            for word, label in sorted(words.items(), key=lambda item: -len(item[0]))
        ]
        self._starts = {}
        for form, label in longest_first:
            if len(form) > _FREE:
                self._starts.setdefault(form[:_TELLING], []).append((form, label))
        self._known = known

    def _secrets(self) -> Iterator[tuple[str, str, int]]:
        for value, (label, shortest) in self._values.items():
            if value.strip() and len(value) >= shortest:
                yield value, label, shortest
        for token in self._tokens:
            yield token, MASK, SHORTEST
        for environ, prefix in self._watched:
            for value in environ.starting(prefix):
                if len(value.strip()) >= SHORTEST:
                    yield value.strip(), MASK, SHORTEST


def _without_start(text: str, form: str, label: str) -> str:
    """Where a text was cut, the start of a secret is left: take it away."""
    ends = sorted({len(text), *(at for cut in _CUTS for at in _positions(text, cut))})
    for end in reversed(ends):
        window = max(0, end - len(form) + 1)
        at = text.find(form[:_TELLING], window, end)
        while at >= 0:
            if form.startswith(text[at:end]):
                text = f"{text[:at]}{label}{text[end:]}"
                break
            at = text.find(form[:_TELLING], at + 1, end)
    return text


def _positions(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def _forms(secret: str, shortest: int) -> Iterable[str]:
    """A secret as it may come back, each at least as telling as the secret."""
    # Nothing is known at the start, and the start is felt: what is only needed then is read then.
    from aep_flow_mcp.platform.models.text import clean_text

    plain = {secret, secret.strip(), " ".join(secret.split()), clean_text(secret)}
    plain |= {line.strip() for line in secret.splitlines() if len(line.strip()) >= _FREE}
    forms = set(plain)
    for text in plain:
        forms |= set(_escaped(text)) | set(_encoded(text))
    return [form for form in forms if form.strip() and len(form) >= shortest]


def _escaped(text: str) -> Iterator[str]:
    """Inside JSON, HTML and URLs, in both cases."""
    import html

    for ascii_only in (True, False):
        escaped = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield from (escaped, escaped.replace("/", "\\/"), json.dumps(escaped)[1:-1])
    yield html.escape(text)
    safe = text.encode("utf-8", "surrogatepass")
    for quoted in (quote(safe, safe=""), quote(safe), quote_plus(safe), quote(quote(safe, safe=""), safe="")):
        yield quoted
        yield re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), quoted)
    yield "".join(f"%{byte:02X}" for byte in safe)
    yield "".join(f"%{byte:02x}" for byte in safe)


def _encoded(text: str) -> Iterator[str]:
    """Hexadecimal and base64, the latter also in the middle of something longer, which shifts its letters."""
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) < _TELLING:
        return
    yield raw.hex()
    yield raw.hex().upper()
    for shift in range(3):
        start, end = (0, 2, 3)[shift], (shift + len(raw)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"\0" * shift + raw).decode()[start:end]
