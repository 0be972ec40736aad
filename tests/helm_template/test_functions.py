"""Functions without an oracle: names, semver's table, randomness, certificates and keys."""

from __future__ import annotations

import json
from random import Random

import pytest
from cryptography import x509

from engine import semver
from engine.clock import VirtualClock
from engine.helm.functions import Environment, functions
from engine.helm.template import Templates
from tests.shared import CONFORMANCE, need_shared


def render(text: str, environment: Environment | None = None, data: object = None) -> str:
    templates = Templates(functions(environment))
    templates.parse("t", text)
    return templates.execute("t", data or {})


def test_every_function_of_helm_is_there() -> None:
    table = functions()
    assert len(table) > 200
    assert "env" not in table
    assert "expandenv" not in table
    own = "toYaml mustToYaml toYamlPretty fromYaml fromYamlArray toToml mustToToml fromToml"
    assert {*own.split(), "required", "fail", "lookup", "getHostByName"} <= set(table)


def test_ranges_are_decided_as_masterminds_decides_them() -> None:
    need_shared(CONFORMANCE)
    wrong = []
    rows = 0
    for name, table in json.loads((CONFORMANCE / "semver.json").read_text()).items():
        for constraint, version, expected in table:
            if not constraint:
                continue
            rows += 1
            try:
                rules = semver.Constraint.parse(constraint)
                decided = rules.check(semver.Version.parse(version), prereleases="IncludePrerelease" in name)
            except semver.SemverError:
                decided = False
            if decided is not expected:
                wrong.append((constraint, version, expected))
    assert rows > 500
    assert not wrong


def test_random_texts_come_from_the_environments_source() -> None:
    text = '{{ randAlphaNum 8 }} {{ uuidv4 }} {{ randInt 1 9 }} {{ shuffle "abc" }}'
    assert render(text, Environment(random=Random(1))) == render(text, Environment(random=Random(1)))
    assert render(text) != render(text)


def test_dates_come_from_the_environments_clock() -> None:
    text = '{{ dateInZone "2006-01-02" now "UTC" }}'
    assert render(text, Environment(now=VirtualClock().now)) == "2026-11-21"


def test_lookup_goes_through_the_environment() -> None:
    asked: list[tuple[str, ...]] = []

    def lookup(*what: str) -> dict[str, object]:
        asked.append(what)
        return {"kind": what[1]}

    assert render('{{ (lookup "v1" "Pod" "ns" "x").kind }}', Environment(lookup=lookup)) == "Pod"
    assert asked == [("v1", "Pod", "ns", "x")]


def test_a_signed_certificate_is_signed_by_its_authority() -> None:
    text = (
        '{{ $ca := genCA "root" 365 }}{{ $c := genSignedCert "web" (list "127.0.0.1") (list "web.ns") 30 $ca }}'
        '{{ toJson (dict "ca" $ca.Cert "cert" $c.Cert "key" $c.Key) }}'
    )
    found = json.loads(render(text))
    authority = x509.load_pem_x509_certificate(found["ca"].encode())
    certificate = x509.load_pem_x509_certificate(found["cert"].encode())
    certificate.verify_directly_issued_by(authority)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["web.ns"]
    assert found["key"].startswith("-----BEGIN RSA PRIVATE KEY-----")


def test_what_was_encrypted_can_be_decrypted() -> None:
    assert render('{{ encryptAES "secret" "plain text" | decryptAES "secret" }}') == "plain text"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("long", "ZedaFaxcZaso9*"), ("short", "Zed5"), ("nope", "cannot find password template nope")],
)
def test_derived_passwords_follow_the_algorithm(kind: str, expected: str) -> None:
    made = render(f'{{{{ derivePassword 1 "{kind}" "password" "user" "example.com" }}}}')
    assert made == expected


def test_lint_lets_required_and_fail_pass() -> None:
    assert render('[{{ required "x" .nope }}{{ fail "y" }}]', Environment(lint=True)) == "[]"
