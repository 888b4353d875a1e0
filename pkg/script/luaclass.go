// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import "strings"

// itemEnd returns the index after the item of the pattern that begins at p: a character, a class
// or a set.
func (m *matcher) itemEnd(p int) int {
	switch m.pattern[p] {
	case '%':
		if p+1 >= len(m.pattern) {
			m.state.RaiseError("malformed pattern (ends with a percent sign)")
		}
		return p + 2
	case '[':
		return m.setEnd(p)
	}
	return p + 1
}

func (m *matcher) setEnd(p int) int {
	i := p + 1
	if i < len(m.pattern) && m.pattern[i] == '^' {
		i++
	}
	// A bracket that comes first is a member of the set.
	for first := true; i < len(m.pattern); first = false {
		switch {
		case m.pattern[i] == ']' && !first:
			return i + 1
		case m.pattern[i] == '%':
			i++
		}
		i++
	}
	m.state.RaiseError("malformed pattern (missing ']')")
	return len(m.pattern)
}

// one tells whether the character at s is what the item from p to end stands for.
func (m *matcher) one(s, p, end int) bool {
	m.pay()
	if s >= len(m.subject) {
		return false
	}
	switch m.pattern[p] {
	case '.':
		return true
	case '%':
		return inClass(m.subject[s], m.pattern[p+1])
	case '[':
		return m.inSet(m.subject[s], p, end)
	}
	return m.subject[s] == m.pattern[p]
}

// inSet tells whether a character is in the set that the pattern has from p to end.
func (m *matcher) inSet(c byte, p, end int) bool {
	set := m.pattern[p+1 : end-1]
	members := strings.TrimPrefix(set, "^")
	found := false
	for i := 0; i < len(members) && !found; i++ {
		switch {
		case members[i] == '%' && i+1 < len(members):
			i++
			found = inClass(c, members[i])
		case i+2 < len(members) && members[i+1] == '-':
			found = members[i] <= c && c <= members[i+2]
			i += 2
		default:
			found = members[i] == c
		}
	}
	return found == (len(members) == len(set))
}

// inClass tells whether a character is in a class of Lua, such as %d, or its complement, %D; any
// other letter after a percent sign stands for itself.
func inClass(c, class byte) bool {
	lower := class | 0x20
	var found bool
	switch lower {
	case 'a':
		found = isLetter(c)
	case 'c':
		found = c < 0x20 || c == 0x7f
	case 'd':
		found = isDigit(c)
	case 'l':
		found = c >= 'a' && c <= 'z'
	case 'p':
		found = c > 0x20 && c < 0x7f && !isLetter(c) && !isDigit(c)
	case 's':
		found = c == ' ' || (c >= '\t' && c <= '\r')
	case 'u':
		found = c >= 'A' && c <= 'Z'
	case 'w':
		found = isLetter(c) || isDigit(c)
	case 'x':
		found = isDigit(c) || (c|0x20 >= 'a' && c|0x20 <= 'f')
	case 'z':
		found = c == 0
	default:
		return c == class
	}
	return found == (class == lower)
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
