"""A real Kubernetes API on loopback: etcd, kube-apiserver and kube-controller-manager as plain processes, no kubelets.

The programs come from `$KUBEBUILDER_ASSETS` (`make cluster-assets`); reference: envtest.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

READY_WITHIN = 60.0


def assets() -> Path:
    """The folder of real programs; without it a test that needs one is skipped, saying so (CI has it)."""
    folder = os.environ.get("KUBEBUILDER_ASSETS")
    if not folder or not (Path(folder) / "kube-apiserver").is_file():
        message = "the real kube-apiserver is not here: run `make cluster-assets` and set KUBEBUILDER_ASSETS"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return Path(folder)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class RealCluster:
    """`start` and `stop` it; `kubeconfig` and `token` are an administrator's (system:masters)."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="fluxtui-cluster-")))
    port: int = field(default_factory=free_port)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    etcd_port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        """The API server's URL."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def kubeconfig(self) -> Path:
        """An administrator's kubeconfig."""
        return self.folder / "kubeconfig"

    def start(self) -> None:
        """Start all three and wait until the API server is ready."""
        _certificates(self.folder)
        (self.folder / "tokens.csv").write_text(f"{self.token},admin,admin,system:masters\n")
        self.write_kubeconfig(self.kubeconfig, self.token)
        self.start_etcd()
        self.start_apiserver()
        self._spawn(
            "kube-controller-manager",
            f"--kubeconfig={self.kubeconfig}",
            "--use-service-account-credentials=true",
            f"--service-account-private-key-file={self.folder / 'sa.key'}",
            f"--root-ca-file={self.folder / 'ca.crt'}",
            "--leader-elect=false",
            "--kube-api-qps=1000",
            "--kube-api-burst=2000",
            f"--secure-port={free_port()}",
            "--bind-address=127.0.0.1",
        )

    def start_etcd(self) -> None:
        """The store, in a folder of its own, without fsync: it is a test's."""
        peer = free_port()
        self._spawn(
            "etcd",
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls=http://127.0.0.1:{self.etcd_port}",
            f"--advertise-client-urls=http://127.0.0.1:{self.etcd_port}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-cluster=default=http://127.0.0.1:{peer}",
            "--unsafe-no-fsync",
            "--log-level=error",
        )

    def start_apiserver(self) -> None:
        """The API server (again): same certificates, port and data."""
        folder = self.folder
        self._spawn(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self.etcd_port}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self.port}",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            f"--tls-cert-file={folder / 'tls.crt'}",
            f"--tls-private-key-file={folder / 'tls.key'}",
            f"--client-ca-file={folder / 'ca.crt'}",
            f"--token-auth-file={folder / 'tokens.csv'}",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={folder / 'sa.pub'}",
            f"--service-account-signing-key-file={folder / 'sa.key'}",
            "--authorization-mode=RBAC",
            "--disable-admission-plugins=ServiceAccount",
            "--allow-privileged=true",
            "--profiling=false",
            "--v=0",
        )
        self.wait_ready()

    def stop_apiserver(self, *, kill: bool = True) -> None:
        """An outage; etcd and its data stay."""
        self._end("kube-apiserver", signal.SIGKILL if kill else signal.SIGTERM)

    def stop(self) -> None:
        """Everything, the API server before etcd (else it hangs), and the folder."""
        for name in ("kube-controller-manager", "kube-apiserver", "etcd"):
            self._end(name, signal.SIGTERM)
        shutil.rmtree(self.folder, ignore_errors=True)

    def wait_ready(self) -> None:
        """Until /readyz says ok."""
        context = ssl.create_default_context(cafile=str(self.folder / "ca.crt"))
        request = urllib.request.Request(f"{self.url}/readyz", headers={"Authorization": f"Bearer {self.token}"})
        end = time.monotonic() + READY_WITHIN
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(request, context=context, timeout=2) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                pass
            if self.processes["kube-apiserver"].poll() is not None:
                break
            time.sleep(0.1)
        log = (self.folder / "kube-apiserver.log").read_text(errors="replace")[-2000:]
        raise RuntimeError(f"kube-apiserver did not become ready:\n{log}")

    def write_kubeconfig(self, path: Path, token: str, context: str = "real") -> None:
        """A kubeconfig for somebody's token."""
        path.write_text(
            "apiVersion: v1\nkind: Config\n"
            f"clusters: [{{name: real, cluster: {{server: '{self.url}', "
            f"certificate-authority: '{self.folder / 'ca.crt'}'}}}}]\n"
            f"users: [{{name: {context}, user: {{token: {token}}}}}]\n"
            f"contexts: [{{name: {context}, context: {{cluster: real, user: {context}}}}}]\n"
            f"current-context: {context}\n"
        )
        path.chmod(0o600)

    def _spawn(self, program: str, *flags: str) -> None:
        with (self.folder / f"{program}.log").open("ab") as log:
            self.processes[program] = subprocess.Popen(
                [str(assets() / program), *flags], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _end(self, program: str, how: signal.Signals) -> None:
        process = self.processes.pop(program, None)
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _certificates(folder: Path) -> None:
    """A CA, a serving certificate for loopback, and a key pair for service account tokens."""
    ca_key, ca_name = _key(), _name("fluxtui-tests")
    ca = _certificate(ca_name, ca_name, ca_key, ca_key, ca=True)
    key = _key()
    serving = _certificate(_name("kube-apiserver"), ca_name, key, ca_key, ca=False)
    (folder / "ca.crt").write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    (folder / "tls.crt").write_bytes(serving.public_bytes(serialization.Encoding.PEM))
    (folder / "tls.key").write_bytes(_private(key))
    tokens = _key()
    (folder / "sa.key").write_bytes(_private(tokens))
    (folder / "sa.pub").write_bytes(
        tokens.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _private(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey, signer: rsa.RSAPrivateKey, *, ca: bool
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
