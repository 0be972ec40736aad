"""Heights: they add up, nothing disappears, trouble has precedence."""

from __future__ import annotations

import pytest

from fluxtui.view.layout import Need, narrow, stacked

NEEDS = [Need(9, 1), Need(24, 3), Need(12, 1), Need(200)]


@pytest.mark.parametrize("total", range(8, 120, 3))
@pytest.mark.parametrize("focused", range(4))
def test_heights_add_up_and_no_panel_disappears(total: int, focused: int) -> None:
    heights = stacked(total, NEEDS, focused)
    assert sum(heights) == total
    assert min(heights) >= 1


def test_the_focused_panel_has_two_fifths_where_it_needs_them() -> None:
    for focused in range(1, 4):
        if NEEDS[focused].rows + 2 >= 15:
            assert stacked(38, NEEDS, focused)[focused] >= 15


def test_everything_fits_when_there_is_room() -> None:
    assert stacked(100, [Need(4), Need(11), Need(2), Need(4)], 1) == [6, 13, 4, 77]


def test_what_is_calm_shrinks_before_what_fails() -> None:
    calm, failing = stacked(16, [Need(10), Need(2), Need(10, 4), Need(50)], 1)[0:3:2]
    assert failing >= 6 > calm


@pytest.mark.parametrize(
    ("total", "pane_focused", "heights", "pane"),
    [
        (22, False, [1, 13, 1, 1], 6),
        (22, True, [1, 7, 1, 1], 12),
        (14, False, [1, 11, 1, 1], 0),
        (14, True, [1, 4, 1, 1], 7),
    ],
)
def test_a_narrow_screen_opens_one_panel(total: int, pane_focused: bool, heights: list[int], pane: int) -> None:
    assert narrow(total, 4, 1, pane_focused=pane_focused) == (heights, pane)
    assert sum(heights) + pane == total
