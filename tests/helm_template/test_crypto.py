"""Keys, certificates and ciphers: made by one, checked by another."""

from __future__ import annotations

import base64
import ipaddress
import json
from datetime import timedelta
from random import Random

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from engine.clock import VirtualClock
from engine.helm.functions import Environment, functions
from engine.helm.template import ExecError, Templates
from tests.helm_template.oracle import find_helm, ours, real

_KEY = '{{ $k := genPrivateKey "ecdsa" }}'


def render(text: str, environment: Environment | None = None) -> str:
    templates = Templates(functions(environment))
    templates.parse("t", text)
    return templates.execute("t", {})


def certificate(expression: str, environment: Environment | None = None) -> x509.Certificate:
    return x509.load_pem_x509_certificate(render(f"{_KEY}{{{{ ({expression}).Cert }}}}", environment).encode())


@pytest.mark.parametrize("kind", ["ecdsa", "ed25519", "dsa"])
def test_private_keys_can_be_read(kind: str) -> None:
    key = serialization.load_pem_private_key(render(f'{{{{ genPrivateKey "{kind}" }}}}').encode(), password=None)
    assert kind in type(key).__name__.lower() or kind == "ecdsa"


def test_a_certificate_says_what_was_asked_for() -> None:
    made = certificate('genSelfSignedCertWithKey "web" (list "10.0.0.1" "::1") (list "a.b" "*.c") 30 $k')
    assert made.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "web"
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.b", "*.c"]
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("10.0.0.1"), ipaddress.ip_address("::1")]
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_certificate_lasts_from_the_clocks_now_for_so_many_days() -> None:
    clock = VirtualClock()
    made = certificate('genCAWithKey "ca" 10 $k', Environment(now=clock.now))
    assert made.not_valid_before_utc == clock.now()
    assert made.not_valid_after_utc - made.not_valid_before_utc == timedelta(days=10)
    assert made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_serial_numbers_come_from_the_environments_source() -> None:
    made = [certificate('genCAWithKey "ca" 1 $k', Environment(random=Random(7))).serial_number for _ in range(2)]
    assert made[0] == made[1]


def test_a_name_of_any_length_is_allowed_and_said_without_a_warning() -> None:
    made = certificate('genCAWithKey (repeat 100 "x") 1 $k')
    assert b"x" * 100 in made.public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ('genSelfSignedCertWithKey "x" (list "1.2.3") nil 1 $k', "error parsing ip: 1.2.3"),
        ('genSelfSignedCertWithKey "x" (list "fe80::1%eth0") nil 1 $k', "error parsing ip: fe80::1%eth0"),
        ('genSelfSignedCertWithKey "x" nil (list 1) 1 $k', "error processing alternate dns name: 1 is not a string"),
        ('genSelfSignedCertWithKey "x" nil (list "é") 1 $k', "cannot be encoded as an IA5String"),
        ('genCAWithKey "x" 1 "no key"', "parsing private key: no PEM data in input"),
        ('buildCustomCert "!" "!"', "unable to decode base64 certificate"),
        ('decryptAES "k" "MDAw"', "slice bounds out of range"),
    ],
)
def test_what_cannot_be_made_is_refused(expression: str, message: str) -> None:
    with pytest.raises(ExecError) as caught:
        render(f"{_KEY}{{{{ {expression} }}}}")
    assert message in caught.value.message


@pytest.mark.real
def test_what_one_encrypts_the_other_decrypts() -> None:
    sealed = render('{{ encryptAES "a password of more than thirty-two bytes" "täxt" }}')
    decrypt = f'decryptAES "a password of more than thirty-two bytes" "{sealed}"'
    (theirs,) = real(find_helm(), [decrypt], "")
    assert theirs.text == "täxt"
    (sealed_by_helm,) = real(find_helm(), ['encryptAES "short" "other way"'], "")
    (mine,) = ours([f'decryptAES "short" "{sealed_by_helm.text}"'], "")
    assert mine.text == "other way"


@pytest.mark.real
def test_helm_signs_with_our_authority_and_we_with_helms() -> None:
    pair = json.loads(render(f'{_KEY}{{{{ $c := genCAWithKey "ca" 9 $k }}}}{{{{ toJson $c }}}}'))
    load = 'buildCustomCert "{}" "{}"'.format(
        *(base64.b64encode(pair[name].encode()).decode() for name in ("Cert", "Key"))
    )
    sign = f'genSignedCertWithKey "web" nil (list "a.b") 5 ({load}) (genPrivateKey "ecdsa") | toJson'
    answers = (*real(find_helm(), [sign], ""), *ours([sign], ""))
    authority = x509.load_pem_x509_certificate(pair["Cert"].encode())
    made = [x509.load_pem_x509_certificate(json.loads(answer.text or "{}")["Cert"].encode()) for answer in answers]
    for each in made:
        each.verify_directly_issued_by(authority)
    assert [each.oid for each in made[0].extensions] == [each.oid for each in made[1].extensions]
    assert [each.critical for each in made[0].extensions] == [each.critical for each in made[1].extensions]
