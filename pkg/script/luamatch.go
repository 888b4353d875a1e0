// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

const (
	maxCaptures = 32
	// maxDepth bounds the nesting of a match, which follows the items of its pattern.
	maxDepth = 200
	// testsPerStep is how many comparisons of a character cost one step.
	testsPerStep = 8
)

// Marks of a capture that has no length.
const (
	openCapture     = -1
	positionCapture = -2
)

// matcher tries a pattern of Lua 5.1 on a text. The interpreter's own matcher cannot be stopped,
// and the text is an object's; this one pays for each comparison.
type matcher struct {
	state    *lua.LState
	subject  string
	pattern  string
	captures []span
	tests    int
	depth    int
}

type span struct{ start, length int }

// at tries the pattern, from its index p, at the index s of the subject; it returns where the
// match ends, or -1.
func (m *matcher) at(s, p int) int {
	if m.depth++; m.depth > maxDepth {
		m.state.RaiseError("pattern too complex")
	}
	defer func() { m.depth-- }()
	for p < len(m.pattern) {
		switch m.pattern[p] {
		case '(':
			return m.open(s, p)
		case ')':
			return m.close(s, p)
		case '$':
			if p+1 == len(m.pattern) {
				if s == len(m.subject) {
					return s
				}
				return -1
			}
		case '%':
			if next, after, special := m.special(s, p); special {
				if next < 0 {
					return -1
				}
				s, p = next, after
				continue
			}
		}
		end := m.itemEnd(p)
		if end < len(m.pattern) && strings.IndexByte("*+-?", m.pattern[end]) >= 0 {
			return m.repeated(s, p, end)
		}
		if !m.one(s, p, end) {
			return -1
		}
		s, p = s+1, end
	}
	return s
}

// repeated matches an item that ends before a quantifier, and the rest of the pattern.
func (m *matcher) repeated(s, p, end int) int {
	least, most := 0, len(m.subject)-s
	switch m.pattern[end] {
	case '+':
		least = 1
	case '?':
		most = min(most, 1)
	case '-':
		for ; ; s++ {
			if found := m.at(s, end+1); found >= 0 {
				return found
			}
			if !m.one(s, p, end) {
				return -1
			}
		}
	}
	count := 0
	for count < most && m.one(s+count, p, end) {
		count++
	}
	for ; count >= least; count-- {
		m.pay()
		if found := m.at(s+count, end+1); found >= 0 {
			return found
		}
	}
	return -1
}

// special matches %b, %f and references to captures; it returns where the subject and the
// pattern go on, and false for any other item.
func (m *matcher) special(s, p int) (next, after int, special bool) {
	if p+1 >= len(m.pattern) {
		m.state.RaiseError("malformed pattern (ends with a percent sign)")
	}
	switch item := m.pattern[p+1]; {
	case item == 'b':
		return m.balanced(s, p+2), p + 4, true
	case item == 'f':
		if p+2 >= len(m.pattern) || m.pattern[p+2] != '[' {
			m.state.RaiseError("malformed pattern (no set after a frontier)")
		}
		end := m.itemEnd(p + 2)
		before, here := byte(0), byte(0)
		if s > 0 {
			before = m.subject[s-1]
		}
		if s < len(m.subject) {
			here = m.subject[s]
		}
		if m.inSet(before, p+2, end) || !m.inSet(here, p+2, end) {
			return -1, end, true
		}
		return s, end, true
	case item >= '0' && item <= '9':
		return m.again(s, int(item)-'1'), p + 2, true
	}
	return 0, 0, false
}

// balanced matches from an opening character to the closing one that belongs to it.
func (m *matcher) balanced(s, p int) int {
	if p+1 >= len(m.pattern) {
		m.state.RaiseError("unbalanced pattern")
	}
	if s >= len(m.subject) || m.subject[s] != m.pattern[p] {
		return -1
	}
	depth := 1
	for i := s + 1; i < len(m.subject); i++ {
		m.pay()
		switch m.subject[i] {
		case m.pattern[p+1]:
			if depth--; depth == 0 {
				return i + 1
			}
		case m.pattern[p]:
			depth++
		}
	}
	return -1
}

// again matches the text that a capture holds.
func (m *matcher) again(s, number int) int {
	if number < 0 || number >= len(m.captures) || m.captures[number].length < 0 {
		m.state.RaiseError("invalid capture index")
	}
	captured := m.captures[number]
	text := m.subject[captured.start : captured.start+captured.length]
	m.pay()
	if !strings.HasPrefix(m.subject[s:], text) {
		return -1
	}
	return s + len(text)
}

func (m *matcher) open(s, p int) int {
	if len(m.captures) >= maxCaptures {
		m.state.RaiseError("too many captures")
	}
	length := openCapture
	p++
	if p < len(m.pattern) && m.pattern[p] == ')' {
		length = positionCapture
		p++
	}
	before := len(m.captures)
	m.captures = append(m.captures, span{s, length})
	end := m.at(s, p)
	if end < 0 {
		m.captures = m.captures[:before]
	}
	return end
}

func (m *matcher) close(s, p int) int {
	last := len(m.captures) - 1
	for last >= 0 && m.captures[last].length != openCapture {
		last--
	}
	if last < 0 {
		m.state.RaiseError("invalid pattern capture")
	}
	m.captures[last].length = s - m.captures[last].start
	end := m.at(s, p+1)
	if end < 0 {
		m.captures[last].length = openCapture
	}
	return end
}

// pay charges one comparison.
func (m *matcher) pay() {
	if m.tests++; m.tests%testsPerStep == 0 {
		spend(m.state, bytesPerStep)
	}
}
