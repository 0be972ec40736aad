# ruff: noqa: D103 - Sprig and Helm document them under the names in FUNCTIONS
"""Keys, certificates, passwords and AES, in the forms that Sprig gives them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, ClassVar, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from engine.helm.functions.encoding import decode64
from engine.helm.template.errors import CallError
from engine.helm.template.gofmt import value_text
from engine.helm.template.quote import from_bytes, to_bytes
from engine.helm.template.signature import go

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | dsa.DSAPrivateKey
_BLOCK: Final = 16
_MAX_DAYS: Final = 3_000_000


@dataclass(frozen=True, slots=True)
class Certificate:
    """Sprig's pair of PEM texts."""

    Cert: str
    Key: str

    go_type: ClassVar[str] = "sprig.certificate"
    go_kind: ClassVar[str] = "struct"
    go_fields: ClassVar[Mapping[str, str]] = {"Cert": "Cert", "Key": "Key"}


def _pem(key: PrivateKey) -> str:
    traditional = not isinstance(key, ed25519.Ed25519PrivateKey)
    style = serialization.PrivateFormat.TraditionalOpenSSL if traditional else serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, style, serialization.NoEncryption()).decode()


def _read_key(text: str) -> PrivateKey:
    if "-----BEGIN" not in text:
        raise CallError("no PEM data in input")
    try:
        key = serialization.load_pem_private_key(to_bytes(text), password=None)
    except (ValueError, TypeError) as problem:
        raise CallError(f"decoding PEM as PKCS#8: {problem}") from problem
    if not isinstance(
        key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey, dsa.DSAPrivateKey)
    ):
        raise CallError("invalid private key type")
    return key


def _new_rsa(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def _addresses(ips: Any) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for ip in ips or ():
        if not isinstance(ip, str):
            raise CallError(f"error parsing ip: {value_text(ip)} is not a string")
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(ip)))
        except ValueError as problem:
            raise CallError(f"error parsing ip: {ip}") from problem
    return names


def _hosts(names: Any) -> list[x509.GeneralName]:
    hosts: list[x509.GeneralName] = []
    for name in names or ():
        if not isinstance(name, str):
            raise CallError(f"error processing alternate dns name: {value_text(name)} is not a string")
        hosts.append(x509.DNSName(name))
    return hosts


@dataclass(frozen=True, slots=True)
class _Request:
    """What a certificate is to say."""

    common_name: str
    days: int
    ips: Any = None
    hosts: Any = None
    is_ca: bool = False


def functions(now: Callable[[], datetime], source: Random) -> dict[str, Callable[..., Any]]:
    """The functions over a clock and a source of randomness (which keys do not come from)."""

    def issue(request: _Request, key: PrivateKey, signer: tuple[x509.Certificate, PrivateKey] | None) -> Certificate:
        subject = x509.Name(
            [x509.NameAttribute(NameOID.COMMON_NAME, request.common_name, _validate=False)]
            if request.common_name
            else []
        )
        issuer, signing = (signer[0].subject, signer[1]) if signer else (subject, key)
        start = now()
        days = max(-_MAX_DAYS, min(request.days, _MAX_DAYS))
        builder = (
            x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key.public_key())
            .serial_number(source.getrandbits(127) + 1)
            .not_valid_before(start)
            .not_valid_after(_later(start, days))
            .add_extension(_usage(is_ca=request.is_ca), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
            .add_extension(x509.BasicConstraints(ca=request.is_ca, path_length=None), critical=True)
        )
        names = [*_hosts(request.hosts), *_addresses(request.ips)]
        if request.is_ca:
            builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        if signer is not None:
            builder = builder.add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False
            )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not request.common_name)
        algorithm = None if isinstance(signing, ed25519.Ed25519PrivateKey) else hashes.SHA256()
        try:
            certificate = builder.sign(signing, algorithm)
        except (ValueError, TypeError) as problem:
            raise CallError(f"error creating certificate: {problem}") from problem
        return Certificate(certificate.public_bytes(serialization.Encoding.PEM).decode(), _pem(key))

    @go("string, int -> any")
    def gen_ca(name: str, days: int) -> Certificate:
        return issue(_Request(name, days, is_ca=True), _new_rsa(), None)

    @go("string, int, string -> any")
    def gen_ca_with_key(name: str, days: int, key: str) -> Certificate:
        return issue(_Request(name, days, is_ca=True), _signee(key), None)

    @go("string, list, list, int -> any")
    def gen_self_signed(name: str, ips: Any, hosts: Any, days: int) -> Certificate:
        return issue(_Request(name, days, ips, hosts), _new_rsa(), None)

    @go("string, list, list, int, string -> any")
    def gen_self_signed_with_key(name: str, ips: Any, hosts: Any, days: int, key: str) -> Certificate:
        return issue(_Request(name, days, ips, hosts), _signee(key), None)

    @go("string, list, list, int, sprig.certificate -> any")
    def gen_signed(name: str, ips: Any, hosts: Any, days: int, ca: Certificate) -> Certificate:
        return issue(_Request(name, days, ips, hosts), _new_rsa(), _signer(ca))

    @go("string, list, list, int, sprig.certificate, string -> any")
    def gen_signed_with_key(name: str, ips: Any, hosts: Any, days: int, ca: Certificate, key: str) -> Certificate:
        return issue(_Request(name, days, ips, hosts), _signee(key), _signer(ca))

    @go("string, string -> string")
    def encrypt_aes(password: str, text: str) -> str:
        if not text:
            return ""
        data = to_bytes(text)
        missing = _BLOCK - len(data) % _BLOCK
        start = source.randbytes(_BLOCK)
        encryptor = Cipher(algorithms.AES(_aes_key(password)), modes.CBC(start)).encryptor()
        sealed = encryptor.update(data + bytes((missing,)) * missing) + encryptor.finalize()
        return base64.b64encode(start + sealed).decode()

    return {
        "genCA": gen_ca, "genCAWithKey": gen_ca_with_key, "genSelfSignedCert": gen_self_signed,
        "genSelfSignedCertWithKey": gen_self_signed_with_key, "genSignedCert": gen_signed,
        "genSignedCertWithKey": gen_signed_with_key, "encryptAES": encrypt_aes, **FUNCTIONS,
    }  # fmt: skip


