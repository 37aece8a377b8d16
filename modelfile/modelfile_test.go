package modelfile

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred"
)

// A part is an array with its name.
type part struct {
	Name  string
	Shape []int
	Data  []float64
}

// A single is an array of float32.
type single struct {
	Name  string
	Shape []int
	Data  []float32
}

// A toy is a model of named arrays, with models inside.
type toy struct {
	words   string
	arrays  []part
	singles []single
	inside  map[string]kindred.Model
}

func (*toy) Tasks() []kindred.TaskInfo { return nil }
func (*toy) Schema() kindred.Schema    { return nil }
func (*toy) Predict(context.Context, *kindred.Table, []int) (*kindred.Prediction, error) {
	return nil, errors.New("a toy predicts nothing")
}

// A stranger is a model that no codec takes.
type stranger struct{ toy }

type toyHeader struct {
	Words   string   `json:"words"`
	Arrays  []string `json:"arrays"`
	Singles []string `json:"singles,omitempty"`
	Inside  []string `json:"inside"`
}

var toyCodec = Codec{
	Kind: "toy",
	Encode: func(e *Encoder, m kindred.Model) (any, bool, error) {
		t, ok := m.(*toy)
		if !ok {
			return nil, false, nil
		}
		h := toyHeader{Words: t.words, Inside: slices.Sorted(maps.Keys(t.inside))}
		for _, p := range t.arrays {
			h.Arrays = append(h.Arrays, p.Name)
			e.Tensor(p.Name, p.Shape, p.Data)
		}
		for _, p := range t.singles {
			h.Singles = append(h.Singles, p.Name)
			e.Tensor32(p.Name, p.Shape, p.Data)
		}
		for _, name := range h.Inside {
			if err := e.Model(name, t.inside[name]); err != nil {
				return nil, true, err
			}
		}
		return h, true, nil
	},
	Decode: func(d *Decoder, header json.RawMessage) (kindred.Model, error) {
		var h toyHeader
		if err := strict(header, &h); err != nil {
			return nil, err
		}
		t := &toy{words: h.Words}
		for _, name := range h.Arrays {
			shape, data, err := d.Tensor(name)
			if err != nil {
				return nil, err
			}
			t.arrays = append(t.arrays, part{name, shape, data})
		}
		for _, name := range h.Singles {
			shape, data, err := d.Tensor32(name)
			if err != nil {
				return nil, err
			}
			t.singles = append(t.singles, single{name, shape, data})
		}
		for _, name := range h.Inside {
			m, err := d.Model(name)
			if err != nil {
				return nil, err
			}
			if t.inside == nil {
				t.inside = map[string]kindred.Model{}
			}
			t.inside[name] = m
		}
		return t, nil
	},
}

// greedy is a codec that writes a tensor before it sees that the model is not
// its own.
var greedy = Codec{
	Kind: "greedy",
	Encode: func(e *Encoder, m kindred.Model) (any, bool, error) {
		e.Tensor("left over", []int{1}, []float64{1})
		return nil, false, nil
	},
}

var codecs = []Codec{greedy, toyCodec}

func sample() *toy {
	return &toy{
		words: `<b>"sha256":"`,
		arrays: []part{
			{"w", []int{2, 3}, []float64{1, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.Float64frombits(0x7ff80000deadbeef), 5e-324}},
			{"scalar", []int{}, []float64{math.Pi}},
			{"empty", []int{0, 4}, nil},
			{"b", []int{1, 1, 2}, []float64{math.MaxFloat64, -1.0 / 3}},
		},
		singles: []single{
			{"s", []int{3, 1}, []float32{1, float32(math.Inf(-1)), math.Float32frombits(0x7fc0beef)}},
			{"nothing", []int{0}, nil},
			{"tiny", []int{}, []float32{math.SmallestNonzeroFloat32}},
		},
		inside: map[string]kindred.Model{
			"0":     &toy{arrays: []part{{"w", []int{1}, []float64{7}}}},
			"größe": &toy{inside: map[string]kindred.Model{"deep": &toy{arrays: []part{{"w", []int{1}, []float64{8}}}}}},
		},
	}
}

