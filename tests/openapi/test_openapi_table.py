from __future__ import annotations

import json

import pytest

from engine import openapi
from engine.errors import LimitExceeded, Malformed
from tests.shared import GOLDENS, need_shared

DEPLOYMENT = openapi.schema("apps", "v1", "Deployment")


@pytest.mark.parametrize(
    ("path", "list_type", "map_keys", "merge_key"),
    [
        (("spec", "template", "spec", "containers"), "map", ("name",), "name"),
        (("spec", "template", "spec", "containers", 0, "ports"), "map", ("containerPort", "protocol"), "containerPort"),
        (("spec", "template", "spec", "containers", 0, "command"), "atomic", (), ""),
        (("metadata", "finalizers"), "set", (), ""),
        (("metadata", "ownerReferences"), "map", ("uid",), "uid"),
    ],
)
def test_lists_say_how_they_merge(path, list_type, map_keys, merge_key):
    node = DEPLOYMENT.at(*path)
    assert (node.list_type, node.map_keys, node.merge_key) == (list_type, map_keys, merge_key)


def test_what_a_field_says_beside_its_reference_holds_for_that_field_alone():
    strategy = DEPLOYMENT.at("spec", "strategy")
    assert strategy.patch_strategy == ("retainKeys",)
    assert set(strategy.properties) == {"type", "rollingUpdate"}
    assert openapi.definition("io.k8s.api.apps.v1.DeploymentStrategy").patch_strategy == ()


def test_label_selectors_are_atomic_and_labels_are_not():
    assert DEPLOYMENT.at("spec", "selector").map_type == "atomic"
    assert DEPLOYMENT.at("metadata", "labels").map_type == ""
    assert DEPLOYMENT.at("metadata", "labels", "any").type == "string"


@pytest.mark.parametrize(
    "path", [("spec", "ports", 0, "protocol"), ("spec", "template", "spec", "containers", 0, "ports", 0, "protocol")]
)
def test_keys_that_may_be_left_out_have_their_default(path):
    root = openapi.schema("", "v1", "Service") if path[1] == "ports" else DEPLOYMENT
    assert root.at(*path).default == "TCP"


def test_scalars_of_two_types_are_marked():
    port = openapi.schema("", "v1", "Service").at("spec", "ports", 0, "targetPort")
    assert port.int_or_string
    quantity = DEPLOYMENT.at("spec", "template", "spec", "containers", 0, "resources", "limits", "cpu")
    assert quantity.name.endswith("Quantity")
    assert quantity.type == ""


def test_a_type_that_contains_itself_is_a_cycle():
    props = openapi.schema("apiextensions.k8s.io", "v1", "CustomResourceDefinition").at(
        "spec", "versions", 0, "schema", "openAPIV3Schema"
    )
    assert props.at("properties", "spec", "properties", "x", "items") is not None
    assert props.at("properties", "x").properties is props.properties
    assert len(repr(props)) < 200


def test_unknown_kinds_have_no_type_and_no_scope():
    assert openapi.schema("example.com", "v1", "Thing") is None
    assert openapi.scope("example.com", "Thing") is None


@pytest.mark.parametrize(
    ("group", "kind", "namespaced"),
    [
        ("", "Namespace", False),
        ("", "Pod", True),
        ("apps", "Deployment", True),
        ("rbac.authorization.k8s.io", "ClusterRole", False),
        ("certificates.k8s.io", "ClusterTrustBundle", False),
        ("scheduling.k8s.io", "Workload", True),
        ("", "PodList", None),
    ],
)
def test_scopes(group, kind, namespaced):
    assert openapi.scope(group, kind) is namespaced


def test_every_kind_compiles_and_every_served_kind_has_a_type():
    for kind in openapi.kinds():
        assert openapi.schema(*kind).type == "object", kind
    assert {resource.kind for resource in openapi.resources()} <= set(openapi.kinds())


def test_resources_are_what_discovery_says():
    folder = need_shared(GOLDENS / "kubernetes-1.36")
    document = json.loads((folder / "aggregated-discovery-1.36.json").read_text())
    served = {
        (group["metadata"].get("name", ""), version["version"], entry["resource"]): entry
        for root in ("api", "apis")
        for group in document[root]["items"]
        for version in group["versions"]
        for entry in version["resources"]
    }
    assert len(served) == len(openapi.resources())
    for resource in openapi.resources():
        entry = served[(*resource.kind[:2], resource.plural)]
        assert resource.kind.kind == entry["responseKind"]["kind"]
        assert resource.namespaced == (entry["scope"] == "Namespaced")
        assert list(resource.verbs) == entry["verbs"]
        assert list(resource.short_names) == entry.get("shortNames", [])
        assert set(resource.subresources) == {below["subresource"] for below in entry.get("subresources", [])}


def test_documents_hold_everything_they_refer_to():
    schemas = openapi.definitions_for("apps", "v1")
    assert "io.k8s.api.apps.v1.Deployment" in schemas
    assert "io.k8s.api.core.v1.Container" in schemas
    assert "io.k8s.api.batch.v1.Job" not in schemas
    text = json.dumps(schemas)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(schemas)


def test_a_custom_resource_gets_the_servers_own_metadata():
    document = {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "required": ["n"],
                "properties": {
                    "n": {"type": "integer", "minimum": 1, "default": 3},
                    "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                    "port": {"x-kubernetes-int-or-string": True},
                    "rules": {
                        "type": "array",
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["name"],
                        "items": {"type": "object", "properties": {"name": {"type": "string", "pattern": "^a"}}},
                    },
                    "one": {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
                },
            }
        },
    }
    root = openapi.custom_resource(document, openapi.object_meta())
    assert root.at("metadata", "labels", "x").type == "string"
    spec = root.at("spec")
    assert spec.required == ("n",)
    assert (spec.at("n").default, spec.at("n").constraints.minimum) == (3, 1)
    assert spec.at("any").preserve_unknown
    assert spec.at("port").int_or_string
    assert spec.at("rules").map_keys == ("name",)
    assert spec.at("rules", 0, "name").constraints.pattern == "^a"
    assert [option.required for option in spec.at("one").constraints.one_of] == [("a",), ("b",)]
    assert spec.at("nothing") is None


def test_a_default_of_null_is_a_default():
    assert openapi.compile_schema({"type": "string", "default": None}).default is None
    assert openapi.compile_schema({"type": "string"}).default is openapi.MISSING


def test_schemas_from_outside_are_bounded():
    deep: dict = {"type": "object"}
    for _ in range(200):
        deep = {"type": "object", "properties": {"x": deep}}
    with pytest.raises(LimitExceeded):
        openapi.compile_schema(deep)
    with pytest.raises(Malformed, match="references"):
        openapi.compile_schema({"properties": {"x": {"$ref": "#/definitions/x"}}})
    with pytest.raises(Malformed):
        openapi.compile_schema({"properties": {"x": ["no"]}})
