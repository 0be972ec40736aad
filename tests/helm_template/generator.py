"""Expressions out of a seed: every function with fitting, odd and wrong arguments, nested and in pipelines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import cycle
from random import Random
from typing import Final

from engine.helm.functions import functions
from engine.helm.template.runtime import BUILTINS
from engine.helm.template.signature import Signature, signature, signature_of
from tests.helm_template.pools import BOOLS, FLOATS, INTS, LISTS, MAPS, ODD, PATHS, SMALL, SPECIAL, STRINGS
from tests.helm_template.shapes import CHECKS, EXACT, LISTY, SHAPES, SLOW

_PLACE: Final = re.compile(r"@(\w+)")
#: Of so many rounds through all functions, the slow ones take part in one.
_SLOW_ROUNDS: Final = 4


def names() -> dict[str, Signature]:
    """Every function of the engine by name, with its signature."""
    table = {name: signature_of(function) for name, function in functions().items()}
    table |= {name: signature(sign) for name, (_, sign) in BUILTINS.items()}
    table |= {name: signature("string, any -> string") for name in ("include", "tpl")}
    return dict(sorted(table.items()))


class Generator:
    """Expressions, each from the last state of one `Random`; the functions take turns."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.signatures = names()
        #: Functions that can be called anywhere, as their result does not change from one call to the next.
        self.pure = [name for name in self.signatures if name not in CHECKS]
        self.pools: dict[str, tuple[str, ...]] = {
            "int": INTS, "small": SMALL, "float64": FLOATS, "bool": BOOLS, "map": MAPS, "list": LISTS, **SPECIAL,
        }  # fmt: skip
        self.turns = self._turns()

    def expressions(self, count: int) -> list[str]:
        """So many of them."""
        return [self.expression() for _ in range(count)]

    def expression(self) -> str:
        """One expression, or a small template."""
        roll = self.random.random()
        if roll < 0.04:
            return self._block()
        if roll < 0.16:
            return self._pipeline()
        name = next(self.turns)
        checks = CHECKS.get(name)
        return self._check(self.random.choice(checks)) if checks else self._call(name, 2)

    def _turns(self) -> Iterator[str]:
        for turn in cycle(range(_SLOW_ROUNDS)):
            yield from (name for name in self.signatures if not turn or name not in SLOW)

    def _check(self, text: str) -> str:
        return _PLACE.sub(lambda found: self._argument(found[1], 1), text)

    def _block(self) -> str:
        inner = self.random.choice(("{{ . }},", "{{ . | quote }} ", "{{ kindOf . }}", "{{ toJson . }}"))
        value = self._argument("any", 1)
        blocks = (
            f"{{{{ range {value} }}}}{inner}{{{{ else }}}}none{{{{ end }}}}",
            f"{{{{- range $k, $v := {value} }}}}{{{{ $k }}}}={{{{ $v }}}};{{{{ end -}}}}",
            f"{{{{ with {value} }}}}{inner}{{{{ else }}}}none{{{{ end }}}}",
            f"{{{{ if {value} }}}}yes{{{{ else }}}}no{{{{ end }}}}",
            f"{{{{ $x := {value} }}}}{{{{ $x }}}}|{{{{ toJson $x }}}}",
            f"{{{{ range $i, $e := {value} }}}}{{{{ if $i }}}}{{{{ break }}}}{{{{ end }}}}{{{{ $e }}}}{{{{ end }}}}",
            f"{{{{ tpl .Values.tpl . }}}} {{{{ {value} | toString }}}}",
            f"{{{{ $d := dict }}}}{{{{ $_ := set $d {self._string(1)} {value} }}}}{{{{ toYaml $d }}}} {{{{ $d }}}}",
        )
        return self.random.choice(blocks)

    def _pipeline(self) -> str:
        parts = [self._argument("any", 1)]
        for _ in range(self.random.randint(1, 3)):
            name = self.random.choice(self.pure)
            kinds = self._kinds(name)
            if kinds[-1:] and kinds[-1] in EXACT:
                continue
            parts.append(" ".join([name, *(self._argument(kind, 1) for kind in kinds[:-1])]))
        return " | ".join(parts)

    def _kinds(self, name: str) -> list[str]:
        shape = SHAPES.get(name)
        if shape is not None:
            return list(shape[: self.random.randint(1, len(shape))]) if name == "seq" else list(shape)
        sign = self.signatures[name]
        kinds = list(sign.fixed)
        if sign.variadic:
            kinds += [sign.variadic] * self.random.randint(0 if kinds else 1, 3)
        if name in LISTY:
            kinds[0] = "list"
        if name == "printf":
            kinds[0] = "format"
        return kinds

    def _call(self, name: str, depth: int) -> str:
        return " ".join([name, *(self._argument(kind, depth) for kind in self._kinds(name))])

    def _argument(self, kind: str, depth: int) -> str:
        if self.random.random() < 0.03 and kind not in EXACT:
            return self._any(depth)
        makers: dict[str, Callable[[int], str]] = {"string": self._string, "any": self._any, "value": self._any}
        maker = makers.get(kind)
        if maker is not None:
            return maker(depth)
        pool = self.pools.get(kind)
        return self.random.choice(pool) if pool else self._any(depth)

    def _string(self, depth: int) -> str:
        roll = self.random.random()
        if depth and roll < 0.1:
            return f"({self._call(self.random.choice(('upper', 'trim', 'quote', 'toString', 'printf')), depth - 1)})"
        if roll < 0.3:
            return self.random.choice(
                (".Values.s", ".Values.u", ".Values.ml", ".Values.num", ".Values.ee", ".Values.long")
            )
        return self.random.choice(STRINGS)

    def _any(self, depth: int) -> str:
        roll = self.random.random()
        if depth and roll < 0.25:
            return f"({self._call(self.random.choice(self.pure), depth - 1)})"
        if roll < 0.48:
            return self.random.choice(PATHS)
        if roll < 0.52:
            return "nil"
        return self.random.choice(self.random.choice((STRINGS, INTS, FLOATS, MAPS, LISTS, BOOLS, ODD)))
