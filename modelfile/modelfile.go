// Package modelfile writes a Model to disk and reads it back, by the codecs it
// is given. A model file is a valid safetensors file: any language that reads
// safetensors reads the weights.
//
//	8 bytes   N, little-endian
//	N bytes   JSON: for each tensor dtype, shape, data_offsets; __metadata__
//	the rest  the tensors, float64, little-endian, without gaps
//
// The metadata hold the format and its version, the model's header as JSON,
// what the caller adds, and a SHA-256 of all of that and of the tensors.
package modelfile

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
)

const (
	format    = "kindred"
	version   = "1"
	maxHeader = 100_000_000 // as the safetensors format has it
	maxFile   = 1 << 36
	maxDepth  = 8
)

// A Codec writes and reads one kind of model.
type Codec struct {
	Kind string
	// Encode hands the tensors of m, and models inside it, to e and returns
	// what else there is to know, as JSON. ok is false where m is of another
	// kind.
	Encode func(e *Encoder, m kindred.Model) (header any, ok bool, err error)
	// Decode makes the model again. Whatever the file says, the model it
	// returns must be safe to use.
	Decode func(d *Decoder, header json.RawMessage) (kindred.Model, error)
}

// A node is a model in the metadata: its kind and its header. Models inside
// it are nodes by name.
type node struct {
	Kind   string           `json:"kind"`
	Header json.RawMessage  `json:"header"`
	Models map[string]*node `json:"models,omitempty"`
}

// A tensor is an array of float64 with its name.
type tensor struct {
	name  string
	shape []int
	data  []float64
}

// An Encoder takes what a codec writes.
type Encoder struct {
	codecs  []Codec
	prefix  string
	node    *node
	tensors *[]tensor
}

// Tensor adds an array. Its name is unique within the model.
func (e *Encoder) Tensor(name string, shape []int, data []float64) {
	*e.tensors = append(*e.tensors, tensor{e.prefix + name, shape, data})
}

// Model adds a model inside the model.
func (e *Encoder) Model(name string, m kindred.Model) error {
	child, err := encode(e.codecs, e.prefix+name+"/", e.tensors, m)
	if err != nil {
		return err
	}
	if e.node.Models == nil {
		e.node.Models = map[string]*node{}
	}
	e.node.Models[name] = child
	return nil
}

func encode(codecs []Codec, prefix string, tensors *[]tensor, m kindred.Model) (*node, error) {
	for _, c := range codecs {
		e := &Encoder{codecs: codecs, prefix: prefix, node: &node{Kind: c.Kind}, tensors: tensors}
		header, ok, err := c.Encode(e, m)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if e.node.Header, err = json.Marshal(header); err != nil {
			return nil, err
		}
		return e.node, nil
	}
	return nil, fmt.Errorf("modelfile: no codec writes a %T", m)
}

// Save writes a model and the caller's metadata.
func Save(w io.Writer, m kindred.Model, meta map[string]string, codecs ...Codec) error {
	var tensors []tensor
	root, err := encode(codecs, "", &tensors, m)
	if err != nil {
		return err
	}
	model, err := json.Marshal(root)
	if err != nil {
		return err
	}
	metadata := map[string]string{}
	for k, v := range meta {
		metadata[k] = v
	}
	metadata["format"], metadata["format_version"], metadata["model"] = format, version, string(model)
	head := map[string]any{"__metadata__": metadata}
	offset, body := 0, sha256.New()
	for _, t := range tensors {
		if _, ok := head[t.name]; ok {
			return fmt.Errorf("modelfile: two tensors are called %q", t.name)
		}
		head[t.name] = entry{"F64", t.shape, [2]int{offset, offset + 8*len(t.data)}}
		offset += 8 * len(t.data)
		writeFloats(body, t.data)
	}
	metadata["sha256"] = hex.EncodeToString(digest(head, metadata, body.Sum(nil)))
	text, err := json.Marshal(head)
	if err != nil {
		return err
	}
	for len(text)%8 != 0 {
		text = append(text, ' ')
	}
	if err := binary.Write(w, binary.LittleEndian, uint64(len(text))); err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	for _, t := range tensors {
		if err := writeFloats(w, t.data); err != nil {
			return err
		}
	}
	return nil
}

type entry struct {
	Type    string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"`
}