func save(t testing.TB, m kindred.Model) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Save(&b, m, map[string]string{"recipe": "svm"}, codecs...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// same compares models, numbers by their bits.
var same = cmp.Options{
	cmp.AllowUnexported(toy{}),
	cmp.Comparer(func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }),
	cmp.Comparer(func(a, b []float64) bool {
		return slices.EqualFunc(a, b, func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) })
	}),
	cmp.Comparer(func(a, b []float32) bool {
		return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
	}),
}

func TestRoundTrip(t *testing.T) {
	big, small := make([]float64, 100_003), make([]float32, 100_003) // several pieces, and an odd end
	for i := range big {
		big[i] = math.Sin(float64(i))
		small[i] = float32(big[i])
	}
	for name, m := range map[string]*toy{
		"everything": sample(), "nothing": {}, "large": {arrays: []part{{"w", []int{len(big)}, big}}},
		"single": {singles: []single{{"w", []int{len(small)}, small}}},
	} {
		version := "1"
		if m.singles != nil {
			version = "2"
		}
		file := save(t, m)
		for _, r := range []io.Reader{bytes.NewReader(file), iotest.OneByteReader(bytes.NewReader(file)), iotest.DataErrReader(bytes.NewReader(file))} {
			got, meta, err := Load(r, codecs...)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if d := cmp.Diff(m, got, same); d != "" {
				t.Errorf("%s (−saved +loaded):\n%s", name, d)
			}
			if meta["recipe"] != "svm" || meta["kind"] != "toy" || meta["format"] != "kindred" || meta["format_version"] != version {
				t.Errorf("%s: metadata %v", name, meta)
			}
			if again := save(t, got); !bytes.Equal(again, file) {
				t.Errorf("%s: the file differs when saved again", name)
			}
		}
	}
}

// The layout by hand, as the documentation of safetensors has it.
func TestLayout(t *testing.T) {
	file := save(t, &toy{arrays: []part{{"w", []int{2, 1}, []float64{1, -2}}, {"n", nil, []float64{0.5}}}, inside: map[string]kindred.Model{"m": &toy{arrays: []part{{"w", []int{0}, nil}}}}})
	n := binary.LittleEndian.Uint64(file)
	if n%8 != 0 || file[8] != '{' {
		t.Errorf("a header of %d bytes that begins with %q", n, file[8])
	}
	head, body := file[8:8+n], file[8+n:]
	var entries map[string]struct {
		Dtype   string `json:"dtype"`
		Shape   []int  `json:"shape"`
		Offsets []int  `json:"data_offsets"`
	}
	var whole map[string]json.RawMessage
	if err := json.Unmarshal(head, &whole); err != nil {
		t.Fatal(err)
	}
	var meta map[string]string
	if err := json.Unmarshal(whole["__metadata__"], &meta); err != nil {
		t.Fatal(err)
	}
	delete(whole, "__metadata__")
	rest, _ := json.Marshal(whole)
	if err := json.Unmarshal(rest, &entries); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(entries)
	if want := "map[m/w:{F64 [0] [24 24]} n:{F64 [] [16 24]} w:{F64 [2 1] [0 16]}]"; got != want {
		t.Errorf("tensors %s, want %s", got, want)
	}
	if !strings.Contains(string(head), `"shape":[],`) {
		t.Errorf("no empty shape in %s", head)
	}
	want := []byte{0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0xe0, 0x3f}
	if !bytes.Equal(body, want) {
		t.Errorf("the tensors lie as % x", body)
	}
	const model = `{"kind":"toy","header":{"words":"","arrays":["w","n"],"inside":["m"]},"models":{"m":{"kind":"toy","header":{"words":"","arrays":["w"],"inside":null}}}}`
	if meta["model"] != model {
		t.Errorf("model %s", meta["model"])
	}
	zeros := bytes.Replace(file, []byte(meta["sha256"]), bytes.Repeat([]byte("0"), 64), 1)
	if sum := sha256.Sum256(zeros); hex.EncodeToString(sum[:]) != meta["sha256"] {
		t.Errorf("checksum %s is not of the file", meta["sha256"])
	}
}

