"""Random pod templates, and patches of them."""

from __future__ import annotations

import random
from typing import Any


def some_template(dice: random.Random, name: str, *, repeats: bool = False) -> dict[str, Any]:
    """A PodTemplate; with `repeats` an environment variable may stand twice."""
    labels = {key: dice.choice("12") for key in dice.sample("abc", dice.randint(0, 2))}
    metadata: dict[str, Any] = {"name": name, "labels": labels}
    if dice.random() < 0.3:
        metadata["finalizers"] = dice.sample(["x/a", "x/b", "x/c"], dice.randint(1, 2))
    spec: dict[str, Any] = {"containers": some_containers(dice, repeats=repeats)}
    if dice.random() < 0.4:
        spec["nodeSelector"] = {key: dice.choice("12") for key in dice.sample("xy", dice.randint(0, 2))}
    if dice.random() < 0.3:
        sources: list[dict[str, Any]] = [{"emptyDir": {}}, {"configMap": {"name": "c"}}]
        spec["volumes"] = [{"name": key, **dice.choice(sources)} for key in dice.sample("vw", dice.randint(0, 2))]
    if dice.random() < 0.3:
        spec["tolerations"] = [{"key": dice.choice("vw"), "operator": "Exists"}]
    template = {"metadata": {"labels": labels}, "spec": spec}
    return {"apiVersion": "v1", "kind": "PodTemplate", "metadata": metadata, "template": template}


def some_containers(dice: random.Random, *, repeats: bool = False) -> list[dict[str, Any]]:
    """Up to four containers."""
    return [_container(dice, name, repeats) for name in dice.sample("abcde", dice.randint(1, 4))]


def _container(dice: random.Random, name: str, repeats: bool) -> dict[str, Any]:
    container: dict[str, Any] = {"name": name, "image": dice.choice("xy")}
    if dice.random() < 0.6:
        keys = dice.sample("PQRS", dice.randint(0, 3))
        if repeats and keys and dice.random() < 0.4:
            keys.append(keys[0])
        container["env"] = [{"name": key, "value": dice.choice("12")} for key in keys]
    if dice.random() < 0.4:
        container["ports"] = [_port(dice, port) for port in dice.sample([80, 81, 82], dice.randint(1, 2))]
    if dice.random() < 0.3:
        container["resources"] = {"limits": {"cpu": dice.choice(["1", "1000m", "500m"])}}
    if dice.random() < 0.3:
        container["command"] = dice.choices("xy", k=2)
    if dice.random() < 0.2:
        container["securityContext"] = dice.choice([{}, {"runAsUser": 1}, {"capabilities": {"add": ["X"]}}])
    return container


def _port(dice: random.Random, number: int) -> dict[str, Any]:
    port: dict[str, Any] = {"containerPort": number}
    return {**port, "protocol": dice.choice(["TCP", "UDP"])} if dice.random() < 0.5 else port


def some_patch(dice: random.Random, old: dict[str, Any]) -> dict[str, Any]:
    """A strategic merge patch with some of the directives."""
    names = {item["name"] for item in old["template"]["spec"]["containers"]}
    changed = [
        {"name": item["name"], "$patch": "delete"} if item["name"] in names and dice.random() < 0.3 else item
        for item in some_containers(dice)
    ]
    kept = [{"name": item["name"]} for item in changed if "$patch" not in item]
    spec: dict[str, Any] = {"containers": changed}
    if dice.random() < 0.4:
        spec["$setElementOrder/containers"] = kept
    elif dice.random() < 0.2 and kept:
        changed.append({"$patch": "replace"})
    if dice.random() < 0.3:
        spec["nodeSelector"] = {dice.choice("xy"): dice.choice(["1", None])}
        if dice.random() < 0.3:
            spec["nodeSelector"]["$patch"] = "replace"
    return {"template": {"spec": spec}}


def outline(obj: dict[str, Any]) -> dict[str, Any]:
    """What defaulting and decoding leave as it was sent."""
    spec = obj["template"]["spec"]
    return {
        "labels": obj["metadata"].get("labels") or {},
        "finalizers": obj["metadata"].get("finalizers") or [],
        "nodeSelector": {key: value or "" for key, value in (spec.get("nodeSelector") or {}).items()},
        "volumes": [volume["name"] for volume in spec.get("volumes") or []],
        "containers": [
            {
                "name": item["name"],
                "image": item.get("image"),
                "command": item.get("command"),
                "env": [(entry["name"], entry.get("value")) for entry in item.get("env") or []],
                "ports": [(port["containerPort"], port.get("protocol", "TCP")) for port in item.get("ports") or []],
            }
            for item in spec["containers"]
        ],
    }
