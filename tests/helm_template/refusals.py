"""Templates that fail: helm names the place, the expression and the cause, and so does this engine, word for word."""

from __future__ import annotations

from typing import Final

REFUSALS: Final = (
    ".Values.a.b", ".Values.x.y", "(.Values).a.b", "(.Values.a).b", "(dict \"a\" 1).a.b", "$.Values.a.b",
    "upper .Values.missing", ".Values.missing | upper", ".Values.missing | trimSuffix \"x\"", "upper 5", "upper nil",
    "upper (.Values.n)", "upper (list 1 | first)", "upper .Values.l", "until \"a\"", "until 1.5", "trunc \"a\" \"x\"",
    "printf", "upper", "upper \"a\" \"b\"", "\"a\" | upper \"b\"", "lookup \"v1\"", "ternary 1 2", "merge 1 2",
    "eq 1 1.0", "lt 1 \"a\"", "lt .Values.l 1", "index .Values.l 9", "index .Values.l \"a\"", "index .Values.a 20",
    "len 5", "not", "and", "nil", "nil | quote", "\"a\" 1", "(upper \"a\") 1", ".Values.a | (upper)", ".Values.a \"x\"",
    ".Values.a | .Values.a", "call .Values.a", "call nil", "18446744073709551615",
    "add 18446744073709551615", "(nil).a",
    "{{ if .Values.x.y }}{{ end }}", "{{ range .Values.a }}{{ end }}", "{{ range 1.5 }}{{ end }}",
    "{{ range $i, $v := 5 }}{{ end }}", "{{ range $i, $v := .Values.l }}{{ $v.x }}{{ end }}",
    "{{ with .Values.a }}{{ .x }}{{ end }}", "{{ range .Values.l }}{{ .x }}{{ end }}", "{{ template \"nope\" . }}",
    "{{ block \"t\" . }}{{ .x.y }}{{ end }}", "{{ $x = 1 }}", "{{ if false }}{{ $q := 1 }}{{ else }}{{ $q }}{{ end }}",
    "{{ $x := 1 }}{{ $x.y }}", "{{ 1 }}\n  {{- range list 1 }}\n {{ .x.y }}{{ end }}",
)  # fmt: skip