// A flipped bit, a missing end and bytes too many are errors, wherever.
func TestEveryDamageIsFound(t *testing.T) {
	file := save(t, sample())
	for i := range file {
		for bit := range 8 {
			file[i] ^= 1 << bit
			if _, _, err := Load(bytes.NewReader(file), codecs...); err == nil {
				t.Errorf("bit %d of byte %d (%q) may flip", bit, i, file[i])
			}
			file[i] ^= 1 << bit
		}
	}
	for n := range file {
		if _, _, err := Load(bytes.NewReader(file[:n]), codecs...); err == nil {
			t.Errorf("the first %d of %d bytes are read", n, len(file))
		}
	}
	if _, _, err := Load(bytes.NewReader(append(slices.Clone(file), 0)), codecs...); err == nil {
		t.Error("a byte more is read")
	}
	broken := errors.New("the disk is on fire")
	for _, n := range []int{0, 8, 100, len(file)} {
		r := io.MultiReader(bytes.NewReader(file[:n]), iotest.ErrReader(broken))
		if _, _, err := Load(r, codecs...); !errors.Is(err, broken) {
			t.Errorf("a reader that fails after %d bytes gives %v", n, err)
		}
	}
	t.Logf("%d bits of %d bytes", 8*len(file), len(file))
}

// seal makes a file of a header and tensors, with the checksum that belongs to
// it: what someone would do who means harm.
func seal(head string, body []byte) []byte {
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(head)))
	file = append(append(file, head...), body...)
	if place, err := checksumPlace(file); err == nil {
		copy(file[place:], bytes.Repeat([]byte("0"), 64))
		sum := sha256.Sum256(file)
		copy(file[place:], hex.EncodeToString(sum[:]))
	}
	return file
}

