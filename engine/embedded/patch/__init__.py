"""The three patches of the Kubernetes API that are not applies. Pure: documents are never changed in place."""

from engine.embedded.patch.errors import PatchError
from engine.embedded.patch.jsonpatch import json_patch
from engine.embedded.patch.merge import merge_patch
from engine.embedded.patch.strategic import strategic_merge

__all__ = ["PatchError", "json_patch", "merge_patch", "strategic_merge"]
