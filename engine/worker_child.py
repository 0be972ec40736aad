"""The other end of `engine.worker`: reads requests from stdin, answers on stdout, ends when stdin closes."""

from __future__ import annotations

import gc
import os
import resource
import struct
import sys
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import orjson

from engine.apply import build
from engine.apply.build import NeedsPayload
from engine.errors import EngineError
from engine.kustomize import MemoryTree

if TYPE_CHECKING:
    from engine.helm.job import Renderer
    from engine.templatecache import TemplateCache

_HEAD: Final = struct.Struct(">II")
_TREES: Final = 8
_TREE_BYTES: Final = 8 * 2**20
"""Trees are kept for the next build of the same artifact, this much of them at most; the newest always."""


class Trees:
    """Unpacked artifacts by digest, the least recently used thrown out."""

    def __init__(self) -> None:
        self._trees: OrderedDict[str, tuple[MemoryTree, int]] = OrderedDict()

    def get(self, digest: str, index: list[tuple[str, int]] | None, payload: memoryview) -> MemoryTree:
        """The tree of this digest, made from the payload if that came along."""
        if index is None:
            if digest not in self._trees:
                raise NeedsPayload(f"the artifact {digest} is not here")
            self._trees.move_to_end(digest)
            return self._trees[digest][0]
        files: dict[str, bytes] = {}
        at = 0
        for path, size in index:
            files[path] = bytes(payload[at : at + size])
            at += size
        tree = MemoryTree(files)
        self._trees[digest] = (tree, at)
        self._trees.move_to_end(digest)
        while len(self._trees) > 1 and (
            len(self._trees) > _TREES or sum(size for _, size in self._trees.values()) > _TREE_BYTES
        ):
            self._trees.popitem(last=False)
        return tree


class Operations:
    """What a child can do."""

    def __init__(self) -> None:
        self._trees = Trees()
        self._charts: Renderer | None = None
        self._templates: TemplateCache | None = None

    def _renderer(self) -> Renderer:
        """Imported when the first chart comes: a child that builds kustomizations needs none of it."""
        if self._charts is None:
            from engine.helm.job import Renderer
            from engine.templatecache import TemplateCache

            self._templates = TemplateCache()
            self._charts = Renderer(self._templates)
        return self._charts

    def settle(self) -> None:
        """What can wait until the answer is out."""
        if self._templates is not None and self._templates.save():
            # Charts and compiled templates stay: no later collection needs to look at them.
            gc.collect()
            gc.freeze()

    def run(self, request: Mapping[str, Any], payload: memoryview) -> Any:
        """Carry out one request."""
        arguments = request["arguments"]
        if request["op"] == "ping":
            return os.getpid()
        if request["op"] == "build":
            tree = self._trees.get(arguments["digest"], arguments.get("files"), payload)
            return build.run(tree, build.Order.from_json(arguments)).as_json()
        if request["op"] == "template":
            return self._renderer().run(arguments, bytes(payload))
        raise NeedsPayload(f"no operation {request['op']}")


def main(memory: int, frame: int) -> int:
    """Serve until stdin closes."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # Whatever prints must not get between the frames.
    os.dup2(2, 1)
    operations = Operations()
    gc.freeze()
    while (head := requests.read(_HEAD.size)) and len(head) == _HEAD.size:
        size, extra = _HEAD.unpack(head)
        if size + extra > frame:
            return 2
        header, payload = requests.read(size), requests.read(extra)
        if len(header) < size or len(payload) < extra:
            return 0
        _answer(answers, operations, orjson.loads(header), memoryview(payload))
        operations.settle()
    return 0


def _answer(out: BinaryIO, operations: Operations, request: Mapping[str, Any], payload: memoryview) -> None:
    try:
        answer = {"value": operations.run(request, payload)}
    except EngineError as error:
        answer = {
            "error": {
                "type": type(error).__name__,
                "message": error.message,
                "fix": error.fix,
                "path": getattr(error, "path", ""),
                "field": getattr(error, "field", ""),
                "line": getattr(error, "line", 0),
            }
        }
    except RecursionError:
        answer = {"error": {"type": "LimitExceeded", "message": "the content is nested too deeply"}}
    encoded = orjson.dumps(answer, option=orjson.OPT_NON_STR_KEYS)
    out.write(_HEAD.pack(len(encoded), 0))
    out.write(encoded)
    out.flush()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
