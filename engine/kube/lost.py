"""Connections that failed or broke, in a person's words."""

from __future__ import annotations

import ssl

import aiohttp

from engine import errors
from engine.kube.request import CONNECT_TIMEOUT, Request
from engine.kube.status import Unanswered

NEVER_LEFT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


def no_answer(server: str, request: Request, error: BaseException) -> errors.EngineError:
    """The error for a request without an answer. A write that may have arrived is told from one that never left."""
    reason, fix = explain(error)
    if request.is_read or isinstance(error, NEVER_LEFT):
        return errors.Unavailable(f"{server}: {reason}", fix=fix)
    return Unanswered(f"{server}: {reason} after {request} was sent", fix="look whether it was done")


def explain(error: BaseException) -> tuple[str, str]:
    """What happened in a person's words, and what to do about it."""
    certificate = getattr(error, "certificate_error", error)
    if isinstance(certificate, ssl.SSLCertVerificationError):
        reason = getattr(certificate, "verify_message", "") or "its certificate is not trusted"
        return f"TLS: {reason}", "check certificate-authority and tls-server-name in the kubeconfig"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect: {error.os_error.strerror or error.os_error}", ""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return f"no connection within {CONNECT_TIMEOUT:g} s", ""
    if isinstance(error, TimeoutError):
        return "no answer in time", ""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {error.status}", "check proxy-url and HTTPS_PROXY"
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ServerDisconnectedError | OSError):
        return "the connection was lost", ""
    return f"no usable answer ({type(error).__name__})", ""
