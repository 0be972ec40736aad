"""How the fields of a kustomization configure transformers, in kustomize's fixed order (engines.md B1.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from engine.kustomize.config import TransformerConfig
from engine.kustomize.fieldspec import FieldSpec, merge_specs

Fields = Mapping[str, Any]
#: Gives the configurations of one transformer that a kustomization asks for.
Configurator = Callable[[Fields, TransformerConfig], Iterator[dict[str, Any]]]


def _strategic_merge(fields: Fields, config: TransformerConfig) -> Iterator[dict[str, Any]]:
    del config
    if fields.get("patchesStrategicMerge"):
        yield {"paths": fields["patchesStrategicMerge"]}


def _patches(fields: Fields, config: TransformerConfig) -> Iterator[dict[str, Any]]:
    del config
    yield from fields.get("patches", ())


def _namespace(fields: Fields, config: TransformerConfig) -> Iterator[dict[str, Any]]:
    if fields.get("namespace"):
        yield {"metadata": {"namespace": fields["namespace"]}, "fieldSpecs": config.namespace}


def _prefix(fields: Fields, config: TransformerConfig) -> Iterator[dict[str, Any]]:
    if fields.get("namePrefix"):
        yield {"prefix": fields["namePrefix"], "fieldSpecs": config.name_prefix}


def _suffix(fields: Fields, config: TransformerConfig) -> Iterator[dict[str, Any]]:
    if fields.get("nameSuffix"):
        yield {"suffix": fields["nameSuffix"], "fieldSpecs": config.name_suffix}


def _labels(fields: Fields, config: TransformerConfig) -> Iterator[dict[str, Any]]:
    for label in fields.get("labels", ()):
        specs = merge_specs([FieldSpec.parse(spec) for spec in label.get("fields", ())], config.labels)
        if label.get("includeSelectors"):
            specs = merge_specs(specs, config.common_labels)
        else:
            if label.get("includeTemplates"):
                specs = merge_specs(specs, config.template_labels)
            specs = merge_specs(specs, [FieldSpec("metadata/labels", create=True)])
        yield {"labels": label.get("pairs", {}), "fieldSpecs": specs}
    if fields.get("commonLabels") or fields.get("labels"):
        # Runs and is recorded also when only `labels` is set.
        yield {"labels": fields.get("commonLabels", {}), "fieldSpecs": config.common_labels}


def _annotations(fields: Fields, config: TransformerConfig) -> Iterator[dict[str, Any]]:
    if fields.get("commonAnnotations"):
        yield {"annotations": fields["commonAnnotations"], "fieldSpecs": config.common_annotations}


def _json_patches(fields: Fields, config: TransformerConfig) -> Iterator[dict[str, Any]]:
    del config
    for patch in fields.get("patchesJson6902", ()):
        yield {"target": patch.get("target", {}), "path": patch.get("path", ""), "jsonOp": patch.get("patch", "")}


def _replicas(fields: Fields, config: TransformerConfig) -> Iterator[dict[str, Any]]:
    for replica in fields.get("replicas", ()):
        yield {"replica": replica, "fieldSpecs": config.replicas}


def _images(fields: Fields, config: TransformerConfig) -> Iterator[dict[str, Any]]:
    for image in fields.get("images", ()):
        yield {"imageTag": image, "fieldSpecs": config.images}


def _replacements(fields: Fields, config: TransformerConfig) -> Iterator[dict[str, Any]]:
    del config
    if fields.get("replacements"):
        yield {"replacements": fields["replacements"]}


#: The order in which transformers run.
TRANSFORMER_FIELDS: Final[tuple[tuple[str, Configurator], ...]] = (
    ("PatchStrategicMergeTransformer", _strategic_merge),
    ("PatchTransformer", _patches),
    ("NamespaceTransformer", _namespace),
    ("PrefixTransformer", _prefix),
    ("SuffixTransformer", _suffix),
    ("LabelTransformer", _labels),
    ("AnnotationsTransformer", _annotations),
    ("PatchJson6902Transformer", _json_patches),
    ("ReplicaCountTransformer", _replicas),
    ("ImageTagTransformer", _images),
    ("ReplacementTransformer", _replacements),
)

#: The fields that make objects, and the plugin that does.
GENERATOR_FIELDS: Final = (("configMapGenerator", "ConfigMapGenerator"), ("secretGenerator", "SecretGenerator"))
