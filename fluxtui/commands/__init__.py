"""Every command there is, in the order of footer and help; a new one is a class and an entry here."""

from __future__ import annotations

from typing import Final

from fluxtui.commands.acts import (
    DeleteObject,
    EditObject,
    ReconcileNow,
    ReconcileWithSource,
    RollBack,
    ToggleSuspend,
    UndoLast,
)
from fluxtui.commands.base import Command, Console, Group, Selection
from fluxtui.commands.reads import FAVOURITES, MOVES, NARROWS, OTHERS, SHOWS, RestartEngine

COMMANDS: Final[tuple[Command, ...]] = (
    ReconcileNow(),
    ReconcileWithSource(),
    ToggleSuspend(),
    RollBack(),
    UndoLast(),
    DeleteObject(),
    EditObject(),
    *SHOWS,
    *NARROWS,
    *FAVOURITES,
    *MOVES,
    RestartEngine(),
    *OTHERS,
)

BY_ID: Final = {command.id: command for command in COMMANDS}

__all__ = ["BY_ID", "COMMANDS", "Command", "Console", "Group", "Selection"]
