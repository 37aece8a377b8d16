package prep_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/csv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/prep"
)

// ones is a set of one regression task that lists every row of the table.
func ones(t *kindred.Table) *kindred.Set {
	rows := make([]int, t.Len())
	for i := range rows {
		rows[i] = i
	}
	return &kindred.Set{Tasks: []kindred.Task{{
		Name: "y", Table: t, Rows: rows, Label: kindred.Labels{Columns: [][]float64{make([]float64, len(rows))}},
	}}}
}

// numeric is a table of normal numbers.
func numeric(rows, columns int) *kindred.Table {
	random := rand.New(rand.NewPCG(1, 2))
	t := &kindred.Table{}
	for j := range columns {
		x := make([]float64, rows)
		for i := range x {
			x[i] = random.NormFloat64()
		}
		t.Columns = append(t.Columns, kindred.Column{Name: strconv.Itoa(j), Number: x})
	}
	return t
}

// read reads a CSV file of the shared data; columns that are not numbers are
// categories, unless they are called text.
func read(tb testing.TB, name string) *kindred.Table {
	tb.Helper()
	path := filepath.Join("..", "..", "shared", "data", name)
	file, err := os.Open(path)
	if err != nil {
		tb.Skipf("no data at %s", path)
	}
	defer file.Close()
	zipped, err := gzip.NewReader(bufio.NewReader(file))
	if err != nil {
		tb.Fatal(err)
	}
	records, err := csv.NewReader(zipped).ReadAll()
	if err != nil {
		tb.Fatal(err)
	}
	t := &kindred.Table{}
	for j, name := range records[0] {
		t.Columns = append(t.Columns, column(name, records[1:], j))
	}
	return t
}

func column(name string, records [][]string, j int) kindred.Column {
	number, levels := kindred.Column{Name: name}, kindred.Column{Name: name, Type: kindred.Categorical}
	text := kindred.Column{Name: name, Type: kindred.Text}
	codes, isNumber := map[string]int32{}, true
	for _, record := range records {
		cell := record[j]
		text.Text = append(text.Text, cell)
		k, ok := codes[cell]
		if !ok {
			k = int32(len(levels.Level))
			codes[cell] = k
			levels.Level = append(levels.Level, cell)
		}
		levels.Code = append(levels.Code, k)
		v, err := strconv.ParseFloat(cell, 64)
		if cell == "" {
			v, err = math.NaN(), nil
		}
		isNumber = isNumber && err == nil
		number.Number = append(number.Number, v)
	}
	switch {
	case name == "text":
		return text
	case isNumber:
		return number
	}
	return levels
}

func fitTransform(b *testing.B, t *kindred.Table) {
	s := ones(t)
	b.ReportAllocs()
	for b.Loop() {
		p, err := prep.Fit(context.Background(), prep.Options{}, s)
		if err != nil {
			b.Fatal(err)
		}
		x, err := p.Transform(context.Background(), t, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(x.NNZ()), "numbers")
	}
}

func BenchmarkFitTransformSchoolSized(b *testing.B) { fitTransform(b, numeric(15362, 28)) }

func BenchmarkFitTransformCensus(b *testing.B) {
	fitTransform(b, read(b, "census_income/census_income.csv.gz"))
}

func BenchmarkFitTransformReviews(b *testing.B) {
	t := read(b, "fdu_mtl/fdu_mtl.csv.gz")
	fitTransform(b, &kindred.Table{Columns: []kindred.Column{*t.Column("text")}})
}

func BenchmarkTransformMillion(b *testing.B) {
	t := numeric(1_000_000, 20)
	p, err := prep.Fit(context.Background(), prep.Options{}, ones(t))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := p.Transform(context.Background(), t, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFitMillion(b *testing.B) {
	s := ones(numeric(1_000_000, 20))
	for b.Loop() {
		if _, err := prep.Fit(context.Background(), prep.Options{}, s); err != nil {
			b.Fatal(err)
		}
	}
}
