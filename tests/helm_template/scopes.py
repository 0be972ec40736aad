"""Templates about the scopes of variables: what each prints in helm; None when helm refuses it."""

from __future__ import annotations

from typing import Final

SCOPES: Final[dict[str, str | None]] = {
    # Blocks end what they declare.
    "{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}": "21",
    "{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}": "2",
    "{{ if true }}{{ $x := 2 }}{{ end }}{{ $x }}": None,
    "{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $x := 3 }}{{ $x = 4 }}{{ $x }}{{ end }}{{ $x }}": "42",
    "{{ $x := 1 }}{{ $x := 2 }}{{ $x }}": "2",
    "{{ $x := $x }}": None,
    # A condition's variable lasts for the whole chain.
    "{{ if $x := 1 }}{{ $x }}{{ else }}no{{ end }}": "1",
    "{{ if $x := 0 }}no{{ else }}{{ $x }}{{ end }}": "0",
    "{{ if $x := 0 }}no{{ else if $y := 2 }}{{ $x }}{{ $y }}{{ end }}": "02",
    "{{ if $x := 0 }}no{{ else if $y := 0 }}no{{ else }}{{ $x }}{{ $y }}{{ end }}": "00",
    "{{ if $x := 1 }}{{ end }}{{ $x }}": None,
    "{{ with $x := \"a\" }}{{ . }}{{ $x }}{{ end }}": "aa",
    "{{ with $x := \"\" }}no{{ else }}[{{ $x }}]{{ end }}": "[]",
    "{{ with $x := \"\" }}no{{ else with $y := \"b\" }}[{{ $x }}]{{ . }}{{ $y }}{{ end }}": "[]bb",
    # What a body declares may be named in its else, where it is not there.
    "{{ if true }}{{ $x := 1 }}{{ $x }}{{ else }}{{ $x }}{{ end }}": "1",
    "{{ if false }}{{ $x := 1 }}{{ else }}{{ $x }}{{ end }}": None,
    "{{ $x := 0 }}{{ if false }}{{ $x := 1 }}{{ else }}{{ $x }}{{ end }}": "0",
    "{{ if false }}{{ $x := 1 }}{{ else if true }}{{ $x }}{{ end }}": None,
    "{{ range list }}{{ $x := 1 }}{{ else }}{{ $x }}{{ end }}": None,
    "{{ with \"\" }}{{ $x := 1 }}{{ else }}{{ $x := 2 }}{{ $x }}{{ end }}": "2",
    # range: its variables are the whole value in its else.
    "{{ range $v := list 1 2 }}{{ $v }}{{ end }}": "12",
    "{{ range $i, $v := list 7 8 }}{{ $i }}{{ $v }}{{ end }}": "0718",
    "{{ range $v := list }}no{{ else }}{{ $v }}{{ end }}": "[]",
    "{{ range $i, $v := dict }}no{{ else }}{{ $i }}{{ $v }}{{ end }}": "map[]map[]",
    "{{ range $v := list 1 }}{{ end }}{{ $v }}": None,
    "{{ $v := 0 }}{{ range $v = list 1 2 }}{{ end }}{{ $v }}": "2",
    "{{ $v := 0 }}{{ range $v = list }}{{ end }}{{ $v }}": "[]",
    "{{ $i := 0 }}{{ $v := 0 }}{{ range $i, $v = list 5 6 }}{{ end }}{{ $i }}{{ $v }}": "16",
    "{{ range $x = list 1 }}{{ end }}": None,
    "{{ range list 1 2 }}{{ $x := . }}{{ $x }}{{ end }}": "12",
    "{{ $n := 0 }}{{ range list 1 2 3 }}{{ $n = add $n . }}{{ end }}{{ $n }}": "6",
    "{{ range $i, $_ := list 1 2 }}{{ if $i }}{{ $y := $i }}{{ $y }}{{ else }}-{{ end }}{{ end }}": "-1",
    "{{ range list 1 2 3 }}{{ if eq . 2 }}{{ continue }}{{ end }}{{ $x := . }}{{ $x }}{{ end }}": "13",
    # Templates see nothing but what they are given, as dot and as $.
    "{{ $x := 1 }}{{ block \"t1\" . }}{{ $x }}{{ end }}": None,
    "{{ block \"t2\" 3 }}{{ . }}{{ $ }}{{ end }}": "33",
    "{{ $x := 1 }}{{ block \"t3\" . }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}": "21",
    "{{ $x := 1 }}{{ block \"t4\" $x }}{{ . }}{{ $ }}{{ end }}{{ $x }}": "111",
    "{{ template \"nope\" $x := 1 }}": None,
    "{{ block \"t5\" $x := 4 }}{{ . }}{{ end }}{{ $x }}": "44",
    "{{ $x := 1 }}{{ tpl \"{{ $x }}\" . }}": None,
    # $ can be set, and is not the cursor.
    "{{ with 5 }}{{ $ = . }}{{ end }}{{ $ }}": "5",
    "{{ block \"t6\" 1 }}{{ $ = 2 }}{{ $ }}{{ . }}{{ end }}": "21",
    "{{ $ := 3 }}{{ $ }}": "3",
    # Declarations anywhere in a pipeline.
    "{{ ($x := 1) }}{{ $x }}": "11",
    "{{ ($x := 1) | add $x 10 }}": "12",
    "{{ $x := 5 }}{{ ($x = 1) | add $x }}": "2",
    "{{ $y := ($x := 2) }}{{ $x }}{{ $y }}": "22",
    "{{ if ($x := 1) }}{{ $x }}{{ end }}": "1",
    "{{ add ($x := 1) $x }}": "2",
    # Arguments of and and or may be skipped, and with them what they declare.
    "{{ if and true ($x := 3) }}{{ $x }}{{ end }}": "3",
    "{{ if and false ($x := 3) }}{{ else }}{{ $x }}{{ end }}": None,
    "{{ $x := 1 }}{{ if and false ($x := 3) }}{{ else }}{{ $x }}{{ end }}": "1",
    "{{ $x := 1 }}{{ if or false ($x := 3) }}{{ $x }}{{ end }}{{ $x }}": "31",
    "{{ $x := 1 }}{{ if and false ($x := 3) }}{{ else }}{{ $x = 2 }}{{ end }}{{ $x }}": "2",
    "{{ $x := 1 }}{{ if and true ($x := 3) }}{{ $x = 2 }}{{ $x }}{{ end }}{{ $x }}": "21",
    "{{ range $i, $_ := list 1 2 }}{{ if and (eq $i 0) ($x := 3) }}{{ $x }}{{ else }}{{ $x }}{{ end }}{{ end }}": None,
    "{{ if and false ($x := 3) }}{{ else }}{{ $x = 2 }}{{ end }}": None,
    # Assignments need a declaration, which shows only when they are executed.
    "{{ $x = 1 }}": None,
    "{{ if false }}{{ $x = 1 }}{{ $x }}{{ end }}ok": "ok",
}  # fmt: skip
