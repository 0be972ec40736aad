"""Compare generated expressions with the real helm: `python -m tests.helm_template.differential [count] [seed] [what]`.

`what` is `expressions` (every function) or `values` (the YAML, JSON and TOML family). Prints every difference and the
share that is equal; an expression that helm refuses must be refused.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.helm_template.generator import Generator
from tests.helm_template.oracle import Answer, find_helm, ours, real
from tests.helm_template.pools import VALUES
from tests.helm_template.traps import MARK, Traps

_BATCH = 500


@dataclass(slots=True)
class Comparison:
    """How many agree, and what does not."""

    compared: int = 0
    refused: int = 0
    differences: list[str] = field(default_factory=list)
    #: Both refuse, in other words.
    otherwise_refused: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Of those compared, the part that is equal."""
        return 1 - len(self.differences) / self.compared if self.compared else 0.0

    def add(self, expression: str, mine: Answer, theirs: Answer) -> None:
        """One more."""
        if mine.skipped or theirs.skipped:
            self.skipped.append(f"{expression}\n  {(mine if mine.skipped else theirs).error}")
            return
        self.compared += 1
        if mine.text != theirs.text:
            one, other = _differing(mine.text, theirs.text)
            self.differences.append(
                f"{expression}\n  ours {one!r} {mine.error[-250:]}\n  helm {other!r} {theirs.error[-350:]}"
            )
        elif mine.text is None:
            self.refused += 1
            if mine.cause != theirs.cause:
                self.otherwise_refused.append(f"{expression}\n  ours {mine.cause[-250:]}\n  helm {theirs.cause[-250:]}")

    def report(self) -> str:
        """Every difference, and the figures."""
        figures = (
            f"{self.compared - len(self.differences)} of {self.compared} equal ({100 * self.share:.3f} %); "
            f"{self.refused} are refused by both, {len(self.otherwise_refused)} of them in other words; "
            f"{len(self.skipped)} are not compared, as they do not end"
        )
        return "\n".join([*self.differences, figures])


def _differing(one: str | None, other: str | None) -> tuple[str | None, str | None]:
    """Of what several functions print of one value, the parts that differ."""
    if one is None or other is None or one.count(MARK) != other.count(MARK):
        return one, other
    pairs = [(mine, theirs) for mine, theirs in zip(one.split(MARK), other.split(MARK), strict=True) if mine != theirs]
    return MARK.join(mine for mine, _ in pairs), MARK.join(theirs for _, theirs in pairs)


def compare(expressions: Sequence[str], values: str = VALUES) -> Comparison:
    """Both answers to each, batch by batch."""
    helm = find_helm()
    found = Comparison()
    for start in range(0, len(expressions), _BATCH):
        batch = expressions[start : start + _BATCH]
        mine = ours(batch, values)
        together = [index for index, answer in enumerate(mine) if not answer.skipped]
        theirs = real(
            helm,
            [batch[index] for index in together],
            values,
            expect=[mine[index].text is not None for index in together],
        )
        for index, answer in zip(together, theirs, strict=True):
            found.add(batch[index], mine[index], answer)
        for index, answer in enumerate(mine):
            if answer.skipped:
                found.add(batch[index], answer, answer)
    return found


def main() -> None:
    """The command."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    generator = Traps(seed) if "values" in sys.argv else Generator(seed)
    found = compare(generator.expressions(count))
    print(found.report())
    if "-v" in sys.argv:
        print("\nRefused in other words:", *found.otherwise_refused, sep="\n")
        print("\nNot compared:", *found.skipped, sep="\n")


if __name__ == "__main__":
    main()
