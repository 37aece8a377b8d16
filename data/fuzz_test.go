package data

import (
	"bytes"
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kindred-mtl/kindred"
)

// tables are seeds for everything that reads a table.
var tables = []string{
	"", "\n", "\r\n\r", "x", "x\n", "x\n1", "x,y\n1,2\n3,4\n", "x,y\r\n1,2\r\n\r\n3,4", "t,x,y\na,1,0\nb,2,1\n", "t,x,y\n\"a\n", "x,x\n1,2\n",
	"x,y\n1\n", "x\n\r\r\n", ",y\n1,2\n", "x,y\n1,\r2\n", "x,y\n,\n", "row,a,b\n1,1,0\n3,0,\n", "row,a\n1,2\n", "\ufeffx,y\n1,2\n", "x;y\n1;2\n",
	"x,y\n 1 ,-.5e-3\n+7.,1E5\n", "x,y\nNA,?\n.,null\n", "x,y\n1e999,-Inf\n", "x,y\n0x1p3,1_000\n", "t,x,y\na,\xff,1\nb,\x00,2\n", "x\ty\n1\t2\n",
	"t,split,x,y\na,train,3,0\na,test,3,0\nb,,4,1\n",
}

func oneLine(t *testing.T, err error) {
	t.Helper()
	if s := err.Error(); strings.ContainsAny(s, "\n\r") || len(s) > 5000 {
		t.Errorf("the error is not one line: %.5000q", s)
	}
}

