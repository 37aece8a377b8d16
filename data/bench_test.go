package data_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/kindred-mtl/kindred/data"
)

// table is rows of 22 numbers.
func table(rows int, number func(b []byte, rng *rand.Rand) []byte) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	var b []byte
	for j := range 22 {
		b = strconv.AppendInt(append(b, ",x"[:2]...), int64(j), 10)
	}
	b = b[1:]
	for range rows {
		for j := range 22 {
			b = number(append(b, ",\n"[b2i(j == 0)]), rng)
		}
	}
	return append(b, '\n')
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// BenchmarkCSV reads a table of numbers from a file into a Set.
func BenchmarkCSV(b *testing.B) {
	for _, c := range []struct {
		name   string
		rows   int
		number func(b []byte, rng *rand.Rand) []byte
	}{
		{"8digits", 200_000, func(b []byte, rng *rand.Rand) []byte { return strconv.AppendFloat(b, rng.NormFloat64(), 'g', 8, 64) }},
		{"17digits", 100_000, func(b []byte, rng *rand.Rand) []byte { return strconv.AppendFloat(b, rng.NormFloat64(), 'g', -1, 64) }},
		{"whole", 500_000, func(b []byte, rng *rand.Rand) []byte { return strconv.AppendInt(b, rng.Int64N(1000), 10) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "numbers.csv")
			text := table(c.rows, c.number)
			if err := os.WriteFile(path, text, 0o644); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := data.Read(context.Background(), data.Options{Path: path, Targets: []string{"x0"}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
