package data

import (
	"bufio"
	"encoding/csv"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// WriteTable writes a header and rows as CSV.
func WriteTable(w io.Writer, header []string, rows iter.Seq[[]string]) error {
	c := csv.NewWriter(w)
	if err := c.Write(header); err != nil {
		return err
	}
	for row := range rows {
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// WriteFile writes a file as a whole or not at all, compressed where its name
// ends in .gz or .zst; "-" is standard output.
func WriteFile(path string, write func(io.Writer) error) error {
	if path == "-" {
		return write(os.Stdout)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := writeTo(f, path, write); err != nil {
		f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Chmod(f.Name(), 0o644); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func writeTo(f *os.File, path string, write func(io.Writer) error) error {
	b := bufio.NewWriterSize(f, 1<<16)
	var z io.WriteCloser
	switch {
	case strings.HasSuffix(path, ".gz"):
		z = gzip.NewWriter(b)
	case strings.HasSuffix(path, ".zst"):
		e, err := zstd.NewWriter(b)
		if err != nil {
			return err
		}
		z = e
	}
	if z == nil {
		if err := write(b); err != nil {
			return err
		}
		return b.Flush()
	}
	if err := write(z); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return b.Flush()
}
