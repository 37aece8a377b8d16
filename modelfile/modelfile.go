// Package modelfile writes a Model to disk and reads it back, by the codecs it
// is given. A model file is a valid safetensors file: any language that reads
// safetensors reads the weights, and reading one runs no code of the file's.
//
//	8 bytes   N, little-endian
//	N bytes   JSON: of each tensor its dtype, shape and data_offsets; and
//	          __metadata__; padded with spaces to a multiple of 8
//	the rest  the tensors: float64 (F64), then float32 (F32), little-endian,
//	          row-major, without gaps
//
// The metadata hold, as strings,
//
//	format          kindred
//	format_version  2 where a tensor is F32, else 1
//	kind            the kind of the model, which names its codec
//	model           JSON: {"kind", "header", "models"}, the header as the codec
//	                gives it, and models inside the model by name, likewise
//	sha256          of the whole file, with 64 zeros in the place of this number
//
// and whatever the caller adds. The tensors of a model inside the model are
// called by its name, a slash, and their own.
package modelfile

import (
	"encoding/json"

	"github.com/kindred-mtl/kindred"
)

const format = "kindred"

// Versions of the format. A file is written in the lowest one that can hold it,
// so that programs which read only version 1 go on reading models of F64, and
// say of others that they need a newer program.
const (
	version1 = "1" // tensors are F64
	version2 = "2" // or F32
)

// Bounds on what is written and read.
const (
	maxHeader  = 100_000_000 // bytes of JSON, as safetensors has it
	maxTensors = 1 << 20
	maxNesting = 64      // of JSON
	maxDepth   = 8       // of models inside models
	maxEmpty   = 1 << 24 // product of the other dimensions of a tensor without elements
)

// A Codec writes and reads one kind of model.
type Codec struct {
	Kind string
	// Encode hands the tensors of m, and models inside it, to e and returns
	// what else there is to know, as JSON. ok is false where m is of another
	// kind.
	Encode func(e *Encoder, m kindred.Model) (header any, ok bool, err error)
	// Decode makes the model again. The header is JSON without duplicate
	// keys, the tensors fill their shapes; all else a file says is Decode's to
	// check, so that the model it returns is safe to use.
	Decode func(d *Decoder, header json.RawMessage) (kindred.Model, error)
}

// Meta is the metadata of a model file: what Save was given, and the package's
// own.
type Meta map[string]string

// own lists the metadata that the package writes.
var own = []string{"format", "format_version", "kind", "model", "sha256"}

// A node is a model in the metadata. Models inside it are nodes by name.
type node struct {
	Kind   string           `json:"kind"`
	Header json.RawMessage  `json:"header"`
	Models map[string]*node `json:"models,omitempty"`
}

// A tensor is an array of float64 or, where single is set, of float32.
type tensor struct {
	name   string
	shape  []int
	single bool
	data   []float64
	data32 []float32
}

// dtype is what the header calls the type of the numbers.
func (t *tensor) dtype() string {
	if t.single {
		return "F32"
	}
	return "F64"
}

// bytes is how many bytes the numbers take.
func (t *tensor) bytes() int64 {
	if t.single {
		return 4 * int64(len(t.data32))
	}
	return 8 * int64(len(t.data))
}

// widths are the bytes of a number of each type.
var widths = map[string]int64{"F64": 8, "F32": 4}

// An entry is what the header says of a tensor.
type entry struct {
	Type    string  `json:"dtype"`
	Shape   []int   `json:"shape"`
	Offsets []int64 `json:"data_offsets"` // where it begins and ends, from the first tensor on
}
