"""Tars from outside: what Go's writers and tar programs make, and what nobody should."""

from __future__ import annotations

import io
import tarfile

import pytest

from engine.errors import LimitExceeded
from engine.tar import Tar, TarError


def entry(name: bytes = b"x/a", size: bytes = b"00000000000\0", flag: bytes = b"0", content: bytes = b"") -> bytes:
    """One header with its sum, and its content padded."""
    head = bytearray(512)
    for at, field in ((0, name), (100, b"0000644\0"), (124, size), (148, b" " * 8), (156, flag), (257, b"ustar\00000")):
        head[at : at + len(field)] = field
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + content + b"\0" * (-len(content) % 512)


def header(flag: bytes, content: bytes) -> bytes:
    """A header that tells about the next entry."""
    return entry(b"././@tells", b"%011o\0" % len(content), flag, content)


def read(data: bytes) -> list[tuple[str, str, bytes]]:
    tar = Tar(io.BytesIO(data))
    return [(member.name, member.type, tar.read()) for member in tar]


def made(archive: int, **info: object) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=archive) as tar:
        member = tarfile.TarInfo()
        for key, value in {"name": "x/a", "size": 3, **info}.items():
            setattr(member, key, value)
        tar.addfile(member, io.BytesIO(b"abc"))
    return out.getvalue()


FORMATS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)


@pytest.mark.parametrize("archive", FORMATS)
@pytest.mark.parametrize("name", ["x/a", "x/" + "d" * 90 + "/" + "f" * 90, "x/é"])
def test_every_format_is_read(archive: int, name: str) -> None:
    assert read(made(archive, name=name)) == [(name, "0", b"abc")]


@pytest.mark.parametrize("archive", FORMATS[1:])
def test_names_may_be_long(archive: int) -> None:
    name = "x/" + "f" * 300
    assert read(made(archive, name=name)) == [(name, "0", b"abc")]


def test_what_is_not_read_is_passed_over() -> None:
    data = entry(b"x/a", b"%011o\0" % 1000, b"0", b"1" * 1000) + entry(b"x/b", b"%011o\0" % 2, b"0", b"ok")
    tar = Tar(io.BytesIO(data))
    assert [member.name for member in tar] == ["x/a", "x/b"]


@pytest.mark.parametrize("flag", [b"1", b"2", b"3", b"4", b"5", b"6"])
def test_what_has_no_content_has_none_whatever_size_it_claims(flag: bytes) -> None:
    assert read(entry(size=b"77777777777\0", flag=flag) + entry(b"x/b")) == [
        ("x/a", flag.decode(), b""),
        ("x/b", "0", b""),
    ]


def test_a_name_that_is_not_utf8_keeps_its_bytes() -> None:
    assert read(entry(b"x/\xe9"))[0][0].encode("utf-8", "surrogateescape") == b"x/\xe9"


def test_an_old_folder_ends_in_a_slash() -> None:
    assert [member.is_dir for member in Tar(io.BytesIO(entry(b"x/", flag=b"\0")))] == [True]


NEGATIVE = b"\xff" + (-1024 & (2**88 - 1)).to_bytes(11)


@pytest.mark.parametrize(
    "data",
    [
        b"abc",
        b"\1" * 512,
        entry(size=NEGATIVE),
        entry(size=b"\x80" + (2**70).to_bytes(11)),
        entry(size=b"0000000x000\0"),
        entry(size=b"%011o\0" % 600),
        header(b"x", b"9" * 200_000) + entry(),
        header(b"x", b"1 " * 50_000) + entry(),
        header(b"x", b"12 path=a\n") + entry(),
        header(b"x", b"99999999 size=1\n") + entry(),
        header(b"x", b"10 size=x\n") + entry(),
        header(b"x", b"23 GNU.sparse.major=1\n") + entry(),
        header(b"x", b"11 path=/a\n") + b"\1" * 512,
    ],
)
def test_what_cannot_be_read_is_an_error_at_once(data: bytes) -> None:
    with pytest.raises(TarError, match="tar: "):
        read(data)


def test_a_header_may_not_be_larger_than_go_takes() -> None:
    with pytest.raises(LimitExceeded, match="a header of"):
        read(header(b"L", b"x" * 2_000_000) + entry())


def test_a_chain_of_headers_is_no_recursion() -> None:
    assert read(header(b"x", b"12 path=x/b\n") * 5_000 + entry()) == [("x/b", "0", b"")]
