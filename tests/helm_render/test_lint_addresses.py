"""What helm's lint takes for e-mail addresses and URLs; each row was asked of helm 4.2.3."""

from __future__ import annotations

import pytest

from engine.helm.lint.addresses import is_email, is_request_url, is_url


@pytest.mark.parametrize(
    "text",
    ["a@b.c", "a.b@c-d.e", "a@b.c.", "ä@ö.ü", "a@b_c.d", "a+b@x.y", '"q"@x.yz', '" q "@x.yz', '"(q"@x.yz'],
)
def test_emails(text: str) -> None:
    assert is_email(text)


@pytest.mark.parametrize(
    "text",
    [
        "a@b",
        "a b@c.d",
        "a..b@c.d",
        "a@-b.c",
        "a@b.c1",
        "<a@b.c>",
        "a@[1.2.3.4]",
        ".a@b.c",
        "a@b.c d",
        "x@a..b",
        '"qs"@x.yz',
        "",
    ],
)
def test_what_is_no_email(text: str) -> None:
    assert not is_email(text)


@pytest.mark.parametrize(
    ("text", "url", "request_url"),
    [
        ("https://a.b/c", True, True),
        ("a.b", False, False),
        ("ab.c", True, False),
        ("http://", False, True),
        ("mailto:a@b.c", True, True),
        ("a b.c", False, False),
        ("http://[::1]/", True, True),
        ("http://[1.2.3.4]/", False, False),
        ("javascript:x", False, True),
        ("http://.a.b", False, True),
        ("http://a.b:port", False, False),
        ("https://exa mple.com", False, False),
        ("http://a%zz.b", False, False),
        ("user:pw@a.b", True, True),
        ("/path", False, False),
        ("*", False, False),
    ],
)
def test_urls(text: str, *, url: bool, request_url: bool) -> None:
    assert (is_url(text), is_request_url(text)) == (url, request_url)


def test_a_long_address_is_quick() -> None:
    assert not is_email("a." * 100_000 + "@")
    assert not is_url("http://" + "a-" * 1_000)
