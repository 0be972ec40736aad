# ruff: noqa: E501 - the pools read best as one line a kind
"""Expressions out of a seed: every deterministic function with fitting, odd and wrong arguments."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from engine.helm.functions import functions
from engine.helm.template.runtime import BUILTINS
from engine.helm.template.signature import Signature, signature, signature_of

VALUES = r"""
n: 1000000
zero: 0
small: 0.000001
tiny: 1.0e-7
f: 1.5
neg: -2.75
big: 12345678901234567890
max: 9223372036854775807
e21: 1.0e+21
s: hello World
u: "héllo wörld ß Ünïcödé 日本語"
t: true
ff: false
l: [1, a, null, true, 1.5, {b: 1}]
ls: [b, a, c, a, "10", "9"]
ln: [3, 1, 2, 2, 1e6]
m: {a: 1, b: {c: x, d: [1, 2]}, e: ""}
one: {k: v}
deep: {a: {b: {c: {d: leaf}}}, l: [{x: 1}, {x: 2}]}
ee: ""
el: []
em: {}
num: "123"
yess: "yes"
oct: "0755"
date: "2001-12-14"
ml: "a\nb\n\n  c\n"
crlf: "a\r\nb"
tpl: "{{ .Values.s }}-{{ .Values.n }}"
html: "<a href='x'>&\"</a>"
colon: "a: b"
dash: "- x"
long: "The quick brown fox jumps over the lazy dog and then runs away from the angry bear that was sleeping there"
special: "# not a comment"
quote: "it's \"quoted\""
tab: "a\tb"
bs: "a\\b"
sp: " lead and trail "
bang: "!x"
star: "*x"
pct: "100%"
nulls: "null"
tilde: "~"
tru: "true"
flt: "1.10"
exp: "1e3"
"""

_PATHS = tuple(
    f".Values.{line.partition(':')[0]}" for line in VALUES.strip().splitlines() if line and not line.startswith(" ")
)
_MORE_PATHS = (
    ".Values.missing", ".Values.m.a", ".Values.m.b", ".Values.m.b.c", ".Values.m.b.d", ".Values.deep.a.b",
    ".Values.deep.l", ".Values.m.nope", "(index .Values.l 2)", "(index .Values.l 5)", "(index .Values.l 0)", ".Release.Name",
)  # fmt: skip
_STRINGS = (
    '""', '"a"', '"hello"', '"Hello World"', '"foo_bar-baz Qux"', '"HTTPServer2xx"', '"héé ß 日本"', '"a,b,,c"', '"12"',
    '"-7"', '"1.50"', '"1e3"', '"0x1F"', '"010"', '"1_000"', '"true"', '"null"', '"yes"', '"~"', '"line1\\nline2\\n"',
    '"tab\\there"', '"\\u0000\\u001b"', '"\\xff\\xfe"', '"a/b/../c.tar.gz"', '"/etc/"', '"x=y&z"', '"<b>&\\"\'"', "`raw\\n`",
    '"  padded  "', '"key: value"', '"- item"', '"{{ 1 }}"', '"%d"', '"a b c d e f g"', '"2001-12-14"', '"😀 emoji"',
    '"é"', '"=== x"', '"a#b"', '"a #b"', '"@x"', '"1:30"', '".5"', '"5."', '"+1"', '"0o17"', '"1e400"', '"Infinity"', '"NaN"',
)  # fmt: skip
_INTS = ("0", "1", "2", "3", "5", "7", "10", "-1", "-3", "100", "1000000", "9223372036854775807", "0x10", "'a'")
_SMALL = ("0", "1", "2", "3", "4", "5", "7", "10", "-1", "-2", "20")
_FLOATS = ("1.5", "0.1", "-2.5", "1e6", "1e21", "1e-7", "2.0", "3.14159", "0.5", "123456789.125", "1e100")
_MAPS = (
    ".Values.m", ".Values.one", ".Values.em", "(dict)", '(dict "a" 1)', '(dict "a" (dict "b" 2) "c" (list 1))',
    '(dict "k" nil)', ".Values.deep", '(fromYaml "a: 1\\nb: [1, x]")', "(deepCopy .Values.m)", '(dict "a" "" "b" false)',
    '(dict "10" 1 "9" 2 "a" 3)', '(dict "a b" 1 "true" 2)',
)  # fmt: skip
_LISTS = (
    ".Values.l", ".Values.ls", ".Values.ln", ".Values.el", "(list)", '(list 1 "a" nil)', "(list 1 2 3 2 1)", "(until 3)",
    '(splitList "," "a,b,c")', '(list "b" "a" "C")', "(list (dict) (list))", "(list 1.5 2 nil true)", '(list "" "x")',
    "(untilStep 5 0 -2)", '(list (dict "a" 1) (dict "a" 2))', '(tuple "x" 1)',
)  # fmt: skip
_BOOLS = ("true", "false", ".Values.t", ".Values.ff", "(eq 1 1)")
_SPECIAL = {
    "regex": ('"a*"', '"[a-z]+"', '"(\\\\w+) (\\\\w+)"', '"^h"', '"o$"', '"\\\\d+"', '"."', '""', '"(?i)HELLO"', '"("', '"[^,]*"', '"l+"', '"a|b"', '"\\\\bW"', '"(?P<x>l+)"', '"é"', '"x{2,3}"'),
    "repl": ('"X"', '"$1"', '"${1}-$0"', '"$x"', '"$$"', '""', '"${x}y"', '"$1x"'),
    "version": ('"1.2.3"', '"v1.2"', '"1"', '"1.2.3-rc.1"', '"2.0.0+build"', '"x"', '"0.1.0"', '"1.30.0-gke.5"', '""'),
    "constraint": ('">=1.2"', '"^1.2.3"', '"~1.2"', '"1.x"', '">1 <2 || 3"', '"*"', '">= 1.27.x"', '"1.0 - 2.0"', '">=1.0-0"', '"!=1.2.3"', '"a"', '">=1.19.0-0, <2"'),
    "layout": ('"2006-01-02"', '"Jan _2 2006 15:04:05.000 MST"', '"Mon, 02 Jan 2006 3:04PM -0700"', '"20060102T150405Z07:00"', '"06/1/2 03:04:05 pm Monday January 002"', '""', '"not a layout"'),
    "zone": ('"UTC"', '"Europe/Berlin"', '"America/New_York"', '"Nope/Nope"', '""', '"Asia/Kolkata"'),
    "moment": ("0", "1700000000", "(int64 1234567890)", '(toDate "2006-01-02" "2023-05-06")', "-1", "951782400", '(toDate "2006-01-02 15:04" "2020-02-29 23:59")'),
    "time": ('(toDate "2006-01-02" "2023-05-06")', '(toDate "2006-01-02 15:04" "2020-02-29 23:59")', '(toDate "2006" "x")'),
    "duration": ('"1h30m"', '"90s"', '"-5m"', '"1.5h"', '"x"', '"100ms"', '"2562047h"', '"750h"', '""', '"1us"'),
    "url": ('"http://user:pw@host:80/a%20b?q=1#f"', '"https://example.com"', '"/just/path"', '"mailto:a@b"', '"http://[::1]:80/x"', '"://x"', '"http://h/%zz"', '"a b"', '"//h/p"', '"http://h?"', '"HTTP://H/p;x"'),
    "json": ('"{\\"a\\":1,\\"b\\":[1,null,\\"x\\"]}"', '"[1,2,{\\"x\\":1.5}]"', '"null"', '"1e5"', '"\\"s\\""', '"{}"', '"[]"', '"12345678901234567890"', '"true"'),
    "yaml": ('"a: 1\\nb: yes\\nc: [x, ~]"', '"- 1\\n- b: 2"', '""', '"null"', '"a"', '"a: 1e3\\nb: 0755\\nc: 1_000"', '"x: |\\n  l1\\n  l2"', '"# c"', '"a: &x 1\\nb: *x"', '"a: 2001-12-14"', '"{}"', '"1: x\\ntrue: y"'),
    "toml": ('"a = 1"', '"[t]\\nx = \\"y\\"\\nz = [1, 2]"', '"a = 1.5\\nb = true"', '""', '"[[x]]\\na = 1\\n[[x]]\\na = 2"'),
    "format": ('"%s"', '"%v"', '"%d"', '"%5d|%-5s|"', '"%q"', '"%x"', '"%05.1f"', '"%t"', '"%T"', '"%%"', '"%+v %#v"', '"%s %s"', '"%!"', '"%z"', '"%e"', '"%g"', '"%08.3f"', '"%c"', '"%U"', '"%X"', '"%o"', '"%b"', '"%*d"', '"%[2]v %[1]v"', '"%.2s"', '"%6.3v"', '"%+d"', '"% d"', '"%#x"', '"%x %X"', '"%#q"', '"%+q"', '"%G"', '"%10q"', '"%-10v|"', '"%s %d %v %q"'),
    "path": ('"/a/b/../c"', '"a//b"', '""', '"."', '"/"', '"x.tar.gz"', '"/a/b/"', '"../x"', '"..."', '"//a"', '".hidden"'),
    "b64": ('"aGVsbG8="', '"aGk"', '"a==="', '""', '"//79"', '"aGVs\\nbG8="', '"aGVsbG8"', '"!"'),
    "b32": ('"NBUQ===="', '"nbuq"', '""', '"NBUQ"', '"1"'),
    "kind": ('"string"', '"map"', '"slice"', '"int"', '"float64"', '"bool"', '"invalid"', '"int64"', '"ptr"'),
    "type": ('"string"', '"map[string]interface {}"', '"[]interface {}"', '"int"', '"float64"', '"[]string"', '"<nil>"'),
    "sep": ('","', '""', '" "', '"-"', '"l"', '"\\n"', '", "'),
    "key": ('"a"', '"b"', '"k"', '"nope"', '""', '"x"'),
}  # fmt: skip
#: Functions whose arguments should mostly make sense, by the pools above.
_SHAPES: dict[str, tuple[str, ...]] = {
    "regexMatch": ("regex", "string"), "mustRegexMatch": ("regex", "string"), "regexFind": ("regex", "string"),
    "regexFindAll": ("regex", "string", "small"), "mustRegexFind": ("regex", "string"),
    "mustRegexFindAll": ("regex", "string", "small"), "regexReplaceAll": ("regex", "string", "repl"),
    "mustRegexReplaceAll": ("regex", "string", "repl"), "regexReplaceAllLiteral": ("regex", "string", "repl"),
    "mustRegexReplaceAllLiteral": ("regex", "string", "repl"), "regexSplit": ("regex", "string", "small"),
    "mustRegexSplit": ("regex", "string", "small"), "semver": ("version",), "semverCompare": ("constraint", "version"),
    "date": ("layout", "moment"), "date_in_zone": ("layout", "moment", "zone"), "dateInZone": ("layout", "moment", "zone"),
    "htmlDate": ("moment",), "htmlDateInZone": ("moment", "zone"), "dateModify": ("duration", "time"),
    "date_modify": ("duration", "time"), "mustDateModify": ("duration", "time"),
    "must_date_modify": ("duration", "time"), "unixEpoch": ("time",), "duration": ("strint",),
    "durationRound": ("durint",), "toDate": ("layout", "string"), "mustToDate": ("layout", "string"),
    "urlParse": ("url",), "fromJson": ("json",), "fromJsonArray": ("json",), "mustFromJson": ("json",),
    "fromYaml": ("yaml",), "fromYamlArray": ("yaml",), "fromToml": ("toml",), "b64dec": ("b64",), "b32dec": ("b32",),
    "base": ("path",), "dir": ("path",), "clean": ("path",), "ext": ("path",), "isAbs": ("path",), "osBase": ("path",),
    "osDir": ("path",), "osClean": ("path",), "osExt": ("path",), "osIsAbs": ("path",), "kindIs": ("kind", "any"),
    "typeIs": ("type", "any"), "typeIsLike": ("type", "any"), "split": ("sep", "string"), "splitList": ("sep", "string"),
    "splitn": ("sep", "small", "string"), "join": ("sep", "list"), "get": ("map", "key"), "hasKey": ("map", "key"),
    "set": ("map", "key", "any"), "unset": ("map", "key"), "repeat": ("small", "string"), "indent": ("small", "string"),
    "nindent": ("small", "string"), "until": ("small",), "untilStep": ("small", "small", "small"),
    "chunk": ("small", "list"), "mustChunk": ("small", "list"), "round": ("any", "small"), "dig": ("key", "any", "map"),
    "index": ("list", "small"), "slice": ("list", "small", "small"), "mustSlice": ("list", "small", "small"),
    "keys": ("onemap",), "values": ("onemap",), "seq": ("small", "small", "small"), "wrap": ("small", "string"),
    "wrapWith": ("small", "sep", "string"), "abbrev": ("small", "string"), "abbrevboth": ("small", "small", "string"),
    "trunc": ("small", "string"), "substr": ("small", "small", "string"), "call": ("any",), "range": ("list",),
}  # fmt: skip
_LISTY = frozenset(
    [
        "append",
        "mustAppend",
        "push",
        "mustPush",
        "prepend",
        "mustPrepend",
        "first",
        "mustFirst",
        "last",
        "mustLast",
        "rest",
        "mustRest",
        "initial",
        "mustInitial",
        "reverse",
        "mustReverse",
        "compact",
        "mustCompact",
        "uniq",
        "mustUniq",
        "without",
        "mustWithout",
        "concat",
        "sortAlpha",
        "toStrings",
    ]
)
#: Random, dependent on time, on the machine, or slow; `call` has nothing to call.
_LEFT_OUT = frozenset(
    [
        "now",
        "ago",
        "shuffle",
        "uuidv4",
        "randAlpha",
        "randAlphaNum",
        "randNumeric",
        "randAscii",
        "randInt",
        "randBytes",
        "bcrypt",
        "htpasswd",
        "genCA",
        "genCAWithKey",
        "genPrivateKey",
        "genSelfSignedCert",
        "genSelfSignedCertWithKey",
        "genSignedCert",
        "genSignedCertWithKey",
        "buildCustomCert",
        "encryptAES",
        "decryptAES",
        "derivePassword",
        "tpl",
        "include",
        "call",
        "lookup",
        "fail",
    ]
)

#: Arguments that must fit: anything else is taken for the current time, or has a random order.
_EXACT = frozenset(("moment", "durint", "onemap"))


class Generator:
    """Expressions, each from the last state of one `Random`."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        table = {name: signature_of(function) for name, function in functions().items()}
        table |= {name: signature(sign) for name, (_, sign) in BUILTINS.items()}
        self.signatures: dict[str, Signature] = {
            name: sign for name, sign in sorted(table.items()) if name not in _LEFT_OUT
        }
        self.names = list(self.signatures)
        self.pools: dict[str, Callable[[int], str]] = {
            "string": self._string,
            "int": lambda depth: self.random.choice(_INTS),
            "small": lambda depth: self.random.choice(_SMALL),
            "float64": lambda depth: self.random.choice(_FLOATS),
            "bool": lambda depth: self.random.choice(_BOOLS),
            "map": lambda depth: self.random.choice(_MAPS),
            "onemap": lambda depth: self.random.choice((".Values.one", '(dict "a" 1)', "(dict)")),
            "list": lambda depth: self.random.choice(_LISTS),
            "strint": lambda depth: self.random.choice(('"90"', "(int64 3661)", '"x"', "5", '"-7"')),
            "durint": lambda depth: self.random.choice((*_SPECIAL["duration"], "(int64 7200000000000)", "5")),
        }

    def expression(self) -> str:
        """One expression, or a small template."""
        roll = self.random.random()
        if roll < 0.04:
            return self._block()
        if roll < 0.25:
            return self._pipeline()
        return self._call(self.random.choice(self.names), 2)

    def _block(self) -> str:
        inner = self.random.choice(("{{ . }},", "{{ . | quote }} ", "{{ kindOf . }}", "{{ toJson . }}"))
        value = self._argument("any", 1)
        return self.random.choice(
            (
                f"{{{{ range {value} }}}}{inner}{{{{ else }}}}none{{{{ end }}}}",
                f"{{{{- range $k, $v := {value} }}}}{{{{ $k }}}}={{{{ $v }}}};{{{{ end -}}}}",
                f"{{{{ with {value} }}}}{inner}{{{{ else }}}}none{{{{ end }}}}",
                f"{{{{ if {value} }}}}yes{{{{ else }}}}no{{{{ end }}}}",
                f"{{{{ $x := {value} }}}}{{{{ $x }}}}|{{{{ toJson $x }}}}",
                f"{{{{ range $i, $e := {value} }}}}{{{{ if eq $i 1 }}}}{{{{ break }}}}{{{{ end }}}}{{{{ $e }}}}{{{{ end }}}}",
                f"{{{{ tpl .Values.tpl . }}}} {{{{ {value} | toString }}}}",
            )
        )

    def _pipeline(self) -> str:
        parts = [self._argument("any", 1)]
        for _ in range(self.random.randint(1, 3)):
            name = self.random.choice(self.names)
            kinds = self._kinds(name)
            if kinds[-1:] and kinds[-1] in _EXACT:
                continue
            parts.append(" ".join([name, *(self._argument(kind, 1) for kind in kinds[:-1])]))
        return " | ".join(parts)

    def _kinds(self, name: str) -> list[str]:
        shape = _SHAPES.get(name)
        if shape is not None:
            return list(shape[: self.random.randint(1, len(shape))]) if name == "seq" else list(shape)
        sign = self.signatures[name]
        kinds = list(sign.fixed)
        if sign.variadic:
            kinds += [sign.variadic] * self.random.randint(0 if kinds else 1, 3)
        if name in _LISTY:
            kinds[0] = "list"
        if name == "printf":
            kinds[0] = "format"
        return kinds

    def _call(self, name: str, depth: int) -> str:
        return " ".join([name, *(self._argument(kind, depth) for kind in self._kinds(name))])

    def _argument(self, kind: str, depth: int) -> str:
        roll = self.random.random()
        if roll < 0.03 and kind not in _EXACT:
            return self._any(depth)
        pool = self.pools.get(kind)
        if pool is not None:
            return pool(depth)
        if kind in _SPECIAL:
            return self.random.choice(_SPECIAL[kind])
        return self._any(depth)

    def _string(self, depth: int) -> str:
        if depth and self.random.random() < 0.1:
            return f"({self._call(self.random.choice(('upper', 'trim', 'quote', 'toString', 'printf')), depth - 1)})"
        if self.random.random() < 0.2:
            return self.random.choice(
                (".Values.s", ".Values.u", ".Values.ml", ".Values.num", ".Values.ee", ".Values.long")
            )
        return self.random.choice(_STRINGS)

    def _any(self, depth: int) -> str:
        roll = self.random.random()
        if depth and roll < 0.25:
            return f"({self._call(self.random.choice(self.names), depth - 1)})"
        if roll < 0.5:
            return self.random.choice(_PATHS + _MORE_PATHS)
        if roll < 0.54:
            return "nil"
        pool = self.random.choice((_STRINGS, _INTS, _FLOATS, _MAPS, _LISTS, _BOOLS))
        return self.random.choice(pool)
