from __future__ import annotations

import asyncio
import base64
import json
import os
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from engine import errors
from engine.clock import VirtualClock
from engine.kube.client import Client
from engine.kube.config import ClusterConfig, ExecConfig, TLSConfig, UserConfig, in_cluster_config, load_config
from engine.kube.exec import ExecPlugin, LoginRequest
from engine.kube.mask import command_line, first_line, masked
from tests.kube.authority import Authority
from tests.kube.scripted import ScriptedServer

V1 = "client.authentication.k8s.io/v1"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"


class Plugin:
    """A script that counts its runs and answers with what `answer` was last told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.body = ""

    def answer(self, **status: str) -> None:
        credential = {"kind": "ExecCredential", "apiVersion": V1, "status": status}
        (self.folder / "answer").write_text(json.dumps(credential), encoding="utf-8")

    def config(self, body: str = "", **options: Any) -> ExecConfig:
        script = self.folder / "kube-login"
        script.write_text(
            f'#!/bin/sh\necho run >> "{self.folder}/runs"\n{body}\ncat "{self.folder}/answer"\n', encoding="utf-8"
        )
        script.chmod(0o755)
        return ExecConfig(command=str(script), api_version=V1, **options)

    @property
    def runs(self) -> int:
        path = self.folder / "runs"
        return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    return Plugin(tmp_path)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 11, 21, 12, tzinfo=UTC))


@pytest.fixture
async def door(server: ScriptedServer) -> ScriptedServer:
    """A server that lets in the tokens in `seen`."""

    async def check(request: web.Request) -> web.Response:
        if request.headers.get("Authorization", "").removeprefix("Bearer ") in server.seen:
            return web.json_response({"gitVersion": "v1"})
        status = {"kind": "Status", "message": "Unauthorized", "reason": "Unauthorized", "code": 401}
        return web.json_response(status, status=401)

    server.on("*", check)
    return server


def _client(server: ScriptedServer, clock: VirtualClock, **user: Any) -> Client:
    config = ClusterConfig(server.url, context="prod", user=UserConfig(**user), source="the-kubeconfig")
    return Client(config, clock=clock, environ=dict(os.environ))


# ---- when a plugin runs


async def test_a_plugin_runs_once_for_many_requests(door: ScriptedServer, plugin: Plugin, clock: VirtualClock) -> None:
    door.seen.append("one")
    plugin.answer(token="one")
    async with _client(door, clock, exec=plugin.config()) as client:
        await asyncio.gather(*(client.version() for _ in range(5)))
        await clock.advance(86400)
        await client.version()
    assert plugin.runs == 1


async def test_a_plugin_runs_again_when_its_token_expired(
    door: ScriptedServer, plugin: Plugin, clock: VirtualClock
) -> None:
    door.seen += ["one", "two"]
    plugin.answer(token="one", expirationTimestamp="2026-11-21T13:00:00Z")
    async with _client(door, clock, exec=plugin.config()) as client:
        await client.version()
        await clock.advance(3599)
        await client.version()
        assert plugin.runs == 1
        plugin.answer(token="two", expirationTimestamp="2026-11-21T14:00:00Z")
        await clock.advance(2)
        await client.version()
    assert plugin.runs == 2
    assert door.asked[-1].headers["Authorization"] == "Bearer two"


async def test_a_plugin_runs_again_after_401_and_the_request_is_repeated(
    door: ScriptedServer, plugin: Plugin, clock: VirtualClock
) -> None:
    door.seen.append("one")
    plugin.answer(token="one")
    async with _client(door, clock, exec=plugin.config()) as client:
        await client.version()
        door.seen[:] = ["two"]
        plugin.answer(token="two")
        await asyncio.gather(*(client.version() for _ in range(4)))
    assert plugin.runs == 2


async def test_a_refused_login_names_the_command_and_does_not_run_it_in_a_loop(
    door: ScriptedServer, plugin: Plugin, clock: VirtualClock
) -> None:
    plugin.answer(token="wrong")
    async with _client(door, clock, exec=plugin.config(args=("get-token", "--cluster", "prod"))) as client:
        for _ in range(5):
            with pytest.raises(errors.LoginRequired) as caught:
                await client.version()
    assert caught.value.command.endswith("kube-login get-token --cluster prod")
    assert "Unauthorized" in caught.value.message
    assert 'context "prod"' in caught.value.message
    assert caught.value.command in str(caught.value)
    assert plugin.runs == 2


async def test_a_failing_plugin_is_left_alone_for_a_moment(
    door: ScriptedServer, plugin: Plugin, clock: VirtualClock
) -> None:
    plugin.answer(token="x")
    async with _client(door, clock, exec=plugin.config("exit 1")) as client:
        for _ in range(5):
            with pytest.raises(errors.LoginRequired):
                await client.version()
        assert plugin.runs == 1
        await clock.advance(16)
        with pytest.raises(errors.LoginRequired):
            await client.version()
    assert plugin.runs == 2


async def test_a_token_in_the_kubeconfig_that_is_refused_says_so(door: ScriptedServer, clock: VirtualClock) -> None:
    async with _client(door, clock, token="old") as client:
        with pytest.raises(errors.LoginRequired, match="Unauthorized") as caught:
            await client.version()
    assert caught.value.command == ""
    assert caught.value.fix == "the credentials in the-kubeconfig were refused: get new ones"
    assert len(door.asked) == 1


async def test_a_token_file_is_read_again_in_time_and_after_401(
    door: ScriptedServer, tmp_path: Path, clock: VirtualClock
) -> None:
    file = tmp_path / "token"
    file.write_text("one\n", encoding="utf-8")
    door.seen += ["one", "two"]
    async with _client(door, clock, token_file=file) as client:
        await client.version()
        file.write_text("two\n", encoding="utf-8")
        await client.version()
        assert door.asked[-1].headers["Authorization"] == "Bearer one"
        await clock.advance(60)
        await client.version()
        assert door.asked[-1].headers["Authorization"] == "Bearer two"
        door.seen[:] = ["three"]
        file.write_text("three\n", encoding="utf-8")
        await client.version()
        assert door.asked[-1].headers["Authorization"] == "Bearer three"


async def test_a_rotated_client_certificate_is_presented(tmp_path: Path, plugin: Plugin, clock: VirtualClock) -> None:
    authority = Authority()
    server = ScriptedServer(ssl=authority.server_context(tmp_path, "127.0.0.1"))

    async def whoami(request: web.Request) -> web.Response:
        assert request.transport is not None
        subject = (request.transport.get_extra_info("peercert") or {}).get("subject", ())
        server.seen.append(dict(part[0] for part in subject).get("commonName"))
        return web.json_response({})

    def rotate(name: str, expires: str) -> None:
        certificate, key = authority.issue(name)
        plugin.answer(
            clientCertificateData=certificate.decode(), clientKeyData=key.decode(), expirationTimestamp=expires
        )

    server.on("*", whoami)
    await server.start()
    config = ClusterConfig(server.url, tls=TLSConfig(ca_data=authority.ca), user=UserConfig(exec=plugin.config()))
    rotate("first", "2026-11-21T12:10:00Z")
    async with Client(config, clock=clock, environ=dict(os.environ)) as client:
        await client.version()
        rotate("second", "2026-11-21T13:00:00Z")
        await clock.advance(601)
        await client.version()
    await server.stop()
    assert server.seen == ["first", "second"]


# ---- what a plugin may do


async def test_a_plugin_has_no_keyboard_and_no_terminal(plugin: Plugin, tmp_path: Path) -> None:
    plugin.answer(token="x")
    body = (
        f'read line && echo got >> "{tmp_path}/keys"\n(echo hi > /dev/tty) 2>/dev/null && echo tty >> "{tmp_path}/keys"'
    )
    await ExecPlugin(plugin.config(body), ClusterConfig("http://x")).run()
    assert not (tmp_path / "keys").exists()


async def test_a_plugin_that_does_not_end_is_ended_with_its_children(plugin: Plugin, tmp_path: Path) -> None:
    plugin.answer(token="x")
    config = plugin.config(f'sleep 600 & echo $! > "{tmp_path}/child"; wait')
    with pytest.raises(errors.LoginRequired, match="did not answer within"):
        await ExecPlugin(config, ClusterConfig("http://x"), timeout=0.5).run()
    child = int((tmp_path / "child").read_text(encoding="utf-8"))
    async with asyncio.timeout(5):
        while Path(f"/proc/{child}").exists() and "Z" not in Path(f"/proc/{child}/stat").read_text(encoding="utf-8"):
            await asyncio.sleep(0.01)


async def test_a_plugin_that_talks_for_ever_is_bounded(plugin: Plugin) -> None:
    plugin.answer(token="x")
    with pytest.raises(errors.LoginRequired, match="more than 1 MiB"):
        await ExecPlugin(plugin.config("head -c 3000000 /dev/zero | tr '\\0' x"), ClusterConfig("http://x")).run()


async def test_a_missing_plugin_shows_the_install_hint() -> None:
    config = ExecConfig("no-such-login", V1, install_hint="get it from\n  example.org")
    with pytest.raises(errors.LoginRequired) as caught:
        await ExecPlugin(config, ClusterConfig("http://x", context="prod")).run()
    assert "is not installed" in caught.value.message
    assert caught.value.fix == "install it. get it from example.org"


async def test_the_first_line_of_stderr_is_kept_and_the_rest_is_not(plugin: Plugin) -> None:
    body = 'printf "\\n\\033[31mThe SSO session has expired, run aws sso login\\033[0m\\nsecond line\\n" >&2; exit 255'
    with pytest.raises(errors.LoginRequired) as caught:
        await ExecPlugin(plugin.config(body), ClusterConfig("http://x")).run()
    assert "exited with code 255: The SSO session has expired, run aws sso login" in caught.value.message
    assert "second line" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


# ---- an interactive login


async def test_login_lends_the_terminal_and_only_when_asked(
    door: ScriptedServer, plugin: Plugin, clock: VirtualClock
) -> None:
    door.seen.append("by-hand")
    requests: list[LoginRequest] = []

    async def lend(request: LoginRequest) -> bytes:
        requests.append(request)
        return json.dumps({"kind": "ExecCredential", "apiVersion": V1, "status": {"token": "by-hand"}}).encode()

    async with _client(door, clock, exec=plugin.config(interactive_mode="Always")) as client:
        assert not client.can_login
        with pytest.raises(errors.LoginRequired, match="needs a terminal"):
            await client.version()
        client.login_runner = lend
        assert client.can_login
        with pytest.raises(errors.LoginRequired):
            await client.version()
        assert requests == []
        await client.login()
        await client.version()
    [request] = requests
    assert json.loads(request.env["KUBERNETES_EXEC_INFO"])["spec"]["interactive"] is True
    assert request.shown.endswith("kube-login")
    assert plugin.runs == 0


async def test_login_without_a_plugin_is_refused(door: ScriptedServer, clock: VirtualClock) -> None:
    async with _client(door, clock, token="x") as client:
        with pytest.raises(errors.Unsupported):
            await client.login()


# ---- what is never said


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Error loading SSO Token: Token for prod does not exist", "Error loading SSO Token"),
        (f"could not refresh {JWT}", "could not refresh ***"),
        ("Authorization: Bearer abc.def", "Authorization"),
        ("password=hunter2 rejected", "password=*** rejected"),
        ('{"access_token": "short1", "x": 1}', "access_token"),
        ("GET https://jane:hunter2@login.example.org/token failed", "https://***@login.example.org/token failed"),
        ("GET https://login.example.org/t?sig=hunter2", "https://login.example.org/t?***"),
        ("cannot read /home/jane/.aws/sso/cache", "cannot read /home/jane/.aws/sso/cache"),
        ("dial tcp: lookup login.eu-west-1.example.com: no such host", "login.eu-west-1.example.com"),
        ("key AKIAIOSFODNN7EXAMPLE is disabled", "key *** is disabled"),
        pytest.param("a b " * 2500, "a b a b", id="too long"),
    ],
)
def test_what_looks_like_a_secret_is_masked(said: str, kept: str) -> None:
    text = first_line(said.encode())
    assert kept in text
    for secret in (JWT, JWT.split(".")[1], "hunter2", "short1", "abc.def", "AKIAIOSFODNN7EXAMPLE"):
        assert secret not in text
    assert len(text) <= 300


def test_control_characters_and_text_direction_do_not_survive() -> None:
    assert masked("a\x1b]0;title\x07b\x1b[2Jc\u202ed\re") == "a0;titlebcde"


def test_secret_flags_of_a_command_are_masked() -> None:
    shown = command_line(
        ["kubectl", "oidc-login", "--oidc-client-secret=abc", "--token", "def", "--cluster", "prod", "-v", "A_TOKEN=x"]
    )
    assert shown == "kubectl oidc-login --oidc-client-secret=*** --token *** --cluster prod -v A_TOKEN=***"


CANARY = "canary-7f3a9c5e1b8d2460"


def _says(version: str, **status: str) -> str:
    return f"printf '{json.dumps({'kind': 'ExecCredential', 'apiVersion': version, 'status': status})}'; exit 0"


@pytest.mark.parametrize(
    "body",
    [
        f'echo "token: {CANARY}" >&2; exit 1',
        f'echo "first"; echo "{CANARY}" >&2; echo "{CANARY}" >&2; exit 1',
        f'echo "{CANARY}"; exit 0',
        _says(V1, token=CANARY, expirationTimestamp="x"),
        _says("other", token=CANARY),
        _says(V1, clientKeyData=CANARY),
    ],
    ids=["stderr", "stderr-lines", "stdout", "expiry", "version", "key"],
)
async def test_no_secret_of_a_plugin_reaches_an_error(
    plugin: Plugin, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    config = plugin.config(body, args=(f"--token={CANARY}",), env=(("PASSWORD", CANARY),))
    with pytest.raises(errors.EngineError) as caught:
        await ExecPlugin(config, ClusterConfig("http://x", context="prod")).run()
    said = "".join(traceback.format_exception(caught.value)) + str(caught.value.fix) + repr(config) + caplog.text
    # The traceback shows source lines of this file, which hold the marker's name only.
    assert CANARY not in said


async def test_no_secret_of_a_kubeconfig_reaches_an_error_or_a_repr(
    server: ScriptedServer, clock: VirtualClock, tmp_path: Path
) -> None:
    for broken in (
        f"users:\n- name: u\n  user: {{token: {CANARY}\n",
        f"users: [{{name: u, user: {{token: {CANARY}, client-certificate-data: '!{CANARY}'}}}}]\n",
        f"users: [{{name: u, user: {{token: {CANARY}, exec: {CANARY}}}}}]\n",
        f"users: [{{name: u, user: {{token: [{CANARY}]}}}}]\n",
    ):
        head = "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n"
        head += f"clusters: [{{name: c, cluster: {{server: 'https://jane:{CANARY}@x'}}}}]\n"
        for document in (head + broken, head.replace(f"jane:{CANARY}@", "") + broken):
            (tmp_path / "config").write_text(document, encoding="utf-8")
            with pytest.raises(errors.Malformed) as caught:
                load_config([tmp_path / "config"])
            assert CANARY not in str(caught.value)
            assert str(tmp_path / "config") in str(caught.value)
    config = ClusterConfig(
        server.url, user=UserConfig(token=CANARY, password=CANARY, key_data=CANARY.encode()), proxy=f"http://{CANARY}@p"
    )
    assert CANARY not in repr(config)
    assert CANARY not in repr(await Client(config, clock=clock).transport.auth.credential())


async def test_credentials_are_not_sent_in_the_clear_to_other_machines() -> None:
    for url in ("http://192.0.2.1:8080", "http://example.org"):
        client = Client(ClusterConfig.for_server(url, CANARY))
        assert (await client.transport.auth.credential()).headers == {}
    loopback = Client(ClusterConfig.for_server("http://127.0.0.1:1", "t"))
    assert (await loopback.transport.auth.credential()).headers == {"Authorization": "Bearer t"}


# ---- files that are half there


def _load(tmp_path: Path, text: str) -> ClusterConfig:
    (tmp_path / "config").write_text(text, encoding="utf-8")
    return load_config([tmp_path / "config"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no contexts"),
        ("[]", "not a mapping"),
        ("a: 1\nb: c: d\n", "line 2"),
        ("contexts: 7", "must be a list"),
        ("contexts: [7]", "entry 1 of `contexts` has no name"),
        ("contexts: [{name: a, context: 7}]", "must be a mapping"),
        ("contexts: [{name: a}]", "no current-context"),
        ("current-context: b\ncontexts: [{name: a}]", 'no context "b"; there are: a'),
        ("current-context: a\ncontexts: [{name: a}]", "names no cluster"),
        ("a: [\nb: 1\n", ", line "),
        pytest.param("x" * 9_000_000, "larger than 8 MiB", id="too large"),
    ],
)
def test_half_a_kubeconfig_names_file_fault_and_the_demo(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(errors.Malformed) as caught:
        _load(tmp_path, text)
    assert says in str(caught.value)
    assert str(tmp_path / "config") in str(caught.value)
    assert "`fluxtui demo`" in str(caught.value)


def test_no_kubeconfig_at_all_names_the_demo(tmp_path: Path) -> None:
    with pytest.raises(errors.Malformed, match=r"there is no kubeconfig at .*config; .*`fluxtui demo`"):
        load_config(environ={"HOME": str(tmp_path)})
    with pytest.raises(errors.Malformed, match="No such file"):
        load_config([tmp_path / "nothing"])


def test_socks_proxies_and_auth_providers_are_said_to_be_unsupported(tmp_path: Path) -> None:
    head = "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n"
    users = "users: [{name: u, user: {auth-provider: {name: oidc}}}]\n"
    with pytest.raises(errors.Unsupported, match="proxy-url with socks5"):
        _load(
            tmp_path,
            head
            + "clusters: [{name: c, cluster: {server: 'https://x', proxy-url: 'socks5://p:1'}}]\nusers: [{name: u}]\n",
        )
    with pytest.raises(errors.Unsupported, match="kubelogin"):
        _load(tmp_path, head + "clusters: [{name: c, cluster: {server: 'https://x'}}]\n" + users)


def test_a_pod_uses_its_own_account(tmp_path: Path) -> None:
    for name, text in (("token", "t"), ("namespace", "flux-system"), ("ca.crt", "x")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    environ = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    config = in_cluster_config(environ, tmp_path)
    assert config.server == "https://[fd00::1]:443"
    assert config.namespace == "flux-system"
    assert config.user.token_file == tmp_path / "token"


def test_context_names_are_listed(tmp_path: Path) -> None:
    config = _load(
        tmp_path,
        "current-context: b\ncontexts: [{name: b, context: {cluster: c, namespace: apps}}, {name: a}]\n"
        "clusters: [{name: c, cluster: {server: 'https://x:6443/'}}]\n",
    )
    assert config.context_names == ("a", "b")
    assert (config.context, config.namespace, config.server) == ("b", "apps", "https://x:6443")


def test_an_encoded_authority_may_be_wrapped(tmp_path: Path) -> None:
    data = base64.encodebytes(b"x" * 100).decode().replace("\n", "\n      ")
    config = _load(
        tmp_path,
        "current-context: b\ncontexts: [{name: b, context: {cluster: c}}]\nclusters:\n- name: c\n  cluster:\n"
        f"    server: https://x\n    certificate-authority-data: |\n      {data}\n",
    )
    assert config.tls.ca_data == b"x" * 100
