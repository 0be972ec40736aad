"""The real kubectl against the embedded server, with the simulated cluster behind it."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from engine.embedded.server import EmbeddedServer

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: app, image: "nginx:1.25", ports: [{containerPort: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""
CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.io}
spec:
  group: example.io
  scope: Namespaced
  names: {plural: things, kind: Thing, shortNames: [th], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}, scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}}
    additionalPrinterColumns:
    - {name: Size, type: integer, jsonPath: .spec.size}
    - {name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            description: what is wanted
            properties: {size: {type: integer, maximum: 9, default: 3}, replicas: {type: integer}}
          status:
            type: object
            properties:
              replicas: {type: integer}
              conditions:
                type: array
                items: {type: object, properties: {type: {type: string}, status: {type: string}}}
"""


@dataclass(frozen=True)
class Kubectl:
    """Runs kubectl in a folder of its own."""

    program: str
    folder: Path
    env: dict[str, str]

    async def __call__(self, *arguments: str, fails: bool = False, stdin: str = "", **env: str) -> str:
        process = await asyncio.create_subprocess_exec(
            self.program,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=self.folder,
            env={**self.env, **env},
        )
        out, _ = await asyncio.wait_for(process.communicate(stdin.encode()), 40)
        text = out.decode()
        assert (process.returncode != 0) == fails, (arguments, text)
        return text

    def file(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text)
        return name


@pytest.fixture
async def kubectl(tmp_path: Path) -> AsyncIterator[Kubectl]:
    program = shutil.which("kubectl", path=str(Path(sys.executable).parent)) or shutil.which("kubectl")
    if program is None:
        pytest.skip("kubectl is not installed (it comes with the test extra)")
    async with EmbeddedServer() as server:
        server.write_kubeconfig(tmp_path / "kubeconfig")
        env = {"HOME": str(tmp_path), "KUBECONFIG": str(tmp_path / "kubeconfig"), "PATH": os.environ["PATH"]}
        yield Kubectl(program, tmp_path, env)


async def test_a_deployment_from_apply_to_delete(kubectl: Kubectl) -> None:
    web = kubectl.file("web.yaml", WEB)
    assert "deployment.apps/web created" in await kubectl("apply", "-f", web)
    assert "successfully rolled out" in await kubectl("rollout", "status", "deploy/web", "--timeout=20s")
    wide = await kubectl("get", "deploy,svc,po", "-o", "wide")
    assert "deployment.apps/web   2/2     2            2" in wide
    assert "nginx:1.25" in wide
    assert wide.count("Running") == 2
    assert "unchanged" in await kubectl("apply", "-f", web)

    kubectl.file("web.yaml", WEB.replace("1.25", "1.26"))
    assert "+      - image: nginx:1.26" in await kubectl("diff", "-f", web, fails=True)
    assert "deployment.apps/web configured" in await kubectl("apply", "-f", web)
    assert "image updated" in await kubectl("set", "image", "deploy/web", "app=nginx:1.27")
    assert "patched" in await kubectl("patch", "deploy", "web", "-p", '{"spec":{"minReadySeconds":1}}')
    removed = '[{"op":"remove","path":"/spec/minReadySeconds"}]'
    assert "patched" in await kubectl("patch", "deploy", "web", "--type=json", "-p", removed)
    assert "labeled" in await kubectl("label", "deploy", "web", "a=b")
    assert "annotated" in await kubectl("annotate", "deploy", "web", "c=d")
    assert "scaled" in await kubectl("scale", "deploy", "web", "--replicas=3")
    assert "condition met" in await kubectl("wait", "--for=condition=Available", "deploy/web", "--timeout=20s")
    live = orjson.loads(await kubectl("get", "deploy", "web", "-o", "json", "--show-managed-fields"))
    assert live["spec"]["replicas"] == 3
    assert live["metadata"]["labels"] == {"a": "b"}
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:1.27"
    managers = {(one["manager"], one["operation"]) for one in live["metadata"]["managedFields"]}
    assert {("kubectl-client-side-apply", "Update"), ("kubectl-set", "Update"), ("kubectl-label", "Update")} <= managers

    assert "edited" in await kubectl("edit", "deploy", "web", EDITOR="sed -i 's/replicas: 3/replicas: 1/'")
    text = await kubectl("get", "deploy", "web", "-o", "yaml")
    assert "replicas: 1" in text
    assert "replaced" in await kubectl("replace", "-f", kubectl.file("live.yaml", text.replace("a: b", "a: z")))
    assert "restarted" in await kubectl("rollout", "restart", "deploy/web")
    assert "deleted" in await kubectl("delete", "-f", web, "--timeout=20s")
    assert "No resources found" in await kubectl("get", "pods")


