"""Which cluster, as whom: the result of reading kubeconfig files, as values.

`load_config` follows kubectl (reference kubernetes-api.md D); the files are read in `kubeconfig.py`,
a context is chosen in `selection.py`.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from engine import errors

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
TRY_DEMO = "or try `fluxtui demo`"


@dataclass(frozen=True, slots=True)
class TLSConfig:
    """How the server proves who it is. `ca_data` is PEM and wins over `ca_file`; neither means the system's roots."""

    ca_data: bytes = b""
    ca_file: Path | None = None
    insecure: bool = False
    server_name: str = ""


@dataclass(frozen=True, slots=True)
class ExecConfig:
    """An exec credential plugin (client.authentication.k8s.io v1 or v1beta1)."""

    command: str
    api_version: str
    args: tuple[str, ...] = field(default=(), repr=False)
    env: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    install_hint: str = ""
    provide_cluster_info: bool = False
    interactive_mode: str = "IfAvailable"
    #: The cluster's extension `client.authentication.k8s.io/exec`, handed through to the plugin.
    cluster_config: object = None


@dataclass(frozen=True, slots=True)
class UserConfig:
    """How we prove who we are: at most one of token, basic and exec, with or without a client certificate."""

    token: str = field(default="", repr=False)
    token_file: Path | None = None
    username: str = ""
    password: str = field(default="", repr=False)
    certificate_data: bytes = field(default=b"", repr=False)
    certificate_file: Path | None = None
    key_data: bytes = field(default=b"", repr=False)
    key_file: Path | None = None
    exec: ExecConfig | None = None

    @property
    def has_certificate(self) -> bool:
        """Whether a client certificate is configured (exec plugins may bring one of their own)."""
        return bool(self.certificate_data or self.certificate_file)


@dataclass(frozen=True, slots=True)
class Impersonation:
    """As whom requests are made (`as`, `as-uid`, `as-groups`, `as-user-extra`); an empty user means as ourselves."""

    user: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    """Everything needed to reach one cluster as one user."""

    server: str
    namespace: str = "default"
    context: str = ""
    cluster: str = ""
    tls: TLSConfig = TLSConfig()
    user: UserConfig = UserConfig()
    impersonate: Impersonation = Impersonation()
    proxy: str = field(default="", repr=False)
    compress: bool = True
    context_names: tuple[str, ...] = ()
    #: Where this was read, for messages: a file, several, or "in-cluster".
    source: str = ""

    @classmethod
    def for_server(cls, url: str, token: str = "", *, namespace: str = "default") -> ClusterConfig:
        """A server by its URL, as the embedded server and tests have it."""
        return cls(server=check_server(url, "this URL"), namespace=namespace, user=UserConfig(token=token), source=url)

    def acting_as(self, user: str, *, uid: str = "", groups: Sequence[str] = ()) -> ClusterConfig:
        """The same cluster, impersonating somebody (`--as`, `spec.serviceAccountName`)."""
        return replace(self, impersonate=Impersonation(user=user, uid=uid, groups=tuple(groups)))

    @property
    def secure(self) -> bool:
        """Whether credentials may be sent: over TLS, or to this very machine."""
        parts = urlsplit(self.server)
        return parts.scheme == "https" or is_loopback(parts.hostname or "")


def load_config(
    paths: Sequence[Path] | None = None,
    *,
    context: str = "",
    environ: Mapping[str, str] = os.environ,
    namespace: str = "",
    as_user: str = "",
    as_uid: str = "",
    as_groups: Sequence[str] = (),
) -> ClusterConfig:
    """The cluster that kubectl would talk to.

    `paths` are files named by the person (`--kubeconfig`), which must exist. Without them the list in
    $KUBECONFIG is read (missing files are ignored), else ~/.kube/config; where none exists, the pod's own
    service account. Raises errors.Malformed (file, line, fix) or errors.Unsupported.
    """
    from engine.kube.kubeconfig import read_files
    from engine.kube.selection import select

    if paths is None:
        files = [path for path in default_paths(environ) if path.is_file()]
        if not files:
            if in_cluster_possible(environ):
                return in_cluster_config(environ)
            raise errors.Malformed(_nothing_found(environ), fix=f"write one or name one with --kubeconfig, {TRY_DEMO}")
    else:
        files = list(paths)
    config = select(read_files(files), context)
    if namespace:
        config = replace(config, namespace=namespace)
    if as_user or as_uid or as_groups:
        if not as_user:
            raise errors.Malformed("--as-group and --as-uid need --as", fix="name the user with --as")
        config = config.acting_as(as_user, uid=as_uid, groups=as_groups)
    return config


def default_paths(environ: Mapping[str, str] = os.environ) -> list[Path]:
    """The files of $KUBECONFIG, else ~/.kube/config."""
    listed = [part for part in environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    if listed:
        return [Path(part) for part in dict.fromkeys(listed)]
    home = environ.get("HOME")
    return [(Path(home) if home else Path.home()) / ".kube" / "config"]


def in_cluster_possible(environ: Mapping[str, str] = os.environ, folder: Path = SERVICE_ACCOUNT) -> bool:
    """Whether this process runs in a pod with a service account."""
    return (
        all(environ.get(name) for name in ("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"))
        and (folder / "token").is_file()
    )


def in_cluster_config(environ: Mapping[str, str] = os.environ, folder: Path = SERVICE_ACCOUNT) -> ClusterConfig:
    """The pod's own service account; the token is re-read, because the kubelet rotates it."""
    host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT", "")
    if not in_cluster_possible(environ, folder):
        raise errors.Malformed("this process does not run in a pod with a service account", fix="use a kubeconfig")
    name = environ.get("POD_NAMESPACE", "")
    if not name and (folder / "namespace").is_file():
        name = (folder / "namespace").read_text(encoding="utf-8").strip()
    return ClusterConfig(
        server=f"https://{f'[{host}]' if ':' in host else host}:{port}",
        namespace=name or "default",
        context="in-cluster",
        cluster="in-cluster",
        tls=TLSConfig(ca_file=folder / "ca.crt"),
        user=UserConfig(token_file=folder / "token"),
        context_names=("in-cluster",),
        source="in-cluster",
    )


def check_server(server: str, where: str) -> str:
    """The server's URL, normalised: kubectl takes `host:port` for http and drops a trailing slash."""
    text = server if "://" in server else f"http://{server}"
    parts = urlsplit(text)
    try:
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or parts.username is not None or parts.password is not None:
        # The URL itself is not repeated: half of the broken ones have credentials in them.
        raise errors.Malformed(f"{where} has a server that is not a plain http or https URL", fix="correct `server`")
    return text.split("?", 1)[0].split("#", 1)[0].rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _nothing_found(environ: Mapping[str, str]) -> str:
    looked = ", ".join(str(path) for path in default_paths(environ))
    return f"there is no kubeconfig at {looked}"
