"""The definitions that the project ships, against those that Flux 2.9 ships."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from engine.embedded.schema import compile_crd, default, default_definition, prune, validate, validate_definition
from engine.flux.crds import definition, definitions
from engine.flux.kinds import KINDS, FluxKind
from tests.shared import CONFORMANCE, need_shared

KIND_IDS = [entry.kind for entry in KINDS]


def reference(entry: FluxKind) -> dict[str, Any]:
    path = need_shared(CONFORMANCE / "flux" / "crds") / f"{entry.group}_{entry.plural}.yaml"
    loaded: dict[str, Any] = yaml.safe_load(path.read_text())
    return loaded


def structure(schema: Any) -> Any:
    """A schema without its prose; what has no order is sorted."""
    if not isinstance(schema, dict):
        return schema
    out: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword == "description":
            continue
        if keyword == "properties":
            value = {name: structure(child) for name, child in value.items()}
        elif keyword in ("items", "additionalProperties"):
            value = structure(value)
        elif keyword in ("required", "enum"):
            value = sorted(value)
        out[keyword] = value
    return out


@pytest.mark.parametrize("entry", KINDS, ids=KIND_IDS)
def test_a_kind_has_the_fields_and_rules_of_flux(entry: FluxKind) -> None:
    ours, theirs = definition(entry)["spec"], reference(entry)["spec"]

    assert ours["group"] == theirs["group"]
    assert ours["scope"] == theirs["scope"]
    assert ours["names"] == theirs["names"]
    assert [version["name"] for version in ours["versions"]] == [version["name"] for version in theirs["versions"]]
    for mine, other in zip(ours["versions"], theirs["versions"], strict=True):
        assert structure(mine.pop("schema")["openAPIV3Schema"]) == structure(other.pop("schema")["openAPIV3Schema"])
        assert mine == other


def test_there_are_fifteen_and_the_server_accepts_them() -> None:
    found = definitions()
    assert len(found) == 15
    for crd in found:
        default_definition(crd)
        assert validate_definition(crd) == []


def test_no_prose_came_along() -> None:
    def described(value: Any) -> bool:
        if isinstance(value, dict):
            return isinstance(value.get("description"), str) or any(described(child) for child in value.values())
        return isinstance(value, list) and any(described(child) for child in value)

    assert not any(described(crd) for crd in definitions())


def test_each_call_gives_objects_of_its_own() -> None:
    definitions()[0]["spec"]["group"] = "changed"
    assert definitions()[0]["spec"]["group"] != "changed"


def flux_objects() -> list[Any]:
    """Every object of Flux's own samples and test data that is of one of its kinds."""
    kinds = {(entry.api_version, entry.kind): entry for entry in KINDS}
    found = []
    for folder in ("samples", "testdata"):
        base = CONFORMANCE / "flux" / folder
        for path in sorted(base.rglob("*.yaml")):
            for obj in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader):
                if isinstance(obj, dict) and (obj.get("apiVersion"), obj.get("kind")) in kinds:
                    entry = kinds[obj["apiVersion"], obj["kind"]]
                    found.append(pytest.param(entry, obj, id=f"{path.relative_to(base)}:{obj['metadata']['name']}"))
    return found


@pytest.mark.parametrize(("entry", "obj"), flux_objects())
def test_fluxs_own_objects_are_valid_and_lose_nothing(entry: FluxKind, obj: dict[str, Any]) -> None:
    schema = compile_crd(definition(entry)["spec"]["versions"][0]["schema"]["openAPIV3Schema"])

    assert prune(obj, schema) == []
    default(obj, schema)
    assert [str(error) for error in validate(obj, None, schema)] == []


@pytest.mark.parametrize(
    ("kind", "spec", "message"),
    [
        ("HelmRelease", {"interval": "1m"}, "spec: Invalid value: either chart or chartRef must be set"),
        (
            "Kustomization",
            {"interval": "1m", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "a"}, "kubeConfig": {}},
            (
                "spec.kubeConfig: Invalid value: exactly one of spec.kubeConfig.configMapRef or "
                "spec.kubeConfig.secretRef must be specified"
            ),
        ),
        (
            "GitRepository",
            {"interval": "1m", "url": "file:///x"},
            "spec.url: Invalid value: \"file:///x\": spec.url in body should match '^(http|https|ssh)://.*$'",
        ),
        (
            "Receiver",
            {"type": "github", "resources": []},
            "spec: Invalid value: secretRef is required when type is not generic-oidc",
        ),
    ],
)
def test_a_wrong_object_is_refused_in_fluxs_words(kind: str, spec: dict[str, Any], message: str) -> None:
    entry = next(entry for entry in KINDS if entry.kind == kind)
    schema = compile_crd(definition(entry)["spec"]["versions"][0]["schema"]["openAPIV3Schema"])
    obj = {"apiVersion": entry.api_version, "kind": kind, "metadata": {"name": "a"}, "spec": spec}
    default(obj, schema)

    assert message in [str(error) for error in validate(obj, None, schema)]
