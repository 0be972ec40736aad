"""HashTransformer: the suffix of generated names. It runs once, at the root."""

from __future__ import annotations

from engine.kustomize.files import Files
from engine.kustomize.hashing import name_hash
from engine.kustomize.resmap import ResMap
from engine.kustomize.resource import NEEDS_HASH
from engine.kustomize.transform.base import Config


class AddHashes:
    """Appends the hash to the names of the objects that ask for it."""

    def apply(self, resources: ResMap) -> None:
        """Rename them, keeping the earlier identity."""
        for resource in resources:
            if resource.is_enabled(NEEDS_HASH):
                suffix = name_hash(resource.obj)
                resource.remember()
                resource.set_name(f"{resource.name}-{suffix}")


def hash_transformer(config: Config, files: Files) -> AddHashes:
    """Needs no configuration."""
    del config, files
    return AddHashes()
