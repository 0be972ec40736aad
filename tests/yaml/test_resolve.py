"""What plain scalars mean: the table measured from Helm, the controllers and kustomize."""

from __future__ import annotations

import pytest

from engine.errors import Malformed
from engine.yaml import Profile, load

BOTH = [
    ("0755", 493),
    ("0o755", 493),
    ("0b11", 3),
    ("0x1F", 31),
    ("-0x1F", -31),
    ("1_000", 1000),
    ("+1", 1),
    ("08", 8),
    ("00", 0),
    ("-0", 0),
    ("1:30", "1:30"),
    ("22:22:22", "22:22:22"),
    ("1e3", 1000),
    ("0.1e1", 1),
    ("1.", 1),
    (".5", 0.5),
    ("+.5", 0.5),
    ("0.10", 0.1),
    ("1.0", 1),
    ("1.10", 1.1),
    ("1e400", "1e400"),
    ("0x", "0x"),
    ("0o8", "0o8"),
    ("0x1.8p1", "0x1.8p1"),
    ("_1", "_1"),
    ("NaN", "NaN"),
    ("=", "="),
    ("<<", "<<"),
    ("1.2.3", "1.2.3"),
    ("true", True),
    ("False", False),
    ("~", None),
    ("null", None),
    ("", None),
    ("'yes'", "yes"),
    ('"1"', "1"),
    ("!!str 123", "123"),
    ('!!int "12"', 12),
    ("!!binary aGk=", "hi"),
    ("!custom 12", "12"),
    ("9223372036854775807", 9223372036854775807),
]
DIFFERENT = [
    ("yes", True, "yes"),
    ("on", True, "on"),
    ("Off", False, "Off"),
    ("y", True, "y"),
    ("N", False, "N"),
    ("2001-12-14", "2001-12-14", "2001-12-14T00:00:00Z"),
    ("2001-12-14 21:59:43.10", "2001-12-14 21:59:43.10", "2001-12-14T21:59:43.1Z"),
    ("2001-1-2t1:2:3-05:00", "2001-1-2t1:2:3-05:00", "2001-01-02T01:02:03-05:00"),
    ("2001-02-30", "2001-02-30", "2001-02-30"),
    ("2001-12-14T21:59:43", "2001-12-14T21:59:43", "2001-12-14T21:59:43"),
    ("2001-12-14 21:59:43Z", "2001-12-14 21:59:43Z", "2001-12-14 21:59:43Z"),
    ("12345678901234567890", 12345678901234567890.0, 12345678901234567890),
]


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize(("written", "means"), BOTH)
def test_means_the_same_everywhere(written: str, means: object, profile: Profile) -> None:
    value = load(f"a: {written}", profile=profile)["a"]
    assert value == means
    assert type(value) is type(means)


@pytest.mark.parametrize(("written", "v2", "v3"), DIFFERENT)
def test_means_something_else_to_kustomize(written: str, v2: object, v3: object) -> None:
    values = load(f"a: {written}", profile=Profile.V2)["a"], load(f"a: {written}", profile=Profile.V3)["a"]
    assert values == (v2, v3)
    assert [type(value) for value in values] == [type(v2), type(v3)]


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("written", [".inf", "-.Inf", ".nan", "!!int x", "!!bool 1", "!!binary '*'"])
def test_refuses_what_json_cannot_hold(written: str, profile: Profile) -> None:
    with pytest.raises(Malformed, match="line 1, column 4"):
        load(f"a: {written}", profile=profile)


def test_keys_of_the_older_profile_are_what_json_calls_them() -> None:
    assert load("yes: 1\n0755: 2\n'no': 3\n") == {"true": 1, "493": 2, "no": 3}
    assert load("yes: 1\n0755: 2\n", profile=Profile.V3) == {"yes": 1, "0755": 2}
