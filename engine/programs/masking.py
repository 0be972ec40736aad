"""What SOPS has encrypted stays out of the terminal, as in the flux CLI, whatever its bytes are."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any, Final

from engine import errors
from engine.kube.types import Object

MASK: Final = "**SOPS**"
_DOCKER: Final = "kubernetes.io/dockerconfigjson"
_DOCKER_MASK: Final = f'{{"mask":"{MASK}"}}'


def masked(obj: Object) -> Object:
    """The object without encrypted values: all of them when it is a SOPS file, else those that hold one.

    Errors never show a value. Raises Malformed for a Secret whose data is not base64.
    """
    whole = "sops" in obj
    if not whole and obj.get("kind") != "Secret":
        return obj
    mask = _DOCKER_MASK if obj.get("type") == _DOCKER else MASK
    result = {key: value for key, value in obj.items() if key != "sops"}
    for field, printed in (("data", _encoded(mask)), ("stringData", mask)):
        values = result.get(field)
        if not isinstance(values, Mapping):
            continue
        if whole:
            result[field] = dict.fromkeys(values, printed)
        else:
            # The flux CLI puts the encoded mask into stringData, too, when only the value is encrypted.
            plain = _decoded(obj) if field == "data" else _as_it_is
            result[field] = {
                key: _encoded(MASK) if _is_encrypted(plain(key, value)) else value for key, value in values.items()
            }
    return result


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _as_it_is(key: str, value: Any) -> bytes:
    del key
    return str(value).encode(errors="surrogatepass")


def _decoded(obj: Object) -> Callable[[str, Any], bytes]:
    def decode(key: str, value: Any) -> bytes:
        try:
            return base64.b64decode("".join(str(value or "").split()), validate=True)
        except (binascii.Error, ValueError):
            name = (obj.get("metadata") or {}).get("name")
            raise errors.Malformed(
                f"failed to mask secret {name} sops data: data.{key} is not base64",
                fix="encode it, or put it into stringData",
            ) from None

    return decode


def _is_encrypted(content: bytes) -> bool:
    return b"sops" in content and b"ENC[" in content
