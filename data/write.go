package data

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
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
// ends in .gz or .zst. "-" is standard output; it, devices and pipes are
// written as they come. A file that is replaced keeps its permissions, and
// where path is a link, the file that it names is replaced.
func WriteFile(path string, write func(io.Writer) error) error {
	if path == "-" {
		return write(os.Stdout)
	}
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return cannot(path, err)
		}
		return closed(f, writeTo(f, path, write))
	}
	mode := os.FileMode(0o666)
	if err == nil {
		mode = info.Mode().Perm()
	}
	if whole, err := filepath.EvalSymlinks(path); err == nil {
		path = whole
	}
	name := filepath.Join(filepath.Dir(path), fmt.Sprintf(".kindred-%x.tmp", rand.Uint64()))
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return cannot(path, err)
	}
	defer os.Remove(name)
	if err = writeTo(f, path, write); err == nil {
		err = f.Sync()
	}
	if err = closed(f, err); err != nil {
		return err
	}
	if err = os.Rename(name, path); err != nil {
		return cannot(path, err)
	}
	return nil
}

func cannot(path string, err error) error {
	return fmt.Errorf("%s cannot be written: %w", path, cause(err))
}

// closed closes f and returns the first error.
func closed(f *os.File, err error) error {
	if e := f.Close(); err == nil {
		return e
	}
	return err
}

// writeTo writes to f through what the name asks for.
func writeTo(f *os.File, path string, write func(io.Writer) error) error {
	b := bufio.NewWriterSize(f, 1<<16)
	z, err := compressor(b, path)
	if err != nil {
		return err
	}
	if err := write(z); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return b.Flush()
}

func compressor(w io.Writer, path string) (io.WriteCloser, error) {
	switch {
	case strings.HasSuffix(path, ".gz"):
		return gzip.NewWriter(w), nil
	case strings.HasSuffix(path, ".zst"):
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	}
	return uncompressed{w}, nil
}

type uncompressed struct{ io.Writer }

func (uncompressed) Close() error { return nil }