// hostile are headers that must be refused, the words that say why, and the
// number of bytes that follow.
var hostile = []struct {
	name, tensors, meta, want string
	body                      int
}{
	{"a hole", `"a":{"dtype":"F64","shape":[1],"data_offsets":[8,16]}`, "", "where the one before it ends at 0", 16},
	{"an overlap", `"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},"b":{"dtype":"F64","shape":[1],"data_offsets":[8,16]}`, "", "ends at 16", 16},
	{"backwards", `"a":{"dtype":"F64","shape":[1],"data_offsets":[0,-8]}`, "", "it lies at", 8},
	{"three offsets", `"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8,16]}`, "", "it lies at", 8},
	{"no offsets", `"a":{"dtype":"F64","shape":[0]}`, "", "it lies at", 0},
	{"too many bytes", `"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}`, "", "more bytes follow", 16},
	{"too few bytes", `"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}`, "", `cut off within the tensor "a"`, 8},
	{"a terabyte", `"a":{"dtype":"F64","shape":[137438953472],"data_offsets":[0,1099511627776]}`, "", `cut off within the tensor "a"`, 64},
	{"not its shape", `"a":{"dtype":"F64","shape":[3],"data_offsets":[0,16]}`, "", "takes 24 bytes, and it has 16", 16},
	{"a product of 2⁶⁴", `"a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}`, "", "cannot have the shape", 0},
	{"a product that wraps", `"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}`, "", "cannot have the shape", 0},
	{"an empty giant", `"a":{"dtype":"F64","shape":[0,1000000000000],"data_offsets":[0,0]}`, "", "without elements cannot have", 0},
	{"beyond integers", `"a":{"dtype":"F64","shape":[1e30],"data_offsets":[0,8]}`, "", "cannot unmarshal", 8},
	{"a negative shape", `"a":{"dtype":"F64","shape":[-1,-1],"data_offsets":[0,8]}`, "", "cannot have the shape", 8},
	{"no shape", `"a":{"dtype":"F64","data_offsets":[0,8]}`, "", "it has no shape", 8},
	{"another type", `"a":{"dtype":"BF16","shape":[4],"data_offsets":[0,8]}`, "", `it holds "BF16"`, 8},
	{"null", `"a":null`, "", "models hold F64 and F32", 0},
	{"an unknown field", `"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8],"x":1}`, "", "unknown field", 8},
	{"a tensor twice", `"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"a":{"dtype":"F64","shape":[1],"data_offsets":[8,16]}`, "", `names "a" twice`, 16},
	{"a field twice", `"a":{"dtype":"F64","dtype":"F64","shape":[1],"data_offsets":[0,8]}`, "", `names "dtype" twice`, 8},
	{"deep JSON", `"a":` + strings.Repeat("[", 100_000), "", "nested too deeply", 0},
	{"JSON that ends", `"a":{`, "", "not JSON", 0},
	{"metadata twice", `"__metadata__":{}`, "", `names "__metadata__" twice`, 0},
	{"a newer version", "", `"format":"kindred","format_version":"3"`, "version 3, and this program reads versions 1 and 2; use a newer one", 0},
	{"a version of old", "", `"format":"kindred","format_version":"0"`, `version "0"`, 0},
	{"F32 in version 1", `"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`, "", "which format version 1 does not have", 8},
	{"F32 not its shape", `"a":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}`, in2, "takes 8 bytes, and it has 16", 16},
	{"a terabyte of F32", `"a":{"dtype":"F32","shape":[274877906944],"data_offsets":[0,1099511627776]}`, in2, `cut off within the tensor "a"`, 64},
	{"an empty giant of F32", `"a":{"dtype":"F32","shape":[0,1000000000000],"data_offsets":[0,0]}`, in2, "without elements cannot have", 0},
	{"F32 where F64 is wanted", `"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`, in2With(`{"arrays":["a"]}`), `"a" holds F32 where F64 is wanted`, 8},
	{"F64 where F32 is wanted", `"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}`, in2With(`{"singles":["a"]}`), `"a" holds F64 where F32 is wanted`, 8},
	{"no version", "", `"format":"kindred"`, `version ""`, 0},
	{"another program", "", `"format":"pt"`, `its format is "pt"`, 0},
	{"numbers as metadata", "", `"format":1`, "no metadata of strings", 0},
	{"no checksum", "", `"format":"kindred","format_version":"1"`, "no checksum", 0},
	{"a short checksum", "", `"format":"kindred","format_version":"1","sha256":"0"`, "checksum", 0},
	{"an unknown kind", "", modelMeta("toys", `{"kind":"toys","header":{}}`), `no kind of model "toys"; did you mean "toy"? (there are: greedy, toy)`, 0},
	{"two kinds", "", modelMeta("linear", `{"kind":"toy","header":{}}`), `call the model "linear" and "toy"`, 0},
	{"no model", "", modelMeta("toy", ``), "the metadata of the model", 0},
	{"two models", "", modelMeta("toy", `{"kind":"toy","header":{}}{}`), "the metadata of the model", 0},
	{"a key twice in the model", "", modelMeta("toy", `{"kind":"toy","header":{"words":"a","words":"b"}}`), `names "words" twice`, 0},
	{"an unknown field in the model", "", modelMeta("toy", `{"kind":"toy","header":{},"code":"rm"}`), `unknown field "code"`, 0},
	{"an unknown field in the header", "", modelMeta("toy", `{"kind":"toy","header":{"code":"rm"}}`), `kind "toy": json: unknown field "code"`, 0},
	{"a missing tensor", "", modelMeta("toy", `{"kind":"toy","header":{"arrays":["w"]}}`), `the tensor "w" is missing`, 0},
	{"a missing model", "", modelMeta("toy", `{"kind":"toy","header":{"inside":["m"]},"models":{"m":null}}`), `the model "m" inside is missing`, 0},
	{"a model wanted twice", "", modelMeta("toy", `{"kind":"toy","header":{"inside":["m","m"]},"models":{"m":{"kind":"toy","header":{}}}}`), `the model "m" inside is missing, or wanted twice`, 0},
	{"a tower", "", modelMeta("toy", tower(9)), "more than 8 deep", 0},
	{"a tower to the sky", "", modelMeta("toy", tower(50_000)), "nested too deeply", 0},
}

