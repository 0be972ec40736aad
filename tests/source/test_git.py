"""Real git against a real server on loopback."""

from __future__ import annotations

import asyncio
import gzip
import io
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine import errors
from engine.demo.gitserver import GitServer
from engine.source import gitprocess
from engine.source.git import Commit, Git
from engine.source.giterrors import EmptyRepository, GitError
from engine.source.gittree import Limits
from engine.source.giturl import Credentials, Reference, remote
from tests.kube.authority import Authority
from tests.source.repo import Repo

MAIN = Reference(branch="main")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[GitServer]:
    server = GitServer(tmp_path / "served")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def git(tmp_path: Path) -> AsyncIterator[Git]:
    git = Git(tmp_path / "mirrors")
    yield git
    git.close()


async def names(
    git: Git, url: str, commit: Commit, reference: Reference = MAIN, ignore: str | None = None
) -> list[str]:
    def store(write) -> bytes:
        out = io.BytesIO()
        write(out)
        return out.getvalue()

    data = await git.pack(remote(url), MAIN, commit, ignore, 10, store)
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as tar:
        return [info.name for info in tar]


async def test_a_branch(server: GitServer, git: Git) -> None:
    sha = Repo(server.path("a")).commit({"b.yaml": "b", "a/x.yaml": "x", "a.yaml": "a"}, message="first\n\nbody")
    url = server.url("a")
    commit = await git.fetch(remote(url), MAIN, 10)
    assert commit.revision == f"main@sha1:{sha}"
    assert commit.subject == "first"
    assert await names(git, url, commit) == [".", "a", "a/x.yaml", "a.yaml", "b.yaml"]


async def test_an_unchanged_remote_costs_one_listing(server: GitServer, git: Git) -> None:
    sha = Repo(server.path("a")).commit({"a": "a"})
    await git.fetch(remote(server.url("a")), MAIN, 10)
    server.requests.clear()
    assert await git.current(remote(server.url("a")), MAIN, 10) == f"main@sha1:{sha}"
    assert list(server.requests) == ["GET /a.git/info/refs?service=git-upload-pack", "POST /a.git/git-upload-pack"]


async def test_a_tag_annotated_or_not_is_the_commit_it_points_at(server: GitServer, git: Git) -> None:
    repo = Repo(server.path("a"))
    sha = repo.commit({"a": "a"})
    repo.git("tag", "light", sha)
    repo.git("tag", "-a", "-m", "release", "v1.0.0", sha)
    for tag in ("light", "v1.0.0"):
        reference = Reference(tag=tag)
        assert (await git.fetch(remote(server.url("a")), reference, 10)).revision == f"{tag}@sha1:{sha}"
        assert await git.current(remote(server.url("a")), reference, 10) == f"{tag}@sha1:{sha}"


async def test_an_older_commit_with_and_without_branch(server: GitServer, git: Git) -> None:
    repo = Repo(server.path("a"))
    first = repo.commit({"a": "1"})
    repo.commit({"a": "2"}, parent=first)
    url = remote(server.url("a"))
    assert (await git.fetch(url, Reference(commit=first), 10)).revision == f"sha1:{first}"
    assert (await git.fetch(url, Reference(commit=first, branch="main"), 10)).revision == f"main@sha1:{first}"


async def test_a_commit_that_no_branch_reaches_is_not_found(server: GitServer, git: Git) -> None:
    repo = Repo(server.path("a"))
    lost = repo.commit({"a": "lost"})
    repo.commit({"a": "2"})
    repo.git("update-ref", "refs/pull/1/head", lost)
    for commit in (lost, "0123456789012345678901234567890123456789", "main", "0123"):
        with pytest.raises(GitError, match=f"^unable to resolve commit object for '{commit}': object not found$"):
            await git.fetch(remote(server.url("a")), Reference(commit=commit), 10)