// digest is the SHA-256 of the header without its own checksum, and of the
// tensors' SHA-256.
func digest(head map[string]any, metadata map[string]string, body []byte) []byte {
	old, had := metadata["sha256"]
	delete(metadata, "sha256")
	text, _ := json.Marshal(head) // maps marshal with sorted keys
	if had {
		metadata["sha256"] = old
	}
	sum := sha256.Sum256(append(text, body...))
	return sum[:]
}

func writeFloats(w io.Writer, data []float64) error {
	buffer := make([]byte, 0, 8*1024)
	for chunk := range slices.Chunk(data, 1024) {
		buffer = buffer[:0]
		for _, v := range chunk {
			buffer = binary.LittleEndian.AppendUint64(buffer, math.Float64bits(v))
		}
		if _, err := w.Write(buffer); err != nil {
			return err
		}
	}
	return nil
}

// SaveFile writes a model file as a whole or not at all.
func SaveFile(path string, m kindred.Model, meta map[string]string, codecs ...Codec) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	b := bufio.NewWriter(f)
	err = Save(b, m, meta, codecs...)
	err = errors.Join(err, b.Flush(), f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// A Decoder gives a codec what was written.
type Decoder struct {
	codecs  []Codec
	prefix  string
	node    *node
	depth   int
	tensors map[string]tensor
}

// Tensor returns an array that Encode wrote.
func (d *Decoder) Tensor(name string) (shape []int, data []float64, err error) {
	t, ok := d.tensors[d.prefix+name]
	if !ok {
		return nil, nil, fmt.Errorf("the tensor %q is missing", d.prefix+name)
	}
	return t.shape, t.data, nil
}

// Model returns a model inside the model.
func (d *Decoder) Model(name string) (kindred.Model, error) {
	child := d.node.Models[name]
	if child == nil {
		return nil, fmt.Errorf("the model %q inside is missing", d.prefix+name)
	}
	if d.depth >= maxDepth {
		return nil, fmt.Errorf("models lie more than %d deep inside one another", maxDepth)
	}
	return (&Decoder{d.codecs, d.prefix + name + "/", child, d.depth + 1, d.tensors}).decode()
}

func (d *Decoder) decode() (kindred.Model, error) {
	kinds := make([]string, len(d.codecs))
	for i, c := range d.codecs {
		if kinds[i] = c.Kind; c.Kind != d.node.Kind {
			continue
		}
		m, err := c.Decode(d, d.node.Header)
		if err != nil {
			return nil, fmt.Errorf("model of kind %q: %w", c.Kind, err)
		}
		return m, nil
	}
	return nil, catalog.Unknown("kind of model", d.node.Kind, kinds)
}

// Load reads a model, and the metadata that Save was given.
func Load(r io.Reader, codecs ...Codec) (kindred.Model, map[string]string, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxFile))
	if err != nil {
		return nil, nil, err
	}
	head, body, err := cut(raw)
	if err != nil {
		return nil, nil, err
	}
	if err := unique(head); err != nil {
		return nil, nil, err
	}
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(head, &entries); err != nil {
		return nil, nil, fmt.Errorf("it is no model file: %w", err)
	}
	var meta map[string]string
	if err := json.Unmarshal(entries["__metadata__"], &meta); err != nil {
		return nil, nil, errors.New("it is no model file of kindred: it has no metadata")
	}
	delete(entries, "__metadata__")
	if err := checkFormat(meta); err != nil {
		return nil, nil, err
	}
	tensors, err := readTensors(entries, meta, body)
	if err != nil {
		return nil, nil, err
	}
	root := &node{}
	if err := strict([]byte(meta["model"]), root); err != nil {
		return nil, nil, err
	}
	m, err := (&Decoder{codecs, "", root, 0, tensors}).decode()
	return m, meta, err
}

func checkFormat(meta map[string]string) error {
	if meta["format"] != format {
		return fmt.Errorf("it is a safetensors file, but not a model of kindred (format %q)", meta["format"])
	}
	if meta["format_version"] != version {
		return fmt.Errorf("it has format version %q, this program reads version %s; use the program that wrote it or a newer one", meta["format_version"], version)
	}
	return nil
}

