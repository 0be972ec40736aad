"""Custom resources of the embedded API server: structural schemas, pruning, defaulting, validation, definitions.

A write of a custom resource goes through `prune`, `default` and `validate` with the `Structural` that `compile_crd`
made of its version's schema. (How its fields merge and who owns them is `engine.openapi.custom_resource`'s part.)
A write of a definition goes through `default_definition` and `validate_definition`; `accept` gives the status after.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.embedded.schema.crd import default_definition, validate_definition
from engine.embedded.schema.crd_status import accept, condition
from engine.embedded.schema.fielderrors import FieldError, summary
from engine.embedded.schema.structural import Structural, compile_schema
from engine.embedded.schema.validate import validate
from engine.embedded.schema.values import default, prune
from engine.errors import Invalid

__all__ = [
    "FieldError",
    "Structural",
    "accept",
    "compile_crd",
    "condition",
    "default",
    "default_definition",
    "prune",
    "summary",
    "validate",
    "validate_definition",
]


def compile_crd(document: Mapping[str, Any]) -> Structural:
    """Compile the openAPIV3Schema of one version; errors.Invalid names every field that makes it unacceptable."""
    errors: list[FieldError] = []
    compiled = compile_schema(document, "openAPIV3Schema", errors)
    if errors:
        raise Invalid(summary(errors))
    return compiled
