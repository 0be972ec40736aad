"""Archives as chart repositories give them, and as they had better not."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from engine.errors import LimitExceeded, NotFound
from engine.helm.chart import ChartError, Limits, load, load_archive, read_archive

CHART = "apiVersion: v2\nname: x\nversion: 0.1.0\n"


def packed(entries: dict[str, str | bytes | tarfile.TarInfo]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in entries.items():
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
                continue
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_the_first_folder_is_taken_off_whatever_its_name() -> None:
    files = read_archive(packed({"any/Chart.yaml": CHART, "any/templates/a.yaml": "a"}))
    assert [file.name for file in files] == ["Chart.yaml", "templates/a.yaml"]


def test_a_byte_order_mark_is_dropped() -> None:
    assert read_archive(packed({"x/a": b"\xef\xbb\xbfa"}))[0].data == b"a"


def test_windows_separators_are_understood() -> None:
    assert read_archive(packed({"x\\templates\\a.yaml": "a"}))[0].name == "templates/a.yaml"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("x/../../etc/passwd", "parent directory"),
        ("x/../y/../../z", "parent directory"),
        ("x//etc/passwd", "absolute paths"),
        ("x\\..\\..\\a", "parent directory"),
        ("x/c:/windows", "illegally named"),
        ("Chart.yaml", "outside the base directory"),
        ("x/", "outside the base directory"),
        ("Chart.yaml/a", "not in base directory"),
    ],
)
def test_a_path_that_leads_out_of_the_chart_is_refused(name: str, why: str) -> None:
    with pytest.raises(ChartError, match=why):
        read_archive(packed({name: tarfile.TarInfo(name) if name.endswith("/") else "a"}))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_link_in_an_archive_is_an_empty_file_and_is_not_followed(kind: bytes) -> None:
    files = read_archive(packed({"x/Chart.yaml": CHART, "x/l": link("x/l", "/etc/passwd", kind)}))
    assert {file.name: file.data for file in files}["l"] == b""


def test_devices_have_no_content() -> None:
    device = link("x/d", "", tarfile.CHRTYPE)
    assert read_archive(packed({"x/d": device}))[0].data == b""


def test_one_file_may_not_be_too_large() -> None:
    with pytest.raises(LimitExceeded, match="maximum file size"):
        read_archive(packed({"x/big": b"\0" * 2000}), limits=Limits(file_bytes=1000))


def test_all_files_together_may_not_be_too_large() -> None:
    with pytest.raises(LimitExceeded, match="maximum size"):
        read_archive(packed({f"x/{n}": b"\0" * 900 for n in range(5)}), limits=Limits(chart_bytes=4000))


def test_there_may_not_be_too_many_entries() -> None:
    with pytest.raises(LimitExceeded, match="more than 10 entries"):
        read_archive(packed({f"x/{n}": "" for n in range(11)}), limits=Limits(files=10))


def test_the_archive_itself_may_not_be_too_large(tmp_path: Path) -> None:
    data = packed({"x/Chart.yaml": CHART})
    with pytest.raises(LimitExceeded):
        read_archive(data, limits=Limits(archive_bytes=10))
    (tmp_path / "x.tgz").write_bytes(data)
    with pytest.raises(LimitExceeded):
        load(tmp_path / "x.tgz", limits=Limits(archive_bytes=10))


@pytest.mark.parametrize("data", [b"", b"kind: ConfigMap\n", b"PK\x03\x04"])
def test_what_is_no_gzip_is_refused(data: bytes) -> None:
    with pytest.raises(ChartError, match="gzipped archive"):
        read_archive(data, name="x.tgz")


@pytest.mark.parametrize(
    "data",
    [b"\x1f\x8b\x08garbage", packed({"x/a": "a"})[:-20], gzip.compress(b"no tar" * 200)],
    ids=["no gzip inside", "cut short", "no tar inside"],
)
def test_a_broken_archive_is_an_error_and_no_traceback(data: bytes) -> None:
    with pytest.raises(ChartError, match="cannot be read"):
        read_archive(data)


def test_an_empty_archive_is_refused() -> None:
    with pytest.raises(ChartError, match="no files"):
        read_archive(packed({}))


def test_subcharts_may_be_packed_in_one_another() -> None:
    inner = packed({"inner/Chart.yaml": CHART.replace("x", "inner")})
    outer = packed({"outer/Chart.yaml": CHART.replace("x", "outer"), "outer/charts/inner.tgz": inner})
    chart = load_archive(packed({"x/Chart.yaml": CHART, "x/charts/outer-1.tgz": outer}))
    assert [child.name for child in chart.dependencies] == ["outer"]
    assert [child.name for child in chart.dependencies[0].dependencies] == ["inner"]


def test_charts_in_charts_end_somewhere() -> None:
    data = packed({"x/Chart.yaml": CHART})
    for _ in range(5):
        data = packed({"x/Chart.yaml": CHART, "x/charts/x.tgz": data})
    with pytest.raises(LimitExceeded, match="nested deeper"):
        load_archive(data, limits=Limits(depth=3))


def test_a_chart_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="missing"):
        load(tmp_path / "missing")
