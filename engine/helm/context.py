"""What a template finds under its dot: `.Values`, `.Chart`, `.Release`, `.Capabilities`, `.Files`, `.Subcharts`.

The classes here are what Go's types are to templates (`engine.helm.template.types` has the rules).
"""

from __future__ import annotations

import base64
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from engine import yaml
from engine.helm.capabilities import Capabilities, HelmVersion, KubeVersion
from engine.helm.chart.gomatch import BadPattern, glob
from engine.helm.chart.metadata import Metadata
from engine.helm.chart.model import Chart, File
from engine.helm.functions.jsons import Fields
from engine.helm.gotext import decode, valid
from engine.helm.template.signature import go
from engine.helm.template.types import StringDict, Strings, ValuesMap


class Annotations(StringDict):
    """A map[string]string that may be nil, which prints as null."""

    __slots__ = ("is_nil",)

    def __init__(self, content: Mapping[str, str] | None) -> None:
        super().__init__(content or {})
        self.is_nil = content is None


class VersionSet(list[str]):
    """`.Capabilities.APIVersions`."""

    go_type: ClassVar[str] = "common.VersionSet"
    go_methods: ClassVar[frozenset[str]] = frozenset(("Has",))
    __slots__ = ()

    @go("string -> bool")
    def Has(self, version: str) -> bool:  # noqa: N802 - the name that templates use
        """Whether an API version, or a kind in it, is served."""
        return version in self


class Files(dict[str, bytes]):
    """`.Files`: the chart's files that are neither templates nor values, by path."""

    go_type: ClassVar[str] = "engine.files"
    go_zero: ClassVar[bytes] = b""
    go_methods: ClassVar[frozenset[str]] = frozenset(("Get", "GetBytes", "Glob", "Lines", "AsConfig", "AsSecrets"))
    __slots__ = ()

    @classmethod
    def of(cls, files: Iterable[File]) -> Files:
        """The files of a chart."""
        return cls((file.name, file.data) for file in files)

    @go("string -> string")
    def Get(self, name: str) -> str:  # noqa: N802
        """A file's text; "" when there is none."""
        return decode(self.get(name, b""))

    @go("string -> []uint8")
    def GetBytes(self, name: str) -> bytes:  # noqa: N802
        """A file's bytes; none when there is none."""
        return self.get(name, b"")

    @go("string -> engine.files")
    def Glob(self, pattern: str) -> Files:  # noqa: N802
        """The files whose path matches; a pattern that is none matches all, as in Helm."""
        try:
            matches = glob(pattern)
        except BadPattern:
            return Files(self)
        return Files((name, data) for name, data in self.items() if matches(name))

    @go("string -> []string")
    def Lines(self, name: str) -> Strings:  # noqa: N802
        """A file's lines without the newlines."""
        return Strings(self.Get(name).removesuffix("\n").split("\n") if name in self else ())

    @go("-> string")
    def AsConfig(self) -> str:  # noqa: N802
        """The files as the `data` of a ConfigMap: their last names and their text."""
        return _yaml({posixpath.basename(name): valid(decode(data)) for name, data in self._in_order()})

    @go("-> string")
    def AsSecrets(self) -> str:  # noqa: N802
        """The files as the `data` of a Secret: their last names and their bytes in base64."""
        return _yaml({posixpath.basename(name): base64.b64encode(data).decode() for name, data in self._in_order()})

    def _in_order(self) -> Iterator[tuple[str, bytes]]:
        return iter(sorted(self.items()))


def _yaml(content: Mapping[str, str]) -> str:
    return yaml.dump(content).removesuffix("\n")


def chart_data(metadata: Metadata, *, is_root: bool) -> dict[str, Any]:
    """`.Chart`: Chart.yaml under the names of Helm's struct."""
    return {
        "Name": metadata.name,
        "Home": metadata.home,
        "Sources": list(metadata.sources),
        "Version": metadata.version,
        "Description": metadata.description,
        "Keywords": list(metadata.keywords),
        "Maintainers": [
            {"Name": each.name, "Email": each.email, "URL": each.url} for each in metadata.maintainers if each
        ],
        "Icon": metadata.icon,
        "APIVersion": metadata.api_version,
        "Condition": metadata.condition,
        "Tags": metadata.tags,
        "AppVersion": metadata.app_version,
        "Deprecated": metadata.deprecated,
        "Annotations": Annotations(metadata.annotations),
        "KubeVersion": metadata.kube_version,
        "Dependencies": [
            {
                "Name": each.name,
                "Version": each.version,
                "Repository": each.repository,
                "Condition": each.condition,
                "Tags": list(each.tags),
                "Enabled": each.enabled,
                "ImportValues": [*each.import_values],
                "Alias": each.alias,
            }
            for each in metadata.required
        ],
        "Type": metadata.type,
        "IsRoot": is_root,
    }


