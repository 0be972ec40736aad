# ruff: noqa: E501 - the tables read best as one line a kind
"""How functions are called in generated expressions: arguments that mostly make sense, and checks of random results."""

from __future__ import annotations

import re
from typing import Final

_STRING_LIST: Final = (
    "append mustAppend push mustPush prepend mustPrepend without mustWithout concat first mustFirst last mustLast rest mustRest "
    "initial mustInitial reverse mustReverse compact mustCompact uniq mustUniq sortAlpha toStrings"
)
#: Functions whose first argument is a list.
LISTY: Final = frozenset(_STRING_LIST.split())

#: name → kinds of its arguments (see `pools.SPECIAL`; others are kinds of the generator's own).
SHAPES: Final[dict[str, tuple[str, ...]]] = {
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
    "durationRound": ("durint",), "toDate": ("layout", "stamp"), "mustToDate": ("layout", "stamp"),
    "urlParse": ("url",), "urlJoin": ("userinfo",), "fromJson": ("json",), "fromJsonArray": ("json",),
    "mustFromJson": ("json",), "fromYaml": ("yaml",), "fromYamlArray": ("yaml",), "fromToml": ("toml",),
    "b64dec": ("b64",), "b32dec": ("b32",), "base": ("path",), "dir": ("path",), "clean": ("path",), "ext": ("path",),
    "isAbs": ("path",), "osBase": ("path",), "osDir": ("path",), "osClean": ("path",), "osExt": ("path",),
    "osIsAbs": ("path",), "kindIs": ("kind", "any"), "typeIs": ("type", "any"), "typeIsLike": ("type", "any"),
    "split": ("sep", "string"), "splitList": ("sep", "string"), "splitn": ("sep", "small", "string"),
    "join": ("sep", "list"), "get": ("map", "key"), "hasKey": ("map", "key"), "set": ("map", "key", "any"),
    "unset": ("map", "key"), "repeat": ("small", "string"), "indent": ("small", "string"), "nindent": ("small", "string"),
    "until": ("small",), "untilStep": ("small", "small", "small"), "chunk": ("small", "list"),
    "mustChunk": ("small", "list"), "round": ("any", "small"), "dig": ("key", "any", "map"), "index": ("list", "small"),
    "slice": ("list", "small", "small"), "mustSlice": ("list", "small", "small"), "seq": ("small", "small", "small"),
    "wrap": ("small", "string"), "wrapWith": ("small", "sep", "string"), "abbrev": ("small", "string"),
    "abbrevboth": ("small", "small", "string"), "trunc": ("small", "string"), "substr": ("small", "small", "string"),
    "call": ("any",), "keys": ("onemap",), "values": ("onemap",), "tpl": ("template", "any"), "include": ("helper", "any"),
    "decryptAES": ("string", "cipher"), "htpasswd": ("string", "string"), "deepEqual": ("any", "any"),
}  # fmt: skip
#: Kinds that must fit: anything else is taken for the current time, or has a random order.
EXACT: Final = frozenset(("moment", "durint", "onemap"))

