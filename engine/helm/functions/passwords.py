"""Passwords: hashed, and derived from a master password."""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Callable
from typing import Any, Final

from engine.helm.template.quote import to_bytes
from engine.helm.template.signature import go

_SEED: Final = b"com.lyndir.masterpassword"
_TEMPLATES: Final = {
    "maximum": ("anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"),
    "long": (
        "CvcvnoCvcvCvcv",
        "CvcvCvcvnoCvcv",
        "CvcvCvcvCvcvno",
        "CvccnoCvcvCvcv",
        "CvccCvcvnoCvcv",
        "CvccCvcvCvcvno",
        "CvcvnoCvccCvcv",
        "CvcvCvccnoCvcv",
        "CvcvCvccCvcvno",
        "CvcvnoCvcvCvcc",
        "CvcvCvcvnoCvcc",
        "CvcvCvcvCvccno",
        "CvccnoCvccCvcv",
        "CvccCvccnoCvcv",
        "CvccCvccCvcvno",
        "CvcvnoCvccCvcc",
        "CvcvCvccnoCvcc",
        "CvcvCvccCvccno",
        "CvccnoCvcvCvcc",
        "CvccCvcvnoCvcc",
        "CvccCvcvCvccno",
    ),
    "medium": ("CvcnoCvc", "CvcCvcno"),
    "short": ("Cvcn",),
    "basic": ("aaanaaan", "aannaaan", "aaannaaa"),
    "pin": ("nnnn",),
}
_CHARACTERS: Final = {
    "V": "AEIOU",
    "C": "BCDFGHJKLMNPQRSTVWXYZ",
    "v": "aeiou",
    "c": "bcdfghjklmnpqrstvwxyz",
    "A": "AEIOUBCDFGHJKLMNPQRSTVWXYZ",
    "a": "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
    "n": "0123456789",
    "o": "@&%?,=[]_:-+*$#!'^~;()/.",
    "x": "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
}


@go("uint32, string, string, string, string -> string")
def derive_password(counter: int, kind: str, password: str, user: str, site: str) -> str:
    """The Master Password algorithm."""
    templates = _TEMPLATES.get(kind)
    if templates is None:
        return f"cannot find password template {kind}"
    who, where = to_bytes(user), to_bytes(site)
    salt = _SEED + struct.pack(">I", len(who)) + who
    key = hashlib.scrypt(to_bytes(password), salt=salt, n=32768, r=8, p=2, dklen=64, maxmem=128 * 1024 * 1024)
    message = _SEED + struct.pack(">I", len(where)) + where + struct.pack(">I", counter)
    seed = hmac.new(key, message, hashlib.sha256).digest()
    template = templates[seed[0] % len(templates)]
    return "".join(
        _CHARACTERS[kind_of][number % len(_CHARACTERS[kind_of])]
        for kind_of, number in zip(template, seed[1:], strict=False)
    )


_BCRYPT_COST: Final = 10
_BCRYPT_LONGEST: Final = 72


@go("string -> string")
def bcrypt(text: str) -> str:
    """Salted at Go's default cost; what is too long is told in the text, as Sprig does."""
    import bcrypt as library  # late: few charts hash passwords

    raw = to_bytes(text)
    if len(raw) > _BCRYPT_LONGEST:
        return f"failed to encrypt string with bcrypt: bcrypt: password length exceeds {_BCRYPT_LONGEST} bytes"
    return library.hashpw(raw, library.gensalt(_BCRYPT_COST, b"2a")).decode()


@go("string, string -> string")
def htpasswd(user: str, password: str) -> str:
    """One line of an htpasswd file."""
    return f"invalid username: {user}" if ":" in user else f"{user}:{bcrypt(password)}"


FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "derivePassword": derive_password, "bcrypt": bcrypt, "htpasswd": htpasswd,
}  # fmt: skip
