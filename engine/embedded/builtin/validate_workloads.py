"""Validation of what runs pods: selectors that match, fields that may not change."""

from __future__ import annotations

from typing import Any

from engine.embedded.builtin import validate_pods
from engine.embedded.schema.fielderrors import FieldError, forbidden, invalid, not_supported, required
from engine.embedded.schema.patterns import compile_pattern

Object = dict[str, Any]
Errors = list[FieldError]

_IMMUTABLE = "field is immutable"
_NO_MATCH = "`selector` does not match template `labels`"
_NEGATIVE = "must be greater than or equal to 0"


def _not_negative(spec: Object, names: tuple[str, ...], errors: Errors, path: str = "spec") -> None:
    for name in names:
        value = spec.get(name)
        if isinstance(value, int) and value < 0:
            errors.append(invalid(f"{path}.{name}", value, _NEGATIVE))


def _selects(spec: Object, kind: str, errors: Errors) -> None:
    """The selector is there, is not empty, and selects the template's labels."""
    selector = spec.get("selector")
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    if selector is None:
        errors.append(required("spec.selector"))
    elif not selector.get("matchLabels") and not selector.get("matchExpressions"):
        errors.append(invalid("spec.selector", selector, f"empty selector is invalid for {kind}"))
    if selector is None or not matches(selector, labels or {}):
        errors.append(invalid("spec.template.metadata.labels", labels, _NO_MATCH))


def matches(selector: Object, labels: Object) -> bool:
    """Whether a metav1.LabelSelector selects these labels."""
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_expression(entry, labels) for entry in selector.get("matchExpressions") or ())


def _expression(entry: Object, labels: Object) -> bool:
    key, values = str(entry.get("key")), entry.get("values") or ()
    operators = {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }
    return operators.get(str(entry.get("operator")), False)


def _unchanged(new: Object, old: Object | None, names: tuple[str, ...], errors: Errors) -> None:
    """Each of these spec fields must be what it was."""
    if old is None:
        return
    after, before = new.get("spec") or {}, old.get("spec") or {}
    for name in names:
        if after.get(name) != before.get(name):
            errors.append(invalid(f"spec.{name}", after.get(name), _IMMUTABLE))


