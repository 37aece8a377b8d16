package prep

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
)

// N-grams of text: words alone and in pairs, and characters in runs of 3 to 5
// inside a word and its borders.
const (
	minGram = 3
	maxGram = 5
)

// fitText gives a feature to every hash that occurs in training rows, and its
// smoothed inverse document frequency,
//
//	idf = 1 + log((1 + n) / (1 + df))
//
// Weinberger et al., Feature hashing for large scale multitask learning, ICML
// 2009; Salton, Buckley, Term-weighting approaches in automatic text
// retrieval, Information Processing & Management 24, 1988.
func (o Options) fitText(c *Column, parts []*kindred.Column, weights [][]float64) {
	documents := 0.0
	size := 1 << o.textBits()
	frequency := make([]float64, size)
	const block = 256
	for i, part := range parts {
		for from := 0; from < len(part.Text); from += 8 * block {
			sets := make([][][]int32, 8)
			num.For(8, func(b int) {
				for r := from + b*block; r < min(from+(b+1)*block, len(part.Text)); r++ {
					var list []int32
					if weights[i][r] > 0 {
						for h := range o.grams(part.Text[r]) {
							list = append(list, h)
						}
					}
					sets[b] = append(sets[b], list)
				}
			})
			for b, lists := range sets {
				for k, list := range lists {
					w := weights[i][from+b*block+k]
					documents += w
					for _, h := range list {
						frequency[h] += w
					}
				}
			}
		}
	}
	c.Bucket = map[int32]int{}
	for h, df := range frequency {
		if df > 0 {
			c.Bucket[int32(h)] = c.Width
			c.IDF = append(c.IDF, 1+math.Log((1+documents)/(1+df)))
			c.Width++
		}
	}
	c.Note = fmt.Sprintf("%d hashed n-grams", c.Width)
}

// grams counts the n-grams of a text by hash, each with the sign of its hash,
// so that collisions cancel on average.
func (o Options) grams(text string) map[int32]float64 {
	counts := map[int32]float64{}
	mask := uint64(1)<<o.textBits() - 1
	add := func(prefix byte, s string) {
		h := fnv(prefix, s)
		sign := 1.0
		if h>>63 == 1 {
			sign = -1
		}
		counts[int32((h^h>>29)&mask)] += sign
	}
	last := ""
	for _, word := range words(text) {
		add('w', word)
		if last != "" {
			add('b', last+" "+word)
		}
		last = word
		bordered := []rune(" " + word + " ")
		for n := minGram; n <= maxGram && n <= len(bordered); n++ {
			for i := 0; i+n <= len(bordered); i++ {
				add('c', string(bordered[i:i+n]))
			}
		}
	}
	return counts
}

// words are the runs of letters and digits, and single marks, in lower case.
func words(text string) []string {
	var out []string
	start := -1
	text = strings.ToLower(text)
	for i, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '\'' && start >= 0 {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 {
			out = append(out, text[start:i])
			start = -1
		}
		if !unicode.IsSpace(r) {
			out = append(out, string(r))
		}
	}
	if start >= 0 {
		out = append(out, text[start:])
	}
	return out
}

// fnv is the 64-bit FNV-1a hash of a prefix and a string, mixed so that all
// bits depend on all bytes.
//
// Fowler, Noll, Vo, 1991; the mixing is of Vigna, splitmix64, 2015.
func fnv(prefix byte, s string) uint64 {
	h := (uint64(14695981039346656037) ^ uint64(prefix)) * 1099511628211
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// row gives the features of a text, ascending, and their values: 1 + log of
// the count, times idf, to unit length.
func (c *Column) row(o Options, text string) ([]int32, []float64) {
	type entry struct {
		feature int32
		value   float64
	}
	var entries []entry
	for h, n := range o.grams(text) {
		k, ok := c.Bucket[h]
		if !ok || n == 0 {
			continue
		}
		v := math.Copysign((1+math.Log(math.Abs(n)))*c.IDF[k], n)
		entries = append(entries, entry{int32(k), v})
	}
	slices.SortFunc(entries, func(a, b entry) int { return int(a.feature - b.feature) })
	index, value := make([]int32, len(entries)), make([]float64, len(entries))
	for i, e := range entries {
		index[i], value[i] = e.feature, e.value
	}
	if length := num.Norm(value); length > 0 {
		for i := range value {
			value[i] /= length
		}
	}
	return index, value
}
