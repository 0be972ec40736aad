"""What the person at the keys may not do, asked of the API server beforehand."""

from __future__ import annotations

import logging
from typing import Final

from engine import errors
from engine.flux import kinds
from engine.kube.client import Client

log = logging.getLogger(__name__)

_REVIEWS: Final = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


async def denied(client: Client, namespace: str) -> frozenset[tuple[str, str]] | None:
    """The (verb, resource) pairs that acts need and that are refused: one access review per kind; None = unknown."""
    found = set()
    for kind in kinds.KINDS:
        if not kind.suspendable:
            continue
        wanted = {"verb": "patch", "group": kind.group, "resource": kind.plural, "namespace": namespace}
        body = {
            "kind": "SelfSubjectAccessReview",
            "apiVersion": "authorization.k8s.io/v1",
            "spec": {"resourceAttributes": wanted},
        }
        try:
            answer = await client.raw("POST", _REVIEWS, body=body)
        except errors.EngineError as error:
            # Unknown rights are tried, and the API server then says no itself.
            log.info("rights are not known: %s", error)
            return None
        if not (answer.get("status") or {}).get("allowed"):
            found.add(("patch", kind.resource))
    return frozenset(found)
