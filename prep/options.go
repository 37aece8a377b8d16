package prep

import (
	"fmt"
	"slices"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
)

// Options say how columns are prepared. The zero value is the default.
type Options struct {
	// Scale is how numbers are scaled. "" and "standard": to mean 0 and
	// standard deviation 1; "rms": to root mean square 1, not centred;
	// "none". Sparse vectors are never centred: "standard" divides them by
	// the largest absolute value.
	Scale string `json:"scale,omitempty" words:"how numbers are scaled: standard, rms or none; else standard"`
	// MinLevel is the weight of rows below which a level is pooled into
	// other. 0: 5, or a twentieth of the weight of all rows if that is less.
	MinLevel int `json:"min_level,omitempty" words:"weight of rows below which a level is pooled into other; else 5, less of few rows"`
	// MaxLevels is how many levels of a column are kept at most, the most
	// frequent ones; the rest is pooled into other. 0: 100.
	MaxLevels int `json:"max_levels,omitempty" words:"levels of a column that are kept, at most; else 100"`
	// TextBits b hashes the n-grams of a text column to 2^b buckets. 0: 18.
	TextBits int `json:"text_bits,omitempty" words:"n-grams of a text are hashed to 2^this buckets; else 18, of networks 14"`
	// WordGrams are the least and the most words of an n-gram. Both 0: 1 and
	// 2; both −1: none.
	WordGrams [2]int `json:"word_grams,omitzero" words:"the least and the most words of an n-gram, or [-1, -1]: none; else [1, 2]"`
	// CharGrams are the least and the most characters of an n-gram inside a
	// word and the spaces around it. Both 0: 3 and 5; both −1: none.
	CharGrams [2]int `json:"char_grams,omitzero" words:"the least and the most characters of an n-gram, or [-1, -1]: none; else [3, 5]"`
}

const (
	maxTextBits = 22
	maxGram     = 16
)

// Check says what is wrong with the options.
func (o Options) Check() error {
	switch o.Scale {
	case "", "standard", "rms", "none":
	default:
		return catalog.Unknown("scale", o.Scale, []string{"standard", "rms", "none"})
	}
	if o.MinLevel < 0 || o.MaxLevels < 0 {
		return fmt.Errorf("min_level is %d and max_levels %d; neither is below 0", o.MinLevel, o.MaxLevels)
	}
	if o.TextBits < 0 || o.TextBits > maxTextBits {
		return fmt.Errorf("text_bits is %d; it is from 1 to %d, or 0 for the default", o.TextBits, maxTextBits)
	}
	none := [2]int{-1, -1}
	for i, g := range [][2]int{o.WordGrams, o.CharGrams} {
		name := []string{"word_grams", "char_grams"}[i]
		if g != [2]int{} && g != none && !(1 <= g[0] && g[0] <= g[1] && g[1] <= maxGram) {
			return fmt.Errorf("%s is %v; it is the least and the most of an n-gram, from 1 to %d, or [-1, -1] for none", name, g, maxGram)
		}
	}
	if o.WordGrams == none && o.CharGrams == none {
		return fmt.Errorf("word_grams and char_grams are both none: nothing is left of text")
	}
	return nil
}

// For is the options without what makes no difference to columns of such a
// schema. Options that are wrong stay as they are.
func (o Options) For(s kindred.Schema) Options {
	if o.Check() != nil {
		return o
	}
	has := func(types ...kindred.Type) bool {
		return slices.ContainsFunc(s, func(f kindred.Field) bool { return slices.Contains(types, f.Type) })
	}
	if !has(kindred.Numeric, kindred.Vector) {
		o.Scale = ""
	}
	if !has(kindred.Categorical) {
		o.MinLevel, o.MaxLevels = 0, 0
	}
	if !has(kindred.Text) {
		o.TextBits, o.WordGrams, o.CharGrams = 0, [2]int{}, [2]int{}
	}
	return o
}

// minLevel is the least weight of a level that is kept, where all rows weigh
// total.
func (o Options) minLevel(total float64) float64 {
	if o.MinLevel == 0 {
		return min(5, total/20)
	}
	return float64(o.MinLevel)
}

func (o Options) maxLevels() int { return orElse(o.MaxLevels, 100) }

func (o Options) textBits() int { return orElse(o.TextBits, 18) }

func (o Options) wordGrams() [2]int { return orElse(o.WordGrams, [2]int{1, 2}) }

func (o Options) charGrams() [2]int { return orElse(o.CharGrams, [2]int{3, 5}) }

func orElse[T comparable](v, standard T) T {
	var zero T
	if v == zero {
		return standard
	}
	return v
}
