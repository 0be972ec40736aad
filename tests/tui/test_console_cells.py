"""What goes out to the terminal: only different cells, and the screen is the same as if all were written."""

from __future__ import annotations

import random

import pyte
import pytest
from rich.console import Console as RichConsole
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from fluxtui.widgets.cells import Shown, differing
from fluxtui.widgets.pen import Pen
from tests.tui import builders as b
from tests.tui.conftest import Start

RED, DIM = Style.parse("bold #ff6e70 on #12151b"), Style.parse("#7d8799 on #12151b")
CONSOLE = RichConsole(color_system="truecolor", force_terminal=True)


def strip(*parts: tuple[str, Style]) -> Strip:
    return Strip([Segment(text, style) for text, style in parts])


def partial(lines: list[dict[int, Strip | None]], *spans: tuple[int, int, int], ends: list[int]) -> ChopsUpdate:
    return ChopsUpdate(lines, list(spans), [ends] * len(lines))


def written(shown: Shown, update: ChopsUpdate) -> str:
    found = shown.different(update)
    assert isinstance(found, ChopsUpdate)
    return found.render_segments(CONSOLE)


@pytest.mark.parametrize(
    ("old", "new", "ranges"),
    [
        ("abcdef", "abcdef", []),
        ("abcdef", "abXdef", [(2, 3)]),
        ("a" * 30, "X" + "a" * 28 + "X", [(0, 1), (29, 30)]),
        ("abcdefgh", "Xbcdefgh"[:7] + "X", [(0, 8)]),  # near ones are joined
        ("漢字ab", "漢地ab", [(2, 4)]),
        ("ab漢cd", "a漢bcd", [(1, 4)]),
        ("e\u0301aaa", "eaaa", [(0, 1)]),
        ("abc", "abcd", [(0, 4)]),  # another width: all of it
    ],
)
def test_only_different_cells_are_written(old: str, new: str, ranges: list[tuple[int, int]]) -> None:
    assert differing(strip((old, DIM)), strip((new, DIM))) == ranges


def test_another_colour_is_a_difference_and_another_cut_of_the_same_text_is_none() -> None:
    assert differing(strip(("ready", DIM)), strip(("ready", RED))) == [(0, 5)]
    assert differing(strip(("ready", DIM)), strip(("re", DIM), ("ady", DIM))) == []


def test_text_whose_cells_cannot_be_told_apart_is_written_whole() -> None:
    family = "👩\u200d👩\u200d👧 a"
    assert differing(strip((family, DIM)), strip((family[:-1] + "b", DIM)))[0][0] == 0


def test_what_is_unknown_is_written_whole_and_what_is_known_never_again() -> None:
    shown, line = Shown(), strip(("✗ apps/cart", RED), ("  8s", DIM))
    first = written(shown, partial([{0: line}], (0, 0, 15), ends=[15]))
    assert "cart" in first
    assert written(shown, partial([{0: line}], (0, 0, 15), ends=[15])) == ""
    shown.forget()
    assert written(shown, partial([{0: line}], (0, 0, 15), ends=[15])) == first


def test_a_full_update_is_written_whole_and_forgets_what_was_known() -> None:
    shown, line = Shown(), strip(("a", DIM))
    written(shown, partial([{0: line}], (0, 0, 1), ends=[1]))
    full = LayoutUpdate([[line]], Region(0, 0, 1, 1))
    assert shown.different(full) is full
    assert "a" in written(shown, partial([{0: line}], (0, 0, 1), ends=[1]))


def test_parts_outside_of_the_spans_are_left_alone() -> None:
    left, right = strip(("left ", DIM)), strip(("right", DIM))
    out = written(Shown(), partial([{0: left, 5: right}], (0, 5, 10), ends=[5, 10]))
    assert "right" in out
    assert "left" not in out


@pytest.mark.parametrize("seed", range(20))
def test_the_terminal_ends_up_the_same_whatever_changes(seed: int) -> None:
    dice = random.Random(seed)
    size, height = 40, 4
    screen = pyte.Screen(size, height)
    stream = pyte.Stream(screen)
    shown = Shown()
    letters = "ab ✗漢…"

    def line(cells: int) -> Strip:
        parts, left = [], cells
        while left:
            char = dice.choice(letters if left > 1 else "ab ")
            parts.append((char, dice.choice((RED, DIM))))
            left -= 2 if char == "漢" else 1
        return strip(*parts)

    cuts = [0, 17]
    now = [{0: line(17), 17: line(size - 17)} for _ in range(height)]
    for step in range(60):
        if not step or dice.random() < 0.1:  # the screen is shared out otherwise
            cut = dice.randrange(5, 35)
            cuts = [0, cut]
            now = [{0: line(cut), cut: line(size - cut)} for _ in range(height)]
            spans = [(y, 0, size) for y in range(height)]
        else:
            y, x = dice.randrange(height), dice.choice(cuts)
            end = next((cut for cut in (*cuts, size) if cut > x), size)
            now[y][x] = line(end - x)
            spans = [(y, x, end)]
        stream.feed(written(shown, partial([dict(parts) for parts in now], *spans, ends=[*cuts[1:], size])))
        whole = pyte.Screen(size, height)
        for y, parts in enumerate(now):
            pyte.Stream(whole).feed(f"\x1b[{y + 1};1H" + "".join(part.render(CONSOLE) for part in parts.values()))
        assert screen.display == whole.display
        assert [dict(screen.buffer[y]) for y in range(height)] == [dict(whole.buffer[y]) for y in range(height)]


async def test_a_resized_terminal_is_written_anew(console: Start) -> None:
    async with console(b.fleet()) as c:
        shown = c.app._shown
        shown.take(0, [0], 0, strip(("known", DIM)))
        await c.pilot.resize_terminal(100, 30)
        await c.pilot.pause()
        assert shown.take(0, [0], 0, strip(("known", DIM))) == [(0, 5)]


async def test_the_whole_screen_can_be_drawn_anew(console: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    async with console(b.fleet()) as c:
        out: list[object] = []
        monkeypatch.setattr(c.app, "_display", lambda _screen, update: out.append(update))
        await c.press("ctrl+l")
        await c.pilot.pause()
        assert any(isinstance(update, LayoutUpdate) and update.region.size == c.app.size for update in out)


def test_styles_are_told_only_where_they_change() -> None:
    pen = Pen()
    line = strip(("✗", RED), (" cart", RED), ("  8s", DIM))
    first = pen.write(line, CONSOLE)
    assert first == "\x1b[1;38;2;255;110;112;48;2;18;21;27m✗ cart\x1b[22;38;2;125;135;153m  8s"
    plain = Style.parse("#ffffff on #12151b")
    assert pen.write(strip(("x", plain)), CONSOLE) == "\x1b[38;2;255;255;255mx", "the background stays"
    assert pen.lift() == "\x1b[0m"
    assert pen.lift() == ""
    assert pen.write(strip(("y", Style())), CONSOLE) == "y"


@pytest.mark.parametrize(("system", "red"), [("standard", "91"), ("256", "91")])
def test_other_colour_systems_are_told_apart_too(system: str, red: str) -> None:
    console = RichConsole(color_system=system, force_terminal=True)  # type: ignore[arg-type]
    pen = Pen()
    found = pen.write(strip(("a", Style.parse("bold bright_red")), ("b", Style.parse("bold bright_green"))), console)
    assert found.startswith(f"\x1b[1;{red}ma\x1b[")
    assert "\x1b[0" not in found