async def test_the_log_and_the_files_of_earlier_commits(server: GitServer, git: Git) -> None:
    repo = Repo(server.path("a"))
    shas: list[str] = []
    for number in range(5):
        files = {"a.yaml": str(number), "b.md": ""}
        date = f"2026-01-0{number + 1}T12:00:00Z"
        shas.append(repo.commit(files, message=f"commit {number}", parent=shas[-1] if shas else None, date=date))
    url = remote(server.url("a"))
    log = await git.log(url, MAIN, 10, limit=3)
    assert [(e.hash, e.subject) for e in log] == [(shas[n], f"commit {n}") for n in (4, 3, 2)]
    assert log[0].revision == f"main@sha1:{shas[4]}"
    assert (log[0].author, log[0].time.isoformat()) == ("Golden", "2026-01-05T12:00:00+00:00")
    for number in (2, 4, 0):  # logged, logged, and one that is too old for the log
        assert await git.files(url, MAIN, shas[number], "*.md", 10) == {"a.yaml": str(number).encode()}
    for commit in ("0" * 40, "--output=x"):
        with pytest.raises(GitError, match="object not found"):
            await git.files(url, MAIN, commit, None, 10)
    pinned = Reference(branch="main", commit=shas[0])
    assert [e.hash for e in await git.log(url, pinned, 10, limit=2)] == [shas[4], shas[3]]
    assert [e.revision for e in await git.log(url, Reference(commit=shas[0]), 10, limit=1)] == [f"sha1:{shas[4]}"]


async def test_the_default_branch_is_master(server: GitServer, git: Git) -> None:
    Repo(server.path("a")).commit({"a": "a"}, branch="master")
    assert (await git.fetch(remote(server.url("a")), Reference(), 10)).revision.startswith("master@sha1:")


async def test_a_missing_branch_and_an_empty_repository(server: GitServer, git: Git) -> None:
    repo = Repo(server.path("a"))
    url = remote(server.url("a"))
    with pytest.raises(EmptyRepository, match=r"^git repository is empty$"):
        await git.fetch(url, MAIN, 10)
    repo.commit({"a": "a"})
    with pytest.raises(GitError) as error:
        await git.fetch(url, Reference(branch="absent"), 10)
    assert str(error.value) == f"unable to clone '{url.url}': couldn't find remote ref \"refs/heads/absent\""
    assert await git.current(url, Reference(branch="absent"), 10) == ""


async def test_a_rewritten_branch_is_followed(server: GitServer, git: Git) -> None:
    repo = Repo(server.path("a"))
    repo.commit({"a": "1"})
    await git.fetch(remote(server.url("a")), MAIN, 10)
    sha = repo.commit({"b": "2"}, message="other history")
    commit = await git.fetch(remote(server.url("a")), MAIN, 10)
    assert commit.hash == sha
    assert await names(git, server.url("a"), commit) == [".", "b"]


async def test_a_branch_that_becomes_a_folder_of_branches(server: GitServer, git: Git) -> None:
    repo = Repo(server.path("a"))
    repo.commit({"a": "1"}, branch="x")
    await git.fetch(remote(server.url("a")), Reference(branch="x"), 10)
    repo.git("update-ref", "-d", "refs/heads/x")
    sha = repo.commit({"a": "2"}, branch="x/y")
    commit = await git.fetch(remote(server.url("a")), Reference(branch="x/y"), 10)
    assert commit.revision == f"x/y@sha1:{sha}"


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (401, "authentication required: fault 401\n"),
        (403, "authorization failed: fault 403\n"),
        (404, "repository not found: fault 404\n"),
        (
            500,
            'unexpected client error: unexpected requesting "{url}/info/refs?service=git-upload-pack" status code: 500',
        ),
    ],
)
async def test_what_the_server_answers(server: GitServer, git: Git, status: int, text: str) -> None:
    Repo(server.path("a")).commit({"a": "1"})
    server.faults.status = status
    url = remote(server.url("a"))
    for act, what in ((git.fetch, "clone"), (git.current, "list remote for")):
        with pytest.raises(GitError) as error:
            await act(url, MAIN, 10)
        assert error.value.message == f"unable to {what} '{url.url}': " + text.format(url=url.url)


