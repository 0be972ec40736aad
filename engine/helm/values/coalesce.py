"""A chart's defaults under a person's values, all the way down its subcharts, with Helm 4.2's rules for null.

Coalescing drops what a null deletes; merging keeps the nulls for a later pass. Mappings that Helm shares between
parent and child are shared here too, because templates can change them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeGuard

from engine.helm.chart.model import Chart
from engine.helm.errors import ValuesError
from engine.helm.values.files import Values, copy_values

GLOBAL: Final = "global"
Warn = Callable[[str], None]


def _quiet(_message: str) -> None:
    """Nobody wants to know."""


def coalesce_values(chart: Chart, values: Mapping[str, Any], *, warn: Warn = _quiet) -> Values:
    """The values that templates see; a null removes the default of that key. ValuesError."""
    return _Pass(warn, merge=False).chart(chart, copy_values(dict(values)), "")


def merge_values(chart: Chart, values: Mapping[str, Any], *, warn: Warn = _quiet) -> Values:
    """Like coalesce_values, but nulls stay."""
    return _Pass(warn, merge=True).chart(chart, copy_values(dict(values)), "")


def coalesce_tables(over: Values, under: Values, *, warn: Warn = _quiet) -> Values:
    """`under` filled into `over`, which is changed and returned."""
    return _Pass(warn, merge=False).tables(over, under, "", merge=False)


def merge_tables(over: Values, under: Values, *, warn: Warn = _quiet) -> Values:
    """Like coalesce_tables, but nulls stay."""
    return _Pass(warn, merge=True).tables(over, under, "", merge=True)


class _Pass:
    """One walk over a chart and its subcharts."""

    def __init__(self, warn: Warn, *, merge: bool) -> None:
        self._warn = warn
        self._merge = merge

    def chart(self, chart: Chart, values: Values, prefix: str) -> Values:
        """Lay the chart's defaults, then those of its subcharts, under the values."""
        path = _join(prefix, chart.name)
        self._defaults(chart, values, path)
        for child in chart.dependencies:
            own = values.setdefault(child.name, {})
            if not is_table(own):
                raise ValuesError(
                    f"values.{child.name}: a mapping of values for the subchart {child.name} is expected"
                    f" (type mismatch on {child.name})"
                )
            self._globals(own, values, path)
            values[child.name] = self.chart(child, own, path)
        return values

    def _defaults(self, chart: Chart, values: Values, path: str) -> None:
        children = {child.name for child in chart.dependencies}
        for key, default in copy_values(dict(chart.values)).items():
            if key not in values:
                if self._merge:
                    values[key] = default
                elif default is not None:
                    values[key] = _without_nulls(default)
                continue
            value = values[key]
            if value is None and not self._merge:
                del values[key]
            elif is_table(value):
                if is_table(default):
                    merge = self._merge or key in children
                    self.tables(value, default if merge else _without_nulls(default), _join(path, key), merge=merge)
                elif default is not None:
                    self._warn(f"skipped value for {path}.{key}: not a table")

    def _globals(self, child: Values, parent: Values, path: str) -> None:
        """Hand the parent's globals down; where both have a table, the parent's entries win."""
        theirs, ours = child.get(GLOBAL, {}), parent.get(GLOBAL, {})
        if not is_table(theirs) or not is_table(ours):
            self._warn(f"skipping globals because the {GLOBAL} of {path} or of its subchart is not a table")
            return
        for key, value in ours.items():
            have = theirs.get(key)
            if not is_table(value):
                if is_table(have):
                    self._warn(f"global {key} is a table in the subchart; skipping")
                else:
                    theirs[key] = value
            elif key not in theirs:
                theirs[key] = dict(value)
            elif is_table(have):
                # Nulls are kept: the subchart's own pass removes them.
                theirs[key] = self.tables(dict(value), have, _join(path, key), merge=True)
            else:
                self._warn(f"cannot merge a table onto a value that is none for global {key}; skipping")
        child[GLOBAL] = theirs

    def tables(self, over: Values, under: Values, path: str, *, merge: bool) -> Values:
        """Fill `under` into `over`; a null in `over` deletes (or, merging, hides) what is under it."""
        deletes = [key for key, value in over.items() if value is None]
        for key in deletes:
            if not merge and under.get(key) is not None:
                del over[key]
            # Helm writes these nulls down, and later passes over the same mapping see them.
            under[key] = None
        gone = set(deletes)
        for key, value in under.items():
            if key in gone:
                continue
            if key not in over:
                over[key] = value
            elif is_table(value):
                if is_table(over[key]):
                    self.tables(over[key], value, _join(path, key), merge=merge)
                else:
                    self._warn(f"cannot overwrite a table with a value that is none for {_join(path, key)}")
            elif is_table(over[key]) and value is not None:
                self._warn(f"destination for {_join(path, key)} is a table; ignoring a value that is none")
        return over


def is_table(value: Any) -> TypeGuard[Values]:
    """Whether it is a mapping of values."""
    return isinstance(value, dict)


def without_nulls(values: Values) -> Values:
    """A copy without the keys that are null, at any depth of mappings."""
    return {
        key: without_nulls(value) if is_table(value) else copy_values(value)
        for key, value in values.items()
        if value is not None
    }


def _without_nulls(default: Any) -> Any:
    """Drop null entries of a copied default in place."""
    if is_table(default):
        for key in [key for key, value in default.items() if value is None]:
            del default[key]
        for value in default.values():
            _without_nulls(value)
    return default


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name
