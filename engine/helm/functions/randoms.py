"""Random texts, numbers and identifiers, out of one source that tests can own."""

from __future__ import annotations

import base64
import string
import uuid
from collections.abc import Callable
from random import Random
from typing import Any

from engine.helm.functions.convert import bounded_text
from engine.helm.template.errors import CallError
from engine.helm.template.signature import go

_PRINTABLE = "".join(map(chr, range(32, 127)))


def functions(source: Random) -> dict[str, Callable[..., Any]]:
    """The functions over a source of randomness."""

    def text(alphabet: str) -> Callable[..., Any]:
        @go("int -> string")
        def random_text(count: int) -> str:
            if count < 0:
                return ""
            bounded_text(count)
            return "".join(source.choices(alphabet, k=count))

        return random_text

    @go("int, int -> int")
    def rand_int(low: int, high: int) -> int:
        if not 0 < high - low < 2**63:
            raise CallError("invalid argument to Intn")
        return source.randrange(low, high)

    @go("int -> string")
    def rand_bytes(count: int) -> str:
        if count < 0:
            raise CallError("runtime error: makeslice: len out of range")
        bounded_text(count)
        return base64.b64encode(source.randbytes(count)).decode()

    @go("-> string")
    def uuidv4() -> str:
        return str(uuid.UUID(bytes=source.randbytes(16), version=4))

    @go("string -> string")
    def shuffle(value: str) -> str:
        chars = list(value)
        source.shuffle(chars)
        return "".join(chars)

    return {
        "randAlphaNum": text(string.ascii_letters + string.digits),
        "randAlpha": text(string.ascii_letters),
        "randNumeric": text(string.digits),
        "randAscii": text(_PRINTABLE),
        "randInt": rand_int,
        "randBytes": rand_bytes,
        "uuidv4": uuidv4,
        "shuffle": shuffle,
    }
