"""From a GitRepository to what git needs: URL, login and reference, or why that cannot be known (flux.md 3.1)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from engine import errors
from engine.controllers.cluster import Cluster
from engine.controllers.source import FETCH_FAILED, SourceFailure, SourceStalled
from engine.flux import duration
from engine.kube.resources import SECRETS
from engine.kube.types import Object
from engine.source import giturl
from engine.source.giturl import Credentials, Reference, Remote

DEFAULT_TIMEOUT = 60.0

#: Fields that wait for their issue.
_WAITING = ("include", "proxySecretRef", "recurseSubmodules", "serviceAccountName", "sparseCheckout", "verify")


async def resolve(cluster: Cluster, obj: Object) -> tuple[Remote, Reference]:
    """Where a GitRepository is fetched from and what; raises SourceFailure and SourceStalled in Flux's words."""
    spec, namespace = obj["spec"], str(obj["metadata"]["namespace"])
    owner = f"GitRepository {namespace}/{obj['metadata']['name']}"
    try:
        _refuse_waiting(spec, owner)
        reference = Reference.of(spec, owner)
        giturl.remote(str(spec.get("url", "")))
    except errors.Unsupported as error:
        raise SourceStalled("Unsupported", str(error), condition=FETCH_FAILED) from error
    except errors.Malformed as error:
        raise SourceStalled("URLInvalid", error.message, condition=FETCH_FAILED) from error
    login = await _credentials(cluster, namespace, str((spec.get("secretRef") or {}).get("name") or ""))
    try:
        return giturl.remote(str(spec["url"]), login), reference
    except errors.Malformed as error:
        raise _unusable(error.message) from None


def timeout(spec: Mapping[str, Any]) -> float:
    """`spec.timeout` in seconds."""
    return duration.seconds(spec.get("timeout"), DEFAULT_TIMEOUT)


async def _credentials(cluster: Cluster, namespace: str, name: str) -> Credentials | None:
    if not name:
        return None
    prefix = f"failed to get secret '{namespace}/{name}': "
    try:
        secret = await cluster.get(SECRETS, namespace, name)
    except errors.EngineError as error:
        said = str((error.status or {}).get("message") or error.message)
        raise SourceFailure("AuthenticationFailed", prefix + prefix + said, condition=FETCH_FAILED) from None
    try:
        data = {key: base64.b64decode(value) for key, value in (secret.get("data") or {}).items()}
    except (binascii.Error, TypeError, ValueError):
        raise _unusable(f"the data of Secret {namespace}/{name} is not base64") from None
    if "githubAppID" in data:
        text = f"secretRef '{namespace}/{name}' has github app data but provider is not set to github"
        raise SourceFailure("InvalidProviderConfiguration", text, condition=FETCH_FAILED)
    try:
        return giturl.from_secret(data, f"{namespace}/{name}")
    except errors.Malformed as error:
        raise _unusable(error.message) from None


def _unusable(why: str) -> SourceFailure:
    text = f"failed to configure authentication options: {why}"
    return SourceFailure("AuthenticationFailed", text, condition=FETCH_FAILED)


def _refuse_waiting(spec: Mapping[str, Any], owner: str) -> None:
    for field in _WAITING:
        if spec.get(field):
            raise errors.Unsupported(
                f"spec.{field} of {owner} is not reconciled yet", fix=f"remove spec.{field}, or let Flux reconcile it"
            )
    provider = spec.get("provider") or "generic"
    if provider != "generic":
        raise errors.Unsupported(
            f"spec.provider {provider} of {owner} is not reconciled yet", fix="use generic, or let Flux reconcile it"
        )
