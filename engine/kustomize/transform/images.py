"""images, and ImageTagTransformer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import re2

from engine.kustomize.errors import BuildError
from engine.kustomize.fieldspec import FieldSpec
from engine.kustomize.files import Files
from engine.kustomize.limits import Budget
from engine.kustomize.nodes import kind_of, put, untagged, written
from engine.kustomize.resmap import ResMap
from engine.kustomize.transform.base import CUSTOM_RESOURCE_DEFINITION, Config, parse_specs, paths

_TAG: Final = "(:[a-zA-Z0-9_.{}-]*)?(@[a-zA-Z0-9]+([.+_-][a-zA-Z0-9]+)*:[a-zA-Z0-9_.{}-]*)?"
_CONTAINER_LISTS: Final = ("containers", "initContainers")


class Image(NamedTuple):
    """A reference in its parts."""

    name: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, reference: str) -> Image:
        """From name[:tag][@digest]; a registry's port is part of the name."""
        slash = max(reference.find("/"), 0)
        rest, at, digest = reference[slash:].partition("@")
        name, colon, tag = rest.partition(":")
        return cls(reference[:slash] + name, tag if colon else "", digest if at else "")

    def __str__(self) -> str:
        return self.name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


class SetImage:
    """Replaces name, tag or digest of the images that a name (a regular expression) matches."""

    def __init__(self, config: Config, specs: Iterable[FieldSpec], budget: Budget) -> None:
        self._config = config
        self._budget = budget
        #: Images repeat.
        self._known: dict[str, str | None] = {}
        self._paths = paths(specs)
        self._pattern: Any = None
        try:
            self._pattern = re2.compile(f"^{config.get('name', '')}{_TAG}$")
        except re2.error:
            # kustomize takes a name that is no expression for one that matches nothing.
            self._pattern = None

    def apply(self, resources: ResMap) -> None:
        """Replace them in every container, wherever it is, and at the field specs' places."""
        if self._pattern is None:
            return
        for resource in resources:
            if resource.kind != CUSTOM_RESOURCE_DEFINITION:
                self._search(resource.obj)
                self._paths.apply(resource.obj, self._updated)

    def _search(self, obj: Any) -> None:
        below = [obj]
        while below:
            node = below.pop()
            if node.__class__ is list:
                below.extend(item for item in node if item.__class__ is dict or item.__class__ is list)
                continue
            for key, value in node.items():
                if value.__class__ is dict:
                    below.append(value)
                elif value.__class__ is list:
                    below.append(value)
                    if key in _CONTAINER_LISTS:
                        self._update_containers(value)

    def _update_containers(self, containers: list[Any]) -> None:
        for container in containers:
            if isinstance(container, dict) and "image" in container:
                image = container["image"]
                updated = self._updated(image)
                if updated is not image:
                    put(container, "image", updated)

    def _updated(self, value: Any) -> Any:
        if isinstance(value, (dict, list)):
            raise BuildError(f"an image is {kind_of(value)}, not a string", field="images")
        reference = written(value)
        if reference not in self._known:
            self._known[reference] = self._renamed(reference)
        new = self._known[reference]
        if new is None:
            return value
        self._budget.add(len(new))
        return untagged(new, value)

    def _renamed(self, reference: str) -> str | None:
        """What a reference becomes; None when it is not meant."""
        if self._pattern.match(reference) is None:
            return None
        image = Image.parse(reference)
        config = self._config
        tag, digest = image.tag, image.digest
        if config.get("newTag") or config.get("digest"):
            tag, digest = config.get("newTag", ""), config.get("digest", "")
        elif config.get("tagSuffix"):
            tag, digest = tag + config["tagSuffix"], ""
        return str(Image(config.get("newName") or image.name, tag, digest))


def image_transformer(config: Config, files: Files) -> SetImage:
    """Replaces the image that `imageTag` names."""
    return SetImage(config.get("imageTag", {}), parse_specs(config), files.budget)
