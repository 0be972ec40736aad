"""Compiled templates on disk: good for the next process, and never more than an advantage."""

from __future__ import annotations

import marshal
import os
from pathlib import Path
from unittest.mock import patch

import pytest

from engine.helm.functions import functions
from engine.helm.template import Templates
from engine.helm.template.sources import Source
from engine.templatecache import TemplateCache, cache_home

_PADDING = "# " + "x" * 250 + "\n"
TEXT = _PADDING + '{{ define "a" }}<{{ . }}>{{ end }}{{ define "b" }}never{{ end }}{{ include "a" .v }}'


def render(cache: TemplateCache, text: str = TEXT, value: str = "1") -> str:
    templates = Templates(functions(), cache=cache)
    templates.parse("t.yaml", text)
    return templates.execute("t.yaml", {"v": value}).removeprefix(_PADDING)


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with what the text compiles to."""
    cache = TemplateCache(tmp_path / "templates")
    assert render(cache) == "<1>"
    cache.save()
    assert len(files(tmp_path)) == 1
    return tmp_path / "templates"


def compiles(root: Path) -> bool:
    """Whether a process that starts now has to write a function."""
    with patch.object(Source, "write", autospec=True, side_effect=Source.write) as write:
        assert render(TemplateCache(root), value="2") == "<2>"
    return bool(write.called)


def test_the_next_process_compiles_nothing(root: Path) -> None:
    assert not compiles(root)


def test_what_was_not_wanted_yet_is_compiled_and_added(root: Path) -> None:
    text = TEXT.replace('"a" .v', ".v .v")
    first = TemplateCache(root)
    assert render(first, text, "a") == "<a>"
    first.save()
    second = TemplateCache(root)
    assert render(second, text, "b") == "never"
    second.save()
    with patch.object(Source, "write") as write:
        third = TemplateCache(root)
        assert (render(third, text, "a"), render(third, text, "b")) == ("<a>", "never")
    assert not write.called


def test_files_and_folders_are_their_owners_alone(root: Path) -> None:
    assert [path.stat().st_mode & 0o777 for path in (root, *root.iterdir())] == [0o700, 0o700]
    assert [path.stat().st_mode & 0o777 for path in files(root)] == [0o600]


@pytest.mark.parametrize("content", [b"", b"short", b"\0" * 500, b"\0" * 32 + marshal.dumps((1, 2))])
def test_broken_files_are_ignored_and_written_anew(root: Path, content: bytes) -> None:
    (file,) = files(root)
    file.write_bytes(content)
    cache = TemplateCache(root)
    assert render(cache) == "<1>"
    cache.save()
    assert not compiles(root)


def test_one_changed_byte_is_noticed(root: Path) -> None:
    (file,) = files(root)
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    assert compiles(root)


@pytest.mark.parametrize("mode", [0o640, 0o602, 0o666])
def test_files_that_others_may_touch_are_not_executed(root: Path, mode: int) -> None:
    (file,) = files(root)
    file.chmod(mode)
    assert compiles(root)


@pytest.mark.parametrize("depth", [0, 1])
def test_folders_that_others_may_touch_are_not_used(root: Path, depth: int) -> None:
    folder = root if depth == 0 else next(root.iterdir())
    folder.chmod(0o777)
    assert compiles(root)
    cache = TemplateCache(root)
    render(cache, TEXT + "more")
    cache.save()
    assert len(files(root)) == 1


def test_another_users_files_are_not_executed(root: Path) -> None:
    with patch("os.geteuid", return_value=os.geteuid() + 1):
        assert compiles(root)


def test_links_are_not_followed(root: Path, tmp_path: Path) -> None:
    (file,) = files(root)
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert compiles(root)


def test_a_folder_that_cannot_be_made_means_no_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = TemplateCache(tmp_path / "file" / "templates")
    assert render(cache) == "<1>"
    cache.save()


def test_texts_made_of_values_stay_in_memory(tmp_path: Path) -> None:
    cache = TemplateCache(tmp_path)
    secret = _PADDING + "{{ tpl .v . }}"
    assert "hunter2" in render(cache, secret, "hunter2 " * 100 + "{{ .v | len }}")
    cache.save()
    assert not any(b"hunter2" in path.read_bytes() for path in files(tmp_path))
    assert len(files(tmp_path)) == 1


def test_the_longest_unused_go_first(tmp_path: Path) -> None:
    size = 0
    for number in range(8):
        cache = TemplateCache(tmp_path, limit=10 * size if size else 10**9)
        render(cache, f"{_PADDING}{{{{ .v }}}}{number}")
        cache.save()
        (newest,) = [path for path in files(tmp_path) if path.stat().st_mtime > 10**9]
        size = newest.stat().st_size
        os.utime(newest, (number, number))
    cache = TemplateCache(tmp_path, limit=4 * size)
    render(cache, _PADDING + "{{ .v }}last")
    cache.save()
    kept = [path.stat().st_mtime for path in files(tmp_path)]
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 4 * size
    assert 7.0 in kept
    assert not {0.0, 1.0, 2.0, 3.0} & set(kept)


def test_another_version_of_the_compiler_has_a_folder_of_its_own(root: Path) -> None:
    with patch("engine.templatecache._version", return_value="other"):
        assert compiles(root)
    assert not compiles(root)


def test_it_lies_where_caches_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_home() == Path("/somewhere/fluxtui/templates")