// cut takes a file apart into header and tensors.
func cut(raw []byte) (head, body []byte, err error) {
	if len(raw) < 8 {
		return nil, nil, errors.New("it is no model file: it is too short")
	}
	n := binary.LittleEndian.Uint64(raw)
	if n > maxHeader || n > uint64(len(raw)-8) {
		return nil, nil, errors.New("it is no model file, or it was cut off: the header is longer than the file")
	}
	head, body = raw[8:8+n], raw[8+n:]
	if len(head) == 0 || head[0] != '{' {
		return nil, nil, errors.New("it is no model file: the header is not JSON")
	}
	return head, body, nil
}

// readTensors checks the checksum and that the tensors fill the body without
// holes or overlaps, and copies them out.
func readTensors(entries map[string]json.RawMessage, meta map[string]string, body []byte) (map[string]tensor, error) {
	list := make(map[string]entry, len(entries))
	head := map[string]any{"__metadata__": meta}
	for name, raw := range entries {
		var e entry
		if err := strict(raw, &e); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		if e.Shape == nil {
			e.Shape = []int{}
		}
		list[name], head[name] = e, e
	}
	sum := sha256.Sum256(body)
	if hex.EncodeToString(digest(head, meta, sum[:])) != meta["sha256"] {
		return nil, errors.New("the checksum does not match: the file is damaged; copy it again")
	}
	names := make([]string, 0, len(list))
	for name := range list {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := list[a].Offsets[0] - list[b].Offsets[0]; d != 0 {
			return d
		}
		if d := list[a].Offsets[1] - list[b].Offsets[1]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	tensors, at := make(map[string]tensor, len(list)), 0
	for _, name := range names {
		e := list[name]
		if err := e.check(at, len(body)); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		at = e.Offsets[1]
		data := make([]float64, (e.Offsets[1]-e.Offsets[0])/8)
		for i := range data {
			data[i] = math.Float64frombits(binary.LittleEndian.Uint64(body[e.Offsets[0]+8*i:]))
		}
		tensors[name] = tensor{name, e.Shape, data}
	}
	if at != len(body) {
		return nil, fmt.Errorf("%d bytes follow the last tensor", len(body)-at)
	}
	return tensors, nil
}

// check refuses a tensor that does not begin at a place, ends beyond the end,
// or is not as large as its shape.
func (e entry) check(at, end int) error {
	if e.Type != "F64" {
		return fmt.Errorf("it holds %q where models hold F64", e.Type)
	}
	if e.Offsets[0] != at || e.Offsets[1] < at || e.Offsets[1] > end {
		return fmt.Errorf("it lies at %v of %d bytes, where the one before it ends at %d", e.Offsets, end, at)
	}
	size := 8
	for _, n := range e.Shape {
		if n < 0 || n > 0 && size > end/n+8 {
			return fmt.Errorf("the shape %v is too large", e.Shape)
		}
		size *= n
	}
	if size != e.Offsets[1]-e.Offsets[0] {
		return fmt.Errorf("the shape %v does not fill %d bytes", e.Shape, e.Offsets[1]-e.Offsets[0])
	}
	return nil
}

// strict decodes JSON without unknown fields.
func strict(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// unique refuses JSON objects that name a key twice, of which decoders
// silently keep one.
func unique(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	type level struct {
		keys map[string]bool // nil: an array
		key  bool            // a key comes next
	}
	var stack []level
	for {
		token, err := d.Token()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("it is no model file: %w", err)
		}
		top := len(stack) - 1
		if s, ok := token.(string); ok && top >= 0 && stack[top].key {
			if stack[top].keys[s] {
				return fmt.Errorf("the header names %q twice", s)
			}
			stack[top].keys[s], stack[top].key = true, false
			continue
		}
		if token == json.Delim('}') || token == json.Delim(']') {
			stack = stack[:top]
			continue
		}
		if top >= 0 && stack[top].keys != nil {
			stack[top].key = true
		}
		switch token {
		case json.Delim('{'):
			stack = append(stack, level{map[string]bool{}, true})
		case json.Delim('['):
			stack = append(stack, level{})
		}
		if len(stack) > 64 {
			return errors.New("it is no model file: the header is nested too deeply")
		}
	}
}

// LoadFile reads a model file.
func LoadFile(path string, codecs ...Codec) (kindred.Model, map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	m, meta, err := Load(f, codecs...)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, meta, nil
}
