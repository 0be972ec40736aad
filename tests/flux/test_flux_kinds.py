from __future__ import annotations

import pytest
import yaml

from engine.flux import kinds
from tests.shared import CONFORMANCE, need_shared


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("ks", "Kustomization"),
        ("kustomization", "Kustomization"),
        ("kustomizations.kustomize.toolkit.fluxcd.io", "Kustomization"),
        ("source git", "GitRepository"),
        ("sources  git", "GitRepository"),
        ("GitRepository", "GitRepository"),
        ("gitrepo", "GitRepository"),
        ("hr", "HelmRelease"),
        ("helmreleases", "HelmRelease"),
        ("images update", "ImageUpdateAutomation"),
        ("artifact generators", "ArtifactGenerator"),
        ("alert-providers", "Provider"),
        ("alert", "Alert"),
    ],
)
def test_a_person_s_words_find_the_kind(words, kind):
    found = kinds.find(words)
    assert found is not None
    assert found.kind == kind


@pytest.mark.parametrize("words", ["", "git", "pod", "source pod"])
def test_words_that_name_no_flux_kind_find_nothing(words):
    assert kinds.find(words) is None


def test_no_two_kinds_share_a_word():
    seen: dict[str, str] = {}
    for entry in kinds.KINDS:
        for word in set(kinds.names(entry)):
            assert seen.setdefault(word, entry.kind) == entry.kind


def test_objects_find_their_kind_whatever_the_version():
    entry = kinds.of({"apiVersion": "source.toolkit.fluxcd.io/v1beta2", "kind": "GitRepository"})
    assert entry is kinds.GIT_REPOSITORY
    assert kinds.of({"apiVersion": "v1", "kind": "GitRepository"}) is None


def test_suspension_and_static_kinds():
    assert kinds.KUSTOMIZATION.is_suspended({"spec": {"suspend": True}})
    assert not kinds.KUSTOMIZATION.is_suspended({"spec": {}})
    off = {"metadata": {"annotations": {"source.extensions.fluxcd.io/reconcile": "Disabled"}}}
    assert kinds.ARTIFACT_GENERATOR.is_suspended(off)
    assert kinds.HELM_REPOSITORY.is_static({"spec": {"type": "oci"}})
    assert not kinds.HELM_REPOSITORY.is_static({"spec": {}})
    assert kinds.ALERT.is_static({})


def test_the_registry_agrees_with_flux_s_own_crds():
    folder = need_shared(CONFORMANCE / "flux" / "crds")
    seen = set()
    for path in sorted(folder.glob("*.yaml")):
        crd = yaml.safe_load(path.read_text())
        names, version = crd["spec"]["names"], next(v for v in crd["spec"]["versions"] if v["storage"])
        entry = kinds.by_group_kind(crd["spec"]["group"], names["kind"])
        assert entry is not None, path.name
        seen.add(entry)
        fields = version["schema"]["openAPIV3Schema"]["properties"]
        assert entry.version == version["name"]
        assert entry.plural == names["plural"]
        assert entry.short_names == tuple(names.get("shortNames", ()))
        assert f"fluxcd-{entry.category.value}s" in names["categories"]
        # Provider and Alert have the field; only Alert obeys it today, but the CLI writes both.
        assert entry.suspendable == ("suspend" in fields["spec"]["properties"])
        assert entry.artifact == ("artifact" in fields.get("status", {}).get("properties", {}))
        assert entry.static == ("status" not in fields)
    assert seen == set(kinds.KINDS)
