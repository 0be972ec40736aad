"""The types of Kubernetes as data: what a field is, how it merges, and where its kind lives. Pure.

    schema("apps", "v1", "Deployment").at("spec", "template", "spec", "containers").merge_key   # "name"
    scope("apps", "Deployment")                                                                # True: namespaced

Values are shared and must not be changed.
"""

from engine.openapi.schema import ANYTHING, MISSING, Constraints, Schema, compile_schema, custom_resource
from engine.openapi.table import (
    Kind,
    Resource,
    definition,
    definitions_for,
    kinds,
    object_meta,
    resources,
    schema,
    scope,
)

__all__ = [
    "ANYTHING",
    "MISSING",
    "Constraints",
    "Kind",
    "Resource",
    "Schema",
    "compile_schema",
    "custom_resource",
    "definition",
    "definitions_for",
    "kinds",
    "object_meta",
    "resources",
    "schema",
    "scope",
]