// in2 is metadata of format version 2.
var in2 = in2With(`{}`)

func in2With(header string) string {
	return strings.Replace(modelMeta("toy", `{"kind":"toy","header":`+header+`}`), `"format_version":"1"`, `"format_version":"2"`, 1)
}

// modelMeta is metadata with a model.
func modelMeta(kind, model string) string {
	text, _ := json.Marshal(model)
	return fmt.Sprintf(`"format":"kindred","format_version":"1","kind":%q,"model":%s,"sha256":"%064d"`, kind, text, 0)
}

// tower is the model JSON of a model n deep inside others.
func tower(n int) string {
	return strings.Repeat(`{"kind":"toy","header":{"inside":["m"]},"models":{"m":`, n) + `{"kind":"toy","header":{}}` + strings.Repeat("}}", n)
}

func hostileFile(i int) []byte {
	h := hostile[i]
	meta, comma := h.meta, ""
	if meta == "" {
		meta = modelMeta("toy", `{"kind":"toy","header":{}}`)
	}
	if h.tensors != "" {
		comma = ","
	}
	return seal(`{"__metadata__":{`+meta+`}`+comma+h.tensors+`}`, make([]byte, h.body))
}

func TestHostileFiles(t *testing.T) {
	var before, after runtime.MemStats
	for i, h := range hostile {
		file := hostileFile(i)
		runtime.ReadMemStats(&before)
		_, _, err := Load(bytes.NewReader(file), codecs...)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), h.want) {
			t.Errorf("%s: %v, which does not say %q", h.name, err, h.want)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20+100*uint64(len(file)) {
			t.Errorf("%s: %d bytes of memory for a file of %d", h.name, used, len(file))
		}
	}
	for name, c := range map[string]struct{ file, want string }{
		"empty":           {"", "shorter than 8 bytes"},
		"a length alone":  {"\x10\x00\x00\x00\x00\x00\x00\x00", "0 of 16 bytes"},
		"a length of 2⁶³": {"\x00\x00\x00\x00\x00\x00\x00\x80", "the limit is 100000000"},
		"a CSV":           {"task,x1,x2,y\n1,2,3,4\n", "it is no model file"},
		"no JSON":         {"\x02\x00\x00\x00\x00\x00\x00\x00[]", "not JSON"},
		"no UTF-8":        {"\x05\x00\x00\x00\x00\x00\x00\x00{\"\xff\"}", "not JSON"},
		"no metadata":     {"\x02\x00\x00\x00\x00\x00\x00\x00{}", "not a model of kindred"},
	} {
		if _, _, err := Load(strings.NewReader(c.file), codecs...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, which does not say %q", name, err, c.want)
		}
	}
	t.Logf("%d hostile files", len(hostile)+7)
}

// What seal makes of an honest header is read: the refusals above have no
// other cause.
func TestSealedFilesAreRead(t *testing.T) {
	for _, head := range []string{
		`{"__metadata__":{` + modelMeta("toy", `{"kind":"toy","header":{"arrays":["a"]}}`) + `},"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}`,
		`{"__metadata__":{` + in2With(`{"singles":["a"]}`) + `},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}`,
		`{"__metadata__":{` + modelMeta("toy", tower(8)) + `},"a":{"data_offsets":[0,16],"shape":[1,2],"dtype":"F64"}}   `,
	} {
		if _, _, err := Load(bytes.NewReader(seal(head, make([]byte, 16))), codecs...); err != nil {
			t.Errorf("%s: %v", head, err)
		}
	}
}

