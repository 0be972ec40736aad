"""Charts of our own, one text file each: a remark, `-- cases --` (a line of flags each), then `-- path --` and content.

A path like `charts/sub.tgz!Chart.yaml` lies in a packed subchart; `-- link: PATH -> TARGET --` is a symlink.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

CHARTS = Path(__file__).parent / "charts"
GOLDENS = Path(__file__).parent / "goldens"
ORACLE = "v4.2.3"
_SECTION = re.compile(r"^-- (.+) --\n", re.MULTILINE)


@dataclass(frozen=True)
class Bundle:
    name: str
    cases: tuple[str, ...]
    files: dict[str, str]

    def write(self, folder: Path) -> Path:
        """The chart as a directory."""
        packed: dict[str, dict[str, str]] = {}
        for path, content in self.files.items():
            if path.startswith("link: "):
                link, target = path.removeprefix("link: ").split(" -> ")
                (folder / link).parent.mkdir(parents=True, exist_ok=True)
                (folder / link).symlink_to(target)
            elif "!" in path:
                archive, inner = path.split("!")
                packed.setdefault(archive, {})[inner] = content
            else:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(content)
        for path, inside in packed.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(tgz({f"packed/{name}": content for name, content in inside.items()}))
        return folder


def tgz(files: dict[str, str | bytes]) -> bytes:
    """A gzipped tar."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def parse(name: str, text: str) -> Bundle:
    parts = _SECTION.split(text)[1:]
    files = {path: content.replace("\n\\-- ", "\n-- ") for path, content in zip(parts[::2], parts[1::2], strict=True)}
    return Bundle(name, tuple(files.pop("cases", "\n").splitlines()), files)


def bundles() -> list[Bundle]:
    return [parse(path.stem, path.read_text()) for path in sorted(CHARTS.glob("*.txt"))]


def find_helm() -> str | None:
    """The real helm, from HELM_BIN or PATH."""
    return os.environ.get("HELM_BIN") or shutil.which("helm")


def helm(args: list[str], folder: Path) -> dict[str, Any]:
    """What the real helm answers in this folder: {"output": …} or {"error": …}."""
    program = find_helm()
    assert program is not None
    home = {"HOME": str(folder), "PATH": os.environ["PATH"], "KUBECONFIG": os.devnull}
    done = subprocess.run([program, *args], cwd=folder, env=home, capture_output=True, check=False)
    if done.returncode:
        return {"error": done.stderr.decode(errors="replace")}
    return {"output": done.stdout.decode(errors="surrogateescape")}


_REMARK = re.compile(r"\[(INFO|WARNING|ERROR)\] ([^:\n]*): (.*(?:\n\t.*)*)")


def helm_lint(folder: Path) -> list[list[str]]:
    """What the real `helm lint` remarks: severity, path, message."""
    program = find_helm()
    assert program is not None
    done = subprocess.run([program, "lint", "."], cwd=folder, capture_output=True, check=False)
    return [list(found) for found in _REMARK.findall(done.stdout.decode())]


def template_args(case: str) -> list[str]:
    return ["template", "rel", ".", *shlex.split(case)]


def ours(case: str, folder: Path) -> dict[str, Any]:
    """What our own program answers in this folder, in the same form."""
    from engine.errors import EngineError
    from engine.programs import template

    flags = vars(_flags().parse_args(template_args(case)[1:]))
    files = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    out = io.BytesIO()
    stdout = io.TextIOWrapper(out, write_through=True)
    with contextlib.chdir(folder), mock.patch("sys.stdout", stdout):
        try:
            template.main(flags)
        except EngineError as error:
            return {"error": str(error)}
    assert files == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}, "a render writes nothing"
    return {"output": out.getvalue().decode(errors="surrogateescape")}


def _flags() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", nargs="*")
    parser.add_argument("-n", "--namespace")
    parser.add_argument("-f", "--values", dest="values_files", action="append")
    parser.add_argument("-a", "--api-versions", action="append")
    parser.add_argument("-s", "--show-only", action="append")
    parser.add_argument("--kube-version")
    for flag in ("set", "set-string", "set-json", "set-literal", "set-file"):
        parser.add_argument(f"--{flag}", action="append")
    for flag in ("include-crds", "skip-crds", "is-upgrade", "no-hooks", "skip-tests", "skip-schema-validation"):
        parser.add_argument(f"--{flag}", action="store_true")
    return parser


def goldens(name: str) -> dict[str, Any]:
    """helm's recorded answers: `cases` by flags, and the remarks of `lint`."""
    return json.loads((GOLDENS / f"{name}.json").read_text())
