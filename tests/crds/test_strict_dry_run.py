"""Every object that Flux's controllers ship or test with passes a strict dry run, created and applied."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from engine.embedded.server import EmbeddedServer
from engine.flux.crds import definitions
from tests.shared import CONFORMANCE, need_shared

STRICT = {"dryRun": "All", "fieldValidation": "Strict"}
APPLY = {**STRICT, "fieldManager": "test", "force": "true"}
APPLY_TYPE = {"Content-Type": "application/apply-patch+yaml"}


def objects() -> list[tuple[str, dict[str, Any]]]:
    """(file, object) of the samples and the test data."""
    base = need_shared(CONFORMANCE / "flux")
    found = []
    for path in sorted([*(base / "samples").rglob("*.y*ml"), *(base / "testdata").rglob("*.y*ml")]):
        for document in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader):
            if isinstance(document, dict) and document.get("kind") and document.get("metadata"):
                found.append((str(Path(path).relative_to(base)), document))
    return found


async def test_fluxs_own_objects_pass_a_strict_dry_run() -> None:
    refused: list[str] = []
    sent = objects()
    async with EmbeddedServer(simulate=False) as server:
        api = server.facade("test")
        for crd in definitions():
            api.create(crd)
        namespaces = {str(obj["metadata"].get("namespace") or "default") for _, obj in sent}
        for name in sorted(namespaces - {"default"}):
            api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {server.token}"}) as http:
            for where, obj in sent:
                resource = server.core.registry.by_kind(obj["apiVersion"], obj["kind"])
                assert resource is not None, f"{where}: {obj['apiVersion']} {obj['kind']} is not served"
                root = f"/apis/{resource.api_version}" if resource.group else "/api/v1"
                namespace = obj["metadata"].get("namespace") or "default"
                below = f"/namespaces/{namespace}" if resource.namespaced else ""
                url = f"{server.url}{root}{below}/{resource.plural}"
                name = str(obj["metadata"]["name"])
                if api.get(obj["apiVersion"], obj["kind"], namespace if resource.namespaced else "", name) is None:
                    async with http.post(url, params=STRICT, json=obj) as answer:
                        if answer.status != 201:
                            refused.append(f"create {where} {name}: {await answer.text()}")
                async with http.patch(
                    f"{url}/{name}", params=APPLY, data=json.dumps(obj), headers=APPLY_TYPE
                ) as answer:
                    if answer.status not in (200, 201):
                        refused.append(f"apply {where} {name}: {await answer.text()}")
    assert len(sent) > 140
    assert refused == []
