"""A kind with every way to merge, and random contents for it."""

from __future__ import annotations

from engine import openapi

DOCUMENT = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "n": {"type": "integer"},
                "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
                "atomic": {"type": "array", "items": {"type": "string"}},
                "items": {
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {
                            "name": {"type": "string"},
                            "value": {"type": "integer"},
                            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                        },
                    },
                },
                "values": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "selector": {
                    "type": "object",
                    "x-kubernetes-map-type": "atomic",
                    "additionalProperties": {"type": "string"},
                },
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        },
        "status": {"type": "object", "properties": {"x": {"type": "string"}}},
    },
}
THING = openapi.custom_resource(DOCUMENT, openapi.object_meta())


def thing(**spec):
    return {"apiVersion": "test.io/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": spec}


def some_spec(dice, *, empties=True):
    """Random contents; without `empties` no list and no map in it is empty."""
    least = 0 if empties else 1
    spec = {}
    if dice.random() < 0.5:
        spec["n"] = dice.randint(0, 2)
    if dice.random() < 0.5:
        spec["set"] = dice.sample("abcd", dice.randint(least, 3))
    if dice.random() < 0.4:
        spec["atomic"] = dice.choices("ab", k=dice.randint(least, 2))
    if dice.random() < 0.6:
        spec["items"] = [_item(dice, name, least) for name in dice.sample("abcd", dice.randint(least, 3))]
    if dice.random() < 0.4:
        some = [1, "s", [1], {"d": dice.randint(0, 1)}, *([{}] if empties else [])]
        spec["values"] = {key: dice.choice(some) for key in dice.sample("pqr", 2)}
    if dice.random() < 0.4:
        spec["labels"] = _labels(dice, least)
    return spec


def _labels(dice, least):
    return {key: dice.choice("12") for key in dice.sample("xyz", dice.randint(least, 2))}


def _item(dice, name, least):
    item = {"name": name}
    if dice.random() < 0.5:
        item["value"] = dice.randint(0, 1)
    if dice.random() < 0.5:
        item["labels"] = _labels(dice, least)
    return item
