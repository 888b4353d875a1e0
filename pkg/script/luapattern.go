// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// search is a walk over the matches of a pattern in a text.
type search struct {
	matcher
	anchored bool
	next     int
	start    int
	end      int
}

func newSearch(l *lua.LState, from int) *search {
	pattern, anchored := strings.CutPrefix(l.CheckString(2), "^")
	return &search{
		matcher: matcher{state: l, subject: l.CheckString(1), pattern: pattern}, anchored: anchored, next: from,
	}
}

// advance finds the next match, which does not overlap the last one.
func (s *search) advance() bool {
	for s.next <= len(s.subject) {
		from := s.next
		s.captures, s.depth = nil, 0
		end := s.at(from, 0)
		s.next++
		if s.anchored {
			s.next = len(s.subject) + 1
		}
		if end < 0 {
			continue
		}
		s.start, s.end = from, end
		if !s.anchored && end > from {
			s.next = end
		}
		return true
	}
	return false
}

// values returns what the match captured, or all of it where the pattern captures nothing.
func (s *search) values() []lua.LValue {
	if len(s.captures) == 0 {
		return []lua.LValue{lua.LString(s.subject[s.start:s.end])}
	}
	values := make([]lua.LValue, 0, len(s.captures))
	for _, captured := range s.captures {
		switch captured.length {
		case openCapture:
			s.state.RaiseError("unfinished capture")
		case positionCapture:
			values = append(values, lua.LNumber(captured.start+1))
		default:
			values = append(values, lua.LString(s.subject[captured.start:captured.start+captured.length]))
		}
	}
	return values
}

// startOf is where a search begins: the third argument counts from one, or back from the end.
func startOf(l *lua.LState) int {
	length, from := len(l.CheckString(1)), l.OptInt(3, 1)
	if from < 0 {
		from += length + 1
	}
	return min(max(from-1, 0), length)
}

func push(l *lua.LState, values ...lua.LValue) int {
	for _, value := range values {
		l.Push(value)
	}
	return len(values)
}

func find(l *lua.LState) int {
	subject, pattern, from := l.CheckString(1), l.CheckString(2), startOf(l)
	if l.ToBool(4) || !strings.ContainsAny(pattern, "^$*+?.([%-") {
		spend(l, len(subject))
		at := strings.Index(subject[from:], pattern)
		if at < 0 {
			return push(l, lua.LNil)
		}
		return push(l, lua.LNumber(from+at+1), lua.LNumber(from+at+len(pattern)))
	}
	s := newSearch(l, from)
	if !s.advance() {
		return push(l, lua.LNil)
	}
	pushed := push(l, lua.LNumber(s.start+1), lua.LNumber(s.end))
	if len(s.captures) > 0 {
		pushed += push(l, s.values()...)
	}
	return pushed
}

func match(l *lua.LState) int {
	s := newSearch(l, startOf(l))
	if !s.advance() {
		return push(l, lua.LNil)
	}
	return push(l, s.values()...)
}

// gmatch returns an iterator over the matches of a pattern.
func gmatch(l *lua.LState) int {
	s := newSearch(l, 0)
	return push(l, l.NewFunction(func(l *lua.LState) int {
		s.state = l
		if !s.advance() {
			return push(l, lua.LNil)
		}
		return push(l, s.values()...)
	}))
}

// gsub replaces the matches of a pattern by a text, by what a table holds or a function returns.
func gsub(l *lua.LState) int {
	s, replacement, limit := newSearch(l, 0), l.CheckAny(3), l.OptInt(4, -1)
	var text strings.Builder
	count, written := 0, 0
	for count != limit && s.advance() {
		count++
		replaced := s.replace(l, replacement)
		spend(l, len(replaced)+bytesPerStep)
		text.WriteString(s.subject[written:s.start])
		text.WriteString(replaced)
		written = s.end
	}
	text.WriteString(s.subject[written:])
	return push(l, lua.LString(text.String()), lua.LNumber(count))
}

func (s *search) replace(l *lua.LState, replacement lua.LValue) string {
	whole, values := s.subject[s.start:s.end], s.values()
	value := lua.LValue(lua.LNil)
	switch by := replacement.(type) {
	case lua.LString, lua.LNumber:
		return expand(l, lua.LVAsString(by), whole, values)
	case *lua.LTable:
		value = l.GetTable(by, values[0])
	case *lua.LFunction:
		l.Push(by)
		push(l, values...)
		l.Call(len(values), 1)
		value = l.Get(-1)
		l.Pop(1)
	default:
		l.RaiseError("a match cannot be replaced by a %s", replacement.Type())
	}
	if lua.LVIsFalse(value) {
		return whole
	}
	if !lua.LVCanConvToString(value) {
		l.RaiseError("a match cannot be replaced by a %s", value.Type())
	}
	return lua.LVAsString(value)
}

// expand puts captures in place of %1 to %9 and the whole match in place of %0.
func expand(l *lua.LState, layout, whole string, values []lua.LValue) string {
	if strings.IndexByte(layout, '%') < 0 {
		return layout
	}
	spend(l, len(layout))
	var text strings.Builder
	for i := 0; i < len(layout); i++ {
		if layout[i] != '%' || i == len(layout)-1 {
			text.WriteByte(layout[i])
			continue
		}
		i++
		part := layout[i : i+1]
		switch digit := int(layout[i]) - '0'; {
		case digit == 0:
			part = whole
		case digit > 0 && digit <= len(values):
			part = lua.LVAsString(values[digit-1])
		case digit > 0 && digit <= 9:
			l.RaiseError("invalid capture index %d", digit)
		}
		spend(l, len(part))
		text.WriteString(part)
	}
	return text.String()
}