def _later(start: datetime, days: int) -> datetime:
    try:
        return start + timedelta(days=days)
    except OverflowError:
        return datetime.max if days > 0 else datetime.min


def _usage(*, is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_encipherment=True,
        key_cert_sign=is_ca,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _signee(text: str) -> PrivateKey:
    try:
        return _read_key(text)
    except CallError as problem:
        raise CallError(f"parsing private key: {problem}") from problem


def _signer(ca: Certificate) -> tuple[x509.Certificate, PrivateKey]:
    if "-----BEGIN" not in ca.Cert:
        raise CallError("unable to decode certificate")
    try:
        certificate = x509.load_pem_x509_certificate(to_bytes(ca.Cert))
    except ValueError as problem:
        raise CallError(f"error parsing certificate: decodedSignerCert.Bytes: {problem}") from problem
    try:
        return certificate, _read_key(ca.Key)
    except CallError as problem:
        raise CallError(f"error parsing private key: {problem}") from problem


@go("string, string -> any")
def build_custom_cert(cert64: str, key64: str) -> Certificate:
    cert, key = decode64(cert64), decode64(key64)
    if isinstance(cert, str):
        raise CallError("unable to decode base64 certificate")
    if isinstance(key, str):
        raise CallError("unable to decode base64 private key")
    if b"-----BEGIN" not in cert:
        raise CallError("unable to decode certificate")
    try:
        x509.load_pem_x509_certificate(cert)
    except ValueError as problem:
        raise CallError(f"error parsing certificate: decodedCert.Bytes: {problem}") from problem
    try:
        _read_key(from_bytes(key))
    except CallError as problem:
        raise CallError(f"error parsing private key: {problem}") from problem
    return Certificate(from_bytes(cert), from_bytes(key))


@go("string -> string")
def gen_private_key(kind: str) -> str:
    if kind in ("", "rsa"):
        return _pem(_new_rsa(4096))
    if kind == "dsa":
        return _pem(dsa.generate_private_key(2048))
    if kind == "ecdsa":
        return _pem(ec.generate_private_key(ec.SECP256R1()))
    if kind == "ed25519":
        return _pem(ed25519.Ed25519PrivateKey.generate())
    return f"Unknown type {kind}"


def _aes_key(password: str) -> bytes:
    return to_bytes(password)[:32].ljust(32, b"\0")


@go("string, string -> string")
def decrypt_aes(password: str, sealed64: str) -> str:
    if not sealed64:
        return ""
    sealed = decode64(sealed64)
    if isinstance(sealed, str):
        raise CallError(sealed)
    if len(sealed) < _BLOCK:
        raise CallError(f"runtime error: slice bounds out of range [:{_BLOCK}] with capacity {len(sealed)}")
    start, sealed = sealed[:_BLOCK], sealed[_BLOCK:]
    if len(sealed) % _BLOCK:
        raise CallError("crypto/cipher: input not full blocks")
    decryptor = Cipher(algorithms.AES(_aes_key(password)), modes.CBC(start)).decryptor()
    data = decryptor.update(sealed) + decryptor.finalize()
    if not data or data[-1] > len(data):
        raise CallError("runtime error: slice bounds out of range")
    return from_bytes(data[: len(data) - data[-1]])


_SEED: Final = b"com.lyndir.masterpassword"
_TEMPLATES: Final = {
    "maximum": ("anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"),
    "long": [
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
    ],
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
    "buildCustomCert": build_custom_cert, "genPrivateKey": gen_private_key, "decryptAES": decrypt_aes,
    "derivePassword": derive_password, "bcrypt": bcrypt, "htpasswd": htpasswd,
}  # fmt: skip
