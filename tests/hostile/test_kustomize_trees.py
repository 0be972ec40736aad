"""Trees that mean harm end in one error: within the limits of memory, and before they take long."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from engine import errors, yaml
from engine.kustomize import BuildError, DirectoryTree, Limits, MemoryTree, build, generate
from tests.shared import ROOT

MIB = 2**20
#: What a build of any of these trees may take, with the interpreter and all imports.
MEMORY = 512 * MIB
SECONDS = 120
SCRIPT = f"""
import os, resource, signal, sys
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
signal.alarm({SECONDS})
from pathlib import Path
from engine import errors
from engine.kustomize import DirectoryTree, build
try:
    print(len(build(DirectoryTree(Path(sys.argv[1])))), "objects")
except errors.EngineError as error:
    print(type(error).__name__, str(error)[:500])
"""


def config_map(name: str, more: str = "") -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n{more}"


def many(count: int) -> str:
    return "---\n".join(config_map(f"n{number}") for number in range(count))


def of(files: Mapping[str, str | bytes]) -> MemoryTree:
    return MemoryTree({path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()})


def resources(content: str, **fields: str) -> dict[str, str]:
    lines = "".join(f"{name}: {value}\n" for name, value in fields.items())
    return {"kustomization.yaml": f"resources: [a.yaml]\n{lines}", "a.yaml": content}


def put(files: Mapping[str, str | bytes], folder: Path) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text if isinstance(text, bytes) else text.encode())


def patched(
    patch: str, content: str = config_map("a", "data: {a: b}\n"), target: str = "{kind: ConfigMap}"
) -> dict[str, str]:
    return resources(content, patches=f"\n- target: {target}\n  patch: '{patch}'")


# --- in a process of its own, whose memory is bounded

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(12)
)
VAR = "[{name: V, objref: {apiVersion: v1, kind: ConfigMap, name: a}, fieldref: {fieldpath: data.a}}]"
LONG_TEXT = "x" * MIB
IMAGE = "apiVersion: v1\nkind: Pod\nmetadata: {{name: p{n}}}\nspec: {{containers: [{{name: c, image: {image}}}]}}\n"
POD = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, args: ['%s']}]}\n"
DOUBLE = "".join(
    f"""
