package data

import (
	"math"
	"strconv"
	"strings"
)

// missing tells whether a trimmed cell holds no value.
func missing(cell string) bool {
	switch cell {
	case "", "NA", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL", "?", ".":
		return true
	}
	return false
}

// number reads a cell: a decimal number, an infinity, or NaN where it is
// missing. Numbers beyond float64 are infinite. ok is false for other words,
// hexadecimal numbers and digits in groups among them.
func number(cell string) (v float64, ok bool) {
	cell = strings.TrimSpace(cell)
	if v, end := decimal(cell, 0); end == len(cell) {
		return v, true
	}
	if missing(cell) {
		return math.NaN(), true
	}
	for i := range len(cell) {
		switch c := cell[i]; {
		case '0' <= c && c <= '9', c == '+', c == '-', c == '.', c == 'e', c == 'E':
		default:
			return infinite(cell)
		}
	}
	v, err := strconv.ParseFloat(cell, 64)
	return v, err == nil || math.IsInf(v, 0)
}

func infinite(cell string) (float64, bool) {
	word, sign := strings.TrimPrefix(cell, "+"), 1
	if w, ok := strings.CutPrefix(cell, "-"); ok {
		word, sign = w, -1
	}
	if strings.EqualFold(word, "inf") || strings.EqualFold(word, "infinity") {
		return math.Inf(sign), true
	}
	return 0, false
}

// powers of ten that are exact in float64.
var powers = [23]float64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// decimal reads the number that begins at s[i] and says where it ends, or −1
// where this takes more than one rounding and strconv has to do it.
//
//	v = ±m·10^e        exact for m ≤ 2^53, |e| ≤ 22: m and 10^|e| are floats,
//	                   and one product or quotient of them is rounded once
//
// William D. Clinger, "How to read floating point numbers accurately", PLDI
// 1990, the fast path.
func decimal(s string, i int) (v float64, end int) {
	negative := false
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		negative = s[i] == '-'
		i++
	}
	var m uint64
	first := i
	for i < len(s) && s[i]-'0' <= 9 {
		m = m*10 + uint64(s[i]-'0')
		i++
	}
	digits, e := i-first, 0
	if i < len(s) && s[i] == '.' {
		i++
		first = i
		for i < len(s) && s[i]-'0' <= 9 {
			m = m*10 + uint64(s[i]-'0')
			i++
		}
		e = first - i
		digits -= e
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		power, stop := exponent(s, i+1)
		if stop < 0 {
			return 0, -1
		}
		e, i = e+power, stop
	}
	if digits == 0 || digits > 19 || m > 1<<53 || e < -22 || e > 22 {
		return 0, -1
	}
	if v = float64(m); e < 0 {
		v /= powers[-e]
	} else {
		v *= powers[e]
	}
	if negative {
		v = -v
	}
	return v, i
}

// exponent reads the sign and up to four digits behind an e.
func exponent(s string, i int) (power, end int) {
	negative := false
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		negative = s[i] == '-'
		i++
	}
	first := i
	for i < len(s) && s[i]-'0' <= 9 && i-first < 5 {
		power = power*10 + int(s[i]-'0')
		i++
	}
	if i == first || i-first > 4 {
		return 0, -1
	}
	if negative {
		power = -power
	}
	return power, i
}

// short is s, cut where a message would drown in it.
func short(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:57], "") + "..."
	}
	return s
}
