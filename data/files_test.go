package data_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred/data"
)

func TestWriteFileIsWholeOrNot(t *testing.T) {
	dir := t.TempDir()
	rows := [][]string{{"1", "a,b"}, {"2", "c \"d\"\ne"}}
	for _, name := range []string{"out.csv", "out.csv.gz", "out.csv.zst"} {
		path := filepath.Join(dir, name)
		for range 2 { // the second time it replaces the file
			if err := data.WriteFile(path, func(w io.Writer) error { return data.WriteTable(w, []string{"x", "y"}, slices.Values(rows)) }); err != nil {
				t.Fatal(err)
			}
		}
		f, err := data.Read(context.Background(), data.Options{Path: path, KeepRecords: true})
		if err != nil || !cmp.Equal(f.Records(), rows) {
			t.Errorf("%s: read back %v, %v", name, f, err)
		}
	}
	kept, err := os.ReadFile(filepath.Join(dir, "out.csv"))
	if err != nil {
		t.Fatal(err)
	}
	half := func(w io.Writer) error { io.WriteString(w, "half"); return io.ErrShortWrite }
	for _, name := range []string{"half.csv", "out.csv", "half.csv.gz"} {
		if err := data.WriteFile(filepath.Join(dir, name), half); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list, _ := os.ReadDir(dir); len(list) != 3 {
		t.Errorf("half a file is left: %v", list)
	}
	if now, _ := os.ReadFile(filepath.Join(dir, "out.csv")); !bytes.Equal(now, kept) {
		t.Errorf("the old file is gone: %q", now)
	}
	if err := data.WriteFile(filepath.Join(dir, "no", "out.csv"), half); err == nil || !strings.Contains(err.Error(), "out.csv cannot be written") {
		t.Errorf("no folder: %v", err)
	}
	if err := data.WriteFile(dir, half); err == nil || !strings.Contains(err.Error(), "cannot be written") {
		t.Errorf("a folder: %v", err)
	}
	if err := data.WriteFile(os.DevNull, func(w io.Writer) error { _, err := io.WriteString(w, "x"); return err }); err != nil {
		t.Errorf("a device: %v", err)
	}
}

// A file that is replaced keeps its permissions, also behind a link.
func TestWriteFileKeepsPermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	dir := t.TempDir()
	private, link := filepath.Join(dir, "private.csv"), filepath.Join(dir, "link.csv")
	if err := errors.Join(os.WriteFile(private, nil, 0o600), os.Symlink("private.csv", link)); err != nil {
		t.Fatal(err)
	}
	if err := data.WriteFile(link, func(w io.Writer) error { _, err := io.WriteString(w, "x"); return err }); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(private)
	if err != nil || info.Mode() != 0o600 || info.Size() != 1 {
		t.Errorf("%v %v", info, err)
	}
	if info, err = os.Lstat(link); err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Errorf("%v %v", info, err)
	}
}

func TestCutFiles(t *testing.T) {
	dir := t.TempDir()
	for _, end := range []string{".gz", ".zst"} {
		path := filepath.Join(dir, "whole.csv"+end)
		text := "x,y\n"
		for i := range 5000 {
			text += fmt.Sprintf("%d,%d\n", i*i%977, i)
		}
		if err := data.WriteFile(path, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if f, err := data.Read(context.Background(), data.Options{Path: "-", Stdin: bytes.NewReader(b)}); err != nil || f.Table.Len() != 5000 {
			t.Fatalf("whole: %v", err)
		}
		for _, n := range []int{len(b) - 1, len(b) - 9, len(b) / 2, 5} {
			_, err := data.Read(context.Background(), data.Options{Path: "-", Stdin: bytes.NewReader(b[:n])})
			if err == nil || !strings.Contains(err.Error(), "cut off") {
				t.Errorf("%s, the first %d of %d bytes: %v", end, n, len(b), err)
			}
		}
		b[len(b)/2] ^= 0x55
		if _, err := data.Read(context.Background(), data.Options{Path: "-", Stdin: bytes.NewReader(b)}); err == nil {
			t.Errorf("%s: a flipped byte is not noticed", end)
		}
	}
}

// endless is a stream without an end of line.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

func TestHostileSizes(t *testing.T) {
	if _, err := data.Read(context.Background(), data.Options{Path: "-", Stdin: endless{}}); err == nil || !strings.Contains(err.Error(), "line 1 is longer than 64 MiB") {
		t.Errorf("a stream without end: %v", err)
	}
	long := strings.Repeat("word ", 2_000_000)
	f, err := read("text,y\na b,1\n"+long+",2\n", data.Options{})
	if err != nil || f.Table.Len() != 2 {
		t.Errorf("a line of 10 million bytes: %v", err)
	}
	if _, err := read(long, data.Options{}); err == nil || len(err.Error()) > 500 {
		t.Errorf("a header of 10 million bytes: %v", err)
	}
	if _, err := read("a,b\n1,\""+long, data.Options{}); err == nil || len(err.Error()) > 500 || !strings.Contains(err.Error(), "quote") {
		t.Errorf("an open quote of 10 million bytes: %v", err)
	}
	if _, err := read(strings.Repeat("a,", 1<<20)+"a\n1\n", data.Options{}); err == nil || !strings.Contains(err.Error(), "columns") {
		t.Errorf("too many columns: %v", err)
	}
	var wide strings.Builder
	for j := range 30_000 {
		fmt.Fprintf(&wide, "c%d,", j)
	}
	wide.WriteString("y\n" + strings.Repeat("1,", 30_000) + "1\n" + strings.Repeat("2,", 30_000) + "3\n")
	if f, err := read(wide.String(), data.Options{Targets: []string{"y"}}); err != nil || len(f.Table.Columns) != 30_000 {
		t.Errorf("a wide table: %v", err)
	}
	if _, err := read(wide.String(), data.Options{Targets: []string{"c9", "z"}}); err == nil || len(err.Error()) > 1000 {
		t.Errorf("a choice of many columns: %v", err)
	}
}

func TestFormats(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.csv": "x,y\n1,2\n3,4\n", "a.tsv": "x\ty\n1\t2\n3\t4\n", "a.TAB.gz": "x\ty\n1\t2\n3\t4\n", "a.svm": "2 1:1\n4 1:3\n", "a.libsvm.zst": "2 1:1\n4 1:3\n", "a": "x,y\n1,2\n3,4\n",
	} {
		path := filepath.Join(dir, name)
		if err := data.WriteFile(path, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }); err != nil {
			t.Fatal(err)
		}
		f, err := data.Read(context.Background(), data.Options{Path: path, Targets: []string{"y"}})
		if err != nil || !cmp.Equal(f.Set.Tasks[0].Y(), []float64{0, 1}) || f.Name != path {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := data.Read(ctx, data.Options{Path: filepath.Join(dir, "a.csv")}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled reading: %v", err)
	}
	for _, path := range []string{"", dir, filepath.Join(dir, "none.csv")} {
		if _, err := data.Read(context.Background(), data.Options{Path: path}); err == nil {
			t.Errorf("%q: no error", path)
		}
	}
	if _, err := data.Read(context.Background(), data.Options{Path: "-"}); err == nil {
		t.Error("no input: no error")
	}
}
