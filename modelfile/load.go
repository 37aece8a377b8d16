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
	"hash"
	"io"
	"math"
	"math/bits"
	"os"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/catalog"
)

// A Decoder gives a codec what was written.
type Decoder struct {
	codecs  []Codec
	prefix  string
	node    *node
	depth   int
	tensors map[string]tensor
}

// Tensor returns an array that was written; it fills its shape. The values are
// as they were, NaN and infinities included. They are the codec's to keep.
func (d *Decoder) Tensor(name string) (shape []int, data []float64, err error) {
	t, err := d.find(name, "F64")
	return t.shape, t.data, err
}

// Tensor32 does so with an array of float32.
func (d *Decoder) Tensor32(name string) (shape []int, data []float32, err error) {
	t, err := d.find(name, "F32")
	return t.shape, t.data32, err
}

func (d *Decoder) find(name, dtype string) (tensor, error) {
	t, ok := d.tensors[d.prefix+name]
	if !ok {
		return tensor{}, fmt.Errorf("the tensor %q is missing", d.prefix+name)
	}
	if got := t.dtype(); got != dtype {
		return tensor{}, fmt.Errorf("the tensor %q holds %s where %s is wanted", d.prefix+name, got, dtype)
	}
	return t, nil
}

// Has tells whether there is a tensor called name.
func (d *Decoder) Has(name string) bool {
	_, ok := d.tensors[d.prefix+name]
	return ok
}

// Model returns a model inside the model, once: so decoding takes no longer
// than the file is long.
func (d *Decoder) Model(name string) (kindred.Model, error) {
	child := d.node.Models[name]
	if child == nil {
		return nil, fmt.Errorf("the model %q inside is missing, or wanted twice", d.prefix+name)
	}
	delete(d.node.Models, name)
	if d.depth >= maxDepth {
		return nil, errTooDeep
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

// Load reads a model and its metadata. It reads to the end of r, and believes
// nothing before the checksum agrees.
func Load(r io.Reader, codecs ...Codec) (kindred.Model, Meta, error) {
	head, err := readHeader(r)
	if err != nil {
		return nil, nil, err
	}
	list, meta, err := parse(head[8:])
	if err != nil {
		return nil, nil, err
	}
	tensors, err := readBody(r, head, list, meta["sha256"])
	if err != nil {
		return nil, nil, err
	}
	root, err := parseModel(meta)
	if err != nil {
		return nil, nil, err
	}
	m, err := (&Decoder{codecs: codecs, node: root, tensors: tensors}).decode()
	if err != nil {
		return nil, nil, err
	}
	return m, meta, nil
}

// LoadFile reads a model file.
func LoadFile(path string, codecs ...Codec) (kindred.Model, Meta, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	m, meta, err := Load(bufio.NewReader(f), codecs...)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, meta, nil
}

// readHeader reads a file up to the tensors. What it holds in memory grows
// with what is there, not with what the file says is there.
func readHeader(r io.Reader) ([]byte, error) {
	var head bytes.Buffer
	if _, err := io.CopyN(&head, r, 8); err != nil {
		return nil, short(err, "it is no model file: it is shorter than 8 bytes")
	}
	n := binary.LittleEndian.Uint64(head.Bytes())
	if n > maxHeader {
		return nil, fmt.Errorf("it is no model file: the header would have %d bytes, and the limit is %d", n, maxHeader)
	}
	if got, err := io.CopyN(&head, r, int64(n)); err != nil {
		return nil, short(err, fmt.Sprintf("it is no model file, or it was cut off: the header has %d of %d bytes", got, n))
	}
	return head.Bytes(), nil
}

// short turns the end of a file into words.
func short(err error, words string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New(words)
	}
	return err
}

// A named entry is a tensor of the header.
type named struct {
	name string
	entry
}

// parse takes the header apart: the tensors in the order they lie in the file,
// and the metadata.
func parse(text []byte) ([]named, Meta, error) {
	if len(text) == 0 || text[0] != '{' || !utf8.Valid(text) {
		return nil, nil, errors.New("it is no model file: the header is not JSON")
	}
	if err := unique(text); err != nil {
		return nil, nil, err
	}
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(text, &entries); err != nil {
		return nil, nil, fmt.Errorf("it is no model file: %w", err)
	}
	if len(entries) > maxTensors {
		return nil, nil, fmt.Errorf("it has %d tensors, and the limit is %d", len(entries), maxTensors)
	}
	meta, err := parseMeta(entries["__metadata__"])
	if err != nil {
		return nil, nil, err
	}
	delete(entries, "__metadata__")
	list := make([]named, 0, len(entries))
	for name, raw := range entries {
		e := named{name: name}
		if err := strict(raw, &e.entry); err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b named) int {
		return cmp.Or(slices.Compare(a.Offsets, b.Offsets), cmp.Compare(a.name, b.name))
	})
	at := int64(0)
	for _, e := range list {
		if err := e.check(at, meta["format_version"]); err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", e.name, err)
		}
		at = e.Offsets[1]
	}
	return list, meta, nil
}

