"""The transformers' configuration: defaults, and what files add to them."""

from __future__ import annotations

import pytest

from engine.kustomize import BuildError
from engine.kustomize.config import EMPTY, TransformerConfig, parse_config
from engine.kustomize.default_config import default_config, merged
from engine.kustomize.fieldspec import FieldSpec, split_path
from engine.kustomize.ids import Gvk


def test_the_defaults_cover_nothing_twice() -> None:
    defaults = default_config()
    assert TransformerConfig().merged(defaults) == defaults
    assert merged(EMPTY, defaults) is defaults
    assert defaults.merged(EMPTY) is defaults


def test_a_file_adds_to_the_defaults() -> None:
    more = parse_config({"images": [{"path": "spec/image", "kind": "Widget"}]}, "c.yaml")
    both = default_config().merged(more)
    assert FieldSpec("spec/image", Gvk(kind="Widget")) in both.images
    assert len(both.images) == len(default_config().images) + 1


def test_a_spec_that_another_covers_is_dropped_and_a_contradiction_is_an_error() -> None:
    narrow = TransformerConfig(name_prefix=(FieldSpec("metadata/name", Gvk(kind="Widget")),))
    wide = TransformerConfig(name_prefix=(FieldSpec("metadata/name"),))
    assert narrow.merged(wide) == narrow
    with pytest.raises(BuildError, match="conflicting field specs for metadata/name"):
        wide.merged(TransformerConfig(name_prefix=(FieldSpec("metadata/name", create=True),)))


@pytest.mark.parametrize("raw", [{"unknown": []}, {"images": {}}, [], {"nameReference": ["x"]}])
def test_a_file_that_is_no_configuration_is_an_error(raw: object) -> None:
    with pytest.raises(BuildError, match=r"c\.yaml"):
        parse_config(raw, "c.yaml")


def test_paths_are_split_at_slashes_that_are_not_escaped() -> None:
    assert split_path("metadata/annotations/example.com\\/a") == ["metadata", "annotations", "example.com/a"]
    assert split_path("/a/b[]") == ["a", "b[]"]
