"""From a Kustomization and its artifact to the objects it wants (flux.md 4.1 steps 5-7): built in a worker, cached."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

import orjson

from engine import errors
from engine.apply import build, objects
from engine.apply.build import NeedsPayload, NeedsRemote, Order
from engine.apply.errors import ApplyError, words
from engine.apply.normalize import normalize
from engine.flux.inventory import ref_of
from engine.flux.kinds import KUSTOMIZE_GROUP
from engine.kube.resources import CONFIG_MAPS, SECRETS
from engine.kube.types import Object, ResourceType
from engine.source.remotebases import RemoteBase
from engine.worker import Pool

#: The files of an artifact by path; raises engine.source.fetch's errors.
Fetch = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, bytes]]]

#: Fetches a remote base by its URL.
Remotes = Callable[[str], Awaitable[RemoteBase]]

DEADLINE: Final = 60.0
MAX_REMOTES: Final = 32
_KEPT: Final = 4_096
_DECRYPT: Final = f"{KUSTOMIZE_GROUP}/decrypt"


class Reader(Protocol):
    """The part of the client that a build needs."""

    async def get(self, res: ResourceType, namespace: str, name: str) -> Object:
        """One object; errors.NotFound."""


@dataclass(frozen=True, slots=True)
class Desired:
    """What a Kustomization wants: normalized objects with owner labels and common metadata; never to be changed.

    `digest` is Flux's digest of the build; `key` says what it was built from; `hidden` are the values that came from
    Secrets by substitution: they are never shown.
    """

    objects: Sequence[Object]
    digest: str
    revision: str
    key: bytes
    hidden: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True, slots=True)
class Variables:
    """The variables of postBuild, or why they could not be read."""

    values: Mapping[str, str] | None
    error: str = ""
    hidden: frozenset[str] = frozenset()


class Builder:
    """Builds Kustomizations of one cluster; the last result of each is kept."""

    def __init__(self, reader: Reader, pool: Pool, fetch: Fetch, *, strict: bool = True) -> None:
        self._reader = reader
        self._pool = pool
        self._fetch = fetch
        #: Strict substitution: the controller's feature gate `StrictPostBuildSubstitutions`.
        self.strict = strict
        #: Fetches remote bases; None: a build that needs one is refused, as with `--no-remote-bases`.
        self.remotes: Remotes | None = None
        self._kept: dict[tuple[str, str], Desired] = {}

    async def build(
        self, obj: Object, artifact: Mapping[str, Any], *, files: Mapping[str, bytes] | None = None, keep: bool = True
    ) -> Desired:
        """The desired objects at an artifact's revision. `files` stand for an artifact that nobody stores.

        Raises what fetching raises, build.PathNotFound, and Malformed, LimitExceeded or Unsupported of the build.
        """
        spec = obj.get("spec") or {}
        variables = await variables_of(self._reader, obj)
        order = order_of(obj, variables, strict=self.strict)
        own = (obj["metadata"].get("namespace") or "", obj["metadata"]["name"])
        common = spec.get("commonMetadata") or {}
        key = _key(str(artifact.get("digest") or ""), order, common)
        kept = self._kept.get(own)
        if kept is not None and kept.key == key:
            return kept
        answer, bases = await self._run(order, artifact, files)
        desired = Desired(
            tuple(prepare(item, own, common) for item in answer["objects"]),
            str(answer["digest"]),
            str(artifact.get("revision") or ""),
            # A build with remote bases is never taken for one that needs none: they may change at any time.
            key + bases,
            variables.hidden,
        )
        if keep:
            self._keep(own, desired)
        return desired

    def kept(self, namespace: str, name: str) -> Desired | None:
        """The last result for this Kustomization, if it is still held."""
        return self._kept.get((namespace, name))

    def forget(self, namespace: str, name: str) -> None:
        """The Kustomization is gone."""
        self._kept.pop((namespace, name), None)

    async def _run(
        self, order: Order, artifact: Mapping[str, Any], files: Mapping[str, bytes] | None
    ) -> tuple[Mapping[str, Any], bytes]:
        """The worker's answer, and a digest of the remote bases that went into it (empty without any)."""
        bases: dict[str, RemoteBase] = {}
        if self.remotes is not None:
            order = replace(order, remotes={})
        while True:
            try:
                return await self._ask(order, artifact, files, bases), _bases_digest(bases)
            except NeedsRemote as missing:
                if self.remotes is None or len(bases) >= MAX_REMOTES:
                    raise errors.LimitExceeded(f"a build may not have more than {MAX_REMOTES} remote bases") from None
                bases[missing.fix] = await self.remotes(missing.fix)
                remotes = {
                    url: (f"remote/{number}", base.path, base.is_file)
                    for number, (url, base) in enumerate(bases.items())
                }
                order = replace(order, remotes=remotes)

    async def _ask(
        self,
        order: Order,
        artifact: Mapping[str, Any],
        files: Mapping[str, bytes] | None,
        bases: Mapping[str, RemoteBase],
    ) -> Mapping[str, Any]:
        digest = str(artifact.get("digest") or "") + _bases_digest(bases).hex()
        arguments = {**order.as_json(), "digest": digest}
        answer: Mapping[str, Any]
        try:
            answer = await self._pool.call("build", arguments, deadline=DEADLINE)
        except NeedsPayload:
            content = files if files is not None else await self._fetch(artifact)
            if bases:
                content = {f"{build.SOURCE}/{path}": data for path, data in content.items()}
                for number, base in enumerate(bases.values()):
                    content |= {f"remote/{number}/{path}": data for path, data in base.files.items()}
            index = [(path, len(data)) for path, data in content.items()]
            payload = b"".join(content.values())
            answer = await self._pool.call("build", {**arguments, "files": index}, payload, deadline=DEADLINE)
        return answer

    def _keep(self, own: tuple[str, str], desired: Desired) -> None:
        self._kept.pop(own, None)
        self._kept[own] = desired
        while len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]


