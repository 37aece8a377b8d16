package data_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/data"
)

// columnsOfLeaks are n rows of columns, each with what it does to a target.
func columnsOfLeaks(n int, target func(rng *rand.Rand, z float64) string) string {
	rng := rand.New(rand.NewPCG(3, 4))
	var b strings.Builder
	b.WriteString("t,z,noise,few,copy,coded,filled,nearly,repeat,y\n")
	for i := range n {
		z := rng.NormFloat64()
		y := target(rng, z)
		coded, filled := map[string]string{"0": "red", "1": "blue", "2": "green"}[y], ""
		if rng.IntN(2) == 0 && y == "1" {
			coded = "cyan"
		}
		if y == "1" {
			filled = fmt.Sprint(rng.NormFloat64())
		}
		nearly := coded
		if i == n/2 {
			nearly = map[bool]string{false: "red", true: "blue"}[coded == "red"]
		}
		fmt.Fprintf(&b, "%c,%v,%v,%d,%s,%s,%s,%s,%d,%s\n", 'a'+rune(rng.IntN(3)), z, rng.NormFloat64(), rng.IntN(4), y, coded, filled, nearly, i/2, y)
	}
	return b.String()
}

// Columns that tell the label are found, others are not, with rows of their
// own and with shared ones.
func TestLeaks(t *testing.T) {
	sign := func(_ *rand.Rand, z float64) string { return map[bool]string{false: "0", true: "1"}[z > 0.5] }
	chance := func(rng *rand.Rand, _ float64) string { return fmt.Sprint(rng.IntN(2)) }
	three := func(_ *rand.Rand, z float64) string { return fmt.Sprint(max(0, min(2, int(z+1)))) }
	fahrenheit := func(_ *rand.Rand, z float64) string { return fmt.Sprint(32 + 1.8*z) }
	noisy := func(rng *rand.Rand, z float64) string { return fmt.Sprint(z + 1e-3*rng.NormFloat64()) }
	for _, c := range []struct {
		name   string
		target func(*rand.Rand, float64) string
		kind   bool // whether it is declared as multiclass
		rows   int
		want   map[string]string // column → how
	}{
		{"sign", sign, false, 200, map[string]string{"z": "order", "copy": "value", "coded": "value", "filled": "filled in"}},
		{"chance", chance, false, 200, map[string]string{"copy": "value", "coded": "value", "filled": "filled in"}},
		{"three", three, true, 200, map[string]string{"z": "order", "copy": "value", "coded": "value"}},
		{"line", fahrenheit, false, 200, map[string]string{"z": "line", "copy": "line"}},
		{"noisy", noisy, false, 200, map[string]string{"copy": "line"}},
		{"few rows", sign, false, 12, nil},
		{"few numbers", fahrenheit, false, 12, nil},
	} {
		text := columnsOfLeaks(c.rows, c.target)
		for _, task := range []string{"", "t"} {
			o := data.Options{Task: task, Targets: []string{"y"}}
			if c.kind {
				o.Kinds = map[string]kindred.Kind{"y": kindred.Multiclass}
			}
			f, err := read(text, o)
			if err != nil {
				t.Fatal(err)
			}
			if len(f.Warnings) != len(c.want) {
				t.Errorf("%s, tasks %q: %d warnings, want %d: %q", c.name, task, len(f.Warnings), len(c.want), f.Warnings)
			}
			for column, how := range c.want {
				found := false
				for _, w := range f.Warnings {
					found = found || strings.HasPrefix(w, fmt.Sprintf("column %q gives the target \"y\" away", column)) && strings.Contains(w, how) && strings.Contains(w, "(--drop "+column+")")
				}
				if !found {
					t.Errorf("%s, tasks %q: column %s does not leak by %s: %q", c.name, task, column, how, f.Warnings)
				}
			}
		}
	}
}

// A leak that some rows do not fill in is one, and of several targets each is
// looked at; rows that stand twice make no leak.
func TestLeaksOfGaps(t *testing.T) {
	var b strings.Builder
	b.WriteString("twice,gap,\"it's, so\",a,b\n")
	for i := range 400 {
		rng := rand.New(rand.NewPCG(5, uint64(i-i%2)))
		twice, a, c := rng.IntN(150), rng.IntN(2), rng.IntN(3)
		gap := fmt.Sprint(10 * a)
		if rng.IntN(4) == 0 {
			gap = "NA"
		}
		fmt.Fprintf(&b, "%d,%s,%c,%d,%c\n", twice*1000+i/2, gap, 'x'+rune(c), a, 'p'+rune(c))
	}
	f, err := read(b.String(), data.Options{Targets: []string{"a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Warnings) != 2 || !strings.Contains(f.Warnings[0], `"gap" gives the target "a" away`) || !strings.Contains(f.Warnings[0], "that fill it in") ||
		!strings.Contains(f.Warnings[1], `"it's, so" gives the target "b" away`) || !strings.Contains(f.Warnings[1], `--drop '"it'\''s, so"'`) {
		t.Errorf("%q", f.Warnings)
	}
}
