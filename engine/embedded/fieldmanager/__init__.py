"""Who owns which field: server-side apply and the tracking of updates, as structured-merge-diff does them. Pure.

Objects are plain dicts, never changed in place.
"""

from engine.embedded.fieldmanager.apply import apply
from engine.embedded.fieldmanager.errors import FieldConflict, TypedError
from engine.embedded.fieldmanager.managed import unchanged
from engine.embedded.fieldmanager.scale import parent_managers, scale_managers
from engine.embedded.fieldmanager.update import reset_paths, update

__all__ = [
    "FieldConflict",
    "TypedError",
    "apply",
    "parent_managers",
    "reset_paths",
    "scale_managers",
    "unchanged",
    "update",
]
