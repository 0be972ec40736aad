"""Reviews: what the one administrator may do is everything, and who asks is that administrator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.embedded import status
from engine.embedded.registry import Resource

Object = dict[str, Any]

USER: Object = {"username": "fluxtui-admin", "groups": ["system:masters", "system:authenticated"]}


def review(resource: Resource, obj: Mapping[str, Any], now: str) -> Object:
    """The answer to a review that was posted."""
    answer = _REVIEWS.get(resource.kind)
    if answer is None:
        raise status.not_implemented(resource.kind)
    spec = obj.get("spec") or {}
    return {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": {}, **answer(spec, now)}


def _access(spec: Object, _now: str) -> Object:
    return {"spec": spec, "status": {"allowed": True, "reason": "this server has one user, who may do everything"}}


def _rules(_spec: Object, _now: str) -> Object:
    everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
    paths = {"verbs": ["*"], "nonResourceURLs": ["*"]}
    return {"spec": {}, "status": {"resourceRules": [everything], "nonResourceRules": [paths], "incomplete": False}}


def _self(_spec: Object, now: str) -> Object:
    return {"metadata": {"creationTimestamp": now}, "status": {"userInfo": USER}}


_REVIEWS: dict[str, Callable[[Object, str], Object]] = {
    "SelfSubjectAccessReview": _access,
    "SelfSubjectRulesReview": _rules,
    "SelfSubjectReview": _self,
}
