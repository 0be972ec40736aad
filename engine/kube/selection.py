"""One context of a kubeconfig as a ClusterConfig: what kubectl accepts, and what it refuses."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from engine import errors
from engine.kube.config import (
    TRY_DEMO,
    ClusterConfig,
    ExecConfig,
    Impersonation,
    TLSConfig,
    UserConfig,
    check_server,
)
from engine.kube.kubeconfig import Entry, Merged

EXEC_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
INTERACTIVE_MODES = ("Never", "IfAvailable", "Always")
EXEC_EXTENSION = "client.authentication.k8s.io/exec"


def select(merged: Merged, context: str = "") -> ClusterConfig:
    """The cluster and user of one context; "" is the current one."""
    name = context or merged.current_context
    if not name:
        known = ", ".join(sorted(merged.contexts))
        if not known:
            raise errors.Malformed(f"{merged.source} has no contexts", fix=f"write one, {TRY_DEMO}")
        raise errors.Malformed(
            f"{merged.source} has no current-context", fix=f"choose one with --context ({known}), {TRY_DEMO}"
        )
    chosen = merged.contexts.get(name)
    if chosen is None:
        known = ", ".join(sorted(merged.contexts)) or "none"
        raise errors.Malformed(f'{merged.source} has no context "{name}"', fix=f"there are: {known}; {TRY_DEMO}")
    cluster = _referred(chosen, "cluster", merged.clusters)
    user = _referred(chosen, "user", merged.users)
    return ClusterConfig(
        server=_server(cluster),
        namespace=chosen.text("namespace") or "default",
        context=name,
        cluster=cluster.name,
        tls=_tls(cluster),
        user=_user(user, cluster),
        impersonate=_impersonation(user),
        proxy=_proxy(cluster),
        compress=not cluster.flag("disable-compression"),
        context_names=tuple(sorted(merged.contexts)),
        source=merged.source,
    )


def _referred(context: Entry, what: str, entries: Mapping[str, Entry]) -> Entry:
    name = context.text(what)
    if not name:
        if what == "user":
            return Entry("user", "", {}, context.file)
        raise context.broken(f"it names no {what}")
    found = entries.get(name)
    if found is None:
        raise context.broken(f'its {what} "{name}" does not exist')
    return found


def _server(cluster: Entry) -> str:
    server = cluster.text("server")
    if not server:
        raise cluster.broken("it has no `server`")
    return check_server(server, cluster.where)


def _tls(cluster: Entry) -> TLSConfig:
    data, file = cluster.data("certificate-authority-data"), cluster.path("certificate-authority")
    insecure = cluster.flag("insecure-skip-tls-verify")
    if insecure and (data or file):
        raise cluster.broken(
            "`insecure-skip-tls-verify` and a certificate authority exclude each other", "remove one of them"
        )
    if file and not data:
        _must_read(cluster, "certificate-authority", file)
    return TLSConfig(
        ca_data=data, ca_file=None if data else file, insecure=insecure, server_name=cluster.text("tls-server-name")
    )


def _user(user: Entry, cluster: Entry) -> UserConfig:
    if user.values.get("auth-provider") is not None:
        raise errors.Unsupported(
            f"{user.where} uses `auth-provider`, which kubectl dropped in 1.26 as well",
            fix="use an exec plugin instead: kubelogin, gke-gcloud-auth-plugin, aws eks get-token",
        )
    token, username, password = user.text("token"), user.text("username"), user.text("password")
    if token and (username or password):
        raise user.broken("it has a token and a password", "remove one of them")
    certificate, certificate_file = user.data("client-certificate-data"), user.path("client-certificate")
    key, key_file = user.data("client-key-data"), user.path("client-key")
    if (certificate or certificate_file) and not (key or key_file):
        raise user.broken("it has a client certificate without a key", "add `client-key` or `client-key-data`")
    if certificate_file and not certificate:
        _must_read(user, "client-certificate", certificate_file)
    if key_file and not key:
        _must_read(user, "client-key", key_file)
    return UserConfig(
        token=token,
        token_file=user.path("tokenFile"),
        username=username,
        password=password,
        certificate_data=certificate,
        certificate_file=None if certificate else certificate_file,
        key_data=key,
        key_file=None if key else key_file,
        exec=_exec(user, cluster),
    )


def _exec(user: Entry, cluster: Entry) -> ExecConfig | None:
    values = user.values.get("exec")
    if values is None:
        return None
    if not isinstance(values, dict):
        raise user.broken("`exec` must be a mapping")
    plugin = Entry("exec of user", user.name, values, user.file)
    command, version = plugin.text("command"), plugin.text("apiVersion")
    if not command:
        raise plugin.broken("it has no `command`")
    if version not in EXEC_VERSIONS:
        raise plugin.broken(
            f'apiVersion "{version}" is not one that works', f"use {EXEC_VERSIONS[0]} (the plugin must speak it)"
        )
    mode = plugin.text("interactiveMode")
    if not mode and version.endswith("/v1"):
        raise plugin.broken("`interactiveMode` must be set with v1", "set it to Never, IfAvailable or Always")
    if mode and mode not in INTERACTIVE_MODES:
        raise plugin.broken(f'interactiveMode "{mode}" is not known', "set it to Never, IfAvailable or Always")
    if os.sep in command:
        # A path is relative to the file; a bare name is looked up in PATH.
        command = os.path.normpath(user.file.parent / command)
    return ExecConfig(
        command=command,
        api_version=version,
        args=plugin.strings("args"),
        env=_exec_env(plugin),
        install_hint=plugin.text("installHint"),
        provide_cluster_info=plugin.flag("provideClusterInfo"),
        interactive_mode=mode or "IfAvailable",
        cluster_config=_extension(cluster),
    )


def _exec_env(plugin: Entry) -> tuple[tuple[str, str], ...]:
    pairs = plugin.values.get("env") or []
    if not isinstance(pairs, list):
        raise plugin.broken("`env` must be a list of name and value")
    result = []
    for pair in pairs:
        name = pair.get("name") if isinstance(pair, dict) else None
        value = (pair.get("value") or "") if isinstance(pair, dict) else None
        if not isinstance(name, str) or not name or not isinstance(value, str):
            raise plugin.broken("`env` must be a list of name and value")
        result.append((name, value))
    return tuple(result)


def _extension(cluster: Entry) -> object:
    extensions = cluster.values.get("extensions")
    for item in extensions if isinstance(extensions, list) else []:
        if isinstance(item, dict) and item.get("name") == EXEC_EXTENSION:
            return item.get("extension")
    return None


def _impersonation(user: Entry) -> Impersonation:
    extra = user.values.get("as-user-extra") or {}
    if not isinstance(extra, dict):
        raise user.broken("`as-user-extra` must be a mapping of lists")
    extras = Entry("as-user-extra of user", user.name, extra, user.file)
    found = Impersonation(
        user=user.text("as"),
        uid=user.text("as-uid"),
        groups=user.strings("as-groups"),
        extra=tuple((str(key), extras.strings(key)) for key in extra),
    )
    if not found.user and (found.uid or found.groups or found.extra):
        raise user.broken("it impersonates groups, a uid or extras without a user", "add `as`")
    return found


def _proxy(cluster: Entry) -> str:
    proxy = cluster.text("proxy-url")
    if not proxy:
        return ""
    scheme = urlsplit(proxy).scheme
    if scheme.startswith("socks5"):
        raise errors.Unsupported(
            f"{cluster.where}: proxy-url with {scheme} waits for its issue", fix="use an http proxy"
        )
    if scheme not in ("http", "https"):
        raise cluster.broken("`proxy-url` must be an http or https URL")
    return proxy


def _must_read(entry: Entry, key: str, file: Path) -> None:
    try:
        with file.open("rb"):
            pass
    except OSError as error:
        raise entry.broken(f"`{key}` {file}: {error.strerror or type(error).__name__}") from None