class KubeVersionData:
    """`.Capabilities.KubeVersion`; prints as its normalized version."""

    go_type: ClassVar[str] = "common.KubeVersion"
    go_fields: ClassVar[Mapping[str, str]] = {"Version": "Version", "Major": "Major", "Minor": "Minor"}
    go_methods: ClassVar[frozenset[str]] = frozenset(("String", "GitVersion"))
    __slots__ = ("Major", "Minor", "Version", "_normalized")

    def __init__(self, version: KubeVersion) -> None:
        self.Version = version.version
        self.Major = version.major
        self.Minor = version.minor
        self._normalized = version.normalized

    @go("-> string")
    def String(self) -> str:  # noqa: N802
        """The version without what a vendor appends."""
        return self._normalized

    @go("-> string")
    def GitVersion(self) -> str:  # noqa: N802
        """The whole version, under its old name."""
        return self.Version

    def go_string(self) -> str:
        """What printing it gives."""
        return self._normalized


class HelmVersionData:
    """`.Capabilities.HelmVersion`."""

    go_type: ClassVar[str] = "version.BuildInfo"
    go_fields: ClassVar[Mapping[str, str]] = {
        "Version": "Version",
        "GitCommit": "GitCommit",
        "GitTreeState": "GitTreeState",
        "GoVersion": "GoVersion",
        "KubeClientVersion": "KubeClientVersion",
    }
    go_methods: ClassVar[frozenset[str]] = frozenset()
    __slots__ = ("GitCommit", "GitTreeState", "GoVersion", "KubeClientVersion", "Version")

    def __init__(self, version: HelmVersion) -> None:
        self.Version = version.version
        self.GitCommit = version.git_commit
        self.GitTreeState = version.git_tree_state
        self.GoVersion = version.go_version
        self.KubeClientVersion = version.kube_client_version

    def go_json(self) -> Fields:
        """Its fields as Go's JSON names them."""
        return Fields(
            version=self.Version,
            git_commit=self.GitCommit,
            git_tree_state=self.GitTreeState,
            go_version=self.GoVersion,
            kube_client_version=self.KubeClientVersion,
        )


class CapabilitiesData:
    """`.Capabilities`."""

    go_type: ClassVar[str] = "*common.Capabilities"
    go_fields: ClassVar[Mapping[str, str]] = {
        "KubeVersion": "KubeVersion",
        "APIVersions": "APIVersions",
        "HelmVersion": "HelmVersion",
    }
    go_methods: ClassVar[frozenset[str]] = frozenset()
    __slots__ = ("APIVersions", "HelmVersion", "KubeVersion")

    def __init__(self, capabilities: Capabilities) -> None:
        self.KubeVersion = KubeVersionData(capabilities.kube_version)
        self.APIVersions = VersionSet(capabilities.api_versions)
        self.HelmVersion = HelmVersionData(capabilities.helm_version)


def template_data(
    chart: Chart, values: Mapping[str, Any], release: Mapping[str, Any], capabilities: Capabilities
) -> Iterator[tuple[Chart, str, dict[str, Any]]]:
    """Each chart with its path and its dot, children before parents; `values` are the coalesced ones."""
    shared = {"Release": release, "Capabilities": CapabilitiesData(capabilities)}
    yield from _charts(chart, chart.name, ValuesMap(values), shared, is_root=True)


def _charts(
    chart: Chart, path: str, values: dict[str, Any], shared: Mapping[str, Any], *, is_root: bool
) -> Iterator[tuple[Chart, str, dict[str, Any]]]:
    subcharts: dict[str, Any] = {}
    dot = ValuesMap(
        {
            "Chart": chart_data(chart.metadata, is_root=is_root),
            "Files": Files.of(chart.files),
            **shared,
            "Values": values,
            "Subcharts": subcharts,
        }
    )
    for child in chart.dependencies:
        # The child's values are the parent's mapping itself: what one template changes, the others see.
        found_values = values.get(child.name)
        theirs = found_values if isinstance(found_values, dict) else ValuesMap()
        for found, place, inner in _charts(child, child.path(path), theirs, shared, is_root=False):
            if found is child:
                subcharts[child.name] = inner
            yield found, place, inner
    yield chart, path, dot