- source: {{kind: ConfigMap, name: a, fieldPath: data.{source}}}
  targets: [{{select: {{kind: ConfigMap}}, fieldPaths: [data.{target}], options: {{delimiter: ",", index: 99999}}}}]"""
    for source, target in [("a", "b"), ("b", "a")] * 40
)
COPIES = ", ".join(f'{{"op": "copy", "from": "/data", "path": "/data/x{n}"}}' for n in range(60))

BIG: dict[str, tuple[dict[str, str], str]] = {
    "a bomb of aliases": (resources(config_map("a", BOMB)), "aliases expand"),
    "100,000 objects": (resources(many(100_000)), "more than 50000 objects"),
    "a huge scalar": (resources(config_map("a", f"data: {{a: '{'x' * 65 * MIB}'}}\n")), "larger than"),
    "a long prefix on many names": (resources(many(5_000), namePrefix=LONG_TEXT), "may not add more than"),
    "a long image in many places": (
        resources(
            "---\n".join(IMAGE.format(n=n, image="i") for n in range(3_000)),
            images=f"[{{name: i, newTag: {LONG_TEXT}}}]",
        ),
        "may not add more than",
    ),
    "a long text in a var that is used often": (
        resources(config_map("a", f"data: {{a: {LONG_TEXT}}}\n") + POD % ("$(V)" * 20_000), vars=VAR),
        "may not add more than",
    ),
    "replacements that double each other": (
        resources(config_map("a", "data: {a: xxxxxxxx, b: yyyyyyyy}\n"), replacements=DOUBLE),
        "may not add more than",
    ),
    "copies of copies": (patched(f"[{COPIES}]"), "grows beyond"),
}  # fmt: skip


@pytest.mark.parametrize("case", BIG)
def test_a_large_tree_ends_in_an_error_and_not_in_memory(case: str, tmp_path: Path) -> None:
    files, words = BIG[case]
    put(files, tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    assert words in done.stdout
    assert done.stdout.startswith(("LimitExceeded", "BuildError"))
    assert len(done.stdout) < 1_000


# --- what would take long: smaller limits, so that the tests do not

FEW = Limits(
    max_visits=20_000,
    max_files=100,
    max_read=MIB,
    max_kustomizations=50,
    max_depth=10,
    max_added=MIB,
    max_output=4 * MIB,
    yaml=yaml.Limits(max_nodes=50_000),
)

ENTRIES = ", ".join(f"k{n}: v" for n in range(1_000))
LARGE_PATCH = f"{{{ENTRIES}, apiVersion: v1, kind: X, metadata: {{name: x}}}}"
COMMENT = f"#{'x' * 50_000}\n"
ONE_PATCH = "{patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: n1}, data: {a: b}}'}"
GENERATOR = "- {{name: c{n}, literals: [a=b]}}\n"

LONG: dict[str, tuple[dict[str, str], str]] = {
    "lists": (resources(config_map("a", "x:\n" + "- {}\n" * 60_000)), "more than 50000 nodes"),
    "large patches on many objects": (patched(LARGE_PATCH, many(100)), "may not add more than"),
    "many labels on many objects": (resources(many(100), commonAnnotations=f"{{{ENTRIES}}}"), "may not add more than"),
    "one long text in many objects": (
        resources(many(100), commonAnnotations=f"{{a: {'x' * 60_000}}}"),
        "objects of a build may not be larger",
    ),
    "patches on objects": (resources(many(500), patches=f"[{', '.join([ONE_PATCH] * 99)}]"), "visit objects"),
    "generators": (
        {"kustomization.yaml": "configMapGenerator:\n" + "".join(GENERATOR.format(n=n) for n in range(1_000))},
        "visit objects",
    ),
    "references to one name in every namespace": (
        resources(
            "---\n".join(
                f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x, namespace: n{n}}}\n---\n"
                f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: n{n}}}\n"
                "spec: {volumes: [{name: v, configMap: {name: x}}]}\n"
                for n in range(200)
            ),
            namePrefix="p-",
        ),
        "visit objects",
    ),
    "components": (
        {
            **resources(config_map("a"), components=str([f"c{n}" for n in range(100)])),
            **{f"c{n}/kustomization.yaml": "kind: Component\nnamePrefix: a\n" for n in range(100)},
        },
        "more than 50 kustomizations",
    ),
    "a ladder of diamonds": (
        {
            "kustomization.yaml": "resources: [l0a, l0b]\n",
            **{
                f"l{n}{side}/kustomization.yaml": f"resources: [../l{n + 1}a, ../l{n + 1}b]\nnamePrefix: {side}\n"
                for n in range(20)
                for side in "ab"
            },
        },
        "50 kustomizations, 10 deep",
    ),
    "kustomizations in kustomizations": (
        {f"{'a/' * n}kustomization.yaml": "resources: [a]\n" for n in range(30)},
        "10 deep",
    ),
    "one file read again and again": (
        {**resources(config_map("a"), patches="[" + "{path: p.yaml}, " * 200 + "]"), "p.yaml": config_map("a")},
        "more than 100 files",
    ),
    "large files read again and again": (
        {**resources(config_map("a"), patches="[" + "{path: p.yaml}, " * 50 + "]"), "p.yaml": config_map("a", COMMENT)},
        f"more than {MIB} bytes",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LONG)
def test_what_would_take_long_runs_into_a_limit(case: str) -> None:
    files, words = LONG[case]
    with pytest.raises(errors.LimitExceeded, match=words):
        build(of(files), limits=FEW)


def test_the_limits_leave_room_for_what_people_build() -> None:
    text = many(3_000)
    files = resources(text, namePrefix="p-", nameSuffix="-s", namespace="shop", commonLabels="{a: b}")
    assert len(build(of(files))) == 3_000


# --- cycles and links


@pytest.mark.parametrize(
    "files",
    [
        {"kustomization.yaml": "resources: [a]\n", "a/kustomization.yaml": "resources: [../]\n"},
        {"kustomization.yaml": "resources: [.]\n"},
        {
            "kustomization.yaml": "resources: [a]\n",
            "a/kustomization.yaml": "resources: [../b]\n",
            "b/kustomization.yaml": "resources: [../a]\n",
        },
        {"kustomization.yaml": "components: [a]\n", "a/kustomization.yaml": "kind: Component\ncomponents: [../a]\n"},
    ],
)
def test_a_cycle_of_bases_is_named(files: dict[str, str]) -> None:
    with pytest.raises(BuildError, match="cycle detected"):
        build(of(files))


def test_links_in_a_circle_and_out_of_the_root_are_errors(tmp_path: Path) -> None:
    put({"tree/kustomization.yaml": "resources: [x.yaml]\n", "secret.yaml": config_map("stolen")}, tmp_path)
    tree = tmp_path / "tree"
    (tree / "x.yaml").symlink_to("y.yaml")
    (tree / "y.yaml").symlink_to("x.yaml")
    with pytest.raises(errors.EngineError, match=r"circle|doesn't exist"):
        build(DirectoryTree(tree))
    (tree / "x.yaml").unlink()
    (tree / "x.yaml").symlink_to("../secret.yaml")
    with pytest.raises(errors.EngineError, match="leaves the root") as caught:
        build(DirectoryTree(tree))
    assert "stolen" not in str(caught.value)
    (tree / "x.yaml").unlink()
    (tree / "x.yaml").symlink_to(tree)
    with pytest.raises(BuildError, match="cycle detected"):
        build(DirectoryTree(tree))
    (tree / "kustomization.yaml").unlink()
    (tree / "x.yaml").unlink()
    (tree / "loop").symlink_to(tree)
    (tree / "a.yaml").write_text(config_map("a"))
    generated = generate(DirectoryTree(tree), ".", {})
    assert [obj["metadata"]["name"] for obj in build(generated, load_restrictor="none")] == ["a"], "no link is walked"


# --- texts


@pytest.mark.parametrize(
    "name", [r"a\0b", "a" * 300, "a/" * 3_000, "a" * 10_000, "../" * 100 + "etc/passwd", "/etc/passwd", "~/x", ""]
)
def test_what_is_no_path_is_told_in_one_short_line(name: str, tmp_path: Path) -> None:
    put({"kustomization.yaml": f'resources: ["{name}"]\n'}, tmp_path)
    with pytest.raises(BuildError) as caught:
        build(DirectoryTree(tmp_path))
    assert "\n" not in str(caught.value)
    assert "\0" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (config_map("a").encode() + b"b: \xff\n", "a.yaml"),
        (config_map("a").encode() + b"b: \xed\xa0\x80\n", "a.yaml"),
        (config_map("a", 'b: "\0"\n').encode(), "a.yaml"),
        (config_map("a", 'b: "\x1b[2J"\n').encode(), "a.yaml"),
        (config_map("a", "x: " + "[" * 5_000).encode(), "nested deeper"),
        (config_map("a", "x: " + "{a: " * 5_000).encode(), "nested deeper"),
        (config_map("a", "".join(f"{'  ' * n}a:\n" for n in range(300)) + "\n").encode(), "nested deeper"),
        (config_map("a", "x: &x [*x]\n").encode(), "contains itself"),
        (
            config_map("a", "x0: &x0 " + "[" * 150 + "]" * 150 + "\n"
            + "".join(f"x{n}: &x{n} {'[' * 150}*x{n - 1}{']' * 150}\n" for n in range(1, 30))).encode(),
            "expand deeper",
        ),
        (b"\x00\x01\x02", "a.yaml"),
        (b"%YAML 9.9\n---\na: b\n", "a.yaml"),
        (b"? " * 5_000, "a.yaml"),
        (b"- " * 5_000, "nested deeper"),
    ],
)  # fmt: skip
def test_bytes_that_are_no_manifest_name_the_file(content: bytes, words: str) -> None:
    files: dict[str, str | bytes] = {"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": content}
    with pytest.raises(errors.EngineError, match=words) as caught:
        build(of(files))
    assert len(str(caught.value)) < 1_000
    assert all(char.isprintable() for char in str(caught.value))


def test_byte_order_marks_and_carriage_returns_are_read_as_kustomize_reads_them() -> None:
    files = resources(config_map("a", "data: {a: b}\n"))
    windows = {path: ("\ufeff" + text).replace("\n", "\r\n").encode() for path, text in files.items()}
    assert build(of(windows)) == build(of(files))


def test_a_zero_byte_in_a_string_is_printed_escaped() -> None:
    (obj,) = build(of(resources(config_map("a", 'data: {a: "x\\0y"}\n'))))
    assert yaml.dump(obj).splitlines()[2] == '  a: "x\\0y"'


# --- patterns: RE2 finds every match in linear time


@pytest.mark.parametrize(
    ("target", "matches"),
    [
        ("{kind: ConfigMap, name: (a+)+b}", False),
        ("{kind: ConfigMap, name: (a|aa)+}", True),
        ("{kind: ConfigMap, name: (.*)*x}", False),
        ("{kind: ConfigMap, name: '([a-z]+)*!'}", False),
    ],
)
def test_a_pattern_takes_linear_time(target: str, matches: bool) -> None:
    patch = '[{"op": "add", "path": "/data", "value": {"hit": "yes"}}]'
    (obj,) = build(of(patched(patch, config_map("a" * 20_000), target)))
    assert ("data" in obj) is matches


@pytest.mark.parametrize(
    "field", ["name", "namespace", "kind", "group", "version", "labelSelector", "annotationSelector"]
)
@pytest.mark.parametrize(
    "pattern", ["((((a{100}){100}){100}){100}){100}", "(" * 5_000, "[a", "a in (" * 2_000, "," * 10_000]
)
def test_a_pattern_that_explodes_matches_nothing_or_is_refused(field: str, pattern: str) -> None:
    files = patched('[{"op": "add", "path": "/data", "value": {"hit": "yes"}}]', target=f'{{{field}: "{pattern}"}}')
    assert "hit" not in outcome(files)


def outcome(files: Mapping[str, str]) -> str:
    """What is printed, or why it is refused."""
    try:
        return yaml.dump_all(build(of(files)))
    except BuildError as error:
        return str(error)


def test_an_image_name_that_explodes_matches_nothing() -> None:
    pod = POD.replace("args: ['%s']", f"image: {'a' * 5_000}").removeprefix("---\n")
    (obj,) = build(of(resources(pod, images="[{name: (a+)+b, newTag: x}]")))
    assert obj["spec"]["containers"][0]["image"] == "a" * 5_000
