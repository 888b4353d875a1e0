// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// stringFunctions is Lua's string library without dump. What works with patterns is our own, since
// the interpreter's cannot be stopped.
func stringFunctions(donor *lua.LState) map[string]lua.LGFunction {
	return map[string]lua.LGFunction{
		"byte":    metered(donor, "string", "byte", textCost),
		"char":    metered(donor, "string", "char", func(l *lua.LState) int { return l.GetTop() }),
		"find":    find,
		"format":  format,
		"gmatch":  gmatch,
		"gsub":    gsub,
		"lower":   metered(donor, "string", "lower", textCost),
		"match":   match,
		"rep":     repeatText,
		"reverse": metered(donor, "string", "reverse", textCost),
		"upper":   metered(donor, "string", "upper", textCost),
	}
}

func textCost(l *lua.LState) int { return len(l.CheckString(1)) }

func repeatText(l *lua.LState) int {
	text, times := l.CheckString(1), l.CheckInt(2)
	if times <= 0 || text == "" {
		l.Push(lua.LString(""))
		return 1
	}
	// Past the limit the product could overflow.
	if times > maxSteps*bytesPerStep {
		times = maxSteps * bytesPerStep
		text = text[:1]
	}
	spend(l, saturated(len(text), times))
	l.Push(lua.LString(strings.Repeat(text, times)))
	return 1
}

func saturated(size, times int) int {
	if size > 0 && times > maxSteps*bytesPerStep/size {
		return maxSteps*bytesPerStep + 1
	}
	return size * times
}

// concat is the operator .. on texts and numbers.
func concat(l *lua.LState) int {
	parts := make([]string, l.GetTop())
	size := 0
	for i := range parts {
		value := l.Get(i + 1)
		if !lua.LVCanConvToString(value) {
			l.RaiseError("attempt to concatenate a %s value", value.Type())
		}
		parts[i] = lua.LVAsString(value)
		size += len(parts[i])
	}
	spend(l, size)
	l.Push(lua.LString(strings.Join(parts, "")))
	return 1
}

// format is string.format with widths and precisions of two digits at most, as Lua has it.
func format(l *lua.LState) int {
	layout := l.CheckString(1)
	spend(l, len(layout))
	var text strings.Builder
	argument := 1
	for layout != "" {
		plain, rest, found := strings.Cut(layout, "%")
		text.WriteString(plain)
		if !found {
			break
		}
		if after, escaped := strings.CutPrefix(rest, "%"); escaped {
			text.WriteByte('%')
			layout = after
			continue
		}
		argument++
		flags, verb, after := directive(l, rest)
		formatted := formatOne(l, argument, flags, verb)
		spend(l, len(formatted))
		text.WriteString(formatted)
		layout = after
	}
	l.Push(lua.LString(text.String()))
	return 1
}

// directive splits what follows a percent sign into flags, the verb and the rest.
func directive(l *lua.LState, layout string) (flags string, verb byte, rest string) {
	length := len(layout) - len(strings.TrimLeft(layout, "-+ #0123456789."))
	digits := 0
	for i := range length {
		digits++
		if layout[i] < '0' || layout[i] > '9' {
			digits = 0
		}
		if digits > 3 {
			l.RaiseError("invalid format: a width or precision is too long")
		}
	}
	if length == len(layout) {
		l.RaiseError("invalid format: the text ends inside a directive")
	}
	return layout[:length], layout[length], layout[length+1:]
}

func formatOne(l *lua.LState, argument int, flags string, verb byte) string {
	switch verb {
	case 's':
		return fmt.Sprintf("%"+flags+"s", l.ToStringMeta(l.CheckAny(argument)).String())
	case 'q':
		return fmt.Sprintf("%q", l.CheckString(argument))
	case 'd', 'i', 'u':
		return fmt.Sprintf("%"+flags+"d", int64(l.CheckNumber(argument)))
	case 'c', 'o', 'x', 'X':
		return fmt.Sprintf("%"+flags+string(rune(verb)), int64(l.CheckNumber(argument)))
	case 'e', 'E', 'f', 'g', 'G':
		return fmt.Sprintf("%"+flags+string(rune(verb)), float64(l.CheckNumber(argument)))
	}
	l.RaiseError("invalid format: there is no directive %q", string(rune(verb)))
	return ""
}
