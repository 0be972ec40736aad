"""Which subcharts take part: versions, aliases, tags, conditions; and the values that parents import from them.

Helm changes the chart in place; here every step gives a new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from engine.helm.chart.metadata import Dependency, Metadata
from engine.helm.chart.model import Chart
from engine.helm.chart.versions import is_compatible
from engine.helm.values.coalesce import Warn, coalesce_values, is_table, merge_tables, merge_values
from engine.helm.values.files import Values, copy_values


def process_dependencies(chart: Chart, values: Mapping[str, Any], warn: Warn) -> Chart:
    """The chart with the subcharts that these values enable, under their aliases, and what it imports."""
    return _import_all(_enabled(chart, values, "", warn, loaded=chart.name), warn)


def missing_dependencies(chart: Chart) -> list[str]:
    """The names that Chart.yaml asks for and charts/ has not."""
    present = {child.name for child in chart.dependencies}
    return [dependency.name for dependency in chart.metadata.required if dependency.name not in present]


# --- enabling ------------------------------------------------------------------------------------------------


def _enabled(chart: Chart, values: Mapping[str, Any], path: str, warn: Warn, *, loaded: str) -> Chart:
    """`path` leads to the chart's values, `loaded` is where it lay before anything was renamed."""
    if chart.metadata.dependencies is None:
        return chart
    wanted = chart.metadata.required
    found = [
        (replace(child, origin=""), child.name)
        for child in chart.dependencies
        if not any(_meets(child, each) for each in wanted)
    ]
    for each in wanted:
        child = next((child for child in chart.dependencies if _meets(child, each)), None)
        if child is not None:
            found.append((_copied(child, each.alias, f"{loaded}/charts/{child.name}"), child.name))
    wanted = tuple(replace(each, name=each.alias or each.name, enabled=True) for each in wanted)
    metadata = replace(chart.metadata, dependencies=wanted)
    chart = replace(chart, metadata=metadata, dependencies=tuple(child for child, _ in found))

    effective = coalesce_values(chart, values, warn=warn)
    decided = [_decided(each, effective, path, warn) for each in wanted]
    disabled = {each.name for each in decided if not each.enabled}
    kept = tuple(
        _enabled(child, effective, f"{path}{child.name}.", warn, loaded=f"{loaded}/charts/{name}")
        for child, name in found
        if child.name not in disabled
    )
    # Without one dependency left, Helm treats the chart as one that never declared any.
    dependencies = tuple(each for each in decided if each.name not in disabled) or None
    return replace(chart, metadata=replace(chart.metadata, dependencies=dependencies), dependencies=kept)


def _meets(child: Chart, wanted: Dependency) -> bool:
    return child.name == wanted.name and is_compatible(wanted.version, child.metadata.version)


def _copied(chart: Chart, alias: str, loaded: str) -> Chart:
    """The chart under its alias. Helm copies it and its subcharts; what lies deeper keeps the path it was loaded at."""

    def deeper(child: Chart) -> Chart:
        inner = (
            replace(each, origin=f"{loaded}/charts/{child.name}/charts/{each.name}") for each in child.dependencies
        )
        return replace(child, origin="", dependencies=tuple(inner))

    metadata = replace(chart.metadata, name=alias or chart.name)
    return replace(chart, metadata=metadata, origin="", dependencies=tuple(map(deeper, chart.dependencies)))


def _decided(wanted: Dependency, values: Values, path: str, warn: Warn) -> Dependency:
    """Tags first; the first condition that is a boolean has the last word."""
    enabled = _by_tags(wanted, values.get("tags"), warn)
    for condition in wanted.condition.strip().split(","):
        if not condition:
            continue
        found = _value_at(values, f"{path}{condition}")
        if isinstance(found, bool):
            enabled = found
            break
        if found is not _NOTHING:
            warn(f"condition {condition} of chart {wanted.name}: not a boolean")
    return replace(wanted, enabled=enabled)


def _by_tags(wanted: Dependency, tags: Any, warn: Warn) -> bool:
    if not is_table(tags):
        return True
    said = []
    for tag in wanted.tags:
        if tag in tags:
            if isinstance(tags[tag], bool):
                said.append(tags[tag])
            else:
                warn(f"tag {tag} of chart {wanted.name}: not a boolean")
    return any(said) or not said


_NOTHING = object()


def _value_at(values: Values, path: str) -> Any:
    """What is at a dotted path, if that is no table."""
    *folders, key = path.split(".")
    table = _table_at(values, folders)
    if table is None or key not in table or is_table(table[key]):
        return _NOTHING
    return table[key]


def _table_at(values: Values, path: Iterable[str]) -> Values | None:
    table: Any = values
    for name in path:
        table = table.get(name)
        if not is_table(table):
            return None
    return table  # type: ignore[no-any-return]


# --- import-values ---------------------------------------------------------------------------------------------


def _import_all(chart: Chart, warn: Warn) -> Chart:
    chart = chart.with_dependencies(tuple(_import_all(child, warn) for child in chart.dependencies))
    if chart.metadata.dependencies is None:
        return chart
    values = merge_values(chart, {}, warn=warn)
    imported: Values = {}
    done = []
    for dependency in chart.metadata.required:
        pairs = [pair for pair in map(_pair, dependency.import_values) if pair is not None]
        for child, parent in pairs:
            table = _table_at(values, f"{dependency.name}.{child}".split("."))
            if table is None:
                warn(f"import-values: chart {dependency.name} has no table {child}")
                continue
            imported = merge_tables(imported, _nested(parent, table), warn=warn)
        forms = tuple({"child": child, "parent": parent} for child, parent in pairs)
        done.append(replace(dependency, import_values=forms))
    # What the parent says itself wins over what it imports.
    values = merge_tables(copy_values(values), imported, warn=warn)
    return replace(chart, metadata=_with_dependencies(chart.metadata, done), values=values)


def _with_dependencies(metadata: Metadata, dependencies: Iterable[Dependency]) -> Metadata:
    return replace(metadata, dependencies=tuple(dependencies))


def _pair(entry: Any) -> tuple[str, str] | None:
    """Child and parent path of an entry; a name alone means the child's `exports.NAME`, laid at the top."""
    if isinstance(entry, str):
        return f"exports.{entry}", "."
    if isinstance(entry, dict):
        return _path(entry.get("child")), _path(entry.get("parent"))
    return None


def _path(value: Any) -> str:
    return "<nil>" if value is None else str(value)


def _nested(path: str, table: Values) -> Values:
    if path == ".":
        return table
    for name in reversed(path.split(".")):
        table = {name: table}
    return table
