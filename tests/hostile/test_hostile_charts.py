"""Charts that mean harm: archives, folders, nesting. Each is refused by name within bounds, and nothing is written."""

from __future__ import annotations

import gzip
import io
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import EngineError, LimitExceeded, Malformed
from engine.helm.chart import ChartError, Limits, load, load_archive, read_archive
from engine.helm.render import render
from engine.programs import template

CHART = "apiVersion: v2\nname: x\nversion: 0.1.0\n"
SECONDS = 20.0
"""Of CPU: what a hostile chart may cost at most, on a slow machine."""


@pytest.fixture(autouse=True)
def bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is written, and time is bounded."""
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    monkeypatch.chdir(empty)
    start = time.process_time()
    yield
    assert time.process_time() - start < SECONDS
    assert not list(empty.iterdir())


def packed(*entries: tuple[str | tarfile.TarInfo, str | bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=tarfile.GNU_FORMAT) as tar:
        for name, content in entries:
            data = content.encode() if isinstance(content, str) else content
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def chart(*entries: tuple[str | tarfile.TarInfo, str | bytes]) -> bytes:
    return packed(("x/Chart.yaml", CHART), *entries)


# --- sizes -----------------------------------------------------------------------------------------------------


def test_a_file_of_zeros_stops_at_the_bound() -> None:
    with pytest.raises(LimitExceeded, match=r"decompressed chart file 'zeros' is larger than the maximum file size"):
        load_archive(chart(("x/zeros", b"\0" * 6_000_000)))


def test_many_files_of_zeros_stop_at_the_bound() -> None:
    zeros = [(f"x/{at}", b"\0" * 5_000_000) for at in range(25)]
    with pytest.raises(LimitExceeded, match="decompressed chart is larger than the maximum size"):
        load_archive(chart(*zeros))


def test_headers_without_files_stop_at_the_bound() -> None:
    long = special("././@LongLink", tarfile.GNUTYPE_LONGLINK)
    headers = packed(*[(long, b"/" * 1_000_000)] * 60)
    with pytest.raises(LimitExceeded, match="decompressed chart is larger"):
        read_archive(headers, limits=Limits(chart_bytes=10_000_000, files=100))


def test_a_bomb_inside_a_subchart_counts_for_itself() -> None:
    bomb = chart(("x/zeros", b"\0" * 6_000_000))
    with pytest.raises(LimitExceeded, match=r"inner\.tgz: decompressed chart file 'zeros'"):
        load_archive(chart(("x/charts/inner.tgz", bomb)))


def test_there_are_not_too_many_entries() -> None:
    entries = gzip.compress(tarfile.TarInfo("x/a").tobuf() * 20_001)
    with pytest.raises(LimitExceeded, match="more than 20000 entries"):
        load_archive(entries)


@pytest.mark.parametrize("name", ["x/" + "a" * 5_000, "x/" + "a/" * 2_500])
def test_names_are_not_too_long_and_are_not_repeated_in_full(name: str) -> None:
    with pytest.raises(LimitExceeded, match="is longer than 4096 characters") as raised:
        load_archive(chart((name, "")))
    assert len(str(raised.value)) < 200


# --- paths -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["x/../../y", "x/a/../../../y", "x//etc/y", "/x/../../y", "x\\..\\..\\y", "x/c:/y", "x/\\..\\..\\y"],
)
def test_a_path_that_leads_out_is_refused(name: str) -> None:
    with pytest.raises(ChartError, match="illegally"):
        read_archive(chart((name, "harm")))


@pytest.mark.parametrize(("name", "inside"), [("/x", "x"), ("../y", "y"), ("x/a/../y", "y"), ("./y", "y")])
def test_the_first_folder_goes_whatever_it_is_called(name: str, inside: str) -> None:
    assert [file.name for file in read_archive(chart((name, "")))] == ["Chart.yaml", inside]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_have_no_content(kind: bytes) -> None:
    loaded = load_archive(chart((special("x/templates/l.yaml", kind, "/etc/passwd"), b"")))
    assert [file.data for file in loaded.templates] == [b""]


def test_a_link_does_not_move_what_comes_after_it() -> None:
    entries = [(special("x/charts", tarfile.SYMTYPE, "/etc"), b""), ("x/charts/a.yaml", "harm")]
    with pytest.raises(ChartError, match=r"error unpacking subchart a\.yaml in x"):
        load_archive(chart(*entries))


def test_names_that_are_no_text_are_made_text() -> None:
    info = tarfile.TarInfo("x/templates/\udce9.yaml")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=tarfile.GNU_FORMAT, errors="surrogateescape") as tar:
        tar.addfile(tarfile.TarInfo("x/Chart.yaml"))
        tar.addfile(info)
    assert [file.name for file in read_archive(out.getvalue())] == ["Chart.yaml", "templates/\ufffd.yaml"]


def test_of_two_templates_with_one_name_the_later_counts() -> None:
    twice = [("x/templates/a.yaml", "kind: First"), ("x/templates/a.yaml", "kind: Second")]
    (manifest,) = render(load_archive(chart(*twice)), {}).manifests
    assert manifest.kind == "Second"


def test_a_later_chart_yaml_cannot_take_the_first_ones_checks_away() -> None:
    with pytest.raises(ChartError, match=r"validation: chart\.metadata\.name"):
        load_archive(chart(("x/Chart.yaml", "name: ../../y\n")))


# --- nesting ---------------------------------------------------------------------------------------------------


def nested(depth: int) -> bytes:
    data = chart()
    for _ in range(depth):
        data = chart(("x/charts/x.tgz", data))
    return data


def test_archives_in_archives_end() -> None:
    with pytest.raises(LimitExceeded, match="nested deeper than 30 levels"):
        load_archive(nested(31))


def test_folders_of_charts_in_charts_end() -> None:
    deep = [(f"x/{'charts/x/' * level}Chart.yaml", CHART) for level in range(40)]
    with pytest.raises(LimitExceeded, match="nested deeper than 30 levels"):
        load_archive(packed(*deep))


def test_a_chart_that_asks_for_itself_is_only_what_lies_in_charts() -> None:
    own = CHART + "dependencies:\n- {name: x, version: 0.1.0}\n"
    with pytest.raises(ChartError, match="missing in charts/ directory: x"):
        render(load_archive(packed(("x/Chart.yaml", own))), {})


def test_two_dependencies_under_one_name_are_refused() -> None:
    both = CHART + "dependencies:\n- {name: a, version: 1.0.0, alias: c}\n- {name: c, version: 1.0.0}\n"
    with pytest.raises(ChartError, match='more than one dependency with name or alias "c"'):
        load_archive(packed(("x/Chart.yaml", both)))


def test_an_alias_may_not_be_a_path() -> None:
    alias = CHART + "dependencies:\n- {name: a, version: 1.0.0, alias: ../../b}\n"
    with pytest.raises(ChartError, match="disallowed characters in the alias"):
        load_archive(packed(("x/Chart.yaml", alias)))


def test_a_wide_tree_of_aliases_is_no_blow_up() -> None:
    """Thirty aliases of a chart that has thirty aliases of one more: 900 charts share their files."""
    inner = "".join(f"- {{name: leaf, version: 1.0.0, alias: a{at}}}\n" for at in range(30))
    middle = inner.replace("leaf", "middle")
    data = packed(
        ("x/Chart.yaml", f"{CHART}dependencies:\n{middle}"),
        ("x/charts/middle/Chart.yaml", f"apiVersion: v2\nname: middle\nversion: 1.0.0\ndependencies:\n{inner}"),
        ("x/charts/middle/charts/leaf/Chart.yaml", "apiVersion: v2\nname: leaf\nversion: 1.0.0\n"),
        ("x/charts/middle/charts/leaf/templates/a.yaml", "kind: ConfigMap"),
    )
    assert len(render(load_archive(data), {}).manifests) == 900


# --- folders ---------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "chart"
    (root / "templates").mkdir(parents=True)
    (root / "Chart.yaml").write_text(CHART)
    return root


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside", "/proc/self/environ"])
def test_a_chart_from_outside_reads_nothing_of_this_machine(folder: Path, target: str) -> None:
    (folder.parent.parent / "outside").write_text("private")
    (folder / "templates" / "a.yaml").symlink_to(target)
    with pytest.raises(ChartError, match=r"templates/a\.yaml is a link that (leaves the chart|leads nowhere)"):
        load(folder)


def test_the_folder_that_a_person_names_may_lead_anywhere_and_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder.parent / "shared.yaml").write_text("kind: Shared")
    (folder / "templates" / "a.yaml").symlink_to("../../shared.yaml")
    assert template.chart_at(folder).templates[0].data == b"kind: Shared"
    assert "templates/a.yaml is a link that leaves the chart" in capsys.readouterr().err


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom", "/dev/stdin"])
def test_a_link_to_a_device_is_not_read_even_for_its_owner(folder: Path, device: str) -> None:
    (folder / "values.yaml").symlink_to(device)
    with pytest.raises(EngineError, match=r"irregular file|leads nowhere"):
        template.chart_at(folder)


def test_a_file_that_does_not_tell_its_size_is_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "big").write_bytes(b"\0" * 6_000_000)
    with pytest.raises(LimitExceeded, match="chart file 'big' is larger than the maximum file size"):
        load(folder)


@pytest.mark.parametrize("rule", ["*" * 1000 + "a", "[" + "a" * 100_000, "?" * 100_000, "!" * 1000])
def test_ignore_rules_run_in_linear_time(folder: Path, rule: str) -> None:
    (folder / ".helmignore").write_text(f"{rule}\n" * 20)
    (folder / ("a" * 200)).write_text("")
    try:
        load(folder)
    except EngineError as error:
        assert len(str(error)) < 500  # noqa: PT017 - it may be refused, and must be readable then


def test_yaml_bombs_in_chart_yaml_end() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with pytest.raises((LimitExceeded, Malformed), match=r"alias|nodes|large"):
        load_archive(packed(("x/Chart.yaml", CHART + bomb)))
