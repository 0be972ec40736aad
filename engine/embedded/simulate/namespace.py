"""Namespaces: what every new one contains, and how one that is deleted is emptied and let go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from engine.embedded.facade import Change
from engine.embedded.simulate.cluster import Key, Object
from engine.embedded.simulate.loop import Route, Simulator
from engine.embedded.simulate.objects import is_deleting

ROOT_CA = "kube-root-ca.crt"
#: Deletes in one go: each is a change, and brings the namespace back for the rest.
_BURST = 100
_CONTENT = "NamespaceContentRemaining"
_FINALIZERS = "NamespaceFinalizersRemaining"


class Namespaces(Simulator):
    """v1 Namespace."""

    def routes(self) -> Mapping[tuple[str, str], Route]:
        """Namespaces themselves, and what leaves one."""
        return {self.ANY: self._touched}

    def _touched(self, change: Change) -> Iterable[Key]:
        obj = change.object
        metadata = obj["metadata"]
        if obj.get("kind") == "Namespace" and obj.get("apiVersion") == "v1":
            return (("", metadata["name"]),)
        # Contents matter while their namespace goes; these two are made anew when they are deleted.
        restored = change.type == "DELETED" and metadata["name"] in ("default", ROOT_CA)
        return (
            (("", metadata["namespace"]),)
            if metadata.get("namespace") and (restored or self._is_going(metadata["namespace"]))
            else ()
        )

    def _is_going(self, name: str) -> bool:
        namespace = self.cluster.api.get("v1", "Namespace", "", name)
        return namespace is not None and is_deleting(namespace)

    def reconcile(self, key: Key) -> float | None:
        """Furnish an active namespace; empty one that is deleted."""
        name = key[1]
        namespace = self.cluster.api.get("v1", "Namespace", "", name)
        if namespace is None:
            return None
        if is_deleting(namespace):
            self._empty(namespace)
        else:
            self._furnish(name)
        return None

    def _furnish(self, name: str) -> None:
        api = self.cluster.api
        metadata = {"namespace": name}
        if api.get("v1", "ServiceAccount", name, "default") is None:
            api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", **metadata}})
        if api.get("v1", "ConfigMap", name, ROOT_CA) is None:
            about = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints."
            api.create(
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {"name": ROOT_CA, **metadata, "annotations": {"kubernetes.io/description": about}},
                    "data": {"ca.crt": ""},
                }
            )

    def _empty(self, namespace: Object) -> None:
        """Delete what is in it; when nothing is left, take away the namespace's own finalizer."""
        api, name = self.cluster.api, namespace["metadata"]["name"]
        there = [found for found in self._contents(name) if not is_deleting(found[2])]
        for group_version, kind, obj in there[:_BURST]:
            metadata = obj["metadata"]
            api.delete(group_version, kind, name, metadata["name"], uid=metadata["uid"])
        left = self._contents(name)
        if not left:
            api.finalize_namespace(name)
            return
        held = sorted({f for _, _, obj in left for f in obj["metadata"].get("finalizers") or ()})
        kinds = sorted({kind for _, kind, _ in left})
        self._report(
            namespace,
            {
                _CONTENT: ("SomeResourcesRemain", f"Some resources are remaining: {', '.join(kinds)}"),
                _FINALIZERS: (
                    "SomeFinalizersRemain",
                    f"Some content in the namespace has finalizers remaining: {', '.join(held)}",
                ),
            },
        )

    def _contents(self, name: str) -> list[tuple[str, str, Object]]:
        return [
            (group_version, kind, obj)
            for group_version, kind, namespaced in self.cluster.api.kinds()
            if namespaced
            for obj in self.cluster.api.list(group_version, kind, name)
        ]

    def _report(self, namespace: Object, words: Mapping[str, tuple[str, str]]) -> None:
        before = {entry["type"]: entry for entry in (namespace.get("status") or {}).get("conditions") or ()}
        conditions = []
        for kind, (reason, message) in words.items():
            since = (before.get(kind) or {}).get("lastTransitionTime") or self.cluster.now()
            entry = {"type": kind, "status": "True", "lastTransitionTime": since}
            conditions.append({**entry, "reason": reason, "message": message})
        self.cluster.write_status(namespace, {"phase": "Terminating", "conditions": conditions})
