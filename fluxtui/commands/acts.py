"""The commands that change something: each builds intents and lets the console show their effect first."""

from __future__ import annotations

from engine.api import Delete, Operation, Reconcile, Resource, Resume, Snapshot, Suspend, Undo
from fluxtui.commands.base import Command, Console, Group, Selection
from fluxtui.view.kinds import VIEWS


class Act(Command):
    """A command that changes something."""

    group = Group.ACTS
    acts = True
    needs = "patch"


def _suspendable(resource: Resource) -> bool:
    return resource.ref.kind != "ExternalArtifact"


class ReconcileNow(Act):
    """Ask the controller for a pass."""

    id = "reconcile"
    keys = "R"
    title = "Reconcile"
    label = "reconcile"

    def run(self, console: Console) -> None:
        """One intent an object."""
        console.propose(tuple(Reconcile(ref) for ref in console.selection().refs))


class ReconcileWithSource(Act):
    """The source first, then the object."""

    id = "reconcile.with_source"
    keys = "W"
    title = "Reconcile with source"
    label = "with source"

    def refusal(self, selection: Selection, snapshot: Snapshot) -> str:
        """A source has no source."""
        resources = selection.resources(snapshot)
        if resources and all(VIEWS[item.ref.kind].source for item in resources if item.ref.kind in VIEWS):
            return "Reconcile with source: this is a source itself; R reconciles it."
        return super().refusal(selection, snapshot)

    def shown(self, selection: Selection, snapshot: Snapshot) -> bool:
        """Not for sources."""
        return not all(VIEWS[ref.kind].source for ref in selection.refs if ref.kind in VIEWS)

    def run(self, console: Console) -> None:
        """One intent an object."""
        console.propose(tuple(Reconcile(ref, with_source=True) for ref in console.selection().refs))


class ToggleSuspend(Act):
    """Suspend what runs, resume what is suspended."""

    id = "suspend"
    keys = "T"
    title = "Suspend or resume"
    label = "suspend"

    def refusal(self, selection: Selection, snapshot: Snapshot) -> str:
        """Some kinds have no spec.suspend."""
        resources = selection.resources(snapshot)
        if resources and not any(_suspendable(resource) for resource in resources):
            return f"{resources[0].ref.kind} has no spec.suspend: its generator is what runs."
        return super().refusal(selection, snapshot)

    def run(self, console: Console) -> None:
        """All of the selection the same way: resume when all are suspended, else suspend those that are not."""
        resources = [r for r in console.selection().resources(console.snapshot) if _suspendable(r)]
        if all(resource.suspended for resource in resources):
            console.propose(tuple(Resume(resource.ref) for resource in resources))
        else:
            console.propose(tuple(Suspend(resource.ref) for resource in resources if not resource.suspended))


class RollBack(Act):
    """Pin a Kustomization's source to an earlier revision."""

    id = "rollback"
    keys = "B"
    title = "Roll back"
    label = "roll back"

    def refusal(self, selection: Selection, snapshot: Snapshot) -> str:
        """Kustomizations, one at a time."""
        resources = selection.resources(snapshot)
        if len(resources) > 1:
            return "Roll back takes one object at a time: Esc clears the marks."
        if resources and resources[0].ref.kind == "HelmRelease":
            return "Rolling back Helm releases comes with the Helm controller; not yet."
        if resources and resources[0].ref.kind != "Kustomization":
            return "Roll back: choose the Kustomization; its source is pinned for it."
        return super().refusal(selection, snapshot)

    def shown(self, selection: Selection, snapshot: Snapshot) -> bool:
        """Only where it means something."""
        return any(ref.kind in ("Kustomization", "HelmRelease") for ref in selection.refs)

    def run(self, console: Console) -> None:
        """The revisions come first."""
        console.choose_revision(console.selection().refs[0])


def undoable(snapshot: Snapshot, selection: Selection) -> Operation | None:
    """The newest operation of ours that can be taken back, on the selection before any other."""
    candidates = [operation for operation in snapshot.operations if operation.undoable]
    ours = [operation for operation in candidates if operation.ref in selection.refs]
    return next(iter(ours or candidates), None)


class UndoLast(Act):
    """Take back a suspend, a resume or a rollback."""

    id = "undo"
    keys = "U"
    title = "Undo"

    def refusal(self, selection: Selection, snapshot: Snapshot) -> str:
        """There must be something to take back."""
        if undoable(snapshot, selection) is None:
            return "Undo: no operation of yours can be taken back (suspend, resume and roll back can)."
        if snapshot.read_only:
            return "Undo: this console is read-only (--read-only)."
        return ""

    def run(self, console: Console) -> None:
        """The newest one."""
        operation = undoable(console.snapshot, console.selection())
        if operation is not None:
            console.propose((Undo(operation.ref, operation=operation.id),))


class DeleteObject(Act):
    """Delete the object; its name has to be typed."""

    id = "delete"
    keys = "ctrl+d"
    title = "Delete"
    needs = "delete"

    def refusal(self, selection: Selection, snapshot: Snapshot) -> str:
        """One at a time: each name is typed."""
        if len(selection.refs) > 1:
            return "Delete takes one object at a time: Esc clears the marks."
        return super().refusal(selection, snapshot)

    def run(self, console: Console) -> None:
        """The dialog asks for the name."""
        console.propose(tuple(Delete(ref) for ref in console.selection().refs))


class EditObject(Act):
    """Edit the object's YAML in the person's own editor."""

    id = "edit"
    keys = "e"
    title = "Edit"

    def refusal(self, selection: Selection, snapshot: Snapshot) -> str:
        """One editor at a time."""
        if len(selection.refs) > 1:
            return "Edit takes one object at a time: Esc clears the marks."
        return super().refusal(selection, snapshot)

    def run(self, console: Console) -> None:
        """The dialog comes when the editor is left."""
        console.edit(console.selection().refs[0])