def deployment(new: Object, old: Object | None, errors: Errors) -> None:
    """apps/v1 Deployment."""
    spec = new.get("spec") or {}
    _not_negative(spec, ("replicas",), errors)
    _selects(spec, "deployment", errors)
    validate_pods.template(spec, "spec", errors)
    _not_negative(spec, ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"), errors)
    _strategy(spec, errors)
    deadline, ready = spec.get("progressDeadlineSeconds"), spec.get("minReadySeconds") or 0
    if isinstance(deadline, int) and deadline <= ready:
        errors.append(invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"))
    _unchanged(new, old, ("selector",), errors)


_PERCENT_TEXT = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for "
    "validation is '[0-9]+%')"
)


def _counts_or_percents(rolling: Object, path: str, errors: Errors) -> None:
    """A number of pods or a share of them, in maxSurge and maxUnavailable."""
    for name in ("maxUnavailable", "maxSurge"):
        value = rolling.get(name)
        if isinstance(value, str) and compile_pattern("^[0-9]+%$").search(value) is None:
            errors.append(invalid(f"{path}.{name}", value, _PERCENT_TEXT))
        elif isinstance(value, int) and value < 0:
            errors.append(invalid(f"{path}.{name}", value, _NEGATIVE))


def _strategy(spec: Object, errors: Errors) -> None:
    strategy = spec.get("strategy") or {}
    if strategy.get("type") not in (None, "Recreate", "RollingUpdate"):
        errors.append(not_supported("spec.strategy.type", strategy["type"], ("Recreate", "RollingUpdate")))
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") == "Recreate" and rolling is not None:
        detail = "may not be specified when strategy `type` is 'Recreate'"
        errors.append(forbidden("spec.strategy.rollingUpdate", detail))
    _counts_or_percents(rolling or {}, "spec.strategy.rollingUpdate", errors)
    if rolling and all(str(rolling.get(name)) in ("0", "0%") for name in ("maxUnavailable", "maxSurge")):
        detail = "may not be 0 when `maxSurge` is 0"
        errors.append(invalid("spec.strategy.rollingUpdate.maxUnavailable", rolling["maxUnavailable"], detail))


def replica_set(new: Object, old: Object | None, errors: Errors) -> None:
    """apps/v1 ReplicaSet."""
    spec = new.get("spec") or {}
    _not_negative(spec, ("replicas", "minReadySeconds"), errors)
    _selects(spec, "replicaset", errors)
    validate_pods.template(spec, "spec", errors)
    _unchanged(new, old, ("selector",), errors)


def daemon_set(new: Object, old: Object | None, errors: Errors) -> None:
    """apps/v1 DaemonSet."""
    spec = new.get("spec") or {}
    _selects(spec, "daemonset", errors)
    validate_pods.template(spec, "spec", errors)
    rolling = (spec.get("updateStrategy") or {}).get("rollingUpdate") or {}
    _counts_or_percents(rolling, "spec.updateStrategy.rollingUpdate", errors)
    _not_negative(spec, ("minReadySeconds", "revisionHistoryLimit"), errors)
    _unchanged(new, old, ("selector",), errors)


_STS_MUTABLE = frozenset(
    {"replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "minReadySeconds"}
    | {"persistentVolumeClaimRetentionPolicy"}
)
_STS_FORBIDDEN = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)


def stateful_set(new: Object, old: Object | None, errors: Errors) -> None:
    """apps/v1 StatefulSet."""
    spec = new.get("spec") or {}
    _not_negative(spec, ("replicas", "minReadySeconds"), errors)
    _selects(spec, "statefulset", errors)
    validate_pods_with_claims(spec, errors)
    if old is not None:
        before = {name: value for name, value in (old.get("spec") or {}).items() if name not in _STS_MUTABLE}
        if before != {name: value for name, value in spec.items() if name not in _STS_MUTABLE}:
            errors.append(forbidden("spec", _STS_FORBIDDEN))


def validate_pods_with_claims(spec: Object, errors: Errors) -> None:
    """The template, whose mounts may name claim templates instead of volumes."""
    claims: list[Object] = [
        {"name": (claim.get("metadata") or {}).get("name"), "persistentVolumeClaim": {}}
        for claim in spec.get("volumeClaimTemplates") or ()
    ]
    template = spec.get("template") or {}
    pod = template.get("spec") or {}
    own = [volume for volume in pod.get("volumes") or () if volume.get("name") not in {c["name"] for c in claims}]
    merged = {**spec, "template": {**template, "spec": {**pod, "volumes": own + claims}}}
    validate_pods.template(merged, "spec", errors)


_JOB_RESTART = ("OnFailure", "Never")


def job(new: Object, old: Object | None, errors: Errors) -> None:
    """batch/v1 Job."""
    spec = new.get("spec") or {}
    _not_negative(spec, ("parallelism", "completions", "backoffLimit", "ttlSecondsAfterFinished"), errors)
    _job_template(spec, "spec", errors)
    fixed = ("selector", "template", "completionMode", "completions")
    _unchanged(new, old, fixed[:3] if spec.get("completionMode") == "Indexed" else fixed, errors)


def _job_template(spec: Object, path: str, errors: Errors) -> None:
    policy = ((spec.get("template") or {}).get("spec") or {}).get("restartPolicy")
    validate_pods.template(spec, path, errors, restart=(*_JOB_RESTART, "Always"))
    if policy == "Always":
        valid = ", ".join(f'"{choice}"' for choice in _JOB_RESTART)
        errors.append(required(f"{path}.template.spec.restartPolicy", f"valid values: {valid}"))


def cron_job(new: Object, _old: Object | None, errors: Errors) -> None:
    """batch/v1 CronJob."""
    spec = new.get("spec") or {}
    schedule = str(spec.get("schedule") or "")
    if not schedule:
        errors.append(required("spec.schedule"))
    elif not schedule.startswith("@") and len(schedule.split()) != 5:
        detail = f"expected exactly 5 fields, found {len(schedule.split())}: {schedule.split()}"
        errors.append(invalid("spec.schedule", schedule, detail))
    policy = spec.get("concurrencyPolicy")
    if policy not in (None, "Allow", "Forbid", "Replace"):
        errors.append(not_supported("spec.concurrencyPolicy", policy, ("Allow", "Forbid", "Replace")))
    _job_template((spec.get("jobTemplate") or {}).get("spec") or {}, "spec.jobTemplate.spec", errors)
    _not_negative(spec, ("startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"), errors)
