package data

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unsafe"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/kindred-mtl/kindred/catalog"
)

// maxLine is the longest line read, in bytes. A stream without ends of line is
// given up there, not when memory ends.
const maxLine = 64 << 20

// separators of the formats that have one.
var separators = map[string]byte{"csv": ',', "tsv": '\t'}

// format is the format asked for, or the one that the file's name says.
func (o Options) format() (string, error) {
	switch o.Format {
	case "csv", "tsv", "svmlight":
		return o.Format, nil
	case "":
	default:
		return "", catalog.Unknown("format", o.Format, []string{"csv", "tsv", "svmlight"})
	}
	name := strings.ToLower(o.Path)
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
	switch filepath.Ext(name) {
	case ".tsv", ".tab":
		return "tsv", nil
	case ".svm", ".svmlight", ".libsvm":
		return "svmlight", nil
	}
	return "csv", nil
}

// readText reads the whole of a file, decompressed and without a byte order
// mark.
func readText(ctx context.Context, o Options) (string, error) {
	in, size := o.Stdin, int64(0)
	switch {
	case o.Path == "":
		return "", errors.New("no file is named")
	case o.Path != "-":
		f, err := os.Open(o.Path)
		if err != nil {
			return "", cause(err)
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
		in = f
	case in == nil:
		return "", errors.New("there is none to read")
	}
	plain, closer, err := decompress(bufio.NewReaderSize(in, 1<<16))
	if err != nil {
		return "", err
	}
	defer closer()
	text, err := readLines(ctx, plain, size)
	return strings.TrimPrefix(text, "\ufeff"), err
}

// cause is an error of the file system without the paths, which stand before
// it already.
func cause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// readLines reads all of r, of which size bytes are expected, and refuses
// lines that are too long.
func readLines(ctx context.Context, r io.Reader, size int64) (string, error) {
	const piece = 1 << 20
	text, start := make([]byte, 0, min(size, 1<<30)+1), 0 // with room to see the end
	for ctx.Err() == nil {
		if len(text) == cap(text) {
			text = slices.Grow(text, piece)
		}
		from := len(text)
		n, err := r.Read(text[from:min(from+piece, cap(text))])
		text = text[:from+n]
		if i := bytes.LastIndexByte(text[from:], '\n'); i >= 0 {
			start = from + i + 1
		}
		if len(text)-start > maxLine {
			return "", fmt.Errorf("line %d is longer than %d MiB; is this a table, with a line end after each row?", 1+bytes.Count(text, []byte{'\n'}), maxLine>>20)
		}
		if err == io.EOF {
			return unsafe.String(unsafe.SliceData(text), len(text)), nil // text is not written to again
		}
		if err != nil {
			return "", cause(err)
		}
	}
	return "", ctx.Err()
}

// decompress looks at the first bytes of b, whatever its name is.
func decompress(b *bufio.Reader) (io.Reader, func(), error) {
	magic, err := b.Peek(4)
	if err != nil && err != io.EOF {
		return nil, nil, cause(err)
	}
	begins := func(mark string) bool { return strings.HasPrefix(string(magic), mark) }
	switch {
	case begins("\x1f\x8b"):
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, nil, damaged{"gzip", err}
		}
		return compressed{"gzip", z}, func() { z.Close() }, nil
	case begins("\x28\xb5\x2f\xfd"):
		z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, nil, damaged{"zstd", err}
		}
		return compressed{"zstd", z}, z.Close, nil
	case begins("PK\x03\x04"), begins("PAR1"), begins("\x89HDF"), begins("\xfd7zX"), begins("BZh"):
		return nil, nil, errors.New("this is an archive, a spreadsheet or a binary table; export it as CSV (plain, .gz or .zst)")
	case begins("\xff\xfe"), begins("\xfe\xff"):
		return nil, nil, errors.New("the text is UTF-16; save it as UTF-8")
	}
	return b, func() {}, nil
}

// compressed says of which format a stream is that breaks.
type compressed struct {
	format string
	r      io.Reader
}

func (c compressed) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if err != nil && err != io.EOF {
		err = damaged{c.format, err}
	}
	return n, err
}

type damaged struct {
	format string
	err    error
}

func (d damaged) Error() string {
	return fmt.Sprintf("the %s data are cut off or damaged (%v); copy the file again", d.format, d.err)
}

func (d damaged) Unwrap() error { return d.err }
