package modelfile

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/kindred-mtl/kindred"
)

// An Encoder takes what a codec writes.
type Encoder struct {
	codecs  []Codec
	prefix  string
	depth   int
	node    *node
	tensors *[]tensor
}

// Tensor adds an array. Its name is unique within the model; shape is
// row-major, empty for a single number.
func (e *Encoder) Tensor(name string, shape []int, data []float64) {
	*e.tensors = append(*e.tensors, tensor{name: e.prefix + name, shape: append([]int{}, shape...), data: data})
}

// Tensor32 adds an array of float32.
func (e *Encoder) Tensor32(name string, shape []int, data []float32) {
	*e.tensors = append(*e.tensors, tensor{name: e.prefix + name, shape: append([]int{}, shape...), single: true, data32: data})
}

// Model adds a model inside the model. Its name is unique there.
func (e *Encoder) Model(name string, m kindred.Model) error {
	if _, ok := e.node.Models[name]; ok {
		return fmt.Errorf("two models inside one are called %q", e.prefix+name)
	}
	child, err := encode(Encoder{codecs: e.codecs, prefix: e.prefix + name + "/", depth: e.depth + 1, tensors: e.tensors}, m)
	if err != nil {
		return err
	}
	if e.node.Models == nil {
		e.node.Models = map[string]*node{}
	}
	e.node.Models[name] = child
	return nil
}

// encode writes m by the first codec that takes it.
func encode(e Encoder, m kindred.Model) (*node, error) {
	if e.depth > maxDepth {
		return nil, errTooDeep
	}
	before := len(*e.tensors)
	for _, c := range e.codecs {
		e.node = &node{Kind: c.Kind}
		header, ok, err := c.Encode(&e, m)
		if err == nil && ok {
			e.node.Header, err = json.Marshal(header)
		}
		if err != nil {
			return nil, fmt.Errorf("model of kind %q: %w", c.Kind, err)
		}
		if ok {
			return e.node, nil
		}
		*e.tensors = (*e.tensors)[:before]
	}
	return nil, fmt.Errorf("no codec writes a %T", m)
}

var errTooDeep = fmt.Errorf("models lie more than %d deep inside one another", maxDepth)

// Save writes a model and the caller's metadata.
func Save(w io.Writer, m kindred.Model, meta map[string]string, codecs ...Codec) error {
	var tensors []tensor
	root, err := encode(Encoder{codecs: codecs, tensors: &tensors}, m)
	if err != nil {
		return fmt.Errorf("saving a model: %w", err)
	}
	slices.SortStableFunc(tensors, func(a, b tensor) int { return cmp.Compare(b.dtype(), a.dtype()) }) // each lies at a multiple of its width
	head, err := header(root, meta, tensors)
	if err != nil {
		return fmt.Errorf("saving a model: %w", err)
	}
	sum := sha256.New()
	if err := write(sum, head, tensors); err != nil {
		return err
	}
	if err := stamp(head, hex.EncodeToString(sum.Sum(nil))); err != nil {
		return fmt.Errorf("saving a model: %w", err)
	}
	return write(w, head, tensors)
}

