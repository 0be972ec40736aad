"""The person's own editor, on a private file that is gone afterwards."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

#: As kubectl has them.
_VARIABLES: Final = ("KUBE_EDITOR", "VISUAL", "EDITOR")
_USUAL: Final = ("vi", "vim", "nano", "emacs")


class EditorError(Exception):
    """No editor, or one that failed; the text is a sentence for the person."""


def command(environ: Mapping[str, str] = os.environ) -> list[str]:
    """The editor and its flags; EditorError when there is none."""
    named = next((environ[name] for name in _VARIABLES if environ.get(name)), "")
    try:
        found = shlex.split(named) or [next(name for name in _USUAL if shutil.which(name))]
    except StopIteration:
        raise EditorError("No editor was found: set EDITOR to one.") from None
    except ValueError as error:
        raise EditorError(f"The editor's command cannot be read ({error}): {named}") from error
    return found


def edit(text: str, argv: list[str], name: str) -> str:
    """What the person made of the text; `name` becomes the file's, so that the editor knows its type.

    The terminal must be the editor's meanwhile. EditorError when it could not be run or said that it failed.
    """
    folder = Path(tempfile.mkdtemp(prefix="fluxtui-"))
    path = folder / name
    try:
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        ended = subprocess.run([*argv, str(path)], check=False)
        if ended.returncode:
            raise EditorError(f"{argv[0]} ended with {ended.returncode}: nothing was changed.")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EditorError(f"{argv[0]}: {error}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
