package prep

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"github.com/kindred-mtl/kindred"
)

// naiveGrams lists the n-grams of a text as strings: c or w, then the n-gram.
func naiveGrams(g grams, text string) (out [][]string) {
	var words []string
	last := ' '
	for _, r := range text {
		inner := unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
		before := last == 'x'
		switch {
		case inner && before, r == '\'' && before:
			words[len(words)-1] += string(unicode.ToLower(r))
		case !unicode.IsSpace(r):
			words = append(words, string(unicode.ToLower(r)))
		}
		last = ' '
		if inner || r == '\'' && before {
			last = 'x'
		}
	}
	for i := range words {
		for n := g.word[0]; n <= g.word[1] && g.word[0] > 0 && i+n <= len(words); n++ {
			out = append(out, append([]string{"w"}, words[i:i+n]...))
		}
	}
	for _, word := range words {
		padded := []rune(" " + word + " ")
		if g.char[0] > len(padded) {
			out = append(out, []string{"c", string(padded)})
			continue
		}
		for n := g.char[0]; n <= g.char[1] && g.char[0] > 0; n++ {
			for i := 0; i+n <= len(padded); i++ {
				out = append(out, []string{"c", string(padded[i : i+n])})
			}
		}
	}
	return out
}

func naiveHash(parts []string) uint64 {
	fnv := func(h uint64, s string) uint64 {
		for _, r := range s {
			h = (h ^ uint64(r)) * 1099511628211
		}
		return h
	}
	seed := uint64(14695981039346656037)
	seed = (seed ^ uint64(parts[0][0])) * 1099511628211
	if parts[0] == "c" {
		return mix(fnv(seed, parts[1]))
	}
	h := seed + uint64(len(parts)-1)
	for _, word := range parts[1:] {
		h = (h ^ mix(fnv(seed, word))) * 1099511628211
	}
	return mix(h)
}

func naiveBag(g grams, text string) map[int]float64 {
	bag := map[int]float64{}
	for _, parts := range naiveGrams(g, text) {
		h := naiveHash(parts)
		sign := 1.0
		if h>>63 == 1 {
			sign = -1
		}
		bag[int(h%uint64(g.buckets()))] += sign
	}
	for h, n := range bag {
		if n == 0 {
			delete(bag, h)
		}
	}
	return bag
}

// texts are random words and marks of several scripts.
func texts(n int) []string {
	r := rand.New(rand.NewPCG(1, 9))
	letters := []rune("aabbcdEÉß'’ 中文हि9 .,!\t—\u00a0 ")
	out := make([]string, n)
	for i := range out {
		var b strings.Builder
		for range r.IntN(40) {
			b.WriteRune(letters[r.IntN(len(letters))])
		}
		out[i] = b.String()
	}
	return out
}

var gramOptions = []Options{
	{TextBits: 6}, {TextBits: 12}, {TextBits: 13, WordGrams: [2]int{2, 3}, CharGrams: [2]int{-1, -1}},
	{TextBits: 14, WordGrams: [2]int{-1, -1}, CharGrams: [2]int{4, 4}}, {TextBits: 1},
}

func TestTextLikeNaive(t *testing.T) {
	docs := append(texts(150), "", "   ", "it's", "'quoted'", "\xff\xfe", strings.Repeat("a", 3000))
	weight := make([]float64, len(docs))
	rows, total := make([]int, len(docs)), 0.0
	for i := range docs {
		rows[i], weight[i] = i, float64(i%3)
		total += weight[i]
	}
	table := &kindred.Table{Columns: []kindred.Column{{Name: "t", Type: kindred.Text, Text: docs}}}
	s := &kindred.Set{Tasks: []kindred.Task{{Table: table, Rows: rows, Weight: weight}}}
	for _, o := range gramOptions {
		p, err := Fit(context.Background(), o, s)
		if err != nil {
			t.Fatal(err)
		}
		x, err := p.Transform(context.Background(), table, nil)
		if err != nil {
			t.Fatal(err)
		}
		c := p.fields[0].column.(*text)
		df := map[int]float64{}
		for i, doc := range docs {
			for h := range naiveBag(c.grams, doc) {
				df[h] += weight[i]
			}
		}
		for i, doc := range docs {
			want, length := map[int]float64{}, 0.0
			for h, n := range naiveBag(c.grams, doc) {
				if df[h] > 0 {
					want[h] = math.Copysign((1+math.Log(math.Abs(n)))*(1+math.Log((1+total)/(1+df[h]))), n)
					length = math.Hypot(length, want[h])
				}
			}
			index, value := x.Row(i)
			if len(index) != len(want) {
				t.Fatalf("%+v: %q has %d features, not %d", o, doc, len(index), len(want))
			}
			for k, f := range index {
				if h := c.bucket[f]; math.Abs(value[k]-want[h]/length) > 1e-12 {
					t.Fatalf("%+v: %q, bucket %d: %v, not %v", o, doc, h, value[k], want[h]/length)
				}
			}
		}
	}
}

// The hash is part of the model file: it may never change.
func TestHashIsFixed(t *testing.T) {
	b := newBag(Options{}.grams())
	defer b.release()
	b.read("It's good.")
	buckets, counts := b.drain()
	sum, signs := 0, 0
	for i, h := range buckets {
		sum, signs = sum+int(h), signs+int(counts[i])
	}
	if len(buckets) != hashFeatures || sum != hashSum || signs != hashSigns {
		t.Errorf("%d features, sum %d, signs %d: models with text no longer load", len(buckets), sum, signs)
	}
}

const hashFeatures, hashSum, hashSigns = 24, 3187303, -2

// One bag after another, of other sizes, starts empty.
func TestBagsAreEmptied(t *testing.T) {
	for range 3 {
		for _, o := range gramOptions {
			b := newBag(o.grams())
			if buckets, counts := b.drain(); len(buckets) > 0 {
				t.Errorf("an empty bag holds %v of buckets %v", counts, buckets)
			}
			for _, doc := range texts(5) {
				b.read(doc)
				last := -1
				buckets, counts := b.drain()
				for i, h := range buckets {
					if int(h) <= last || int(h) >= o.grams().buckets() || counts[i] == 0 {
						t.Errorf("bucket %d holds %d after bucket %d", h, counts[i], last)
					}
					last = int(h)
				}
			}
			b.release()
		}
	}
}
