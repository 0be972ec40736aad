"""The build step of a Kustomization, pure: generated kustomization.yaml, build, substitution (flux.md 4.4-4.6)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, Final

from engine import yaml
from engine.envsubst import EnvsubstError, substitute
from engine.errors import EngineError, Malformed, Terminal
from engine.flux.kinds import KUSTOMIZE_GROUP
from engine.kustomize import BuildError, SubTree, Tree, build, generate

_SUBSTITUTE: Final = f"{KUSTOMIZE_GROUP}/substitute"
_NAME: Final = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_NAME_TEXT: Final = "^[_[:alpha:]][_[:alpha:][:digit:]]*$"
#: The fields of the spec that a build depends on.
SPEC_FIELDS: Final = (
    "targetNamespace",
    "namePrefix",
    "nameSuffix",
    "patches",
    "components",
    "ignoreMissingComponents",
    "images",
    "buildMetadata",
)


#: The source among the files when there are remote bases too.
SOURCE: Final = "source"


class NeedsPayload(Terminal):
    """The worker does not have the artifact that a request refers to; ask again with its files."""


class NeedsRemote(Terminal):
    """A remote base that the build needs is not among the files; `fix` is its URL, `fetch` it and ask again."""


class PathNotFound(Malformed):
    """`spec.path` is not in the source."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to build.

    `variables` is None without spec.postBuild. `variables_error` is why they could not be read: told for the first
    object that needs them, as Flux does.
    """

    path: str
    spec: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str] | None = None
    variables_error: str = ""
    strict: bool = True
    always: bool = False
    remotes: Mapping[str, tuple[str, str, bool]] | None = None
    """Remote bases by URL: folder, path in it, whether it is a file. None: nobody fetches any.

    With any, the source is the folder `SOURCE` of the tree, and the others lie beside it.
    """

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Order:
        """Back from `as_json`."""
        return cls(**{name: document[name] for name in cls.__slots__ if name in document})

    def as_json(self) -> dict[str, Any]:
        """As it travels to a worker."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Built:
    """The objects in build order; `digest` is Flux's digest of the YAML stream (`sha256:<hex>`)."""

    objects: Sequence[dict[str, Any]]
    digest: str

    def as_json(self) -> dict[str, Any]:
        """As it travels back from a worker."""
        return {"objects": list(self.objects), "digest": self.digest}


def run(tree: Tree, order: Order) -> Built:
    """Build a path of a tree. Raises PathNotFound, BuildError and Malformed with Flux's texts."""
    path = clean_path(order.path)
    remote = None if order.remotes is None else partial(_remote, tree, order.remotes)
    if order.remotes:
        tree = SubTree(tree, SOURCE)
    if not (tree.is_dir(path) or tree.is_file(path)):
        raise PathNotFound(f"kustomization path not found: stat {path}: no such file or directory")
    generated = generate(tree, path, dict(order.spec))
    try:
        objects = build(generated, path, load_restrictor="none", remote=remote, preloaded=True)
    except BuildError as error:
        raise _prefixed(error, "kustomize build failed: ") from None
    documents: list[str] = []
    built: list[dict[str, Any]] = []
    for obj in objects:
        _named(obj)
        obj, text = _substituted(obj, order)
        documents.append(text)
        built.extend(_expanded(obj))
    digest = hashlib.sha256("---\n".join(documents).encode()).hexdigest()
    return Built(built, f"sha256:{digest}")


def _remote(tree: Tree, remotes: Mapping[str, tuple[str, str, bool]], url: str) -> bytes | tuple[Tree, str]:
    if url not in remotes:
        raise NeedsRemote("a remote base is not here", fix=url)
    folder, path, is_file = remotes[url]
    inside = SubTree(tree, folder)
    return inside.read(path) if is_file else (inside, path)


def clean_path(path: str) -> str:
    """`spec.path` as a path of the tree: joined safely, so that `..` stays inside."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts) or "."


def gvk_name(obj: Mapping[str, Any]) -> str:
    """`<Kind>.<version>.<group>/<name>`, as kustomize writes it; the core group is `[noGrp]`."""
    group, _, version = str(obj.get("apiVersion") or "").rpartition("/")
    metadata = obj.get("metadata") or {}
    return f"{obj.get('kind')}.{version}.{group or '[noGrp]'}/{metadata.get('name')}"


def _named(obj: Mapping[str, Any]) -> None:
    metadata = obj.get("metadata")
    if not (obj.get("apiVersion") and obj.get("kind") and isinstance(metadata, Mapping) and metadata.get("name")):
        raise Malformed(
            f"failed to decode Kubernetes apiVersion, kind and name from: {sorted(map(str, obj))}",
            fix="every object needs apiVersion, kind and metadata.name",
        )


def _substituted(obj: dict[str, Any], order: Order) -> tuple[dict[str, Any], str]:
    """The object after substitution and its YAML; unchanged when it opts out or there is nothing to substitute."""
    text = yaml.dump(obj, profile=yaml.Profile.V2)
    if order.variables is None or _opted_out(obj):
        return obj, text
    where = f"post build failed for '{gvk_name(obj)}': "
    if order.variables_error:
        raise Malformed(where + order.variables_error)
    if not order.variables and not order.always:
        return obj, text
    for name in order.variables:
        if not _NAME.fullmatch(name):
            raise Malformed(f"{where}envsubst error: '{name}' var name is invalid, must match '{_NAME_TEXT}'")
    try:
        replaced = substitute(text, order.variables, strict=order.strict)
    except EnvsubstError as error:
        raise Malformed(f"{where}envsubst error: variable substitution failed: {error.message}") from None
    if replaced == text:
        return obj, text
    try:
        parsed = yaml.load(replaced, profile=yaml.Profile.V2)
    except EngineError:
        # The parser's own words would quote the text, and it may hold values that come from Secrets.
        raise Malformed(
            f"{where}envsubst error: the text is no YAML after substitution", fix="quote ${…} in the manifest"
        ) from None
    if not isinstance(parsed, dict):
        raise Malformed(f"{where}envsubst error: the text is no object after substitution")
    return parsed, yaml.dump(parsed, profile=yaml.Profile.V2)


def _opted_out(obj: Mapping[str, Any]) -> bool:
    metadata = obj.get("metadata") or {}
    return any((metadata.get(field) or {}).get(_SUBSTITUTE) == "disabled" for field in ("labels", "annotations"))


def _expanded(obj: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Lists become their items; kustomize's own files are no objects."""
    if isinstance(obj.get("items"), list) and str(obj.get("kind") or "").endswith("List"):
        for item in obj["items"]:
            if isinstance(item, dict):
                yield from _expanded(item)
    elif not (obj.get("kind") == "Kustomization" and str(obj.get("apiVersion")).startswith("kustomize.config.k8s.io/")):
        yield obj


def _prefixed(error: BuildError, prefix: str) -> BuildError:
    error.message = prefix + error.message
    error.args = (error.message,)
    return error