def _bases_digest(bases: Mapping[str, RemoteBase]) -> bytes:
    if not bases:
        return b""
    digest = hashlib.blake2b(digest_size=16)
    for url, base in sorted(bases.items()):
        for name, content in ((url, b""), *sorted(base.files.items())):
            digest.update(f"{len(name)}:{name}:{len(content)}:".encode(errors="surrogateescape"))
            digest.update(content)
    return digest.digest()


def order_of(obj: Object, variables: Variables, *, strict: bool) -> Order:
    """What a Kustomization orders to be built."""
    spec = obj.get("spec") or {}
    return Order(
        path=str(spec.get("path") or ""),
        spec={name: spec[name] for name in build.SPEC_FIELDS if spec.get(name)},
        variables=variables.values,
        variables_error=variables.error,
        strict=strict,
        always=(spec.get("postBuild") or {}).get("substituteStrategy") == "Always",
    )


async def variables_of(reader: Reader | None, obj: Object) -> Variables:
    """The variables in Flux's order: substituteFrom, later ones win, then the inline ones; no newlines.

    Without a reader substituteFrom is passed over, as `build --dry-run` does.
    """
    post_build = (obj.get("spec") or {}).get("postBuild")
    if not post_build:
        return Variables(None)
    found: dict[str, str] = {}
    hidden: set[str] = set()
    namespace = str(obj["metadata"].get("namespace") or "")
    for reference in (post_build.get("substituteFrom") or []) if reader is not None else ():
        assert reader is not None
        kind, name = str(reference.get("kind") or ""), str(reference.get("name") or "")
        try:
            source = await reader.get(SECRETS if kind == "Secret" else CONFIG_MAPS, namespace, name)
        except errors.NotFound as error:
            if reference.get("optional"):
                continue
            return Variables({}, f"substitute from '{kind}/{name}' error: {words(error)}")
        except errors.EngineError as error:
            return Variables({}, f"substitute from '{kind}/{name}' error: {words(error)}")
        values = _values(source, secret=kind == "Secret")
        found.update(values)
        hidden.update(value for value in values.values() if kind == "Secret" and value)
    found.update({str(key): _one_line(str(value)) for key, value in (post_build.get("substitute") or {}).items()})
    return Variables(found, hidden=frozenset(hidden))


def prepare(built: Object, owner: tuple[str, str], common: Mapping[str, Any]) -> Object:
    """A built object as it is applied: owner labels, normalized, then common metadata, which may overwrite them."""
    namespace, name = owner
    labelled = _with_metadata(built, {"labels": objects.owner_labels(name, namespace)})
    return _with_metadata(normalize(labelled), common)


def refuse_encrypted(desired: Sequence[Object]) -> None:
    """A Secret that is still SOPS-encrypted is never applied; raises ApplyError."""
    for obj in desired:
        if obj.get("kind") == "Secret" and obj.get("apiVersion") == "v1" and "sops" in obj:
            if str(objects.annotations_of(obj).get(_DECRYPT) or "").lower() == "disabled":
                continue
            raise ApplyError(
                f"{ref_of(obj)} is SOPS encrypted, configuring decryption is required for this secret to be reconciled"
            )


def _with_metadata(obj: Object, more: Mapping[str, Any]) -> Object:
    metadata = dict(obj.get("metadata") or {})
    for part in ("labels", "annotations"):
        if more.get(part):
            metadata[part] = {**(metadata.get(part) or {}), **more[part]}
    return {**obj, "metadata": metadata}


def _values(source: Object, *, secret: bool) -> dict[str, str]:
    data = source.get("data") or {}
    if secret:
        return {key: _one_line(base64.b64decode(value).decode(errors="replace")) for key, value in data.items()}
    return {key: _one_line(str(value)) for key, value in data.items()}


def _one_line(value: str) -> str:
    return value.replace("\n", "")


def _key(artifact_digest: str, order: Order, common: Mapping[str, Any]) -> bytes:
    """A digest of everything the result depends on; variables may be secret, so they are kept as a digest only."""
    parts = [artifact_digest, order.as_json(), common]
    return hashlib.blake2b(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()