func FuzzRead(f *testing.F) {
	for _, text := range tables {
		f.Add([]byte(text))
	}
	f.Add([]byte{0x1f, 0x8b, 8, 0})
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, o := range []Options{{}, {Task: "t", Targets: []string{"y"}}, {Targets: []string{"y", "x"}, Format: "tsv"}, {Split: "split", Schema: kindred.Schema{{Name: "x"}}}} {
			o.Path, o.Stdin, o.KeepRecords = "-", bytes.NewReader(b), true
			file, err := Read(context.Background(), o)
			if err != nil {
				oneLine(t, err)
				continue
			}
			if err := file.Table.Check(); err != nil {
				t.Error(err)
			}
			if len(file.Records()) != file.Table.Len() || len(file.Columns) != len(file.Header) {
				t.Errorf("%d records of %d rows, %d of %d columns", len(file.Records()), file.Table.Len(), len(file.Columns), len(file.Header))
			}
			if file.Set != nil {
				if err := file.Set.Check(); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

// The scanner of plain files and encoding/csv read the same from the same text
// without quotes, and refuse the same.
func FuzzPlainIsQuoted(f *testing.F) {
	for _, text := range tables {
		f.Add(text, false)
	}
	f.Add("x\ty\n1\t2\n3,4\t\n", true)
	f.Fuzz(func(t *testing.T, text string, tab bool) {
		if strings.Contains(text, `"`) {
			t.Skip("only the scanner of quoted files reads it")
		}
		comma := byte(',')
		if tab {
			comma = '\t'
		}
		p, perr := newPlain(context.Background(), text, comma)
		q, qerr := newQuoted(context.Background(), text, comma)
		if perr == nil { // the width of rows is looked at later by the one, at once by the other
			_, perr = p.columns(context.Background(), make([]int, len(p.names())))
		}
		if perr != nil || qerr != nil {
			if perr == nil || qerr == nil || perr.Error() != qerr.Error() {
				t.Errorf("%q: plain %v, quoted %v", text, perr, qerr)
			}
			return
		}
		if !slices.Equal(p.header(), q.header()) || !slices.Equal(p.names(), q.names()) || !slices.EqualFunc(p.records(), q.records(), slices.Equal) {
			t.Errorf("%q: plain %q %q, quoted %q %q", text, p.header(), p.records(), q.header(), q.records())
		}
		for _, want := range []int{asNumber, asText, asNumber | asText} {
			same(t, p, q, want)
		}
	})
}

// same compares the columns of two sheets.
func same(t *testing.T, a, b sheet, want int) {
	t.Helper()
	all := slices.Repeat([]int{want}, len(a.names()))
	x, xerr := a.columns(context.Background(), all)
	y, yerr := b.columns(context.Background(), all)
	if xerr != nil || yerr != nil {
		t.Fatal(xerr, yerr)
	}
	for j := range x {
		if x[j].bad != y[j].bad || !slices.Equal(x[j].text, y[j].text) || !slices.EqualFunc(x[j].number, y[j].number, sameBits) {
			t.Errorf("column %d: %+v and %+v", j, x[j], y[j])
		}
	}
}

func sameBits(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b)
}

// Numbers are read as strconv reads decimal ones.
func FuzzNumber(f *testing.F) {
	for _, s := range []string{"", "0", "-0", "+1", ".", "1.", ".5", "-.5e-3", "1e22", "1e23", "9007199254740993", "123456789012345678901234567890", "1e-400", "1e400", "e5", "1e", "1e+", "--1", "1 2", "nan", "Infinity", "0x1", "1_0", "1e00000000001", "0.1e-21", "4.9e-324", "00000000000000000000001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := number(s)
		cell := strings.TrimSpace(s)
		if missing(cell) {
			if !ok || !math.IsNaN(got) {
				t.Errorf("%q: %v, %v", s, got, ok)
			}
			return
		}
		want, err := strconv.ParseFloat(cell, 64)
		decimal := !strings.ContainsAny(cell, "xXpP_") && !strings.EqualFold(strings.TrimLeft(cell, "+-"), "nan")
		if fine := decimal && (err == nil || math.IsInf(want, 0)); ok != fine || ok && !sameBits(got, want) {
			t.Errorf("%q: %v, %v; strconv %v, %v", s, got, ok, want, err)
		}
	})
}

func FuzzSVMlight(f *testing.F) {
	for _, text := range []string{
		"", "1 1:1\n", "+1 task:b 1:0.5 3:2 # why\r\n\n-1 task:a 4:1 2:-1\n? task:a\n", "1 qid:7 0:1\n2.5 qid:8 1:1\n", "1,3 1:1\n3 2:1\n 1:1 2:1\n10,1 2:5\n",
		"1 2:1 1:3 2:5\n", "1 99999999999999999999:1\n", "1 task: 1:1\n", "1 1:inf\n", "a 1:1\nb 1:2\n", ",, 1:1\n", "1 134217728:1\n", "#\n", "0 1:1\n0 1:2\n", "1e999 1:1\n2 1:1\n3 1:1\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, o := range []Options{{}, {Schema: kindred.Schema{{Name: "x", Type: kindred.Vector, Width: 3}}}} {
			o.Path, o.Format, o.KeepRecords = "-", "svmlight", true
			file, err := parse(context.Background(), text, o)
			if err != nil {
				oneLine(t, err)
				continue
			}
			if err := file.Table.Check(); err != nil {
				t.Error(err)
			}
			m := file.Table.Columns[0].Vector
			for i := range m.Rows {
				index, _ := m.Row(i)
				for k, j := range index {
					if j < 0 || int(j) >= m.Cols || k > 0 && index[k-1] >= j {
						t.Fatalf("row %d: indices %v of %d columns", i, index, m.Cols)
					}
				}
			}
			if file.Set != nil {
				if err := file.Set.Check(); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

func FuzzSplits(f *testing.F) {
	for _, text := range tables {
		f.Add(text, 3)
	}
	f.Add("row,a\n2,1\n2,0\n", 2)
	f.Add("row\ta\n1\t1\n", 1)
	f.Fuzz(func(t *testing.T, text string, rows int) {
		rows &= 0xff
		for _, format := range []string{"", "tsv", "svmlight"} {
			names, train, err := parseSplits(context.Background(), text, Options{Path: "-", Format: format}, rows)
			if err != nil {
				oneLine(t, err)
				continue
			}
			if len(names) == 0 || len(names) != len(train) {
				t.Errorf("%d names of %d splits", len(names), len(train))
			}
			for _, split := range train {
				if len(split) != rows || slices.Min(split) < -1 || slices.Max(split) > 1 {
					t.Errorf("a split %v of %d rows", split, rows)
				}
			}
		}
	})
}
