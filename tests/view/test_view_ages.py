"""Ages in one unit, and when they change."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fluxtui.view.ages import age, brief, brief_duration, coarse, duration, next_change, next_coarse, spoken
from tests.tui.builders import NOW, ago


@pytest.mark.parametrize(
    ("seconds", "short", "long"),
    [
        (0, "0s", "0 s"),
        (8, "8s", "8 s"),
        (59.9, "59s", "59 s"),
        (60, "1m", "1 min"),
        (3_599, "59m", "59 min"),
        (3_600, "1h", "1 h"),
        (86_399, "23h", "23 h"),
        (86_400, "1d", "1 d"),
        (9 * 86_400 + 5, "9d", "9 d"),
        (-30, "0s", "0 s"),
    ],
)
def test_an_age_has_one_unit(seconds: float, short: str, long: str) -> None:
    assert age(ago(seconds=seconds), NOW) == short
    assert spoken(ago(seconds=seconds), NOW) == long


def test_without_a_time_there_is_no_age() -> None:
    assert age(None, NOW) == ""
    assert spoken(None, NOW) == ""


@pytest.mark.parametrize(
    ("seconds", "expected"), [(8.25, 0.75), (61, 59.0), (3_600 + 1_800, 1_800.0), (86_400 * 2 + 1, 86_399.0)]
)
def test_the_next_change_is_when_the_unit_is_full(seconds: float, expected: float) -> None:
    assert next_change([ago(seconds=seconds)], NOW) == pytest.approx(min(expected, 3_600.0))


def test_the_soonest_of_many_counts_and_nothing_waits_an_hour() -> None:
    assert next_change([ago(days=3), None, ago(seconds=61)], NOW) == pytest.approx(59.0)
    assert next_change([], NOW) == 3_600.0


@pytest.mark.parametrize(
    ("seconds", "words", "wait"), [(0, "now", 10), (9, "now", 1), (10, "10 s", 10), (47, "40 s", 3), (61, "1 min", 59)]
)
def test_titles_count_in_steps_of_ten_seconds(seconds: float, words: str, wait: float) -> None:
    assert coarse(ago(seconds=seconds), NOW) == words
    assert next_coarse([ago(seconds=seconds)], NOW) == pytest.approx(wait)


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0.4 s"), (12, "12 s"), (200, "3 min"), (7_300, "2 h")])
def test_durations_are_exact_while_they_are_short(seconds: float, words: str) -> None:
    assert duration(NOW, NOW + timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("go", "read"), [("1.896520144s", "1.9s"), ("14.839ms", "15ms"), ("1m2.5s", "1m2.5s"), ("935µs", "935µs"), ("", "")]
)
def test_controllers_durations_are_told_at_a_readable_precision(go: str, read: str) -> None:
    assert brief_duration(go) == read


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "now"), (9, "now"), (10, "10s"), (59, "50s"), (60, "1m"), (7_300, "2h")]
)
def test_rows_count_in_the_same_steps(seconds: float, words: str) -> None:
    assert brief(ago(seconds=seconds), NOW) == words
    assert brief(None, NOW) == ""
