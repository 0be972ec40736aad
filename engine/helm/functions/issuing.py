"""Keys and certificates made with a library that takes longer to import than most charts to render."""

from __future__ import annotations

import ipaddress
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from engine.helm.functions.certificates import Certificate, Request
from engine.helm.template.errors import CallError
from engine.helm.template.gofmt import value_text
from engine.helm.template.quote import from_bytes, quote, to_bytes
from engine.helm.template.types import wrap64

SigningKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
PrivateKey = SigningKey | dsa.DSAPrivateKey
_DAY: Final = 24 * 3600 * 10**9
_PURPOSES: Final = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])


def _new_rsa(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def _key_text(key: PrivateKey) -> str:
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
    if not isinstance(key, PrivateKey):
        raise CallError("invalid private key type")
    return key


def _signee(text: str) -> PrivateKey:
    try:
        return _read_key(text)
    except CallError as problem:
        raise CallError(f"parsing private key: {problem}") from problem


def private_key(kind: str) -> str:
    """A new key as PEM."""
    makers: dict[str, Callable[[], PrivateKey]] = {
        "": lambda: _new_rsa(4096),
        "rsa": lambda: _new_rsa(4096),
        "dsa": lambda: dsa.generate_private_key(2048),
        "ecdsa": lambda: ec.generate_private_key(ec.SECP256R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
    }
    maker = makers.get(kind)
    return _key_text(maker()) if maker else f"Unknown type {kind}"


def _names(request: Request) -> list[x509.GeneralName]:
    """The names besides the common one: hosts, then addresses."""
    addresses = [_address(ip) for ip in request.ips or ()]
    return [*(_host(name) for name in request.hosts or ()), *addresses]


def _subject(request: Request) -> x509.Name:
    """Who the certificate is for."""
    if not request.common_name:
        return x509.Name([])
    try:
        to_bytes(request.common_name).decode()
    except UnicodeDecodeError as problem:
        raise CallError("error creating certificate: asn1: string not valid UTF-8") from problem
    with _long_names():
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, request.common_name, _validate=False)])


@contextmanager
def _long_names() -> Iterator[None]:
    """The library warns of names longer than 64 characters, which Go allows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _address(ip: Any) -> x509.IPAddress:
    if not isinstance(ip, str):
        raise CallError(f"error parsing ip: {value_text(ip)} is not a string")
    try:
        address = ipaddress.ip_address(ip)
    except ValueError as problem:
        raise CallError(f"error parsing ip: {ip}") from problem
    if "%" in ip:
        raise CallError(f"error parsing ip: {ip}")
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return x509.IPAddress(mapped or address)


def _host(name: Any) -> x509.DNSName:
    if not isinstance(name, str):
        raise CallError(f"error processing alternate dns name: {value_text(name)} is not a string")
    if not name.isascii():
        raise CallError(f"error creating certificate: x509: {quote(name)} cannot be encoded as an IA5String")
    return x509.DNSName(name)


@dataclass(frozen=True, slots=True)
class _Signer:
    """Who signs: a certificate's name and key; `identifier` is its own, when it has one."""

    subject: x509.Name
    key: PrivateKey
    identifier: x509.SubjectKeyIdentifier | None = None

    @staticmethod
    def of(ca: Certificate) -> _Signer:
        """The pair that another function made."""
        certificate = _read_certificate(to_bytes(ca.Cert), "decodedSignerCert")
        try:
            key = _read_key(ca.Key)
        except CallError as problem:
            raise CallError(f"error parsing private key: {problem}") from problem
        found = [each.value for each in certificate.extensions if isinstance(each.value, x509.SubjectKeyIdentifier)]
        with _long_names():
            return _Signer(certificate.subject, key, found[0] if found else None)


def _read_certificate(pem: bytes, what: str) -> x509.Certificate:
    if b"-----BEGIN" not in pem:
        raise CallError("unable to decode certificate")
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as problem:
        raise CallError(f"error parsing certificate: {what}.Bytes: {problem}") from problem


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


def _hash_for(key: SigningKey) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None:
    """As strong as the key's curve; Ed25519 brings its own."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.key_size > 256:
        return hashes.SHA384() if key.curve.key_size <= 384 else hashes.SHA512()
    return hashes.SHA256()


def issue(
    request: Request, key_text: str | None, ca: Certificate | None, *, now: datetime, source: Random
) -> Certificate:
    """A certificate with its key: a new one unless there is a text, signed by itself unless there is a CA."""
    key: PrivateKey = _signee(key_text) if key_text is not None else _new_rsa()
    signer = _Signer.of(ca) if ca is not None else None
    names, subject = _names(request), _subject(request)
    by = signer or _Signer(subject, key)
    if isinstance(key, dsa.DSAPrivateKey) or isinstance(by.key, dsa.DSAPrivateKey):
        raise CallError("error creating certificate: x509: unsupported public key type: *dsa.PublicKey")
    public = key.public_key()
    start = now.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (_usage(is_ca=request.is_ca), True),
        (_PURPOSES, False),
        (x509.BasicConstraints(ca=request.is_ca, path_length=None), True),
    ]
    if request.is_ca:
        extensions.append((x509.SubjectKeyIdentifier.from_public_key(public), False))
    if by.identifier is not None and by.subject != subject:
        authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(by.identifier)
        extensions.append((authority, False))
    if names:
        extensions.append((x509.SubjectAlternativeName(names), not request.common_name))
    # Not by the builder's methods: they refuse a certificate that ends before it begins, which Go does not.
    builder = x509.CertificateBuilder(
        issuer_name=by.subject,
        subject_name=subject,
        public_key=public,
        serial_number=source.getrandbits(127) + 1,
        not_valid_before=start,
        not_valid_after=start + timedelta(microseconds=wrap64(request.days * _DAY) // 1000),
        extensions=[x509.Extension(each.oid, critical, each) for each, critical in extensions],
    )
    try:
        certificate = builder.sign(by.key, _hash_for(by.key))
    except (ValueError, TypeError) as problem:
        raise CallError(f"error creating certificate: {problem}") from problem
    return Certificate(certificate.public_bytes(serialization.Encoding.PEM).decode(), _key_text(key))


def check_pair(cert: bytes, key: bytes) -> None:
    """A CallError unless both can be read."""
    _read_certificate(cert, "decodedCert")
    try:
        _read_key(from_bytes(key))
    except CallError as problem:
        raise CallError(f"error parsing private key: {problem}") from problem