async def test_server_side_apply_names_the_conflict_and_force_wins(kubectl: Kubectl) -> None:
    web = kubectl.file("web.yaml", WEB)
    await kubectl("apply", "--server-side", "-f", web)
    other = kubectl.file("other.yaml", WEB.replace("1.25", "1.99"))
    refused = await kubectl("apply", "--server-side", "--field-manager=other", "-f", other, fails=True)
    assert 'conflict with "kubectl": .spec.template.spec.containers[name="app"].image' in refused
    await kubectl("apply", "--server-side", "--field-manager=other", "--force-conflicts", "-f", other)
    image = "jsonpath={.spec.template.spec.containers[0].image}"
    assert await kubectl("get", "deploy", "web", "-o", image) == "nginx:1.99"


async def test_client_side_and_server_side_apply_follow_one_another(kubectl: Kubectl) -> None:
    web = kubectl.file("web.yaml", WEB)
    await kubectl("apply", "-f", web)
    kubectl.file("web.yaml", WEB.replace("replicas: 2", "replicas: 1"))
    await kubectl("apply", "--server-side", "-f", web)
    assert await kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}") == "1"
    kubectl.file("web.yaml", WEB.replace("  replicas: 2\n", ""))
    assert "serverside-applied" in await kubectl("apply", "--server-side", "-f", web)
    assert "configured" in await kubectl("apply", "-f", kubectl.file("again.yaml", WEB))


async def test_a_custom_resource_has_columns_defaults_validation_and_an_explanation(kubectl: Kubectl) -> None:
    await kubectl("apply", "-f", kubectl.file("crd.yaml", CRD))
    assert "condition met" in await kubectl("wait", "--for=condition=Established", "crd/things.example.io")
    thing = "apiVersion: example.io/v1\nkind: Thing\nmetadata: {name: t}\nspec: {size: 5}\n"
    assert "created" in await kubectl("apply", "-f", kubectl.file("t.yaml", thing))
    assert "NAME   SIZE   READY\nt      5" in await kubectl("get", "th")
    await kubectl(
        "patch",
        "th",
        "t",
        "--subresource=status",
        "--type=merge",
        "-p",
        '{"status":{"conditions":[{"type":"Ready","status":"True"}]}}',
    )
    assert "t      5      True" in await kubectl("get", "things")
    assert "less than or equal to 9" in await kubectl(
        "patch", "th", "t", "--type=merge", "-p", '{"spec":{"size":10}}', fails=True
    )
    wrong = thing.replace("size: 5", "wrong: 5").replace("name: t", "name: u")
    assert 'unknown field "spec.wrong"' in await kubectl("apply", "-f", kubectl.file("u.yaml", wrong), fails=True)
    assert "what is wanted" in await kubectl("explain", "thing.spec")
    assert "scaled" in await kubectl("scale", "th/t", "--replicas=4")
    assert await kubectl("get", "th", "t", "-o", "jsonpath={.spec.replicas}") == "4"
    assert "deleted" in await kubectl("delete", "crd", "things.example.io", "--timeout=20s")
    assert "could not find the requested resource" in await kubectl("get", "th", fails=True)


async def test_a_watch_prints_what_happens(kubectl: Kubectl) -> None:
    await kubectl("apply", "-f", "-", stdin="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    process = await asyncio.create_subprocess_exec(
        kubectl.program, "get", "cm", "-w", stdout=asyncio.subprocess.PIPE, env=kubectl.env, cwd=kubectl.folder
    )
    assert process.stdout is not None

    async def line_with(text: str) -> str:
        assert process.stdout is not None
        while text not in (line := (await process.stdout.readline()).decode()):
            assert line, f"kubectl ended before it printed {text!r}"
        return line

    await asyncio.wait_for(line_with("a   "), 20)
    await kubectl(
        "apply", "-f", "-", stdin="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: later}\ndata: {x: '1'}\n"
    )
    assert "1" in await asyncio.wait_for(line_with("later"), 20)
    process.kill()
    await process.wait()


async def test_a_namespace_goes_with_all_that_is_in_it(kubectl: Kubectl) -> None:
    await kubectl("create", "namespace", "gone", "--dry-run=client", "-o", "yaml")
    space = "apiVersion: v1\nkind: Namespace\nmetadata: {name: gone}\n"
    await kubectl("apply", "-f", "-", stdin=space)
    await kubectl("apply", "-n", "gone", "-f", "-", stdin="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    assert "deleted" in await kubectl("delete", "ns", "gone", "--timeout=30s")
    assert "not found" in await kubectl("get", "cm", "a", "-n", "gone", fails=True)


async def test_create_is_told_to_use_apply(kubectl: Kubectl) -> None:
    text = await kubectl("create", "configmap", "a", "--from-literal=k=v", fails=True)
    assert "reads no protobuf bodies: use kubectl apply" in text


async def test_discovery_and_explain(kubectl: Kubectl) -> None:
    listed = await kubectl("api-resources", "-o", "wide")
    assert "deployments" in listed
    assert "deploy" in listed
    assert "rollingUpdate" in await kubectl("explain", "deployment.spec.strategy")
    assert "v1.36" in await kubectl("version")
    assert "readyz check passed" in await kubectl("get", "--raw", "/readyz?verbose")