async def test_what_a_server_says_cannot_paint_on_a_terminal(server: GitServer, git: Git) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b"\x1b[31mred\x07" + b"x" * 50_000
        writer.write(b"HTTP/1.1 403 No\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    other = await asyncio.start_server(answer, "127.0.0.1", 0)
    with pytest.raises(GitError) as error:
        await git.fetch(remote(f"http://127.0.0.1:{other.sockets[0].getsockname()[1]}/x.git"), MAIN, 10)
    assert "authorization failed: [31mredx" in str(error.value)
    assert len(str(error.value)) < 2000
    other.close()


async def test_nobody_listens(git: Git) -> None:
    with pytest.raises(GitError, match=r'": dial tcp 127.0.0.1:1: connect: connection refused$'):
        await git.fetch(remote("http://127.0.0.1:1/x.git"), MAIN, 10)


async def test_basic_auth(server: GitServer, git: Git) -> None:
    Repo(server.path("a")).commit({"a": "1"})
    server.faults.basic_auth = "user:geheim"
    with pytest.raises(GitError, match="authentication required: unauthorized\n"):
        await git.fetch(remote(server.url("a"), Credentials("user", "falsch")), MAIN, 10)
    for url in (
        remote(server.url("a"), Credentials("user", "geheim")),
        remote(server.url("a").replace("://", "://user:geheim@")),
    ):
        assert (await git.fetch(url, MAIN, 10)).revision


async def test_the_servers_own_login(server: GitServer, git: Git) -> None:
    Repo(server.path("a")).commit({"a": "1"})
    assert (await git.fetch(remote(server.public_url("a"), Credentials(*server.login)), MAIN, 10)).revision
    with pytest.raises(GitError, match="authentication required"):
        await git.fetch(remote(server.public_url("a")), MAIN, 10)


async def test_tls_with_an_authority_of_its_own_and_a_bearer_token(git: Git, tmp_path: Path) -> None:
    authority = Authority()
    server = GitServer(tmp_path / "served", tls=authority.server_context(tmp_path, "127.0.0.1"))
    await server.start()
    Repo(server.path("a")).commit({"a": "1"})
    server.faults.bearer = "t0k3n"
    url = server.url("a")
    with pytest.raises(GitError, match="certificate"):
        await git.fetch(remote(url, Credentials(bearer="t0k3n")), MAIN, 10)
    with pytest.raises(GitError, match="authentication required"):
        await git.fetch(remote(url, Credentials(bearer="other", ca=authority.ca)), MAIN, 10)
    commit = await git.fetch(remote(url, Credentials(bearer="t0k3n", ca=authority.ca)), MAIN, 10)
    assert commit.revision.startswith("main@sha1:")
    await server.stop()


def living(groups: set[int]) -> list[str]:
    """The processes of these groups that still run (the dead may wait for somebody to collect them)."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, group = stat.read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(group) in groups and state != "Z":
            found.append(stat.parent.name)
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc")
async def test_a_server_that_hangs_is_given_up_and_its_processes_killed(
    server: GitServer, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []
    popen = gitprocess.subprocess.Popen

    def remember(*args, **kwargs):
        process = popen(*args, **kwargs)
        started.append(process.pid)
        return process

    monkeypatch.setattr(gitprocess.subprocess, "Popen", remember)
    server.faults.hang = True
    url = remote(server.url("a"))
    with pytest.raises(GitError) as error:
        await git.fetch(url, MAIN, 1.0)
    get = f'"{url.url}/info/refs?service=git-upload-pack"'
    assert str(error.value) == f"unable to clone '{url.url}': Get {get}: context deadline exceeded"
    assert started
    assert not living(set(started))


async def test_hung_fetches_block_neither_the_loop_nor_each_other(server: GitServer, git: Git) -> None:
    sha = Repo(server.path("a")).commit({"a": "1"})

    release = asyncio.Event()

    async def never(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.close()

    other = await asyncio.start_server(never, "127.0.0.1", 0)
    port = other.sockets[0].getsockname()[1]
    hung = asyncio.create_task(git.fetch(remote(f"http://127.0.0.1:{port}/x.git"), MAIN, 30))
    assert (await git.fetch(remote(server.url("a")), MAIN, 10)).hash == sha
    hung.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hung
    release.set()
    other.close()
    await asyncio.sleep(0)


async def test_links_are_left_out_and_ignored_files_too(server: GitServer, git: Git) -> None:
    Repo(server.path("a")).commit(
        {"a.yaml": "a", "bin/run": "x", "d/.sourceignore": "skip\n", "d/skip": "", "d/keep": ""},
        symlinks={"link": "/etc/passwd", "d/up": "../../.."},
        executable=("bin/run",),
    )
    commit = await git.fetch(remote(server.url("a")), MAIN, 10)
    found = await names(git, server.url("a"), commit, ignore="/bin\n")
    assert found == [".", "a.yaml", "d", "d/.sourceignore", "d/keep"]


async def test_a_file_or_a_repository_that_is_too_large_is_refused(server: GitServer, tmp_path: Path) -> None:
    Repo(server.path("a")).commit({"big": b"0" * 2000, "small": b"0" * 600, "small2": b"1" * 600})
    git = Git(tmp_path / "m", limits=Limits(file=1000, total=1000))
    commit = await git.fetch(remote(server.url("a")), MAIN, 10)
    with pytest.raises(errors.LimitExceeded, match="big makes the artifact too large"):
        await names(git, server.url("a"), commit)
    with pytest.raises(errors.LimitExceeded, match="small2"):
        await names(git, server.url("a"), commit, ignore="big\n")
    assert await names(git, server.url("a"), commit, ignore="big\nsmall2\n") == [".", "small"]
    git.close()


async def test_a_repository_that_is_made_to_keep_us_busy_is_given_up(server: GitServer, git: Git) -> None:
    files = {f"{number}/x": "" for number in range(2000)}
    Repo(server.path("a")).commit(files | {".sourceignore": "".join(f"*{'a*' * 40}{n}\n" for n in range(3000))})
    commit = await git.fetch(remote(server.url("a")), MAIN, 10)
    with pytest.raises(errors.Unavailable, match="took too long"):
        await git.pack(remote(server.url("a")), MAIN, commit, None, 1.0, lambda write: write(io.BytesIO()))


@pytest.mark.parametrize(
    ("files", "limits"),
    [
        ({"a/" * 20 + "x": ""}, Limits(depth=10)),
        ({".sourceignore": "x\n" * 100}, Limits(ignore=100)),
        ({"a": "", "b": "", "c": ""}, Limits(entries=2)),
    ],
)
async def test_bounds_on_a_tree(server: GitServer, tmp_path: Path, files: dict, limits: Limits) -> None:
    Repo(server.path("a")).commit(files)
    git = Git(tmp_path / "m", limits=limits)
    with pytest.raises(errors.LimitExceeded):
        await names(git, server.url("a"), await git.fetch(remote(server.url("a")), MAIN, 10))
    git.close()


@pytest.mark.parametrize("name", [b"..", b".git", b"a/b", b"."])
async def test_a_tree_with_a_path_that_escapes_is_refused(server: GitServer, git: Git, name: bytes) -> None:
    repo = Repo(server.path("a"))
    blob = bytes.fromhex(repo.git("hash-object", "-w", "--stdin", stdin=b"x"))
    repo.raw_commit(b"100644 " + name + b"\0" + blob)
    with pytest.raises((GitError, errors.Malformed)):
        await names(git, server.url("a"), await git.fetch(remote(server.url("a")), MAIN, 10))


@pytest.mark.parametrize("branch", ["--upload-pack=x", "a b", "a:refs/heads/b", "x^{}", "*", "../x", "a..b", "x.lock"])
async def test_a_branch_that_is_none_is_never_given_to_git(
    server: GitServer, git: Git, branch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args, **_kwargs):
        raise AssertionError("git was started")

    monkeypatch.setattr(gitprocess.subprocess, "Popen", refuse)
    with pytest.raises(GitError, match="couldn't find remote ref"):
        await git.fetch(remote(server.url("a")), Reference(branch=branch), 10)


async def test_many_small_fetches_do_not_pile_up(server: GitServer, tmp_path: Path) -> None:
    repo = Repo(server.path("a"))
    git = Git(tmp_path / "m", limits=Limits(packs=3))
    parent = None
    for number in range(6):
        parent = repo.commit({f"f{number}": str(number)}, parent=parent)
        assert (await git.fetch(remote(server.url("a")), MAIN, 10)).hash == parent
    assert len(list((tmp_path / "m").glob("*.git/objects/pack/*.pack"))) <= 3
    git.close()


async def test_mirrors_that_nobody_uses_make_room(server: GitServer, tmp_path: Path) -> None:
    git = Git(tmp_path / "m", limits=Limits(mirrors=2))
    for name in ("a", "b", "a", "c"):
        Repo(server.path(name)).commit({"a": "1"})
        await git.fetch(remote(server.url(name)), MAIN, 10)
        await asyncio.sleep(0.02)  # the mirrors' times are what tells them apart
    assert len(list((tmp_path / "m").glob("*.git"))) == 2
    server.requests.clear()
    commit = await git.fetch(remote(server.url("a")), MAIN, 10)
    assert await names(git, server.url("a"), commit) == [".", "a"]
    git.close()


async def test_closing_ends_what_hangs(server: GitServer, tmp_path: Path) -> None:
    server.faults.hang = True
    git = Git(tmp_path / "m")
    fetch = asyncio.create_task(git.fetch(remote(server.url("a")), MAIN, 60))
    while not server.requests:
        await asyncio.sleep(0.01)
    git.close()
    with pytest.raises(GitError):
        await asyncio.wait_for(fetch, 10)


async def test_neither_hooks_nor_the_users_configuration_count(
    server: GitServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text('[url "http://127.0.0.1:1/"]\n insteadOf = http://\n')
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'http.proxy=http://127.0.0.1:1'")
    Repo(server.path("a")).commit({"a": "1"})
    git = Git(tmp_path / "m")
    assert (await git.fetch(remote(server.url("a")), MAIN, 10)).revision
    git.close()


async def test_a_login_is_in_no_command_line_and_in_no_file(
    server: GitServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    popen = gitprocess.subprocess.Popen

    def remember(args, **kwargs):
        commands.append(args)
        return popen(args, **kwargs)

    monkeypatch.setattr(gitprocess.subprocess, "Popen", remember)
    Repo(server.path("a")).commit({"a": "1"})
    server.faults.basic_auth = "user:canary-7f3a"
    git = Git(tmp_path / "m")
    url = remote(server.url("a"), Credentials("user", "canary-7f3a"))
    await git.fetch(url, MAIN, 10)
    server.faults.basic_auth = "user:other"
    with pytest.raises(GitError) as error:
        await git.fetch(url, MAIN, 10)
    git.close()
    header = url.credentials.header().split()[-1]
    for secret in ("canary-7f3a", header):
        assert secret not in str(error.value) + repr(url) + repr(commands)
        for path in (tmp_path / "m").rglob("*"):
            assert not path.is_file() or secret.encode() not in path.read_bytes()


async def test_a_login_is_not_sent_to_another_address(git: Git) -> None:
    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/y.git/info/refs\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(redirect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(GitError, match=r"put the new address into spec\.url"):
        await git.fetch(remote(f"http://127.0.0.1:{port}/x.git", Credentials("u", "p")), MAIN, 10)
    server.close()


async def test_a_redirect_at_the_same_server_is_followed(server: GitServer, git: Git) -> None:
    sha = Repo(server.path("a")).commit({"a": "1"})
    for url in (
        remote(server.url("a").removesuffix(".git")),
        remote(server.public_url("a").removesuffix(".git"), Credentials(*server.login)),
    ):
        commit = await git.fetch(url, MAIN, 10)
        assert commit.hash == sha
        assert await git.current(url, MAIN, 10) == f"main@sha1:{sha}"


@pytest.mark.parametrize(
    "url",
    [
        "--upload-pack=touch x",
        "ext::sh -c touch% x",
        "file:///etc",
        "http://-oProxyCommand=x/y",
        "http://host /x",
        "http://host/x\ny",
        "http://host/x y",
        "http://",
        "http://[::1/x",
        "http://host:99999/x",
        "http://host/" + "x" * 3000,
        "http://user:geheim@ho st/x",
    ],
)
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(errors.Malformed) as error:
        remote(url)
    assert "geheim" not in str(error.value)


def test_ssh_waits_for_its_issue() -> None:
    with pytest.raises(errors.Unsupported, match="ssh"):
        remote("ssh://git@example.com/x.git")


def test_the_login_in_a_url_counts_only_without_a_secret() -> None:
    assert remote("https://u:p%40@host/x").credentials == Credentials("u", "p@")
    assert remote("https://u:p@host/x", Credentials("s", "t")).credentials == Credentials("s", "t")
    assert remote("https://u:p@host:8443/x").url == "https://host:8443/x"
    assert "p%40" not in repr(remote("https://u:p%40@host/x"))


def test_a_header_cannot_be_smuggled_in() -> None:
    with pytest.raises(errors.Malformed):
        remote("http://host/x", Credentials(bearer="x\r\nHost: evil"))


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ({}, Reference()),
        ({"branch": "b", "commit": "c", "semver": ">1", "name": "refs/x"}, Reference("b", "", "c")),
        ({"tag": "t", "semver": ">1"}, Reference("", "t", "")),
    ],
)
def test_the_reference_of_a_spec(ref: dict, expected: Reference) -> None:
    assert Reference.of({"ref": ref}, "GitRepository a/b") == expected


@pytest.mark.parametrize("ref", [{"semver": ">1"}, {"name": "refs/heads/x", "tag": "t"}, {"name": "x", "branch": "y"}])
def test_semver_and_name_are_refused_by_name(ref: dict) -> None:
    with pytest.raises(errors.Unsupported, match=r"spec\.ref\.(semver|name) of GitRepository a/b"):
        Reference.of({"ref": ref}, "GitRepository a/b")
