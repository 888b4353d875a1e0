// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package health

import (
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/capstan-dev/capstan/pkg/script"
)

func compileTest(t *testing.T, text string) *luaRule {
	t.Helper()
	tools, err := script.NewTools()
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := compile("test", text, tools)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func TestCommunityScriptsCompile(t *testing.T) {
	t.Parallel()
	tools, err := script.NewTools()
	if err != nil {
		t.Fatal(err)
	}
	all, err := communityScripts(tools)
	if err != nil {
		t.Fatal(err)
	}
	if len(all.exact) < 200 || len(all.patterns) < 5 {
		t.Fatalf("only %d kinds and %d patterns were found", len(all.exact), len(all.patterns))
	}
	sources := all.patterns
	for _, found := range all.exact {
		sources = append(sources, found)
	}
	for _, found := range sources {
		if _, err := found.compiled(); err != nil {
			t.Errorf("%s: %v", found.pattern, err)
		}
	}
}

// TestHostileScript runs scripts that try to leave the sandbox or to stay in it for ever.
func TestHostileScript(t *testing.T) {
	t.Parallel()
	// On a slow machine the limit of time comes before the limit of steps.
	const passed = "the script passed its limit"
	for name, c := range map[string]struct{ text, want string }{
		"an endless loop":           {"while true do end", passed},
		"an endless loop in pcall":  {"while true do pcall(function() while true do end end) end", passed},
		"a repeated text":           {"return {status = string.rep('x', 1e9)}", passed},
		"a repeated text by method": {"return {status = ('x'):rep(2^53)}", passed},
		"a text that doubles":       {"local s = 'x' while true do s = s .. s end", passed},
		"texts that are kept":       {"local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(65536) end", passed},
		"a list with a wide gap":    {"local t = {} t[60000000] = 1", passed},
		"a literal with a wide gap": {"local t = {[60000000] = 1}", passed},
		"an insert far away":        {"local t = {} table.insert(t, 60000000, 1)", passed},
		"a table that grows":        {"local t = {} for i = 1, 1e9 do t[i] = {i} end", passed},
		"sorting again and again": {
			"local t = {} for i = 1, 999 do t[i] = i end while true do table.sort(t) end", passed,
		},
		"replacing in a long text":    {"return string.gsub(('a'):rep(60000), 'a', ('b'):rep(60000))", passed},
		"a pattern that backtracks":   {"return string.find(('a'):rep(60000), ('a*'):rep(9) .. 'b')", passed},
		"a lazy pattern that does":    {"return string.find(('a'):rep(60000), ('a-'):rep(9) .. 'b')", passed},
		"a balance that never ends":   {"return string.find(('('):rep(60000), '%b()')", passed},
		"a nested pattern":            {"return string.find('a', ('a?'):rep(500))", "too complex"},
		"a broken set":                {"return string.find('a', '[a')", "missing ']'"},
		"a broken class":              {"return string.find('a', 'a%')", "ends with a percent sign"},
		"a broken capture":            {"return string.match('a', '(a')", "unfinished capture"},
		"a capture that is not there": {"return string.match('a', '%1')", "invalid capture index"},
		"a wide format":               {"return string.format('%1000000000d', 1)", "too long"},
		"deep recursion":              {"local function f() return 1 + f() end f()", "stack overflow"},
		"deep recursion by pcall":     {"local function f() pcall(f) end while true do f() end", passed},
		"an endless chain of tables": {
			"local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x", "the script failed",
		},
		"a long argument list":     {"return select('#', unpack({}, 1, 1e8))", passed},
		"a process":                {"os.execute('true')", "non-function"},
		"an exit":                  {"os.exit(1)", "non-function"},
		"the environment":          {"return os.getenv('HOME')", "non-function"},
		"a file":                   {"io.open('/etc/passwd')", "index"},
		"a module":                 {"require('io')", "no module"},
		"a module by a long name":  {"while true do pcall(require, ('x'):rep(60000)) end", passed},
		"a module again and again": {"while true do require('os') end", passed},
		"a file as code":           {"dofile('/etc/passwd')", "non-function"},
		"text as code":             {"loadstring('return 1')()", "non-function"},
		"code in a function":       {"load(function() return nil end)", "non-function"},
		"debug":                    {"debug.getinfo(1)", "index"},
		"coroutines":               {"coroutine.create(function() end)", "index"},
		"all globals":              {"return _G.os", "index"},
		"another's environment":    {"return getfenv(1)", "non-function"},
		"an error with a table":    {"error({secret = 'x'})", "the script failed with a table"},
		"an error without a value": {"error()", "the script failed"},
		"a long error":             {"error(('x'):rep(100000))", "xxx..."},
		"text as result":           {"return 'Healthy'", "returned a string"},
		"a function as message":    {"return {status = 'Healthy', message = print or tostring}", "function as message"},
		"a number as status":       {"return {status = 7}", "number as status"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			started := time.Now()
			got, err := compileTest(t, c.text).run(map[string]any{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("run = %v, error %v; want an error with %q", got, err, c.want)
			}
			if err != nil && len(err.Error()) > 2*script.MaxErrorLength {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
			if took := time.Since(started); took > 10*time.Second {
				t.Errorf("the run took %s", took)
			}
		})
	}
}

// TestHostileScriptMemory is serial: it reads what the whole process allocated.
//
//nolint:paralleltest // other tests' allocations would count
func TestHostileScriptMemory(t *testing.T) {
	for name, text := range map[string]string{
		"texts that are kept":  "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(65536) end",
		"texts that double":    "local s = 'x' while true do s = s .. s end",
		"tables that are kept": "local t = {} for i = 1, 1e9 do t = {t} end",
		"gaps that are kept":   "local t = {} for i = 1, 1e9 do t = {t} t[64] = 1 end",
		"maps that are kept":   "local t = {} for i = 1, 1e9 do t = {a = t} end",
	} {
		t.Run(name, func(t *testing.T) {
			compiled := compileTest(t, text)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if got, err := compiled.run(map[string]any{}); err == nil {
				t.Errorf("run = %v without error", got)
			}
			runtime.ReadMemStats(&after)
			allocated := (after.TotalAlloc - before.TotalAlloc) >> 20
			t.Logf("allocated %d MiB", allocated)
			if allocated > 256 {
				t.Errorf("the run allocated %d MiB", allocated)
			}
		})
	}
}

// TestScript runs statements and then rates the object Healthy with a message.
func TestScript(t *testing.T) {
	t.Parallel()
	object := map[string]any{
		"metadata": map[string]any{"name": "a", "generation": int64(3)},
		"status": map[string]any{
			"phase": "ERROR, ERROR, disk",
			"parts": []any{"x", "y", nil, "z"},
			"map":   map[string]any{"c": "3", "a": "1", "b": "2"},
		},
	}
	for name, c := range map[string]struct{ before, message, want string }{
		"a number concatenates":         {"", "1 .. '/' .. 2.5", "1/2.5"},
		"a call concatenates one value": {"", "'a' .. ('b'):gsub('b', 'c')", "ac"},
		"a chain concatenates in order": {"", "'a' .. 'b' .. ('c' .. 'd')", "abcd"},
		"varargs concatenate one value": {"local function f(...) return 'a' .. ... end", "f('b', 'c')", "ab"},
		"gsub counts and limits":        {"local s, n = obj.status.phase:gsub('ERROR, ', '', 1)", "s .. n", "ERROR, disk1"},
		"gsub fills in captures":        {"", "(('k=v'):gsub('(%w)=(%w)', '%2=%1 %0%%'))", "v=k k=v%"},
		"gsub asks a function": {
			"local function f(c) if c == 'b' then return 'B' end end", "(('abc'):gsub('%w', f))", "aBc",
		},
		"gsub asks a table": {"", "(('a b'):gsub('%w', {a = 1}))", "1 b"},
		"gmatch walks the matches": {
			"local m = '' for k, v in ('a=1,b=2'):gmatch('(%w)=(%w)') do m = m .. v .. k end", "m", "1a2b",
		},
		"format knows the directives": {
			"", "string.format('%5.1f|%-3s|%03d|%x|%%|%q', 2.25, 'a', 7, 255, 'q')", `  2.2|a  |007|ff|%|"q"`,
		},
		"table.concat joins":        {"", "table.concat(obj.status.parts, '-')", "x-y-z"},
		"table.concat joins a part": {"", "table.concat({1, 2, 3, 4}, ',', 2, 3)", "2,3"},
		"pairs walks keys in order": {
			"local m = '' for k, v in pairs(obj.status.map) do m = m .. k .. v end", "m", "a1b2c3",
		},
		"the object passes as a whole": {"local function f(o) return o.metadata.name end", "f(obj)", "a"},
		"os.time reads a date in UTC": {
			"", "'' .. os.time({year = 2024, month = 1, day = 2, hour = '3'})", "1704164400",
		},
		"os.date writes a date in UTC":     {"", "os.date('!%Y-%m-%dT%H:%M:%S', 1704164400)", "2024-01-02T03:00:00"},
		"os.date gives parts":              {"local d = os.date('*t', 1704164400)", "d.year .. ' ' .. d.yday", "2024 2"},
		"a list grows by its length":       {"local t = {} for i = 1, 300 do t[#t + 1] = i end", "'' .. #t", "300"},
		"a caught error leaves the result": {"local ok = pcall(error, 'x')", "tostring(ok)", "false"},
		"a function of the script":         {"function f() return 'f' end", "f()", "f"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := compileTest(t, c.before+" return {status = 'Healthy', message = "+c.message+"}").run(object)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&Health{Healthy, c.want}, got); diff != "" {
				t.Errorf("health differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestScriptResult(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want *Health
	}{
		"nothing returned says nothing": {"local a = obj", nil},
		"an empty table says nothing":   {"return {}", nil},
		"an invalid status is unknown": {
			"return {status = 'Fine'}", &Health{Unknown, "Lua returned an invalid health status"},
		},
		"a status needs no message": {"return {status = 'Missing'}", &Health{Status: Missing}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := compileTest(t, c.text).run(map[string]any{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("health differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRunsShareNothing(t *testing.T) {
	t.Parallel()
	compiled := compileTest(t, `
		if leaked ~= nil or string.leaked ~= nil or ('').leaked ~= nil then return {status = 'Degraded'} end
		leaked, string.leaked, string.len = 1, 1, nil
		obj.metadata.name = 'changed'
		return {status = 'Healthy', message = obj.metadata.name}`)
	object := map[string]any{"metadata": map[string]any{"name": "a"}}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				got, err := compiled.run(object)
				if err != nil || got.Status != Healthy {
					t.Errorf("run = %v, %v", got, err)
				}
			}
		})
	}
	group.Wait()
	if diff := cmp.Diff(map[string]any{"metadata": map[string]any{"name": "a"}}, object); diff != "" {
		t.Errorf("a script changed the object (-want +got):\n%s", diff)
	}
}
