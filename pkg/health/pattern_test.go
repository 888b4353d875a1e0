// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

import (
	"strings"
	"testing"
)

// TestPattern joins what string.match returns, as the reference manual of Lua 5.1 has it.
func TestPattern(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ subject, pattern, want string }{
		"plain text":                  {"hello world", "wor", "wor"},
		"an anchor at the start":      {"hello", "^ell", "nil"},
		"an anchor at the end":        {"hello", "l+o$", "llo"},
		"a dollar inside is itself":   {"a$b", "a$b", "a$b"},
		"any character":               {"abc", "a.c", "abc"},
		"greedy":                      {"<a><b>", "<(.*)>", "a><b"},
		"lazy":                        {"<a><b>", "<(.-)>", "a"},
		"optional":                    {"color", "colou?r", "color"},
		"one or more needs one":       {"abc", "x+", "nil"},
		"zero or more takes none":     {"abc", "x*", ""},
		"digits":                      {"2024-01-02T03", "(%d+)-(%d+)-(%d+)", "2024 01 02"},
		"a complement":                {"12ab", "%D+", "ab"},
		"a set":                       {"x=[1]", "[%[%]1]+", "[1]"},
		"a set with a range":          {"xyzABC", "[A-C]+", "ABC"},
		"a set without members":       {"abc,def", "[^,]+$", "def"},
		"a bracket as first member":   {"a]b", "[]]", "]"},
		"a dash as last member":       {"a-b", "[x-]", "-"},
		"a position":                  {"hello", "()ll()", "3 5"},
		"a nested capture":            {"key=val", "((%w+)=(%w+))", "key=val key val"},
		"a reference":                 {"say 'hi' now", "(['\"])(.-)%1", "' hi"},
		"a balance":                   {"f(a(b)c)d", "%b()", "(a(b)c)"},
		"a frontier":                  {"THE (quick) fox", "%f[%a]%a+%f[%A]", "THE"},
		"an escaped character":        {"a.b", "a%.b", "a.b"},
		"classes":                     {"\tX!x0\x00", "%s%u%p%l%x%z", "\tX!x0\x00"},
		"letters, words and controls": {"\x01ab1", "%c%a%w+", "\x01ab1"},
		"backtracking":                {"aaab", "a*ab", "aaab"},
		"an abandoned capture":        {"ab ac", "(a)c", "a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			compiled := compileTest(t, `
				local found = {string.match(obj.subject, obj.pattern)}
				if #found == 0 then found = {'nil'} end
				return {status = 'Healthy', message = table.concat(found, ' ')}`)
			got, err := compiled.run(map[string]any{"subject": c.subject, "pattern": c.pattern})
			if err != nil {
				t.Fatal(err)
			}
			if got.Message != c.want {
				t.Errorf("match(%q, %q) = %q, want %q", c.subject, c.pattern, got.Message, c.want)
			}
		})
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]string{
		"string.find('a.b.c', '.', 3, true)":                            "4 4",
		"string.find('hello', 'l')":                                     "3 3",
		"string.find('hello', 'xyz')":                                   "",
		"string.find('hello', '(l)(l)')":                                "3 4 l l",
		"string.find('hello', 'l', -2)":                                 "4 4",
		"string.find('hello', '', 10)":                                  "6 5",
		"string.gsub('hello', '', '-')":                                 "-h-e-l-l-o- 6",
		"string.gsub('abc', '%w', '%0%0')":                              "aabbcc 3",
		"string.gsub('abc', '^a', 'x')":                                 "xbc 1",
		"string.gsub('hello world', 'o', 0, 1)":                         "hell0 world 1",
		"string.gsub('$name', '%$(%w+)', {name = 'Lua'})":               "Lua 1",
		"string.gsub('a1', '%d', function(d) return tonumber(d)+1 end)": "a2 1",
	} {
		t.Run(expr, func(t *testing.T) {
			t.Parallel()
			got, err := compileTest(t,
				"return {status = 'Healthy', message = table.concat({"+expr+"}, ' ')}").run(map[string]any{})
			if err != nil {
				t.Fatal(err)
			}
			if strings.TrimSpace(got.Message) != want {
				t.Errorf("%s = %q, want %q", expr, got.Message, want)
			}
		})
	}
}
