"""Bodies of answers: decoded, with kind and apiVersion filled in."""

from __future__ import annotations

from typing import Any, TypeGuard

import orjson

from engine import errors
from engine.kube.request import Response
from engine.kube.types import Object, ResourceType


def decoded(response: Response) -> Object:
    """The answer's JSON object. Raises errors.Unavailable for anything else."""
    try:
        answer = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict):
        raise errors.Unavailable("the answer is not a JSON object: is an API server at this address?")
    return answer


def is_object(value: Any) -> TypeGuard[Object]:
    """Whether it has the shape that everything here relies on."""
    return isinstance(value, dict) and isinstance(value.get("metadata"), dict)


def filled(obj: Object, res: ResourceType, subresource: str = "") -> Object:
    """Lists of built-in kinds leave kind and apiVersion out, and metadata-only answers name another kind."""
    kind = obj.get("kind")
    if kind == "PartialObjectMetadata" or not (kind or subresource):
        obj["kind"], obj["apiVersion"] = res.kind, res.api_version
    return obj
