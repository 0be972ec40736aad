"""What a build refuses beyond the recorded cases: escapes, cycles, bombs, and what waits for its issue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine import yaml
from engine.errors import LimitExceeded, Unsupported
from engine.kustomize import BuildError, DirectoryTree, Limits, MemoryTree, build

CONFIG_MAP = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def build_files(files: dict[str, str | bytes], path: str = ".", **options: Any) -> list[dict[str, Any]]:
    tree = MemoryTree({name: text.encode() if isinstance(text, str) else text for name, text in files.items()})
    return build(tree, path, **options)


def kustomization(text: str, **more: str | bytes) -> dict[str, str | bytes]:
    return {"kustomization.yaml": f"resources: [a.yaml]\n{text}", "a.yaml": CONFIG_MAP, **more}


@pytest.mark.parametrize("restrictor", ["root", "none"])
@pytest.mark.parametrize(
    "field",
    [
        "resources: [../../x.yaml]",
        "resources: [/etc/passwd]",
        "components: [../../x]",
        "patches: [{path: ../../p.yaml}]",
        "configMapGenerator: [{name: x, files: [../../etc/passwd]}]",
        "secretGenerator: [{name: x, envs: [/etc/passwd]}]",
        "configurations: [../../c.yaml]",
        "replacements: [{path: ../../r.yaml}]",
        "transformers: [../../t.yaml]",
    ],
)
def test_no_path_leaves_the_tree(field: str, restrictor: str) -> None:
    with pytest.raises(BuildError) as raised:
        build_files({"d/kustomization.yaml": field}, "d", load_restrictor=restrictor)
    assert "leaves the tree" in str(raised.value) or "absolute" in str(raised.value)


def test_a_file_above_the_kustomization_is_read_only_when_nothing_restricts(tmp_path: Path) -> None:
    files = {"d/kustomization.yaml": "configMapGenerator: [{name: x, files: [../f.txt]}]", "f.txt": "text"}
    with pytest.raises(BuildError, match=r"security; file 'f\.txt' is not in or below 'd'"):
        build_files(files, "d")
    assert build_files(files, "d", load_restrictor="none")[0]["data"] == {"f.txt": "text"}


def test_a_symlink_does_not_get_around_the_restriction(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "f.txt").write_text("text")
    (tmp_path / "d" / "link.txt").symlink_to("../f.txt")
    (tmp_path / "d" / "kustomization.yaml").write_text("configMapGenerator: [{name: x, files: [link.txt]}]")
    with pytest.raises(BuildError, match="security"):
        build(DirectoryTree(tmp_path), "d")
    with pytest.raises(BuildError, match="symlink leaves the root"):
        build(DirectoryTree(tmp_path / "d"), load_restrictor="none")


@pytest.mark.parametrize(
    "files",
    [
        {"d/kustomization.yaml": "resources: [../d]"},
        {"d/kustomization.yaml": "resources: [../e]", "e/kustomization.yaml": "resources: [../d]"},
        {"d/kustomization.yaml": "resources: ['..']", "kustomization.yaml": "resources: [d]"},
        {"d/kustomization.yaml": "resources: [../e]", "e/kustomization.yaml": "resources: [../d/f]",
         "d/f/kustomization.yaml": "resources: [../../e]"},
    ],
)  # fmt: skip
def test_cycles_are_refused(files: dict[str, str | bytes]) -> None:
    with pytest.raises(BuildError, match="cycle detected"):
        build_files(files, "d")


def test_a_cycle_through_a_symlink_is_refused(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "kustomization.yaml").write_text("resources: [sub]")
    (tmp_path / "d" / "sub").symlink_to(".")
    with pytest.raises(BuildError, match="cycle detected"):
        build(DirectoryTree(tmp_path), "d")


def test_a_yaml_bomb_is_refused() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
    )
    with pytest.raises(LimitExceeded, match=r"a\.yaml.*aliases expand"):
        build_files({"kustomization.yaml": "resources: [a.yaml]", "a.yaml": bomb})


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        (Limits(max_objects=1), "configMapGenerator: [{name: x}]"),
        (Limits(max_files=0), ""),
        (Limits(max_kustomizations=0), "components: [c]"),
        (Limits(max_generated_bytes=3), "configMapGenerator: [{name: x, literals: [a=1234]}]"),
        (Limits(yaml=yaml.Limits(max_bytes=100)), f"namePrefix: {'x' * 100}"),
    ],
)
def test_limits_end_a_build(limits: Limits, text: str) -> None:
    component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: x"
    with pytest.raises(LimitExceeded):
        build_files(kustomization(text, **{"c/kustomization.yaml": component}), limits=limits)


def test_a_pattern_that_would_take_for_ever_is_matched_in_linear_time() -> None:
    name = "a" * 200
    patch = "- op: remove\\n  path: /x"
    files = {
        "kustomization.yaml": f"resources: [a.yaml]\npatches:\n- target: {{name: '(a+)+b'}}\n  patch: \"{patch}\"",
        "a.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n",
    }
    assert build_files(files)[0]["metadata"]["name"] == name


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("helmCharts: [{name: x}]", "helmCharts"),
        ("helmChartInflationGenerator: [{chartName: x}]", "helmChartInflationGenerator"),
        ("validators: [t.yaml]", "validators"),
        ("transformers: [t.yaml]", "transformers"),
        ("generators: [t.yaml]", "generators"),
        ("components: [https://example.com/repo?ref=main]", "remote base URL"),
    ],
)
def test_what_is_not_done_is_refused_by_name(text: str, field: str) -> None:
    plugin = "apiVersion: example.com/v1\nkind: Custom\nmetadata: {name: x}"
    with pytest.raises(Unsupported, match=field):
        build_files(kustomization(text, **{"t.yaml": plugin}))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a.yaml",
        "http://example.com/repo//base?ref=v1",
        "git@example.com:org/repo.git",
        "ssh://git@example.com/repo",
        "github.com/org/repo//path?ref=v1",
        "git::https://example.com/repo",
    ],
)
def test_remote_bases_go_to_the_fetcher_or_are_refused(url: str) -> None:
    files: dict[str, str | bytes] = {"kustomization.yaml": f"resources: ['{url}']"}
    with pytest.raises(Unsupported, match="not computed: remote base URL"):
        build_files(files)
    asked = []

    def fetch(wanted: str) -> tuple[MemoryTree, str]:
        asked.append(wanted)
        return MemoryTree({"b/kustomization.yaml": b"resources: [a.yaml]", "b/a.yaml": CONFIG_MAP}), "b"

    assert [obj["metadata"]["name"] for obj in build_files(files, remote=fetch)] == ["a"]
    assert asked == [url]


def test_a_remote_file_is_bytes() -> None:
    files: dict[str, str | bytes] = {"kustomization.yaml": "resources: ['https://example.com/a.yaml']"}
    assert build_files(files, remote=lambda _: CONFIG_MAP)[0]["kind"] == "ConfigMap"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("namePrefx: x", r"kustomization\.yaml, namePrefx: unknown field; did you mean namePrefix\?"),
        (
            "images: [{name: a, newTag: 1.0}]",
            r"images\[0\]\.newTag: a string is expected, not a number; put it",
        ),
        ("replicas: [{name: a, count: many}]", r"replicas\[0\]\.count: a whole number is expected, not a string"),
        ("commonLabels: [a]", r"commonLabels: a mapping is expected, not a list"),
        ("buildMetadata: [other]", r'buildMetadata: "other" is none of'),
        ("apiVersion: v1", r"apiVersion for Kustomization should be"),
        ("kind: Deployment", r"kind should be Kustomization or Component"),
        ("patches: [{patch: '{', target: {}}]", r"unable to parse SM or JSON patch"),
        ("a: [", r"kustomization\.yaml, line 3"),
    ],
)
def test_errors_name_file_field_and_fix(text: str, message: str) -> None:
    with pytest.raises(BuildError, match=message):
        build_files(kustomization(text))


def test_secret_values_stay_out_of_errors() -> None:
    for text in (
        "secretGenerator: [{name: s, literals: [s3cr3t-without-equals]}]",
        "secretGenerator: [{name: s, literals: ['=s3cr3t']}]",
        "secretGenerator: [{name: s, literals: [k=s3cr3t, k=s3cr3t]}]",
    ):
        with pytest.raises(BuildError) as raised:
            build_files(kustomization(text))
        assert "s3cr3t" not in str(raised.value)


def test_the_source_is_not_changed_by_a_build() -> None:
    tree = MemoryTree({"kustomization.yaml": b"resources: [a.yaml]\nnamePrefix: x-", "a.yaml": CONFIG_MAP})
    assert build(tree) == build(tree)


def test_a_validator_may_not_change_anything() -> None:
    plugin = "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: v}\nlabels: {a: b}\n"
    specs = "fieldSpecs: [{path: metadata/labels, create: true}]"
    files = kustomization("validators: [v.yaml]", **{"v.yaml": plugin + specs})
    with pytest.raises(BuildError, match="validator shouldn't modify"):
        build_files(files)
    assert build_files({**files, "v.yaml": plugin})[0]["metadata"] == {"name": "a"}


GROWTH = {
    "copies into itself": [{"op": "copy", "from": "/data", "path": f"/data/k{n}"} for n in range(40)],
    "nests": [
        operation
        for _ in range(400)
        for operation in ({"op": "move", "from": "/data", "path": "/x"}, {"op": "add", "path": "/data", "value": {}},
                          {"op": "move", "from": "/x", "path": "/data/x"})
    ],
}  # fmt: skip


@pytest.mark.parametrize("what", GROWTH)
def test_an_object_may_not_outgrow_its_limits(what: str) -> None:
    operations = [{"op": "add", "path": "/data", "value": {}}, *GROWTH[what]]
    patch = yaml.dump({"patches": [{"target": {"kind": "ConfigMap"}, "patch": yaml.dump(operations)}]})
    with pytest.raises(LimitExceeded, match="grows beyond"):
        build_files(kustomization(patch))


def test_a_replacement_may_not_copy_an_object_into_itself_for_ever() -> None:
    targets = [
        {"select": {"kind": "ConfigMap"}, "fieldPaths": [f"metadata.{name}"], "options": {"create": True}}
        for name in "ab"
    ]
    copy = {"source": {"kind": "ConfigMap", "fieldPath": "metadata"}, "targets": targets}
    with pytest.raises(LimitExceeded):
        build_files(kustomization(yaml.dump({"replacements": [copy] * 40})))


def test_a_path_of_a_thousand_parts_is_refused() -> None:
    path = "/".join(["a"] * 5000)
    label = {"pairs": {"x": "y"}, "fields": [{"path": path, "create": True}]}
    with pytest.raises(LimitExceeded):
        build_files(kustomization(yaml.dump({"labels": [label]})))
