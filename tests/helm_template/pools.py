# ruff: noqa: E501 - the pools read best as one line a kind
"""What generated expressions are made of: values of a chart, arguments by kind, and shapes of calls."""

from __future__ import annotations

from typing import Final

VALUES: Final = r"""
n: 1000000
zero: 0
small: 0.000001
tiny: 1.0e-7
f: 1.5
neg: -2.75
negzero: -0.0
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

#: Templates that expressions include.
HELPERS: Final = (
    '{{ define "json" }}{{ toJson . }}{{ end }}{{ define "kind" }}{{ kindOf . }} {{ typeOf . }}{{ end }}'
    '{{ define "empty" }}{{ end }}{{ define "fields" }}{{ range $k, $v := . }}{{ $k }}={{ $v }};{{ end }}{{ end }}'
)

PATHS: Final = (
    *(f".Values.{line.partition(':')[0]}" for line in VALUES.strip().splitlines()),
    ".Values.missing", ".Values.m.a", ".Values.m.b", ".Values.m.b.c", ".Values.m.b.d", ".Values.deep.a.b",
    ".Values.deep.l", ".Values.m.nope", "(index .Values.l 2)", "(index .Values.l 5)", "(index .Values.l 0)", ".Values",
)  # fmt: skip
STRINGS: Final = (
    '""', '"a"', '"hello"', '"Hello World"', '"foo_bar-baz Qux"', '"HTTPServer2xx"', '"héé ß 日本"', '"a,b,,c"', '"12"',
    '"-7"', '"1.50"', '"1e3"', '"0x1F"', '"010"', '"1_000"', '"true"', '"null"', '"yes"', '"~"', '"line1\\nline2\\n"',
    '"tab\\there"', '"\\u0000\\u001b"', '"\\xff\\xfe"', '"a/b/../c.tar.gz"', '"/etc/"', '"x=y&z"', '"<b>&\\"\'"', "`raw\\n`",
    '"  padded  "', '"key: value"', '"- item"', '"{{ 1 }}"', '"%d"', '"a b c d e f g"', '"2001-12-14"', '"😀 emoji"',
    '"é"', '"=== x"', '"a#b"', '"a #b"', '"@x"', '"1:30"', '".5"', '"5."', '"+1"', '"0o17"', '"1e400"', '"Infinity"', '"NaN"',
    '"-0"', '"-0.0"', '"9223372036854775808"', '"18446744073709551616"', '"1e21"', '"0b101"', '"1__0"', '"_1"', '"1.000"', '"٣"',
    '"ǅ ǆ ﬁ İ ı ſ"', '"e\\u0301"', '"\\u00a0x\\u2003"', '"\\u2028"', '"\\ufeffbom"', '"\\U0001F468\\u200d\\U0001F469"', '"ÀÉÎ õü"', '"привет МИР"', '"x\\x80y"', '"%s%v%"', '"$HOME ${x}"',
)  # fmt: skip
INTS: Final = ("0", "1", "2", "3", "5", "7", "10", "-1", "-3", "100", "1000000", "9223372036854775807", "-9223372036854775808", "0x10", "'a'", "0o17", "0b11", "1_000")  # fmt: skip
SMALL: Final = ("0", "1", "2", "3", "4", "5", "7", "10", "-1", "-2", "20")
FLOATS: Final = ("1.5", "0.1", "-2.5", "1e6", "1e21", "1e-7", "2.0", "3.14159", "0.5", "123456789.125", "1e100", "-0.0", "1e20", "999999.5", "1e-300", "5e-324", "1.7976931348623157e308", "0x1p-2", ".Values.negzero")  # fmt: skip
MAPS: Final = (
    ".Values.m", ".Values.one", ".Values.em", "(dict)", '(dict "a" 1)', '(dict "a" (dict "b" 2) "c" (list 1))',
    '(dict "k" nil)', ".Values.deep", '(fromYaml "a: 1\\nb: [1, x]")', "(deepCopy .Values.m)", '(dict "a" "" "b" false)',
    '(dict "10" 1 "9" 2 "a" 3)', '(dict "a b" 1 "true" 2)', '(dict "é" 1 "\\xff" 2 "" 3)', '(dict "b" (dict "c" "y" "z" nil))',
)  # fmt: skip
LISTS: Final = (
    ".Values.l", ".Values.ls", ".Values.ln", ".Values.el", "(list)", '(list 1 "a" nil)', "(list 1 2 3 2 1)", "(until 3)",
    '(splitList "," "a,b,c")', '(list "b" "a" "C")', "(list (dict) (list))", "(list 1.5 2 nil true)", '(list "" "x")',
    "(untilStep 5 0 -2)", '(list (dict "a" 1) (dict "a" 2))', '(tuple "x" 1)', "(list nil)", "(list (list 1) (list 1) (list 1.0))", '(list 0.1 "0.1" -0.0 0 (int64 0))', "(chunk 2 (list 1 2 3))", '(list "é" "\\xff" "z" "Z")',
)  # fmt: skip
BOOLS: Final = ("true", "false", ".Values.t", ".Values.ff", "(eq 1 1)", "(not nil)")
#: Values of types that only some function gives.
ODD: Final = ('(semver "1.2.3")', '(toDate "2006-01-02" "2023-05-06")', '(split "," "a,b")', "(int64 7)", "(until 2)", '(fromJson "null")', '(fromYamlArray "")', "(rest (list))", '(urlParse "http://h/p")', '(chunk 1 (list 1 2))', '(index "abc" 1)')  # fmt: skip

SPECIAL: Final[dict[str, tuple[str, ...]]] = {
    "regex": ('"a*"', '"[a-z]+"', '"(\\\\w+) (\\\\w+)"', '"^h"', '"o$"', '"\\\\d+"', '"."', '""', '"(?i)HELLO"', '"("', '"[^,]*"', '"l+"', '"a|b"', '"\\\\bW"', '"(?P<x>l+)"', '"é"', '"x{2,3}"', '"(?:a|ab)(c|bcd)"', '"a*?"', '"(?m)^.*$"', '"(?s).+"', '"\\\\p{L}+"', '"[[:alpha:]]+"', '"\\\\C"', '"(?<y>.)"', '"x{1001}"', '"\\\\x{65E5}"', '"[^\\\\x00-\\\\x7F]"', '"(a+)+$"', '"\\\\z"', '"(?=a)"', '"\\\\1"', '"(?U)l+"', '"[a"', '"a**"', '"(|a)*"', '"\\\\Q.\\\\E"'),
    "repl": ('"X"', '"$1"', '"${1}-$0"', '"$x"', '"$$"', '""', '"${x}y"', '"$1x"', '"$"', '"${"', '"$é"', '"${}"'),
    "version": ('"1.2.3"', '"v1.2"', '"1"', '"1.2.3-rc.1"', '"2.0.0+build"', '"x"', '"0.1.0"', '"1.30.0-gke.5"', '""', '"1.2.3.4"', '"01.2.3"', '"1.2.3-01"', '"18446744073709551616.0.0"', '" 1.2.3"'),
    "constraint": ('">=1.2"', '"^1.2.3"', '"~1.2"', '"1.x"', '">1 <2 || 3"', '"*"', '">= 1.27.x"', '"1.0 - 2.0"', '">=1.0-0"', '"!=1.2.3"', '"a"', '">=1.19.0-0, <2"', '"^0.0"', '"~>1"', '"=1.2"', '">= 1.2, != 1.2.3"', '"=> 1"'),
    "layout": ('"2006-01-02"', '"Jan _2 2006 15:04:05.000 MST"', '"Mon, 02 Jan 2006 3:04PM -0700"', '"20060102T150405Z07:00"', '"06/1/2 03:04:05 pm Monday January 002"', '""', '"not a layout"', '"2006-01-02T15:04:05.999999999Z07:00"', '"__2 _2006 Z0700 -07 05,000"', '"15h04m"', '"Month Mone"', '"2006-01-02 15:04"'),
    "stamp": ('"2001-12-14"', '"2020-02-30"', '"Feb  3 2013 12:00:01.123 CET"', '"Mon, 02 Jan 2006 3:04PM -0700"', '"2020-02-29 23:59"', '"20200229T235900+01:00"', '"23:04"', '"0000-01-01"', '"x"', '""', '"2021-13-01"', '"2001-12-14 "', '"2006-01-02T15:04:05Z"'),
    "zone": ('"UTC"', '"Europe/Berlin"', '"America/New_York"', '"Nope/Nope"', '""', '"Asia/Kolkata"', '"Local"', '"../x"'),
    "moment": ("0", "1700000000", "(int64 1234567890)", '(toDate "2006-01-02" "2023-05-06")', "-1", "951782400", '(toDate "2006-01-02 15:04" "2020-02-29 23:59")', "-62135596801", "253402300800", "(int64 -99999999999)"),
    "time": ('(toDate "2006-01-02" "2023-05-06")', '(toDate "2006-01-02 15:04" "2020-02-29 23:59")', '(toDate "2006" "x")', '(toDate "2006-01-02T15:04:05Z07:00" "1999-12-31T23:59:59.5+05:30")'),
    "duration": ('"1h30m"', '"90s"', '"-5m"', '"1.5h"', '"x"', '"100ms"', '"2562047h"', '"750h"', '""', '"1us"', '"1µs"', '"9223372036854775807ns"', '"9223372036854775808ns"', '"2562048h"', '"+1h"', '".5s"', '"1.h"', '"1"', '"0"', '"-0.000000001s"', '"1h 2m"'),
    "url": ('"http://user:pw@host:80/a%20b?q=1#f"', '"https://example.com"', '"/just/path"', '"mailto:a@b"', '"http://[::1]:80/x"', '"://x"', '"http://h/%zz"', '"a b"', '"//h/p"', '"http://h?"', '"HTTP://H/p;x"', '"http://h:x/"', '"http://u@:80"', '"http://h/é?é#é"', '"http://h/%2f"', '"1:2"', '"a:b"', '"http://[fe80::1%25en0]/"', '"http://a b/"', '"?q#f?"', '"http://u:p%40w@h"', '"///x"', '"*"', '"#"', '"http://h/a?b?c"'),
    "json": ('"{\\"a\\":1,\\"b\\":[1,null,\\"x\\"]}"', '"[1,2,{\\"x\\":1.5}]"', '"null"', '"1e5"', '"\\"s\\""', '"{}"', '"[]"', '"12345678901234567890"', '"true"', '"{\\"a\\":1e400,\\"b\\":2}"', '"{\\"a\\":1,\\"a\\":2}"', '"[1,]"', '"{\\"a\\" 1}"', '"\\"\\\\ud800\\""', '"-0.0"', '"01"', '" [ 1 ] "', '"[1] 2"', '"{\\"a\\":\\"\\\\u00e9\\\\n\\"}"', '"nul"', '"{\'a\':1}"', '"\\"\\t\\""', '"\\"\\\\x\\""', '"[1e400, 2]"', '"{"', '"-"', '"1."', '"NaN"'),
    "yaml": ('"a: 1\\nb: yes\\nc: [x, ~]"', '"- 1\\n- b: 2"', '""', '"null"', '"a"', '"a: 1e3\\nb: 0755\\nc: 1_000"', '"x: |\\n  l1\\n  l2"', '"# c"', '"a: &x 1\\nb: *x"', '"a: 2001-12-14"', '"{}"', '"1: x\\ntrue: y"', '"a: b: c"', '"a: 1\\n---\\nb: 2"', '"a: .inf"', '"<<: {a: 1}\\nb: 2"', '"a: !!binary aGk="', '"[a, b"', '"a: 12345678901234567890"', '"\\tx: 1"', '"a: 1\\na: 2"', '"!!str 1"', '"a: \\"\\\\x41\\\\u00e9\\""', '"- a\\n b"', '"*x"', '"1.5: a\\n1e3: b\\n0x10: c\\nyes: d"', '"...\\n"'),
    "toml": ('"a = 1"', '"[t]\\nx = \\"y\\"\\nz = [1, 2]"', '"a = 1.5\\nb = true"', '""', '"[[x]]\\na = 1\\n[[x]]\\na = 2"', '"a.b.c = 1\\n[d.\\"e f\\"]\\ng = 0x1F"', '"a = 1979-05-27T07:32:00Z"', '"a = \'x\'\\nb = {c = 1}"', '"a = inf\\nb = -nan\\nc = 1e3"', '"d = 1979-05-27\\nt = 07:32:00.5"'),
    "format": ('"%s"', '"%v"', '"%d"', '"%5d|%-5s|"', '"%q"', '"%x"', '"%05.1f"', '"%t"', '"%T"', '"%%"', '"%+v %#v"', '"%s %s"', '"%!"', '"%z"', '"%e"', '"%g"', '"%08.3f"', '"%c"', '"%U"', '"%X"', '"%o"', '"%b"', '"%*d"', '"%[2]v %[1]v"', '"%.2s"', '"%6.3v"', '"%+d"', '"% d"', '"%#x"', '"%x %X"', '"%#q"', '"%+q"', '"%G"', '"%10q"', '"%-10v|"', '"%s %d %v %q"', '"%#U"', '"%O"', '"%.3e"', '"%.10g"', '"%F"', '"%-08d|"', '"%+.3x"', '"%w"', '"%[3]d"', '"%[x]d"', '"%.*f"', '"% x"', '"%# x"', '"é%5s|"', '"%"', '"%08q"', '"%#v"', '"%6.2f%%"'),
    "path": ('"/a/b/../c"', '"a//b"', '""', '"."', '"/"', '"x.tar.gz"', '"/a/b/"', '"../x"', '"..."', '"//a"', '".hidden"', '"a/../.."', '"/.."', '"a/."', '"é/ü.x"', '"a.b/c"', '"./."', '"a/b.c."'),
    "b64": ('"aGVsbG8="', '"aGk"', '"a==="', '""', '"//79"', '"aGVs\\nbG8="', '"aGVsbG8"', '"!"', '"aGk=="', '"aGl="', '"aGk=\\n"', '"YQ=="', '"YQ=\\n="', '"YR=="', '"aGk=aGk="', '"é"', '"====" ', '"aGVsbG9 "', '"YWJj-_"'),
    "b32": ('"NBUQ===="', '"nbuq"', '""', '"NBUQ"', '"1"', '"MFRGG==="', '"NB======"', '"NBUQ==="', '"NBUQ====="', '"MFRGGZDF"', '"NBU\\nQ===="', '"N"', '"========"', '"NBUQ====NBUQ===="', '"MFRGGZDFMY======"'),
    "kind": ('"string"', '"map"', '"slice"', '"int"', '"float64"', '"bool"', '"invalid"', '"int64"', '"ptr"', '"struct"'),
    "type": ('"string"', '"map[string]interface {}"', '"[]interface {}"', '"int"', '"float64"', '"[]string"', '"<nil>"', '"semver.Version"', '"time.Time"', '"map[string]string"'),
    "sep": ('","', '""', '" "', '"-"', '"l"', '"\\n"', '", "', '"é"'),
    "key": ('"a"', '"b"', '"k"', '"nope"', '""', '"x"', '"10"'),
    "template": ('"{{ .Values.s }}"', '"{{ . | toJson }}"', '"x"', '""', '"{{ nope }}"', '"{{"', '"{{ .a.b }}"', '"{{ include \\"json\\" . }}"', '"{{ define \\"t\\" }}1{{ end }}{{ template \\"t\\" }}"', ".Values.tpl", '"{{ tpl \\"{{ 1 }}\\" . }}"', '"{{ range $k, $v := . }}{{ $k }}{{ end }}"'),
    "helper": ('"json"', '"kind"', '"empty"', '"nope"', '"json"'),
    "cipher": ('(encryptAES "k" "text")', '"MDAwMDAwMDAwMDAwMDAwMGFi"', '"x"', '""', '"MDAw"', '"MDAwMDAwMDAwMDAwMDAwMA=="'),
    "pem": ('(genPrivateKey "ecdsa")', '(genPrivateKey "ecdsa")', '(genPrivateKey "ed25519")'),
    "keytype": ('"ecdsa"', '"ed25519"', '"RSA"', '"x"', '"ecdsa "', "nil", "1"),
    "password": ('"maximum"', '"long"', '"medium"', '"basic"', '"short"', '"pin"', '"x"'),
    "onemap": (".Values.one", '(dict "a" 1)', "(dict)", '(dict "" nil)'),
    "strint": ('"90"', "(int64 3661)", '"x"', "5", '"-7"', '"9223372036854775807"', '"0x10"', "nil", "1.5", '"1_0"'),
    "durint": ('"1h30m"', '"90s"', '"-5m"', '"1.5h"', '"x"', '"2562047h"', '"750h"', '""', "(int64 7200000000000)", "5", '"24h"', '"24h1ns"', '"-9223372036854775808ns"'),
    "userinfo": ('(dict "scheme" "http" "host" "h" "path" "p" "userinfo" "a:b c")', '(dict "host" "h:80" "query" "a=b" "fragment" "é")', '(dict "scheme" 1)', '(dict "path" "a:b")', '(dict "opaque" "o" "scheme" "s")', '(urlParse "http://u:p@h/a%2fb?c#d")', '(dict "userinfo" "@/")', '(dict "path" "//x")', '(dict "host" "h" "path" "x y")', '(dict "scheme" nil)'),
}  # fmt: skip
