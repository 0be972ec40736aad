"""Which proxy a server is reached through: the kubeconfig's, else the environment's, by Go's rules."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from engine import errors
from engine.kube.config import ClusterConfig, is_loopback


def proxy_for(config: ClusterConfig, environ: Mapping[str, str]) -> str:
    """The proxy's URL, or "". `proxy-url` counts always; HTTPS_PROXY and NO_PROXY not for loopback."""
    if config.proxy:
        return config.proxy
    parts = urlsplit(config.server)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    variable = f"{parts.scheme}_proxy"
    proxy = environ.get(variable.upper()) or environ.get(variable) or ""
    exceptions = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    if not proxy or is_loopback(host) or _excluded(host, port, exceptions):
        return ""
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if urlsplit(proxy).scheme not in ("http", "https"):
        problem = f"{variable.upper()} names a proxy that is neither http nor https"
        raise errors.Unsupported(problem, fix="use an http proxy")
    return proxy


def _excluded(host: str, port: int, rules: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    for rule in (part.strip().lower() for part in rules.split(",")):
        if rule == "*":
            return True
        if rule and (_covers_address(rule, address, port) if address else _covers_name(rule, host.lower(), port)):
            return True
    return False


def _covers_address(rule: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> bool:
    try:
        if "/" in rule:
            return address in ipaddress.ip_network(rule, strict=False)
        parts = urlsplit(f"//{rule}" if rule.count(":") < 2 or rule.startswith("[") else f"//[{rule}]")
        return ipaddress.ip_address(parts.hostname or "") == address and parts.port in (None, port)
    except ValueError:
        return False


def _covers_name(rule: str, host: str, port: int) -> bool:
    name, _, wanted = rule.partition(":")
    if wanted and wanted != str(port):
        return False
    name = name.removeprefix("*")
    if name.startswith("."):
        return host.endswith(name)
    return bool(name) and (host == name or host.endswith(f".{name}"))
