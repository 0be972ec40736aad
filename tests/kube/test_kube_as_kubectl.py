"""The same kubeconfig, once read by the real kubectl and once by us: the server must be asked the same."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from engine import errors, yaml
from engine.kube.client import Client
from engine.kube.config import load_config
from tests.kube.authority import Authority
from tests.kube.scripted import ScriptedServer

KUBECTL = shutil.which("kubectl", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
V1 = "client.authentication.k8s.io/v1"
BETA = "client.authentication.k8s.io/v1beta1"

Change = Callable[["Setting"], None]


@dataclass
class Setting:
    """A kubeconfig under construction, with files beside it."""

    folder: Path
    authority: Authority
    server: str
    cluster: dict[str, Any] = field(default_factory=dict)
    user: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    top: dict[str, Any] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    files: list[str] = field(default_factory=lambda: ["config"])
    proxied: list[str] = field(default_factory=list)
    proxy: str = ""

    def document(self) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "main",
            "contexts": [{"name": "main", "context": {"cluster": "c", "user": "u", **self.context}}],
            "clusters": [{"name": "c", "cluster": {"server": self.server, **self.cluster}}],
            "users": [{"name": "u", "user": self.user}],
            **self.top,
        }

    def write(self, name: str, document: Any) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document if isinstance(document, str) else yaml.dump(document), encoding="utf-8")

    def script(self, name: str, body: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    def plugin(self, version: str = V1, name: str = "plugin", body: str = "", **status: str) -> dict[str, Any]:
        credential = json.dumps({"kind": "ExecCredential", "apiVersion": version, "status": status})
        (self.folder / f"{name}.json").write_text(credential, encoding="utf-8")
        script = self.script(name, f'{body}\ncat "{self.folder}/{name}.json"')
        return {"apiVersion": version, "command": str(script), "interactiveMode": "Never"}


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
async def recorder(authority: Authority, tmp_path: Path) -> AsyncIterator[ScriptedServer]:
    server = ScriptedServer(ssl=authority.server_context(tmp_path, "127.0.0.1", "inside.example"))

    async def record(request: web.Request) -> web.Response:
        assert request.transport is not None
        peer = request.transport.get_extra_info("peercert") or {}
        names = [value for part in peer.get("subject", ()) for key, value in part if key == "commonName"]
        wanted = ("authorization", "impersonate")
        headers = sorted((key.lower(), value) for key, value in request.headers.items())
        headers = [pair for pair in headers if pair[0].startswith(wanted)]
        server.seen.append((request.method, request.path, headers, names))
        return web.json_response({"gitVersion": "v1.36.0"})

    server.on("*", record)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def setting(recorder: ScriptedServer, authority: Authority, tmp_path: Path) -> AsyncIterator[Setting]:
    made = Setting(tmp_path / "kube", authority, recorder.url)
    made.folder.mkdir()
    made.cluster["certificate-authority-data"] = base64.b64encode(authority.ca).decode()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        made.proxied.append(head.split(b"\r\n")[0].decode())
        host, _, port = head.split()[1].decode().partition(":")
        there_reader, there_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))

    proxy = await asyncio.start_server(forward, "127.0.0.1", 0)
    made.proxy = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
    yield made
    proxy.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


# ---- what may be in a kubeconfig


def token(s: Setting) -> None:
    s.user["token"] = "abc"


def token_file_relative(s: Setting) -> None:
    s.user["tokenFile"] = "secrets/token"
    s.write("secrets/token", "from-file\n")


def token_and_token_file(s: Setting) -> None:
    token(s)
    token_file_relative(s)


def basic(s: Setting) -> None:
    s.user |= {"username": "jane", "password": "pa:ss"}


def certificate_data(s: Setting) -> None:
    certificate, key = s.authority.issue("jane")
    s.user["client-certificate-data"] = base64.b64encode(certificate).decode()
    s.user["client-key-data"] = base64.b64encode(key).decode()


def certificate_files_relative(s: Setting) -> None:
    certificate, key = s.authority.issue("joe")
    s.write("pki/joe.crt", certificate.decode())
    s.write("pki/joe.key", key.decode())
    s.user |= {"client-certificate": "pki/joe.crt", "client-key": "./pki/../pki/joe.key"}


def certificate_and_token(s: Setting) -> None:
    certificate_data(s)
    token(s)


def authority_file_relative(s: Setting) -> None:
    token(s)
    del s.cluster["certificate-authority-data"]
    s.cluster["certificate-authority"] = "ca.crt"
    s.write("ca.crt", s.authority.ca.decode())


def insecure(s: Setting) -> None:
    token(s)
    del s.cluster["certificate-authority-data"]
    s.cluster["insecure-skip-tls-verify"] = True


def server_name(s: Setting) -> None:
    token(s)
    s.cluster["tls-server-name"] = "inside.example"


def server_with_path(s: Setting) -> None:
    token(s)
    s.server += "/k8s/clusters/c-1/"


def impersonation(s: Setting) -> None:
    token(s)
    s.user |= {
        "as": "system:serviceaccount:apps:deployer",
        "as-uid": "42",
        "as-groups": ["a", "b c"],
        "as-user-extra": {"Scopes": ["x", "y"], "example.org/team": ["z"]},
    }


def through_a_proxy(s: Setting) -> None:
    token(s)
    s.cluster["proxy-url"] = s.proxy


def proxy_of_the_environment_not_for_loopback(s: Setting) -> None:
    token(s)
    s.environ["HTTPS_PROXY"] = s.proxy


def exec_v1(s: Setting) -> None:
    s.user["exec"] = s.plugin(token="from-plugin")


def exec_beta(s: Setting) -> None:
    s.user["exec"] = s.plugin(BETA, token="from-beta")


def exec_certificate(s: Setting) -> None:
    certificate, key = s.authority.issue("plugged")
    s.user["exec"] = s.plugin(clientCertificateData=certificate.decode(), clientKeyData=key.decode())


def exec_relative_command(s: Setting) -> None:
    s.user["exec"] = s.plugin(name="login", token="rel") | {"command": "./login"}


def exec_by_path(s: Setting) -> None:
    s.user["exec"] = s.plugin(name="my-login", token="by-path") | {"command": "my-login"}
    s.environ["PATH"] = f"{s.folder}{os.pathsep}{os.environ['PATH']}"


def exec_environment_and_arguments(s: Setting) -> None:
    body = f'echo "$1 $2 $MINE $INHERITED" >> "{s.folder}/said"\nprintf %s "$KUBERNETES_EXEC_INFO" > "{s.folder}/info"'
    s.user["exec"] = s.plugin(body=body, token="env") | {
        "args": ["one", "t w o"],
        "env": [{"name": "MINE", "value": "1"}],
    }
    s.environ["INHERITED"] = "yes"


def exec_with_cluster_info(s: Setting) -> None:
    exec_environment_and_arguments(s)
    s.user["exec"]["provideClusterInfo"] = True
    s.cluster["tls-server-name"] = "inside.example"
    s.cluster["extensions"] = [{"name": "client.authentication.k8s.io/exec", "extension": {"audience": "x"}}]


def exec_with_cluster_info_plain(s: Setting) -> None:
    exec_environment_and_arguments(s)
    s.user["exec"]["provideClusterInfo"] = True


def exec_beside_a_token(s: Setting) -> None:
    s.user["exec"] = s.plugin(token="from-plugin")
    token(s)


def several_files(s: Setting) -> None:
    """The first to name something wins; what is missing is ignored; relative paths are relative to their own file."""
    s.files = ["first", "missing", "sub/second"]
    s.write("first", {"users": [{"name": "u", "user": {"token": "first"}}]})
    s.write("sub/ca.crt", s.authority.ca.decode())
    document = Setting(s.folder, s.authority, s.server, {"certificate-authority": "ca.crt"}).document()
    document["users"] = [{"name": "u", "user": {"token": "second"}}]
    s.write("sub/second", document)


def several_files_and_contexts(s: Setting) -> None:
    s.files = ["first", "second"]
    token(s)
    s.write("first", {"current-context": "main", "contexts": [], "preferences": {}})
    s.write("second", {**s.document(), "current-context": "other"})


def one_user_in_two_files(s: Setting) -> None:
    s.files = ["first", "second"]
    s.write("first", {"users": [{"name": "u", "user": {"as": "jane", "token": "first"}}]})
    token(s)
    s.write("second", s.document())


def json_instead_of_yaml(s: Setting) -> None:
    token(s)
    s.write("config", json.dumps(s.document()))
    s.files = ["config"]


def unknown_fields(s: Setting) -> None:
    token(s)
    s.top["preferences"] = {"colors": True}
    s.cluster["something-new"] = {"a": 1}
    s.user["another"] = "x"


GOOD = [
    token,
    token_file_relative,
    token_and_token_file,
    basic,
    certificate_data,
    certificate_files_relative,
    certificate_and_token,
    authority_file_relative,
    insecure,
    server_name,
    server_with_path,
    impersonation,
    through_a_proxy,
    proxy_of_the_environment_not_for_loopback,
    exec_v1,
    exec_beta,
    exec_certificate,
    exec_relative_command,
    exec_by_path,
    exec_environment_and_arguments,
    exec_with_cluster_info,
    exec_with_cluster_info_plain,
    exec_beside_a_token,
    several_files,
    several_files_and_contexts,
    one_user_in_two_files,
    json_instead_of_yaml,
    unknown_fields,
]


# ---- and what may not


def missing_context(s: Setting) -> None:
    s.top["current-context"] = "elsewhere"


def missing_user(s: Setting) -> None:
    s.context["user"] = "nobody"


def missing_cluster(s: Setting) -> None:
    s.context["cluster"] = "nowhere"


def no_server(s: Setting) -> None:
    token(s)
    s.cluster["server"] = ""


def authority_and_insecure(s: Setting) -> None:
    token(s)
    s.cluster["insecure-skip-tls-verify"] = True


def authority_file_missing(s: Setting) -> None:
    token(s)
    s.cluster["certificate-authority"] = "nothing.crt"
    del s.cluster["certificate-authority-data"]


def authority_unknown(s: Setting) -> None:
    token(s)
    s.cluster["certificate-authority-data"] = base64.b64encode(Authority("another").ca).decode()


def authority_is_rubbish(s: Setting) -> None:
    token(s)
    s.cluster["certificate-authority-data"] = base64.b64encode(b"rubbish").decode()


def wrong_server_name(s: Setting) -> None:
    token(s)
    s.cluster["tls-server-name"] = "outside.example"


def not_base64(s: Setting) -> None:
    token(s)
    s.cluster["certificate-authority-data"] = "!!!"


def certificate_without_key(s: Setting) -> None:
    certificate_data(s)
    del s.user["client-key-data"]


def certificate_with_another_key(s: Setting) -> None:
    certificate_data(s)
    s.user["client-key-data"] = base64.b64encode(s.authority.issue("x")[1]).decode()


def certificate_with_an_encrypted_key(s: Setting) -> None:
    certificate, key = s.authority.issue("jane", password=b"secret")
    s.user["client-certificate-data"] = base64.b64encode(certificate).decode()
    s.user["client-key-data"] = base64.b64encode(key).decode()


def token_and_password(s: Setting) -> None:
    token(s)
    basic(s)


def token_file_missing(s: Setting) -> None:
    s.user["tokenFile"] = "nothing"


def groups_without_user(s: Setting) -> None:
    token(s)
    s.user["as-groups"] = ["a"]


def exec_fails(s: Setting) -> None:
    s.user["exec"] = s.plugin(body="exit 3", token="x")


def exec_is_missing(s: Setting) -> None:
    s.user["exec"] = {"apiVersion": V1, "command": "no-such-plugin", "interactiveMode": "Never"}


def exec_in_another_version(s: Setting) -> None:
    s.user["exec"] = s.plugin(BETA, token="x") | {"apiVersion": V1}


def exec_in_an_old_version(s: Setting) -> None:
    s.user["exec"] = s.plugin("client.authentication.k8s.io/v1alpha1", token="x")


def exec_without_mode(s: Setting) -> None:
    s.user["exec"] = s.plugin(token="x")
    del s.user["exec"]["interactiveMode"]


def exec_without_credential(s: Setting) -> None:
    s.user["exec"] = s.plugin()


def exec_with_half_a_certificate(s: Setting) -> None:
    s.user["exec"] = s.plugin(clientCertificateData="x")


def exec_talks_nonsense(s: Setting) -> None:
    s.user["exec"] = s.plugin(body="echo hello; exit 0", token="x")


def exec_always_interactive(s: Setting) -> None:
    s.user["exec"] = s.plugin(token="x") | {"interactiveMode": "Always"}


def auth_provider(s: Setting) -> None:
    s.user["auth-provider"] = {"name": "gcp"}


def broken_yaml(s: Setting) -> None:
    s.write("config", "apiVersion: v1\nclusters: [\n")


def duplicate_keys(s: Setting) -> None:
    s.write("config", yaml.dump(s.document()) + "current-context: main\n")


def wrong_types(s: Setting) -> None:
    s.cluster["server"] = 7


def clusters_as_mapping(s: Setting) -> None:
    s.top["clusters"] = {"c": {"server": s.server}}


def a_name_twice_in_one_file(s: Setting) -> None:
    s.top["users"] = [{"name": "u", "user": {"token": "one"}}, {"name": "u", "user": {"token": "two"}}]


BAD = [
    a_name_twice_in_one_file,
    missing_context,
    missing_user,
    missing_cluster,
    no_server,
    authority_and_insecure,
    authority_file_missing,
    authority_unknown,
    authority_is_rubbish,
    wrong_server_name,
    not_base64,
    certificate_without_key,
    certificate_with_another_key,
    certificate_with_an_encrypted_key,
    token_and_password,
    token_file_missing,
    groups_without_user,
    exec_fails,
    exec_is_missing,
    exec_in_another_version,
    exec_in_an_old_version,
    exec_without_mode,
    exec_without_credential,
    exec_with_half_a_certificate,
    exec_talks_nonsense,
    exec_always_interactive,
    auth_provider,
    broken_yaml,
    duplicate_keys,
    wrong_types,
    clusters_as_mapping,
]


async def ask_kubectl(setting: Setting, environ: dict[str, str], *arguments: str) -> tuple[int, str]:
    if KUBECTL is None:
        if os.environ.get("CI"):
            pytest.fail("kubectl is not here")
        pytest.skip("kubectl is not here (it comes with the test requirements)")
    process = await asyncio.create_subprocess_exec(
        KUBECTL,
        *arguments,
        "get",
        "--raw",
        "/version",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environ,
        cwd=setting.folder.parent,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


def prepare(setting: Setting, change: Change) -> dict[str, str]:
    change(setting)
    if setting.files == ["config"] and not (setting.folder / "config").exists():
        setting.write("config", setting.document())
    paths = os.pathsep.join(str(setting.folder / name) for name in setting.files)
    return {"PATH": os.environ["PATH"], "HOME": str(setting.folder), **setting.environ, "KUBECONFIG": paths}


def what_plugins_said(setting: Setting) -> list[str]:
    found = []
    for name in ("said", "info"):
        path = setting.folder / name
        found.append(path.read_text(encoding="utf-8") if path.exists() else "")
        path.unlink(missing_ok=True)
    if found[1]:
        found[1] = json.loads(found[1])
    return found


@pytest.mark.parametrize("change", GOOD, ids=lambda change: change.__name__)
async def test_the_server_is_asked_as_by_kubectl(setting: Setting, recorder: ScriptedServer, change: Change) -> None:
    environ = prepare(setting, change)
    code, output = await ask_kubectl(setting, environ)
    assert code == 0, output
    theirs = recorder.seen[:], setting.proxied[:], what_plugins_said(setting)
    recorder.seen.clear()
    setting.proxied.clear()
    async with Client(load_config(environ=environ), environ=environ) as client:
        assert (await client.version())["gitVersion"] == "v1.36.0"
    ours = recorder.seen[:], setting.proxied[:], what_plugins_said(setting)
    assert ours == theirs
    assert len(theirs[0]) == 1


@pytest.mark.parametrize("change", BAD, ids=lambda change: change.__name__)
async def test_what_kubectl_refuses_is_refused_with_a_reason(
    setting: Setting, recorder: ScriptedServer, change: Change
) -> None:
    environ = prepare(setting, change)
    code, output = await ask_kubectl(setting, environ)
    assert code != 0, output
    assert not recorder.seen
    with pytest.raises(errors.EngineError) as caught:
        async with Client(load_config(environ=environ), environ=environ) as client:
            await client.version()
    assert not recorder.seen
    assert caught.value.fix
    assert caught.value.message


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (["--context", "second"], {"context": "second"}),
        (["--as", "bob", "--as-group", "g"], {"as_user": "bob", "as_groups": ["g"]}),
        (["--as", "bob", "--as-uid", "7"], {"as_user": "bob", "as_uid": "7"}),
    ],
    ids=["context", "as", "as-uid"],
)
async def test_flags_count_as_in_kubectl(
    setting: Setting, recorder: ScriptedServer, arguments: list[str], options: dict[str, Any]
) -> None:
    setting.user |= {"token": "one"}
    document = setting.document()
    document["contexts"].append({"name": "second", "context": {"cluster": "c", "user": "v", "namespace": "n"}})
    document["users"].append({"name": "v", "user": {"token": "two"}})
    setting.write("config", document)
    environ = prepare(setting, lambda _: None)
    code, output = await ask_kubectl(setting, environ, *arguments)
    assert code == 0, output
    async with Client(load_config(environ=environ, **options), environ=environ) as client:
        await client.version()
    theirs, ours = recorder.seen
    assert ours == theirs
