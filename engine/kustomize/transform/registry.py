"""Every builtin transformer by the kind that a plugin's configuration names it with."""

from __future__ import annotations

from typing import Final

from engine.kustomize.transform.annotations import annotations_transformer
from engine.kustomize.transform.base import Factory
from engine.kustomize.transform.hashes import hash_transformer
from engine.kustomize.transform.images import image_transformer
from engine.kustomize.transform.labels import label_transformer
from engine.kustomize.transform.names import prefix_suffix_transformer, prefix_transformer, suffix_transformer
from engine.kustomize.transform.namespace import namespace_transformer
from engine.kustomize.transform.patches import json_transformer, patch_transformer, strategic_merge_transformer
from engine.kustomize.transform.replacements import replacement_transformer
from engine.kustomize.transform.replicas import replica_transformer
from engine.kustomize.transform.value_add import value_add_transformer

TRANSFORMERS: Final[dict[str, Factory]] = {
    "AnnotationsTransformer": annotations_transformer,
    "HashTransformer": hash_transformer,
    "ImageTagTransformer": image_transformer,
    "LabelTransformer": label_transformer,
    "NamespaceTransformer": namespace_transformer,
    "PatchJson6902Transformer": json_transformer,
    "PatchStrategicMergeTransformer": strategic_merge_transformer,
    "PatchTransformer": patch_transformer,
    "PrefixSuffixTransformer": prefix_suffix_transformer,
    "PrefixTransformer": prefix_transformer,
    "ReplacementTransformer": replacement_transformer,
    "ReplicaCountTransformer": replica_transformer,
    "SuffixTransformer": suffix_transformer,
    "ValueAddTransformer": value_add_transformer,
}
