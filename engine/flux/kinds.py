"""The one registry of Flux's kinds (flux.md 0.1, B.2, B.4): a new kind is one entry here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

SOURCE_GROUP = "source.toolkit.fluxcd.io"
EXTENSIONS_GROUP = "source.extensions.fluxcd.io"
KUSTOMIZE_GROUP = "kustomize.toolkit.fluxcd.io"
HELM_GROUP = "helm.toolkit.fluxcd.io"
NOTIFICATION_GROUP = "notification.toolkit.fluxcd.io"
IMAGE_GROUP = "image.toolkit.fluxcd.io"

#: Every reconciled kind carries it while its controller has something to tidy up (flux.md 1.2).
FINALIZER = "finalizers.fluxcd.io"
REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"
FORCE_AT = "reconcile.fluxcd.io/forceAt"
RESET_AT = "reconcile.fluxcd.io/resetAt"
#: Marks ConfigMaps and Secrets whose change triggers what refers to them (value `Enabled`).
WATCH_LABEL = "reconcile.fluxcd.io/watch"
EVENT_ANNOTATIONS = "event.toolkit.fluxcd.io/"


class Category(StrEnum):
    """What a kind is for; also the CRD category (`fluxcd-sources`, …)."""

    SOURCE = "source"
    APPLIER = "applier"
    NOTIFICATION = "notification"
    IMAGE = "image"


@dataclass(frozen=True, slots=True)
class FluxKind:
    """One kind: its API names, the words the flux CLI knows it by, and what its objects have.

    `cli` is the CLI's path (`"source git"`), `aliases` further words for the last part of it.
    `suspendable` kinds have spec.suspend; `static` ones are never reconciled and count as ready;
    `artifact` ones publish status.artifact.
    """

    group: str
    version: str
    kind: str
    plural: str
    category: Category
    controller: str
    cli: str
    short_names: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    suspendable: bool = True
    artifact: bool = False
    static: bool = False

    @property
    def api_version(self) -> str:
        """`group/version`."""
        return f"{self.group}/{self.version}"

    @property
    def resource(self) -> str:
        """`plural.group`, as RBAC and kubectl name it."""
        return f"{self.plural}.{self.group}"

    @property
    def group_kind(self) -> str:
        """`Kind.group`, as the controllers' not-found texts name it."""
        return f"{self.kind}.{self.group}"

    def is_static(self, obj: Mapping[str, Any]) -> bool:
        """Whether this very object is never reconciled: static kinds, and HelmRepositories of type oci."""
        return self.static or (self is HELM_REPOSITORY and (obj.get("spec") or {}).get("type") == "oci")

    def is_suspended(self, obj: Mapping[str, Any]) -> bool:
        """Whether the object is suspended; an ArtifactGenerator says so by annotation (flux.md 1.2)."""
        if self is ARTIFACT_GENERATOR:
            metadata = obj.get("metadata") or {}
            value = (metadata.get("annotations") or {}).get(f"{EXTENSIONS_GROUP}/reconcile", "")
            return str(value).lower() == "disabled"
        return self.suspendable and bool((obj.get("spec") or {}).get("suspend"))


_SOURCE, _APPLIER, _NOTIFY, _IMAGE = Category.SOURCE, Category.APPLIER, Category.NOTIFICATION, Category.IMAGE
_SC, _KC, _HC = "source-controller", "kustomize-controller", "helm-controller"
_NC, _IR, _IA, _SW = (
    "notification-controller",
    "image-reflector-controller",
    "image-automation-controller",
    "source-watcher",
)

