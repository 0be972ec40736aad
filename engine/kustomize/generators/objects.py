"""configMapGenerator and secretGenerator, and the generator plugins of the same names."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.kustomize.errors import BuildError
from engine.kustomize.files import Files
from engine.kustomize.generators.iam_policy import iam_policy
from engine.kustomize.generators.key_values import key_values
from engine.kustomize.keys import is_text, unreadable
from engine.kustomize.nodes import BOOL, Tagged, string
from engine.kustomize.resource import BEHAVIOR, NEEDS_HASH, Behavior, Object, Resource

Config = Mapping[str, Any]
Generator = Callable[[Config, Files], list[Resource]]
_LINE: Final = 70


def config_map(config: Config, files: Files) -> list[Resource]:
    """A ConfigMap: text goes to `data`, other bytes to `binaryData`."""
    obj = _base("ConfigMap", config, files)
    for key, value in sorted(key_values(config, files, "configMapGenerator").items()):
        try:
            obj.setdefault("data", {})[key] = string(value.decode())
        except UnicodeDecodeError:
            obj.setdefault("binaryData", {})[key] = base64_lines(value)
    return [_finished(obj, config, files)]


def secret(config: Config, files: Files) -> list[Resource]:
    """A Secret, Opaque unless `type` says otherwise."""
    obj = _base("Secret", config, files)
    obj["type"] = config.get("type") or "Opaque"
    obj["data"] = {}
    for key, value in sorted(key_values(config, files, "secretGenerator").items()):
        obj["data"][key] = base64_lines(value)
    return [_finished(obj, config, files)]


def base64_lines(value: bytes) -> str:
    """Base64 in lines of 70 characters when it is longer than one."""
    encoded = base64.b64encode(value).decode()
    if len(encoded) < _LINE:
        return encoded
    return "".join(encoded[start : start + _LINE] + "\n" for start in range(0, len(encoded), _LINE))


def _base(kind: str, config: Config, files: Files) -> Object:
    # A plugin's configuration may leave both to its own metadata.
    plugin: Mapping[str, Any] = config.get("metadata", {})
    name = config.get("name") or plugin.get("name")
    if not name:
        raise BuildError(f"a generated {kind} must have a name", path=files.root, field="name")
    metadata = {"name": name}
    namespace = config.get("namespace") or plugin.get("namespace")
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata}


def _finished(obj: Object, config: Config, files: Files) -> Resource:
    options: Mapping[str, Any] = config.get("options", {})
    _check_keys(obj, options)
    resource = Resource(obj)
    for field in ("labels", "annotations"):
        resource.set_strings(field, dict(sorted(options.get(field, {}).items())))
    if options.get("immutable"):
        obj["immutable"] = Tagged("true", BOOL)
    if not options.get("disableNameSuffixHash", False):
        resource.enable(NEEDS_HASH)
    resource.set_annotation(BEHAVIOR, Behavior(config.get("behavior", "")).value or "unspecified")
    return resource


def _check_keys(obj: Object, options: Config) -> None:
    places = {"data": obj.get("data", ()), "binaryData": obj.get("binaryData", ())}
    places |= {"labels": options.get("labels", ()), "annotations": options.get("annotations", ())}
    for place, keys in places.items():
        for key in keys:
            if not is_text(key):
                raise unreadable(key, f"{place} of a generated {obj['kind']}")


def with_global_options(config: Config, options: Config | None) -> dict[str, Any]:
    """A generator's configuration under `generatorOptions`: its own labels and annotations win, flags add up."""
    if not options:
        return dict(config)
    own: Mapping[str, Any] = config.get("options", {})
    merged: dict[str, Any] = {
        field: {**options.get(field, {}), **own.get(field, {})} for field in ("labels", "annotations")
    }
    for flag in ("disableNameSuffixHash", "immutable"):
        merged[flag] = bool(own.get(flag)) or bool(options.get(flag))
    return {**config, "options": merged}


GENERATORS: Final[dict[str, Generator]] = {
    "ConfigMapGenerator": config_map,
    "IAMPolicyGenerator": iam_policy,
    "SecretGenerator": secret,
}