// A file holds float64 first, so that each number lies at a multiple of its
// width, whatever the order it was given in.
func TestOrderOfTypes(t *testing.T) {
	mixed := Codec{Kind: "mixed", Encode: func(e *Encoder, m kindred.Model) (any, bool, error) {
		e.Tensor32("a", []int{1}, []float32{1})
		e.Tensor("b", []int{1}, []float64{2})
		e.Tensor32("c", []int{1}, []float32{3})
		return nil, true, nil
	}}
	var b bytes.Buffer
	if err := Save(&b, &toy{}, nil, mixed); err != nil {
		t.Fatal(err)
	}
	file := b.Bytes()
	body := file[8+binary.LittleEndian.Uint64(file):]
	want := []byte{0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0x80, 0x3f, 0, 0, 0x40, 0x40}
	if !bytes.Equal(body, want) {
		t.Errorf("the tensors lie as % x, not % x", body, want)
	}
}

func TestSaveRefuses(t *testing.T) {
	var deep kindred.Model = &toy{}
	for range 9 {
		deep = &toy{inside: map[string]kindred.Model{"m": deep}}
	}
	one := []float64{1}
	for name, c := range map[string]struct {
		m    kindred.Model
		meta map[string]string
		want string
	}{
		"a stranger":         {&stranger{}, nil, "no codec writes a *modelfile.stranger"},
		"a stranger inside":  {&toy{inside: map[string]kindred.Model{"m": &stranger{}}}, nil, "no codec writes"},
		"a tower":            {deep, nil, "more than 8 deep"},
		"a tensor twice":     {&toy{arrays: []part{{"a", []int{1}, one}, {"a", []int{1}, one}}}, nil, `two tensors are called "a"`},
		"a name of a child":  {&toy{arrays: []part{{"m/a", []int{1}, one}}, inside: map[string]kindred.Model{"m": &toy{arrays: []part{{"a", []int{1}, one}}}}}, nil, `two tensors are called "m/a"`},
		"a tensor of meta":   {&toy{arrays: []part{{"__metadata__", []int{1}, one}}}, nil, "two tensors are called"},
		"not its shape":      {&toy{arrays: []part{{"a", []int{2}, one}}}, nil, `tensor "a": the shape [2] takes 16 bytes, and it has 8`},
		"a negative shape":   {&toy{arrays: []part{{"a", []int{-1, -1}, one}}}, nil, "cannot have the shape"},
		"a name in Latin-1":  {&toy{arrays: []part{{"gr\xf6\xdfe", []int{1}, one}}}, nil, "not valid UTF-8"},
		"metadata of ours":   {&toy{}, map[string]string{"sha256": "1"}, `"sha256" are the model file's own`},
		"metadata, Latin-1":  {&toy{}, map[string]string{"name": "gr\xf6\xdfe"}, "not valid UTF-8"},
		"a header with NaN":  {nanModel{}, nil, `kind "nan": json: unsupported value: NaN`},
		"a codec that fails": {failing{}, nil, `kind "failing": out of ideas`},
		"a child twice":      {twins{}, nil, `two models inside one are called "m"`},
	} {
		var b bytes.Buffer
		err := Save(&b, c.m, c.meta, append(odd, codecs...)...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, which does not say %q", name, err, c.want)
		}
		if b.Len() > 0 {
			t.Errorf("%s: %d bytes are written", name, b.Len())
		}
	}
	if err := Save(&failingWriter{left: 20}, sample(), nil, codecs...); err != io.ErrShortWrite {
		t.Errorf("a full disk gives %v", err)
	}
}

type (
	nanModel struct{ *toy }
	failing  struct{ *toy }
	twins    struct{ *toy }
)

