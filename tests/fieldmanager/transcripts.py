"""The recorded exchanges of a real API server, read as values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from engine.yaml import load
from tests.shared import GOLDENS, need_shared


@dataclass(frozen=True)
class Exchange:
    name: str
    method: str
    path: str
    query: dict[str, str]
    content_type: str
    body: Any
    code: int
    answer: Any

    @property
    def manager(self) -> str:
        return self.query.get("fieldManager", "Python-urllib")


def read(prefix: str) -> Exchange:
    """The exchange whose file name starts with `prefix`."""
    folder = need_shared(GOLDENS / "kubernetes-1.36")
    (file,) = folder.glob(f"{prefix}-*.txt")
    return parse(file)


def parse(file: Path) -> Exchange:
    request, _, response = file.read_text().partition("\n=> ")
    head, _, body = request.partition("\n\n")
    lines = head.splitlines()
    method, _, url = lines[0].partition(" ")
    split = urlsplit(url)
    headers = dict(line.split(": ", 1) for line in lines[1:])
    code, _, rest = response.partition("\n")
    _, _, answer = rest.partition("\n\n")
    content_type = headers.get("Content-Type", "")
    document = load(body) if "yaml" in content_type else json.loads(body) if body.strip() else None
    return Exchange(
        name=file.stem,
        method=method,
        path=split.path,
        query={name: values[0] for name, values in parse_qs(split.query).items()},
        content_type=content_type,
        body=document,
        code=int(code.split()[0]),
        answer=json.loads(answer) if answer.strip().startswith("{") else answer,
    )
