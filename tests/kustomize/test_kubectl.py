"""The same trees through the real kubectl: equal bytes, or refused alike.

A tree is one text file in `trees/`: `=== path` starts a file (`(hex)` after it: bytes in hexadecimal).
`_base.txt` lies under every tree; `over` is what is built.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.kustomize.kubectl import TREES, kubectl_path, kubectl_prints, read_tree, we_print, write_tree
from tests.shared import CONFORMANCE, need_shared

#: Recorded in a harness that is not the program: here kubectl itself is the judge.
HARNESS_CASES = (
    "plugin.TestConfigMapGenerator-1",
    "plugin.TestNamespaceTransformer1-1",
    "plugin.TestSecretGenerator-1",
)


@pytest.fixture(scope="session")
def kubectl() -> Path:
    return kubectl_path()


@pytest.mark.parametrize("name", sorted(path.stem for path in TREES.glob("[!_]*.txt")))
def test_prints_what_kubectl_prints(name: str, kubectl: Path, tmp_path: Path) -> None:
    write_tree(read_tree(name), tmp_path)
    expected = kubectl_prints(kubectl, tmp_path / "over")
    assert expected is not None, "kubectl refuses this tree: it belongs among the refused ones"
    assert we_print(tmp_path, "over") == expected


@pytest.mark.parametrize("name", HARNESS_CASES)
def test_where_the_recorded_case_is_not_the_program_kubectl_is_right(name: str, kubectl: Path) -> None:
    case = need_shared(CONFORMANCE / "kustomize") / name
    path = json.loads((case / "case.json").read_text())["path"]
    assert we_print(case / "input", path) == kubectl_prints(kubectl, case / "input" / path)


REFUSED = {
    "a patch without target": (
        "patches:\n- patch: |-\n    apiVersion: v1\n    kind: Service\n    metadata: {name: nobody}\n"
    ),
    "an unknown field": "namePrefx: x\n",
    "an unquoted tag": "images:\n- name: busybox\n  newTag: 1.0\n",
    "a file that is not there": "patches:\n- path: absent.yaml\n",
    "a file above": "configMapGenerator:\n- name: x\n  files: [../base/all.yaml]\n",
    "itself": "components: [.]\n",
    "a path that does not exist in a JSON patch": (
        'patches:\n- target: {kind: Service}\n  patch: \'[{"op":"remove","path":"/spec/absent"}]\'\n'
    ),
    "a failed test in a JSON patch": (
        'patches:\n- target: {kind: Service}\n  patch: \'[{"op":"test","path":"/kind","value":"Pod"}]\'\n'
    ),
    "a bad regular expression": 'patches:\n- target: {name: \'(\'}\n  patch: \'[{"op":"remove","path":"/spec"}]\'\n',
    "replicas of nobody": "replicas:\n- name: nobody\n  count: 1\n",
    "a repeated key": "configMapGenerator:\n- name: x\n  literals: [a=1, a=2]\n",
    "a literal without value": "configMapGenerator:\n- name: x\n  literals: [a]\n",
    "an existing generated object": "configMapGenerator:\n- name: settings\n  literals: [a=1]\n",
    "a merge into nothing": "configMapGenerator:\n- name: x\n  behavior: merge\n  literals: [a=1]\n",
    "a replacement without source": "replacements:\n- source: {kind: Pod}\n  targets: [{select: {kind: Service}}]\n",
    "a replacement into a missing field": (
        "replacements:\n- source: {kind: ServiceAccount}\n  targets:\n"
        "  - {select: {kind: Service}, fieldPaths: [spec.absent]}\n"
    ),
    "a scalar patched by a mapping": (
        "patches:\n- patch: |-\n    apiVersion: v1\n    kind: Service\n    metadata: {name: web}\n"
        "    spec: {selector: {app: {a: b}}}\n"
    ),
    "text in a field that holds a number": (
        "replacements:\n- source: {kind: Service}\n  targets:\n"
        "  - {select: {kind: Deployment}, fieldPaths: [spec.replicas]}\n"
    ),
    "an apiVersion with an empty group": (
        'patches:\n- target: {kind: Ingress}\n  patch: \'[{"op":"replace","path":"/apiVersion","value":"/a/b"}]\'\n'
    ),
    "a block of text that begins with a tab": 'configMapGenerator:\n- name: x\n  literals: ["a=\\tx\\ny"]\n',
    "an annotation whose name reads as a number": (
        "patches:\n- patch: |-\n    apiVersion: v1\n    kind: Service\n    metadata:\n"
        "      name: web\n      annotations: {'1': x}\n"
    ),
    "a reference below a scalar, also where nothing was renamed": (
        "patches:\n- patch: |-\n    apiVersion: v1\n    kind: PersistentVolumeClaim\n    metadata: {name: data}\n"
        "    spec: text\n- target: {kind: PersistentVolumeClaim}\n"
        '  patch: \'[{"op":"replace","path":"/spec","value":"text"}]\'\n'
    ),
    "a validator that writes what is there": (
        "validators:\n- |-\n  apiVersion: builtin\n  kind: LabelTransformer\n  metadata: {name: x}\n"
        "  labels: {app: web}\n  fieldSpecs: [{path: metadata/labels, kind: Deployment}]\n"
    ),
    "a name that two earlier names do not match": (
        "namePrefix: p-\npatches:\n- target: {kind: Service}\n"
        '  patch: \'[{"op":"replace","path":"/metadata/name","value":""}]\'\n'
    ),
    "a subject of a role binding that is text": (
        "patches:\n- target: {kind: ClusterRoleBinding}\n  patch: |-\n"
        "    - {op: replace, path: /kind, value: RoleBinding}\n    - {op: add, path: /subjects/-, value: x}\n"
    ),
    "a cluster of two objects in one namespace": "resources: [../base, extra.yaml]\nnamespace: one\n",
}
EXTRA = b"apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: robot, namespace: other}\n"


@pytest.mark.parametrize("what", REFUSED)
def test_refuses_what_kubectl_refuses(what: str, kubectl: Path, tmp_path: Path) -> None:
    kustomization = REFUSED[what] if "resources:" in REFUSED[what] else f"resources: [../base]\n{REFUSED[what]}"
    files = {
        **read_tree("names_and_namespace"),
        "over/kustomization.yaml": kustomization.encode(),
        "over/extra.yaml": EXTRA,
    }
    write_tree(files, tmp_path)
    assert kubectl_prints(kubectl, tmp_path / "over") is None, "kubectl builds this tree"
    assert we_print(tmp_path, "over") is None, "we build what kubectl refuses"
