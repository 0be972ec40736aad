"""Charts of our own, one text file each: a remark, `-- cases --` (a line of flags each), then `-- path --` and content.

`-- lint --` has a line of flags for each lint beside the one without any. A path like `charts/sub.tgz!Chart.yaml` lies
in a packed subchart; `-- link: PATH -> TARGET --` is a symlink.
"""

from __future__ import annotations

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
#: Stands for the folder that a chart lies in.
PLACE = "CHART"
_SECTION = re.compile(r"^-- (.+) --\n", re.MULTILINE)


@dataclass(frozen=True)
class Bundle:
    name: str
    cases: tuple[str, ...]
    lints: tuple[str, ...]
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
    cases, lints = (tuple(files.pop(section, "\n").splitlines()) for section in ("cases", "lint"))
    return Bundle(name, cases, tuple(dict.fromkeys(("", *lints))), files)


def bundles() -> list[Bundle]:
    return [parse(path.stem, path.read_text()) for path in sorted(CHARTS.glob("*.txt"))]


def find_helm() -> str | None:
    """The real helm, from HELM_BIN or PATH."""
    return os.environ.get("HELM_BIN") or shutil.which("helm")


def helm(args: list[str], folder: Path) -> tuple[int, str, str]:
    """What the real helm answers in this folder: exit code, stdout, stderr."""
    program = find_helm()
    assert program is not None
    home = {"HOME": str(folder.parent), "PATH": os.environ["PATH"], "KUBECONFIG": os.devnull}
    done = subprocess.run([program, *args], cwd=folder, env=home, capture_output=True, check=False)
    texts = (text.decode(errors="surrogateescape").replace(str(folder), PLACE) for text in (done.stdout, done.stderr))
    return done.returncode, *texts


def ours(args: list[str], folder: Path) -> tuple[int, str, str]:
    """What our own program answers there, in the same form; it writes nothing into the chart."""
    from fluxtui import cli

    before = {path: path.lstat().st_mtime_ns for path in folder.rglob("*")}
    streams = [io.TextIOWrapper(io.BytesIO(), write_through=True) for _ in range(2)]
    with contextlib.chdir(folder), mock.patch("sys.stdout", streams[0]), mock.patch("sys.stderr", streams[1]):
        code = cli.main(args)
    assert before == {path: path.lstat().st_mtime_ns for path in folder.rglob("*")}, "a render writes nothing"
    texts = (stream.buffer.getvalue().decode(errors="surrogateescape") for stream in streams)
    return code, *(text.replace(str(folder), PLACE) for text in texts)


def template_args(case: str) -> list[str]:
    return ["template", "rel", ".", *shlex.split(case)]


def lint_args(case: str) -> list[str]:
    return ["lint", ".", *shlex.split(case)]


def record(answer: tuple[int, str, str]) -> dict[str, Any]:
    """An answer of template as it is kept: what it printed, or why it did not."""
    code, out, err = answer
    return {"error": err} if code else {"output": out}


_REMARK = re.compile(r"\[(INFO|WARNING|ERROR)\] ([^:\n]*): (.*)")
#: Where a remark goes on in the words of a parser, a renderer or a validator of schemas.
_OWN_WORDS = re.compile(r"(unable to (?:parse YAML|load chart|check Chart.yaml file in chart)).*")
#: Errors of these are all such words.
_FREE = ("templates/", "crds/", "values.yaml")


def remarks(text: str) -> list[str]:
    """A lint's lines, without what each program says in words of its own."""
    found = []
    for line in text.splitlines():
        match = _REMARK.match(line)
        if match is None:
            told = line.startswith(("==>", "Error ")) or "linted" in line
            found += [_OWN_WORDS.sub(r"\1", line)] if told else []
            continue
        severity, path, message = match.groups()
        if (named := message.partition(" missing these dependencies: "))[1]:
            # helm names them in no order.
            message = "".join((*named[:2], ",".join(sorted(named[2].split(",")))))
        message = "" if path in _FREE and severity == "ERROR" else _OWN_WORDS.sub(r"\1", message)
        found.append(f"[{severity}] {path}: {message}")
    return found


def goldens(name: str) -> dict[str, Any]:
    """helm's recorded answers: `cases` and `lint`, each by flags."""
    return json.loads((GOLDENS / f"{name}.json").read_text())
