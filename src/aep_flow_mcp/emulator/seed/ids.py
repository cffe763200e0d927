"""Identifiers that look random and are not: the same seed and key always give the same identifier."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

_UUID_BITS = 122
_ULID_BITS = 80
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CROCKFORD_VALUE = {letter: value for value, letter in enumerate(_CROCKFORD)}
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def digest(*parts: object, bits: int = 64) -> int:
    """An unsigned number of `bits` bits (at most 512) that depends on every part."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode()).digest(), "big") >> (512 - bits)


def object_key(kind: str, sandbox: str, key: str) -> str:
    """The stable name from which the id of an object is made."""
    return f"{kind}:{sandbox}/{key}"


def format_uuid(number: int) -> str:
    """A number of 122 bits as a version 4 UUID."""
    high, low = number >> 74, number & ((1 << 74) - 1)
    middle, tail = low >> 62, low & ((1 << 62) - 1)
    text = f"{high:012x}4{middle:03x}{0x8000000000000000 | tail:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def parse_uuid(text: str) -> int | None:
    """The 122 bits of a version 4 UUID as `format_uuid` writes it, or None."""
    raw = text.replace("-", "")
    if len(text) != 36 or len(raw) != 32 or raw[12] != "4":
        return None
    try:
        high, middle, tail = int(raw[:12], 16), int(raw[13:16], 16), int(raw[16:], 16)
    except ValueError:
        return None
    number = (high << 74) | (middle << 62) | (tail & ((1 << 62) - 1))
    return number if format_uuid(number) == text else None


def etag(updated_ms: int, salt: int) -> str:
    """An ETag as the service writes it: its own quotes, and the second of the write in the last group."""
    return f'"{salt & 0xFFFFFFFF:08x}-0000-{0x0200 + (salt >> 60):04x}-0000-{updated_ms // 1000:08x}0000"'


class Scramble:
    """A permutation of the numbers below 2**bits that can be undone (multiply, fold, multiply, fold).

    It lets an identifier carry an index: no table of identifiers is needed to find a row again.
    """

    def __init__(self, bits: int, *key: object) -> None:
        self._half = bits // 2
        self._mask = (1 << bits) - 1
        self._offset = digest("offset", *key, bits=bits)
        self._first = digest("first", *key, bits=bits) | 1
        self._second = digest("second", *key, bits=bits) | 1
        self._undo_first = pow(self._first, -1, 1 << bits)
        self._undo_second = pow(self._second, -1, 1 << bits)

    def hide(self, index: int) -> int:
        mixed = ((index + self._offset) * self._first) & self._mask
        mixed = ((mixed ^ (mixed >> self._half)) * self._second) & self._mask
        return mixed ^ (mixed >> self._half)

    def find(self, hidden: int) -> int:
        mixed = hidden ^ (hidden >> self._half)
        mixed = (mixed * self._undo_second) & self._mask
        mixed ^= mixed >> self._half
        return (mixed * self._undo_first - self._offset) & self._mask


class IndexedUuids:
    """UUIDs of the rows 0, 1, 2, ... and back."""

    def __init__(self, *key: object) -> None:
        self._scramble = Scramble(_UUID_BITS, "uuid", *key)

    def of(self, index: int) -> str:
        return format_uuid(self._scramble.hide(index))

    def index(self, uuid: str) -> int | None:
        """The row of this UUID; a foreign UUID gives None or a number beyond any real row."""
        number = parse_uuid(uuid)
        return None if number is None else self._scramble.find(number)


class IndexedUlids:
    """ULIDs (the form of Catalog's batch ids): a time in milliseconds and a row, and back."""

    def __init__(self, *key: object) -> None:
        self._scramble = Scramble(_ULID_BITS, "ulid", *key)

    def of(self, index: int, created_ms: int) -> str:
        number = (created_ms << _ULID_BITS) | self._scramble.hide(index)
        return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))

    def index(self, ulid: str) -> int | None:
        number = 0
        for letter in ulid:
            value = _CROCKFORD_VALUE.get(letter)
            if value is None:
                return None
            number = (number << 5) | value
        return self._scramble.find(number & ((1 << _ULID_BITS) - 1)) if len(ulid) == 26 else None


@dataclass(frozen=True)
class Ids:
    """The identifiers of one seed. A key is a stable name of ours such as `flow:dev/pos-receipts`."""

    seed: int

    def uuid(self, key: str) -> str:
        return _uuid(self.seed, key)

    def hexadecimal(self, key: str, length: int) -> str:
        """Lower-case hexadecimal: 24 digits for a dataset, 32 for a mapping set, 64 for an inlet."""
        return f"{_number(self.seed, 'hex', key, length * 4):0{length}x}"

    def dataset(self, key: str) -> str:
        """A Catalog id; the ids of datasets begin as those of a young document store do."""
        return f"66{self.hexadecimal(key, 22)}"

    def base32(self, key: str, length: int) -> str:
        """Upper-case letters and the digits 2 to 7, as in an access key."""
        number = digest(self.seed, "base32", key, bits=length * 5)
        return "".join(_BASE32[(number >> (5 * place)) & 31] for place in range(length))

    def number(self, key: str, below: int) -> int:
        return _number(self.seed, "number", key, 64) % below

    def etag(self, key: str, updated_ms: int) -> str:
        return etag(updated_ms, digest(self.seed, "etag", key))


# The parts of a flow ask for the same numbers one after the other, so a small memory saves most of the work.
@lru_cache(maxsize=1024)
def _number(seed: int, use: str, key: str, bits: int) -> int:
    return digest(seed, use, key, bits=bits)


@lru_cache(maxsize=1024)
def _uuid(seed: int, key: str) -> str:
    return format_uuid(_number(seed, "uuid", key, _UUID_BITS))
