# ruff: noqa: D103 - Sprig and Helm document them under the names in `functions`
"""AES as Sprig has it: CBC with the first 32 bytes of a password as the key."""

from __future__ import annotations

import base64
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any, Final

from engine.helm.functions.encoding import decode64
from engine.helm.template.errors import CallError
from engine.helm.template.quote import from_bytes, to_bytes
from engine.helm.template.signature import go

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.modes import CBC

_BLOCK: Final = 16


def functions(source: Random) -> dict[str, Callable[..., Any]]:
    """The functions over a source of randomness."""

    @go("string, string -> string")
    def encrypt_aes(password: str, text: str) -> str:
        if not text:
            return ""
        data = to_bytes(text)
        missing = _BLOCK - len(data) % _BLOCK
        start = source.randbytes(_BLOCK)
        encryptor = _cipher(password, start).encryptor()
        sealed = encryptor.update(data + bytes((missing,)) * missing) + encryptor.finalize()
        return base64.b64encode(start + sealed).decode()

    return {"encryptAES": encrypt_aes, "decryptAES": decrypt_aes}


def _cipher(password: str, start: bytes) -> Cipher[CBC]:
    # The library takes longer to import than most charts to render.
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    return Cipher(algorithms.AES(to_bytes(password)[:32].ljust(32, b"\0")), modes.CBC(start))


@go("string, string -> string")
def decrypt_aes(password: str, sealed64: str) -> str:
    if not sealed64:
        return ""
    sealed = decode64(sealed64)
    if isinstance(sealed, str):
        raise CallError(sealed)
    if len(sealed) < _BLOCK:
        capacity = -(-len(sealed64) // 4) * 3
        raise CallError(f"runtime error: slice bounds out of range [:{_BLOCK}] with capacity {capacity}")
    start, sealed = sealed[:_BLOCK], sealed[_BLOCK:]
    if len(sealed) % _BLOCK:
        raise CallError("crypto/cipher: input not full blocks")
    decryptor = _cipher(password, start).decryptor()
    data = decryptor.update(sealed) + decryptor.finalize()
    if not data:
        raise CallError("runtime error: index out of range [-1]")
    if data[-1] > len(data):
        raise CallError(f"runtime error: slice bounds out of range [:{len(data) - data[-1]}]")
    return from_bytes(data[: len(data) - data[-1]])
