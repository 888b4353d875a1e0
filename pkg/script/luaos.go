// Copyright The Capstan Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// osFunctions is the part of Lua's os library that only tells the time, in UTC.
func osFunctions() map[string]lua.LGFunction {
	return map[string]lua.LGFunction{"time": osTime, "date": osDate}
}

// osTime returns seconds since 1970: now, or at the date that a table holds.
func osTime(l *lua.LState) int {
	if l.GetTop() == 0 {
		l.Push(lua.LNumber(time.Now().Unix()))
		return 1
	}
	table := l.CheckTable(1)
	field := func(name string, otherwise int) int {
		value := table.RawGetString(name)
		if number, isNumber := value.(lua.LNumber); isNumber {
			return int(number)
		}
		if text, isText := value.(lua.LString); isText && lua.LVCanConvToString(text) {
			return int(lua.LVAsNumber(text))
		}
		return otherwise
	}
	at := time.Date(field("year", -1), time.Month(field("month", -1)), field("day", -1),
		field("hour", 12), field("min", 0), field("sec", 0), 0, time.UTC)
	l.Push(lua.LNumber(at.Unix()))
	return 1
}

// osDate formats a time by the directives of C's strftime, or returns its parts for *t.
func osDate(l *lua.LState) int {
	layout := strings.TrimPrefix(l.OptString(1, "%c"), "!")
	spend(l, len(layout))
	at := time.Now().UTC()
	if l.GetTop() >= 2 {
		at = time.Unix(l.CheckInt64(2), 0).UTC()
	}
	if strings.HasPrefix(layout, "*t") {
		l.Push(dateTable(l, at))
		return 1
	}
	var text strings.Builder
	for layout != "" {
		plain, rest, found := strings.Cut(layout, "%")
		text.WriteString(plain)
		if !found || rest == "" {
			break
		}
		text.WriteString(datePart(at, rest[0]))
		layout = rest[1:]
	}
	l.Push(lua.LString(text.String()))
	return 1
}

func dateTable(l *lua.LState, at time.Time) *lua.LTable {
	table := l.CreateTable(0, 9)
	for name, number := range map[string]int{
		"year": at.Year(), "month": int(at.Month()), "day": at.Day(), "hour": at.Hour(), "min": at.Minute(),
		"sec": at.Second(), "wday": int(at.Weekday()) + 1, "yday": at.YearDay(),
	} {
		table.RawSetString(name, lua.LNumber(number))
	}
	table.RawSetString("isdst", lua.LFalse)
	return table
}

func datePart(at time.Time, directive byte) string {
	layouts := map[byte]string{
		'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'c': "Mon Jan _2 15:04:05 2006", 'd': "02",
		'F': "2006-01-02", 'H': "15", 'I': "03", 'j': "002", 'm': "01", 'M': "04", 'p': "PM", 'S': "05",
		'T': "15:04:05", 'x': "01/02/06", 'X': "15:04:05", 'y': "06", 'Y': "2006", 'Z': "MST", 'z': "-0700",
	}
	if layout, found := layouts[directive]; found {
		return at.Format(layout)
	}
	if directive == '%' {
		return "%"
	}
	return "%" + string(rune(directive))
}
