"""Whether an applied object fits its type, in the API server's words."""

from __future__ import annotations

from typing import Any

from engine.embedded.fieldmanager.errors import TypedError
from engine.embedded.fieldmanager.fieldset import text
from engine.embedded.fieldmanager.nodes import ElementError, Node, Shape

_SHOWN = 200


def validate(value: Any, node: Node) -> None:
    """Raise TypedError for undeclared fields, wrong types and items without or with the same identity."""
    found: list[str] = []
    _visit(value, node, "", found)
    if len(found) == 1:
        raise TypedError(found[0])
    if found:
        raise TypedError("errors:\n" + "\n".join(f"  {line}" for line in found))


def _visit(value: Any, node: Node, path: str, found: list[str]) -> None:
    if value is None or node.shape is Shape.ANY:
        return
    kind = node.schema.type
    if node.shape is Shape.MAP or kind == "object":
        if isinstance(value, dict):
            _visit_map(value, node, path, found)
        else:
            found.append(f"{path}: expected map, got &{{{_go(value)}}}")
    elif kind == "array":
        if isinstance(value, list):
            _visit_list(value, node, path, found)
        else:
            found.append(f"{path}: expected list, got &{{{_go(value)}}}")
    elif problem := _scalar(value, kind):
        found.append(f"{path}: {problem}")


def _visit_map(value: dict[str, Any], node: Node, path: str, found: list[str]) -> None:
    for name, inner in value.items():
        child = node.named.get(name) or node.other
        if child is None:
            found.append(f"{path}.{name}: field not declared in schema")
        elif inner is not None:
            _visit(inner, node.field(name), f"{path}.{name}", found)


def _visit_list(value: list[Any], node: Node, path: str, found: list[str]) -> None:
    item_node = node.item()
    seen: set[str] = set()
    for index, item in enumerate(value):
        if node.shape is Shape.LEAF:
            _visit(item, item_node, f"{path}[{index}]", found)
            continue
        try:
            element = node.element(item)
        except ElementError as error:
            found.append(f"{path}: element {index}: {error}")
            return
        shown = text((element,))
        if element in seen:
            found.append(f"{path}: duplicate entries for key {shown}")
        seen.add(element)
        _visit(item, item_node, f"{path}{shown}", found)


def _scalar(value: Any, kind: str) -> str:
    """What is wrong with a scalar, or ""."""
    if kind in ("integer", "number"):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return f"expected numeric (int or float), got {_go_type(value)}"
    elif kind == "string":
        if not isinstance(value, str):
            return f"expected string, got &value.valueUnstructured{{Value:{_go(value)}}}"
    elif kind == "boolean":
        if not isinstance(value, bool):
            return f"expected boolean, got &{{{_go(value)}}}"
    elif isinstance(value, (dict, list)):
        return f"expected any scalar, got &{{{_go(value)}}}"
    return ""


def _go_type(value: Any) -> str:
    kinds = {bool: "bool", str: "string", list: "[]interface {}", dict: "map[string]interface {}"}
    return kinds.get(type(value), type(value).__name__)


def _go(value: Any) -> str:
    """The value as Go's %v prints it, cut where it is long."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        shown = "map[" + " ".join(f"{name}:{_go(value[name])}" for name in sorted(value)) + "]"
    elif isinstance(value, list):
        shown = "[" + " ".join(_go(item) for item in value) + "]"
    else:
        shown = "<nil>" if value is None else str(value)
    return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
