"""Password hashes of charts: random, so they are checked and not compared."""

from __future__ import annotations

import bcrypt as library

from engine.helm.functions.passwords import bcrypt, htpasswd


def test_a_hash_verifies_and_is_of_gos_default_cost() -> None:
    hashed = bcrypt("secret")
    assert hashed.startswith("$2a$10$")
    assert library.checkpw(b"secret", hashed.encode())


def test_htpasswd_is_a_user_and_a_hash() -> None:
    user, _, hashed = htpasswd("ana", "secret").partition(":")
    assert user == "ana"
    assert library.checkpw(b"secret", hashed.encode())


def test_what_cannot_be_hashed_is_said_in_the_text() -> None:
    assert "exceeds 72 bytes" in bcrypt("x" * 73)
    assert htpasswd("a:b", "secret") == "invalid username: a:b"