func write(w io.Writer, head []byte, tensors []tensor) error {
	if _, err := w.Write(head); err != nil {
		return err
	}
	for _, t := range tensors {
		err := inChunks(w, t.data, func(b []byte, v float64) []byte {
			return binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		})
		if err == nil {
			err = inChunks(w, t.data32, func(b []byte, v float32) []byte {
				return binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// inChunks writes numbers, each as add appends it.
func inChunks[F float32 | float64](w io.Writer, data []F, add func([]byte, F) []byte) error {
	buffer := make([]byte, 0, 8*1024)
	for chunk := range slices.Chunk(data, 1024) {
		buffer = buffer[:0]
		for _, v := range chunk {
			buffer = add(buffer, v)
		}
		if _, err := w.Write(buffer); err != nil {
			return err
		}
	}
	return nil
}

// header is the file up to the tensors, with zeros for the checksum.
func header(root *node, meta map[string]string, tensors []tensor) ([]byte, error) {
	model, err := json.Marshal(root)
	if err == nil {
		err = unique(model)
	}
	if err != nil {
		return nil, err
	}
	metadata := maps.Clone(meta)
	if metadata == nil {
		metadata = map[string]string{}
	}
	for key, value := range metadata {
		if slices.Contains(own, key) {
			return nil, fmt.Errorf("the metadata %q are the model file's own; choose another name", key)
		}
		if !utf8.ValidString(key + value) {
			return nil, fmt.Errorf("the metadata %q are not valid UTF-8", key)
		}
	}
	metadata["format"], metadata["format_version"] = format, version1
	if slices.ContainsFunc(tensors, func(t tensor) bool { return t.single }) {
		metadata["format_version"] = version2
	}
	metadata["kind"], metadata["model"] = root.Kind, string(model)
	metadata["sha256"] = strings.Repeat("0", 2*sha256.Size)
	head := map[string]any{"__metadata__": metadata}
	offset := int64(0)
	for _, t := range tensors {
		if _, ok := head[t.name]; ok {
			return nil, fmt.Errorf("two tensors are called %q", t.name)
		}
		if !utf8.ValidString(t.name) {
			return nil, fmt.Errorf("the tensor name %q is not valid UTF-8", t.name)
		}
		e := entry{t.dtype(), t.shape, []int64{offset, offset + t.bytes()}}
		if err := e.check(offset, metadata["format_version"]); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.name, err)
		}
		head[t.name], offset = e, e.Offsets[1]
	}
	return frame(head)
}

// frame is the header as it lies in the file: its length, JSON, padding.
func frame(head map[string]any) ([]byte, error) {
	text, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	for len(text)%8 != 0 {
		text = append(text, ' ')
	}
	if len(text) > maxHeader || len(head) > maxTensors {
		return nil, fmt.Errorf("a header of %d bytes and %d tensors; a model file holds at most %d and %d", len(text), len(head), maxHeader, maxTensors)
	}
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...), nil
}

// stamp writes the checksum of a file, 64 hexadecimal digits, into its header.
func stamp(head []byte, sum string) error {
	place, err := checksumPlace(head)
	if err == nil {
		copy(head[place:], sum)
	}
	return err
}

// checksumPlace is where in the header the digits of the checksum begin. No
// string of the JSON can hold the mark, as its quotes would be escaped.
func checksumPlace(head []byte) (int, error) {
	mark := []byte(`"sha256":"`)
	i := bytes.Index(head, mark)
	if i < 0 || bytes.LastIndex(head, mark) != i || len(head) < i+len(mark)+2*sha256.Size {
		return 0, errors.New("the header has no checksum, or several")
	}
	return i + len(mark), nil
}

// SaveFile writes a model file as a whole or not at all: into a new file beside
// it, which then takes its place.
func SaveFile(path string, m kindred.Model, meta map[string]string, codecs ...Codec) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file that can be replaced", path)
	}
	f, err := beside(path)
	if err != nil {
		return cannot(path, err)
	}
	b := bufio.NewWriter(f)
	err = Save(b, m, meta, codecs...)
	if err == nil {
		err = b.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return cannot(path, err)
	}
	return nil
}

// cannot says that path cannot be written, and why, without the name of the
// file beside it.
func cannot(path string, err error) error {
	var inner *fs.PathError
	if errors.As(err, &inner) {
		err = inner.Err
	}
	return fmt.Errorf("%s cannot be written: %w", path, err)
}

// beside opens a new file in the folder of path.
func beside(path string) (*os.File, error) {
	for {
		name := fmt.Sprintf(".%s.%08x", filepath.Base(path), rand.Uint32())
		f, err := os.OpenFile(filepath.Join(filepath.Dir(path), name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}
