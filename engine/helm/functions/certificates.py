# ruff: noqa: D103 - Sprig and Helm document them under the names in `functions`
"""Private keys and certificates by Sprig's names; `issuing` makes them and is imported when one is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, ClassVar

from engine.helm.functions.encoding import decode64
from engine.helm.template.errors import CallError
from engine.helm.template.quote import from_bytes
from engine.helm.template.signature import go


@dataclass(frozen=True, slots=True)
class Certificate:
    """Sprig's pair of PEM texts."""

    Cert: str
    Key: str

    go_type: ClassVar[str] = "sprig.certificate"
    go_kind: ClassVar[str] = "struct"
    go_fields: ClassVar[Mapping[str, str]] = {"Cert": "Cert", "Key": "Key"}


@dataclass(frozen=True, slots=True)
class Request:
    """What a certificate is to say."""

    common_name: str
    days: int
    ips: Any = None
    hosts: Any = None
    is_ca: bool = False


@go("string -> string")
def gen_private_key(kind: str) -> str:
    from engine.helm.functions.issuing import private_key

    return private_key(kind)


def functions(now: Callable[[], datetime], source: Random) -> dict[str, Callable[..., Any]]:
    """The functions over a clock and a source of serial numbers (keys do not come from it)."""

    def issue(request: Request, key: str | None = None, ca: Certificate | None = None) -> Certificate:
        from engine.helm.functions import issuing

        return issuing.issue(request, key, ca, now=now(), source=source)

    @go("string, int -> any")
    def gen_ca(name: str, days: int) -> Certificate:
        return issue(Request(name, days, is_ca=True))

    @go("string, int, string -> any")
    def gen_ca_with_key(name: str, days: int, key: str) -> Certificate:
        return issue(Request(name, days, is_ca=True), key)

    @go("string, list, list, int -> any")
    def gen_self_signed(name: str, ips: Any, hosts: Any, days: int) -> Certificate:
        return issue(Request(name, days, ips, hosts))

    @go("string, list, list, int, string -> any")
    def gen_self_signed_with_key(name: str, ips: Any, hosts: Any, days: int, key: str) -> Certificate:
        return issue(Request(name, days, ips, hosts), key)

    @go("string, list, list, int, sprig.certificate -> any")
    def gen_signed(name: str, ips: Any, hosts: Any, days: int, ca: Certificate) -> Certificate:
        return issue(Request(name, days, ips, hosts), ca=ca)

    @go("string, list, list, int, sprig.certificate, string -> any")
    def gen_signed_with_key(name: str, ips: Any, hosts: Any, days: int, ca: Certificate, key: str) -> Certificate:
        return issue(Request(name, days, ips, hosts), key, ca)

    return {
        "genPrivateKey": gen_private_key, "genCA": gen_ca, "genCAWithKey": gen_ca_with_key,
        "genSelfSignedCert": gen_self_signed, "genSelfSignedCertWithKey": gen_self_signed_with_key,
        "genSignedCert": gen_signed, "genSignedCertWithKey": gen_signed_with_key, "buildCustomCert": build_custom_cert,
    }  # fmt: skip


@go("string, string -> any")
def build_custom_cert(cert64: str, key64: str) -> Certificate:
    from engine.helm.functions.issuing import check_pair

    cert, key = decode64(cert64), decode64(key64)
    if isinstance(cert, str):
        raise CallError("unable to decode base64 certificate")
    if isinstance(key, str):
        raise CallError("unable to decode base64 private key")
    check_pair(cert, key)
    return Certificate(from_bytes(cert), from_bytes(key))
