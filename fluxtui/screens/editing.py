"""Editing an object as text: read it, lend the terminal to an editor, and propose what was changed.

A text that was not sent (refused, or left with Esc) is kept: the next edit of the object goes on with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from textual.app import SuspendNotSupported

from engine.api import Answer, Command, Edit, Editable, Ref
from fluxtui import editor
from fluxtui.view.text import Role

if TYPE_CHECKING:
    from fluxtui.screens.main import MainScreen

_HEAD: Final = """\
# {ref}
# Save and leave to see what your change would do; nothing is sent before you say so.
# Leave the text as it is, or empty it, to change nothing. A value shown as *** stays as it is.
"""


class Editing:
    """One edit at a time."""

    def __init__(self, screen: MainScreen, propose: Callable[[tuple[Command, ...]], None]) -> None:
        self._screen = screen
        self._propose = propose
        self._draft: Edit | None = None

    def begin(self, ref: Ref) -> None:
        """Go on with the unsent text about this object, or read the object."""
        draft = self._draft
        if draft is not None and draft.ref == ref:
            self._open(ref, draft.before, draft.after)
        else:
            self._screen.say(f"Reading {ref}…")
            self._screen.bridge.ask(Editable(ref), self._read)

    def sent(self, intent: Command) -> None:
        """An intent was accepted: its text is needed no longer."""
        if intent is self._draft:
            self._draft = None

    def _read(self, answer: Answer) -> None:
        ref = answer.query.ref
        if answer.error is not None:
            self._screen.say(f"Edit {ref}: {answer.error}", Role.FAIL)
        elif isinstance(answer.value, str):
            self._open(ref, answer.value, _HEAD.format(ref=ref) + answer.value)

    def _open(self, ref: Ref, before: str, text: str) -> None:
        self._draft = None
        try:
            argv = editor.command()
            with self._screen.app.suspend():
                after = editor.edit(text, argv, f"{ref.kind.lower()}.yaml")
        except editor.EditorError as error:
            self._screen.say(str(error), Role.FAIL)
            return
        except SuspendNotSupported:
            self._screen.say("This terminal cannot be lent to an editor.", Role.FAIL)
            return
        if not after.strip() or after == _HEAD.format(ref=ref) + before:
            self._screen.say("Nothing was changed.")
            return
        self._draft = Edit(ref, before=before, after=after)
        self._propose((self._draft,))
