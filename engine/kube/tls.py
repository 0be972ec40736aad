"""SSL contexts that verify as Go does."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine import errors
from engine.kube.config import TLSConfig


def make_context(tls: TLSConfig, certificate: bytes = b"", key: bytes = b"", *, where: str = "") -> ssl.SSLContext:
    """A client context; certificate and key are PEM. `where` names the kubeconfig in errors."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False
    # Go trusts every certificate of its pool, also one that is not self-signed, and wants no extra extensions.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if tls.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        _trust(context, tls, where)
    if certificate:
        _present(context, certificate, key, where)
    return context


def _trust(context: ssl.SSLContext, tls: TLSConfig, where: str) -> None:
    try:
        if tls.ca_data:
            context.load_verify_locations(cadata=tls.ca_data.decode("utf-8", "replace"))
        elif tls.ca_file:
            context.load_verify_locations(cafile=str(tls.ca_file))
        else:
            context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    except (ssl.SSLError, OSError, ValueError):
        raise errors.Malformed(
            f"the certificate authority in {where or 'the kubeconfig'} is not a PEM certificate",
            fix="correct certificate-authority(-data)",
        ) from None


def _present(context: ssl.SSLContext, certificate: bytes, key: bytes, where: str) -> None:
    try:
        with _file(certificate) as certificate_path, _file(key) as key_path:
            # The password callback keeps OpenSSL from asking on the terminal.
            context.load_cert_chain(certificate_path, key_path, password=_no_password)
    except (ssl.SSLError, OSError, ValueError):
        raise errors.Malformed(
            f"the client certificate and key in {where or 'the kubeconfig'} do not fit or are not plain PEM",
            fix="get new ones",
        ) from None


def _no_password() -> str:
    raise ValueError("encrypted keys are not read")


@contextmanager
def _file(data: bytes) -> Iterator[str]:
    """A path at which OpenSSL can read `data`: memory where the system has it, else a file that only we can read."""
    if hasattr(os, "memfd_create"):
        handle = os.memfd_create("pem", os.MFD_CLOEXEC)
        try:
            with open(handle, "wb", closefd=False) as stream:  # a descriptor, not a path
                stream.write(data)
            yield f"/proc/self/fd/{handle}"
        finally:
            os.close(handle)
        return
    handle, name = tempfile.mkstemp()
    try:
        with open(handle, "wb") as stream:  # noqa: PTH123  # a descriptor, not a path
            stream.write(data)
        yield name
    finally:
        Path(name).unlink()
