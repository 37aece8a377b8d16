package data_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/kindred-mtl/kindred/data"
)

// table is rows of 22 numbers of 8 digits.
func table(rows int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for j := range 22 {
		if j > 0 {
			b.WriteByte(',')
		}
		b.WriteString("x" + strconv.Itoa(j))
	}
	var number []byte
	for range rows {
		for j := range 22 {
			number = append(number[:0], '\n')
			if j > 0 {
				number[0] = ','
			}
			b.Write(strconv.AppendFloat(number, rng.NormFloat64(), 'g', 8, 64))
		}
	}
	return append(b.Bytes(), '\n')
}

// BenchmarkCSV reads a table of numbers from a file into a Set.
func BenchmarkCSV(b *testing.B) {
	path := filepath.Join(b.TempDir(), "numbers.csv")
	text := table(200_000)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := data.Read(context.Background(), data.Options{Path: path, Targets: []string{"x0"}}); err != nil {
			b.Fatal(err)
		}
	}
}