OCI_REPOSITORY = FluxKind(
    SOURCE_GROUP, "v1", "OCIRepository", "ocirepositories", _SOURCE, _SC, "source oci", ("ocirepo",),
    artifact=True,
)  # fmt: skip
BUCKET = FluxKind(SOURCE_GROUP, "v1", "Bucket", "buckets", _SOURCE, _SC, "source bucket", artifact=True)
GIT_REPOSITORY = FluxKind(
    SOURCE_GROUP, "v1", "GitRepository", "gitrepositories", _SOURCE, _SC, "source git", ("gitrepo",),
    artifact=True,
)  # fmt: skip
HELM_REPOSITORY = FluxKind(
    SOURCE_GROUP, "v1", "HelmRepository", "helmrepositories", _SOURCE, _SC, "source helm", ("helmrepo",),
    artifact=True,
)  # fmt: skip
HELM_CHART = FluxKind(
    SOURCE_GROUP, "v1", "HelmChart", "helmcharts", _SOURCE, _SC, "source chart", ("hc",), artifact=True
)
EXTERNAL_ARTIFACT = FluxKind(
    SOURCE_GROUP, "v1", "ExternalArtifact", "externalartifacts", _SOURCE, _SW, "source external", ("ea",),
    suspendable=False, artifact=True,
)  # fmt: skip
ARTIFACT_GENERATOR = FluxKind(
    EXTENSIONS_GROUP, "v1beta1", "ArtifactGenerator", "artifactgenerators", _SOURCE, _SW,
    "artifact generator", ("ag",), ("generators",), suspendable=False,
)  # fmt: skip
IMAGE_REPOSITORY = FluxKind(
    IMAGE_GROUP, "v1", "ImageRepository", "imagerepositories", _IMAGE, _IR, "image repository", ("imgrepo", "imagerepo")
)
IMAGE_POLICY = FluxKind(
    IMAGE_GROUP, "v1", "ImagePolicy", "imagepolicies", _IMAGE, _IR, "image policy", ("imgpol", "imagepol")
)
IMAGE_UPDATE_AUTOMATION = FluxKind(
    IMAGE_GROUP, "v1", "ImageUpdateAutomation", "imageupdateautomations", _IMAGE, _IA, "image update",
    ("iua", "imgupd", "imgauto"),
)  # fmt: skip
HELM_RELEASE = FluxKind(
    HELM_GROUP, "v2", "HelmRelease", "helmreleases", _APPLIER, _HC, "helmrelease", ("hr",), ("helmreleases",)
)
KUSTOMIZATION = FluxKind(
    KUSTOMIZE_GROUP, "v1", "Kustomization", "kustomizations", _APPLIER, _KC, "kustomization", ("ks",),
    ("kustomizations",),
)  # fmt: skip
RECEIVER = FluxKind(NOTIFICATION_GROUP, "v1", "Receiver", "receivers", _NOTIFY, _NC, "receiver", (), ("receivers",))
PROVIDER = FluxKind(
    NOTIFICATION_GROUP, "v1beta3", "Provider", "providers", _NOTIFY, _NC, "alert-provider", (),
    ("alert-providers",), static=True,
)  # fmt: skip
ALERT = FluxKind(NOTIFICATION_GROUP, "v1beta3", "Alert", "alerts", _NOTIFY, _NC, "alert", (), ("alerts",), static=True)

#: In the order of `flux get all`.
KINDS: tuple[FluxKind, ...] = (
    OCI_REPOSITORY,
    BUCKET,
    GIT_REPOSITORY,
    HELM_REPOSITORY,
    HELM_CHART,
    EXTERNAL_ARTIFACT,
    ARTIFACT_GENERATOR,
    IMAGE_REPOSITORY,
    IMAGE_POLICY,
    IMAGE_UPDATE_AUTOMATION,
    HELM_RELEASE,
    KUSTOMIZATION,
    RECEIVER,
    PROVIDER,
    ALERT,
)

#: Groups of words in the CLI's grammar that stand for one of their kinds (`flux get sources git`).
CLI_GROUPS: Mapping[str, str] = {
    "source": "source",
    "sources": "source",
    "image": "image",
    "images": "image",
    "artifact": "artifact",
    "artifacts": "artifact",
}

_BY_GROUP_KIND = {(kind.group, kind.kind): kind for kind in KINDS}


def of(obj: Mapping[str, Any]) -> FluxKind | None:
    """The registry's entry for an object, by its group and kind (any version), or None."""
    return by_group_kind(str(obj.get("apiVersion") or "").partition("/")[0], str(obj.get("kind") or ""))


def by_group_kind(group: str, kind: str) -> FluxKind | None:
    """The entry of a group and kind, or None."""
    return _BY_GROUP_KIND.get((group, kind))


def by_kind(kind: str) -> FluxKind | None:
    """The entry of a kind's name alone (they are unique), or None."""
    return next((entry for entry in KINDS if entry.kind == kind), None)


def names(entry: FluxKind) -> Iterator[str]:
    """Every word a person may type for this kind, lower case: CLI, kubectl and short names."""
    yield entry.cli
    last = entry.cli.rpartition(" ")[2]
    if entry.cli == last:
        yield from entry.aliases
    else:
        group = entry.cli.partition(" ")[0]
        for word in (last, *entry.aliases):
            yield from (f"{alias} {word}" for alias, to in CLI_GROUPS.items() if to == group)
    yield entry.kind.lower()
    yield entry.plural
    yield entry.resource
    yield from entry.short_names


def find(words: str) -> FluxKind | None:
    """The kind that a person's words mean: `source git`, `sources git`, `ks`, `GitRepository`, `hr`…"""
    wanted = " ".join(words.lower().split())
    return next((entry for entry in KINDS if wanted in names(entry)), None)