#: Results that are random, slow or of the moment: expressions that say something of them that is always the same.
#: @kind stands for an argument. A function that has an entry here is called in no other way.
CHECKS: Final[dict[str, tuple[str, ...]]] = {
    "now": ("kindOf now", "typeOf now", "gt (now | unixEpoch | int64) 1700000000", 'now | date "2006" | len', "now.IsZero", 'dateModify "1h" now | kindOf'),
    "ago": ("ago now", 'now | dateModify "-90m" | ago', "ago @string", 'ago (now | dateModify "26h10s")', 'ago 0 | hasSuffix "s"'),
    "shuffle": ('shuffle "aaaa"', "shuffle @string | len", 'shuffle "bca" | splitList "" | sortAlpha | join ""'),
    "uuidv4": ("uuidv4 | len", 'regexMatch "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$" uuidv4', "substr 14 15 uuidv4", "eq uuidv4 uuidv4"),
    "randAlpha": ("randAlpha @small | len", 'regexMatch "^[a-zA-Z]{12}$" (randAlpha 12)', "randAlpha @small | kindOf"),
    "randAlphaNum": ("randAlphaNum @small | len", 'regexMatch "^[a-zA-Z0-9]{30}$" (randAlphaNum 30)', "randAlphaNum -3 | quote"),
    "randNumeric": ("randNumeric @small | len", 'regexMatch "^[0-9]{12}$" (randNumeric 12)', "randNumeric 0 | quote"),
    "randAscii": ("randAscii @small | len", 'regexMatch "^[ -~]{40}$" (randAscii 40)'),
    "randInt": ("randInt 3 4", "randInt @small @small | kindOf", "has (randInt 1 4) (list 1 2 3)", "randInt @int @int | typeOf"),
    "randBytes": ("randBytes @small | b64dec | len", "randBytes @small | len"),
    "bcrypt": ('regexMatch "^\\\\$2a\\\\$10\\\\$[./A-Za-z0-9]{53}$" (bcrypt @string)', 'bcrypt (repeat 73 "x")', "bcrypt .Values.long", "bcrypt @string | len"),
    "htpasswd": ('htpasswd @string "x" | splitList ":" | first', 'htpasswd "a:b" @string', 'htpasswd "a" @string | len', 'htpasswd "u" (repeat 80 "y")'),
    "genPrivateKey": ('genPrivateKey "ecdsa" | splitList "\\n" | first', 'genPrivateKey "ed25519" | splitList "\\n" | first', 'genPrivateKey @keytype | splitList "-" | len', 'genPrivateKey "ecdsa" | trimSuffix "\\n" | splitList "\\n" | last', 'genPrivateKey "nope"', 'genPrivateKey "ed25519" | len'),
    "genCA": ('(genCA @string 365).Cert | contains "BEGIN CERTIFICATE"', 'genCA "x" @small | typeOf', '(genCA "x" 1).Key | splitList "\\n" | first'),
    "genCAWithKey": ("(genCAWithKey @string 365 @pem).Cert | splitList \"\\n\" | first", 'genCAWithKey "x" @small @string', 'genCAWithKey "x" @small @pem | kindOf', '(genCAWithKey "a" 1 (genPrivateKey "ed25519")).Key | len'),
    "genSelfSignedCert": ('genSelfSignedCert "x" (list "1.2.3.4") (list "a.b") @small | typeOf', '(genSelfSignedCert "x" nil nil 1).Cert | contains "BEGIN"'),
    "genSelfSignedCertWithKey": ('(genSelfSignedCertWithKey @string (list "10.0.0.1") (list "a.b" "*.c") 365 @pem).Cert | splitList "\\n" | first', 'genSelfSignedCertWithKey "x" @list @list @small @pem | kindOf', 'genSelfSignedCertWithKey "x" (list "::1" "x") nil 1 @pem | kindOf', 'genSelfSignedCertWithKey "x" nil nil 1 @string | kindOf', 'genSelfSignedCertWithKey "x" nil (list @any) 1 @pem | kindOf'),
    "genSignedCert": ('genSignedCert "x" nil nil 1 (genCAWithKey "ca" 1 (genPrivateKey "ecdsa")) | typeOf', '(genSignedCert @string (list "1.2.3.4") nil 1 (genCAWithKey "ca" 1 (genPrivateKey "ed25519"))).Key | splitList "\\n" | first', 'genSignedCert "x" nil nil 1 @any'),
    "genSignedCertWithKey": ('(genSignedCertWithKey @string @list (list "a") @small (genCAWithKey "ca" 1 @pem) @pem).Cert | splitList "\\n" | first', 'genSignedCertWithKey "x" nil nil 1 @any @pem', 'genSignedCertWithKey "x" nil nil 1 (genCAWithKey "ca" 1 @pem) @string | kindOf'),
    "buildCustomCert": ('{{ $c := genCAWithKey "x" 1 @pem }}{{ $b := buildCustomCert ($c.Cert | b64enc) ($c.Key | b64enc) }}{{ eq $b.Cert $c.Cert }} {{ eq $b.Key $c.Key }}', "buildCustomCert @string @string", "buildCustomCert (@string | b64enc) @string", 'buildCustomCert (genPrivateKey "ecdsa" | b64enc) @string'),
    "encryptAES": ("encryptAES @string @string | b64dec | len", 'encryptAES "secret" @string | decryptAES "secret"', 'encryptAES @string "" | quote', 'decryptAES "a" (encryptAES "a" @string)'),
    "derivePassword": ('derivePassword @small @password @string "user" "example.com"', 'derivePassword 1 @password "password" @string @string'),
    "fail": ("fail @string", '{{ if @any }}{{ fail @string }}{{ end }}'),
    "keys": ("keys @map | sortAlpha", "keys @map @map | sortAlpha", "keys @onemap", "keys @any | len"),
    "values": ('values @map | toStrings | sortAlpha', "values @onemap", "values @map | len"),
    "getHostByName": ('getHostByName "example.com"', "getHostByName @string"),
    "lookup": ('lookup "v1" "Pod" @string @string', 'lookup @string "Secret" "ns" ""', '(lookup "v1" "Pod" "ns" "").items', 'lookup "v1" "Pod" @any "x" | toJson'),
    "required": ("required @string @any", "required @string nil", 'required "x" @string | quote'),
    "decryptAES": ('decryptAES "k" @cipher | kindOf', 'decryptAES @string "MDAw"', 'decryptAES @string ""', 'decryptAES "k" (encryptAES "k" @string)', 'decryptAES "k" @string'),
}  # fmt: skip
#: Functions that cost a tenth of a second and more are called in a few expressions only.
SLOW: Final = frozenset(("genCA", "genSelfSignedCert", "genSignedCert", "derivePassword", "bcrypt", "htpasswd"))
_STRINGS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`')
_NAME: Final = re.compile(r"(?<![.$\w])[a-zA-Z]\w*")


def called(expression: str) -> set[str]:
    """The functions (and other bare words) of an expression."""
    return set(_NAME.findall(_STRINGS.sub('""', expression)))