// parseMeta refuses files of other programs and other versions.
func parseMeta(raw json.RawMessage) (Meta, error) {
	var meta Meta
	if raw == nil || json.Unmarshal(raw, &meta) != nil {
		return nil, errors.New("it is a safetensors file, but not a model of kindred: it has no metadata of strings")
	}
	if meta["format"] != format {
		return nil, fmt.Errorf("it is a safetensors file, but not a model of kindred (its format is %q)", meta["format"])
	}
	if v := meta["format_version"]; v != version1 && v != version2 {
		if n, err := strconv.Atoi(v); err == nil && n > 2 {
			return nil, fmt.Errorf("it has format version %d, and this program reads versions %s and %s; use a newer one", n, version1, version2)
		}
		return nil, fmt.Errorf("it has format version %q, and this program reads versions %s and %s", v, version1, version2)
	}
	return meta, nil
}

// check refuses a tensor that does not begin at a place, or does not fill its
// shape. Where one dimension is 0, the others are bounded.
func (e entry) check(at int64, version string) error {
	width := widths[e.Type]
	switch {
	case width == 0:
		return fmt.Errorf("it holds %q where models hold F64 and F32", e.Type)
	case e.Type == "F32" && version == version1:
		return errors.New("it holds F32, which format version 1 does not have")
	}
	if e.Shape == nil {
		return errors.New("it has no shape")
	}
	if len(e.Offsets) != 2 || e.Offsets[0] != at || e.Offsets[1] < at {
		return fmt.Errorf("it lies at %v where the one before it ends at %d", e.Offsets, at)
	}
	size, empty := uint64(width), false
	for _, n := range e.Shape {
		empty = empty || n == 0
		high, low := bits.Mul64(size, uint64(max(n, 1)))
		if n < 0 || high != 0 || low > math.MaxInt64 {
			return fmt.Errorf("a tensor cannot have the shape %v", e.Shape)
		}
		size = low
	}
	if empty && size > uint64(width)*maxEmpty {
		return fmt.Errorf("a tensor without elements cannot have the shape %v", e.Shape)
	}
	if empty {
		size = 0
	}
	if size != uint64(e.Offsets[1]-at) {
		return fmt.Errorf("the shape %v takes %d bytes, and it has %d", e.Shape, size, e.Offsets[1]-at)
	}
	return nil
}

// readBody reads the tensors to the end of r and compares the checksum.
func readBody(r io.Reader, head []byte, list []named, want string) (map[string]tensor, error) {
	place, err := checksumPlace(head)
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	sum.Write(head[:place])
	sum.Write(bytes.Repeat([]byte("0"), 2*sha256.Size))
	sum.Write(head[place+2*sha256.Size:])
	tensors := make(map[string]tensor, len(list))
	for _, e := range list {
		t, err := readTensor(r, sum, e)
		if err != nil {
			return nil, short(err, fmt.Sprintf("it was cut off within the tensor %q", e.name))
		}
		tensors[e.name] = t
	}
	if n, err := io.Copy(io.Discard, io.LimitReader(r, 1)); err != nil || n > 0 {
		return nil, cmp.Or(err, errors.New("more bytes follow the last tensor"))
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		return nil, errors.New("the checksum does not agree: the file is damaged; copy it again")
	}
	return tensors, nil
}

// readTensor reads the numbers of a tensor.
func readTensor(r io.Reader, sum hash.Hash, e named) (tensor, error) {
	t := tensor{name: e.name, shape: e.Shape, single: e.Type == "F32"}
	n, err := (e.Offsets[1]-e.Offsets[0])/widths[e.Type], error(nil)
	if t.single {
		t.data32, err = readNumbers(r, sum, n, 4, func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) })
	} else {
		t.data, err = readNumbers(r, sum, n, 8, func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) })
	}
	return t, err
}

// readNumbers reads n numbers of so many bytes, in pieces: memory grows with
// what is there.
func readNumbers[F float32 | float64](r io.Reader, sum hash.Hash, n int64, width int, number func([]byte) F) ([]F, error) {
	const piece = 1 << 13
	data := make([]F, 0, min(n, piece))
	buffer := make([]byte, int64(width)*min(n, piece))
	for n > 0 {
		buffer = buffer[:int64(width)*min(n, piece)]
		if _, err := io.ReadFull(r, buffer); err != nil {
			return nil, err
		}
		sum.Write(buffer)
		for i := 0; i < len(buffer); i += width {
			data = append(data, number(buffer[i:]))
		}
		n -= int64(len(buffer) / width)
	}
	return data, nil
}

// parseModel reads the tree of models.
func parseModel(meta Meta) (*node, error) {
	text, root := []byte(meta["model"]), &node{}
	if err := unique(text); err != nil {
		return nil, fmt.Errorf("the metadata of the model: %w", err)
	}
	if err := strict(text, root); err != nil {
		return nil, fmt.Errorf("the metadata of the model: %w", err)
	}
	if root.Kind != meta["kind"] {
		return nil, fmt.Errorf("the metadata call the model %q and %q", meta["kind"], root.Kind)
	}
	return root, nil
}

// strict decodes one JSON value without unknown fields.
func strict(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more follows the JSON")
	}
	return nil
}

// unique refuses JSON objects that name a key twice, of which decoders
// silently keep one, and JSON that is nested too deeply.
func unique(text []byte) error {
	type level struct {
		keys map[string]bool // nil: an array
		key  bool            // a key comes next
	}
	var stack []level
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	for {
		token, err := d.Token()
		if err == io.EOF && len(stack) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the header is not JSON: %w", err)
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
		if len(stack) > maxNesting {
			return errors.New("the header is nested too deeply")
		}
	}
}
