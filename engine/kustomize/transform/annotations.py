"""commonAnnotations, and AnnotationsTransformer."""

from __future__ import annotations

from engine.kustomize.files import Files
from engine.kustomize.transform.base import Config, parse_specs
from engine.kustomize.transform.labels import SetEntries


def annotations_transformer(config: Config, files: Files) -> SetEntries:
    """Sets annotations wherever the field specs say."""
    del files
    return SetEntries(config.get("annotations", {}), parse_specs(config))
