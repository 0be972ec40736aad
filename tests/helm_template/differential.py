"""Compare generated expressions with the real helm: `python -m tests.helm_template.differential [count] [seed]`.

Prints every difference and the share that is equal. An expression that helm refuses must be refused.
"""

from __future__ import annotations

import sys

from tests.helm_template.generator import VALUES, Generator
from tests.helm_template.oracle import find_helm, ours, real

_BATCH = 500


def differences(count: int, seed: int) -> list[str]:
    """What differs, one text each."""
    helm = find_helm()
    generator = Generator(seed)
    found: list[str] = []
    for start in range(0, count, _BATCH):
        expressions = [generator.expression() for _ in range(min(_BATCH, count - start))]
        mine = ours(expressions, VALUES)
        theirs = real(helm, expressions, VALUES, expect=[answer.text is not None for answer in mine])
        for expression, one, other in zip(expressions, mine, theirs, strict=True):
            if one.text != other.text:
                found.append(
                    f"{expression}\n  ours {one.text!r} {one.error[-250:]}\n  helm {other.text!r} {other.error[-350:]}"
                )
    return found


def main() -> None:
    """The command."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    found = differences(count, seed)
    print("\n".join(found))
    print(
        f"{count - len(found)} of {count} expressions equal ({100 * (count - len(found)) / count:.2f} %), seed {seed}"
    )


if __name__ == "__main__":
    main()