// odd are codecs that do what they should not.
var odd = []Codec{
	{Kind: "nan", Encode: func(_ *Encoder, m kindred.Model) (any, bool, error) {
		_, ok := m.(nanModel)
		return math.NaN(), ok, nil
	}},
	{Kind: "failing", Encode: func(_ *Encoder, m kindred.Model) (any, bool, error) {
		if _, ok := m.(failing); ok {
			return nil, true, errors.New("out of ideas")
		}
		return nil, false, nil
	}},
	{Kind: "twins", Encode: func(e *Encoder, m kindred.Model) (any, bool, error) {
		if _, ok := m.(twins); !ok {
			return nil, false, nil
		}
		return nil, true, errors.Join(e.Model("m", &toy{}), e.Model("m", &toy{}))
	}},
}

type failingWriter struct{ left int }

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

func TestFiles(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "m.safetensors")
	for _, m := range []*toy{sample(), {words: "second"}} {
		if err := SaveFile(path, m, nil, codecs...); err != nil {
			t.Fatal(err)
		}
		got, _, err := LoadFile(path, codecs...)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(m, got, same); d != "" {
			t.Errorf("(−saved +loaded):\n%s", d)
		}
	}
	// What fails leaves the old file, and nothing else.
	if err := SaveFile(path, &stranger{}, nil, codecs...); err == nil {
		t.Error("a stranger is saved")
	}
	if m, _, err := LoadFile(path, codecs...); err != nil || m.(*toy).words != "second" {
		t.Errorf("the old file is gone: %v, %v", m, err)
	}
	if list, _ := os.ReadDir(folder); len(list) != 1 {
		t.Errorf("%d files in the folder", len(list))
	}
	if err := SaveFile(folder, sample(), nil, codecs...); err == nil || !strings.Contains(err.Error(), "not a file that can be replaced") {
		t.Errorf("a folder as path: %v", err)
	}
	if err := SaveFile(filepath.Join(folder, "none", "m"), sample(), nil, codecs...); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
	if _, _, err := LoadFile(filepath.Join(folder, "none"), codecs...); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := os.WriteFile(path, []byte("no"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := LoadFile(path, codecs...); err == nil || !strings.Contains(err.Error(), "m.safetensors: it is no model file") {
		t.Errorf("a file of two bytes: %v", err)
	}
}

func TestHas(t *testing.T) {
	d := Decoder{prefix: "m/", tensors: map[string]tensor{"m/w": {}}}
	if !d.Has("w") || d.Has("m/w") || d.Has("b") {
		t.Errorf("has w %v, m/w %v, b %v", d.Has("w"), d.Has("m/w"), d.Has("b"))
	}
}

// FuzzLoad reads bytes as they are, and with the checksum that would belong to
// them. Whatever is read can be written and read again.
func FuzzLoad(f *testing.F) {
	file := save(f, sample())
	f.Add(file)
	f.Add([]byte{})
	for n := 1; n < len(file); n *= 2 {
		f.Add(file[:n])
	}
	for i := 0; i < len(file); i += 97 {
		flipped := slices.Clone(file)
		flipped[i] ^= 1 << (i % 8)
		f.Add(flipped)
	}
	for i := range hostile {
		if file := hostileFile(i); len(file) < 4096 {
			f.Add(file)
		}
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		sealed := file
		if len(file) > 8 {
			n := min(binary.LittleEndian.Uint64(file), uint64(len(file)-8))
			sealed = seal(string(file[8:8+n]), file[8+n:])
		}
		for _, file := range [][]byte{file, sealed} {
			m, _, err := Load(bytes.NewReader(file), codecs...)
			if err != nil {
				continue
			}
			again, _, err := Load(bytes.NewReader(save(t, m)), codecs...)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(m, again, same); d != "" {
				t.Errorf("(−read +saved and read):\n%s", d)
			}
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	file := save(b, &toy{arrays: []part{{"w", []int{1000, 1000}, make([]float64, 1_000_000)}}})
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if _, _, err := Load(bytes.NewReader(file), codecs...); err != nil {
			b.Fatal(err)
		}
	}
}
