package data_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred/data"
)

// with are two columns more: a number, and words that need quotes.
func with(words []string) []data.Addition {
	return []data.Addition{
		{Name: "more", Cell: func(b []byte, row int) []byte { return strconv.AppendInt(b, int64(row), 10) }},
		{Name: "a, b", Cell: func(b []byte, row int) []byte { return append(b, words[row%len(words)]...) }},
	}
}

// What is written with more columns is read as what there was and these,
// whichever reader and separator, over several pieces.
func TestWriteWith(t *testing.T) {
	words := []string{"plain", "with, comma", "say \"so\"", "two\nlines", "tab\there", "", " spaced "}
	var plain, quoted strings.Builder
	plain.WriteString("x\ty\tz\r\n\n")
	quoted.WriteString("\"x\",y,\"z\"\n")
	for i := range 10_000 {
		fmt.Fprintf(&plain, "%d\t%d\tnumber %0150d, or so\r\n", i, i%7, i)
		fmt.Fprintf(&quoted, "%d,\"%d\",\"the \"\"%d\"\",\nyes\"\n", i, i%7, i%100)
	}
	for name, c := range map[string]struct{ text, format string }{
		"plain": {plain.String(), "tsv"}, "quoted": {quoted.String(), "csv"}, "svmlight": {strings.Repeat("1 task:a 1:1\n", 5000), "svmlight"},
	} {
		for comma, format := range map[byte]string{',': "csv", '\t': "tsv"} {
			f, err := read(c.text, data.Options{Format: c.format, KeepRecords: true})
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if err := f.WriteWith(context.Background(), &b, comma, with(words)...); err != nil {
				t.Fatal(err)
			}
			again, err := read(b.String(), data.Options{Format: format, KeepRecords: true})
			if err != nil {
				t.Fatal(err)
			}
			want := f.Records()
			for i := range want {
				want[i] = append(want[i][:len(want[i]):len(want[i])], strconv.Itoa(i), words[i%len(words)])
			}
			if !slices.EqualFunc(want, again.Records(), slices.Equal) {
				t.Errorf("%s as %s: the records differ", name, format)
			}
			if !cmp.Equal(again.Header, append(f.Header[:len(f.Header):len(f.Header)], "more", "a, b")) {
				t.Errorf("%s as %s: header %q", name, format, again.Header)
			}
		}
	}
}

func TestWriteWithFails(t *testing.T) {
	f, err := read("x,y\n1,2\n"+strings.Repeat("3,4\n", 1_000_000), data.Options{KeepRecords: true})
	if err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	r.Close()
	if err := f.WriteWith(context.Background(), w, ','); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a closed pipe: %v", err)
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if err := f.WriteWith(stopped, io.Discard, ','); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	if f, err = read("x,y\n1,2\n2,2\n", data.Options{}); err != nil || f.Records() != nil || f.WriteWith(context.Background(), io.Discard, ',') == nil {
		t.Errorf("records that were not kept: %v", err)
	}
}
