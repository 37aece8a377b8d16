package recipe_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	diff "github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/neural"
	"github.com/kindred-mtl/kindred/optim"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/recipe"
	"github.com/kindred-mtl/kindred/weigh"
)

// read reads a recipe file and makes its method.
func read(text string) (kindred.Method, error) {
	f, err := recipe.Read([]byte(text), "dir/some.yaml")
	if err != nil {
		return nil, err
	}
	return f.Build(nil, 1)
}

// A printed recipe has every option of the method, in lines that are not long,
// and is the method of the bare name.
func TestPrintedRecipesAreTheMethods(t *testing.T) {
	for _, m := range recipe.Methods {
		text, err := recipe.Print(m.Name)
		if err != nil {
			t.Fatal(err)
		}
		want, err := recipe.Parse(m.Name, nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := read(text); err != nil || !same(got, want) {
			t.Errorf("%s is not what it prints: %v\n%s", m.Name, err, text)
		}
		for line := range strings.Lines(text) {
			if utf8.RuneCountInString(line) > 91 || strings.TrimSpace(line) == "#" {
				t.Errorf("%s: a line %q", m.Name, line)
			}
		}
		for _, o := range options {
			elsewhere := strings.Contains(text, "  # or ") && strings.Contains(text, " "+o.Name)
			if has := slices.Contains(o.Methods, m.Name); has && !strings.Contains(text, "\n"+o.Name+":") && !strings.Contains(text, "\n  "+o.Name+":") && !elsewhere {
				t.Errorf("%s prints no %s", m.Name, o.Name)
			}
		}
	}
	if text, _ := recipe.Print("hierarchy-net"); !strings.Contains(text, "\ngroups:\n") || !strings.Contains(text, "\nattach:\n") || !strings.Contains(text, "\noptimizer:\n") || !strings.Contains(text, "\n  max_levels:\n") {
		t.Errorf("lists and tables are not printed:\n%s", text)
	}
	if _, err := recipe.Print("shard-net"); err == nil || !strings.Contains(err.Error(), `did you mean "shared-net"?`) {
		t.Error(err)
	}
}

// A file says what a line says, and lists and tables besides; YAML and JSON say
// the same.
func TestRecipeFiles(t *testing.T) {
	line := func(text string) kindred.Method {
		m, err := recipe.Parse(text, nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	prepared := line("ridge:C=2").(compose.Search)
	alone := prepared.Methods[0].(compose.Alone)
	inner := alone.Method
	withPrep(&inner, prep.Options{Scale: "rms", MaxLevels: 7, WordGrams: [2]int{1, 1}})
	prepared.Methods = []kindred.Method{compose.Alone{Method: inner}}
	for text, want := range map[string]kindred.Method{
		"method: ridge": line("ridge"),
		"{\"method\": \"shared-svm\", \"C\": 1, \n\t\"mu\": 0.5}":                                          line("shared-svm:C=1,mu=0.5"),
		"\ufeffmethod: shared-svm\nC: 1\nmu: 0.5\none_se:\n":                                               line("shared-svm:C=1,mu=0.5"),
		"method: kernel-svm\nkernel: {name: poly, degree: 2}\nlandmarks: 40":                               line("kernel-svm:kernel=poly,degree=2,landmarks=40"),
		"method: kernel-svm\nkernel: poly\ndegree: 2\nlandmarks: 40":                                       line("kernel-svm:kernel=poly,degree=2,landmarks=40"),
		"method: kernel-svm\nkernel: {gamma: 2}":                                                           line("kernel-svm:gamma=2"),
		"method: gp\nard: true\nrank: 2\nprep: {scale: rms}":                                               line("gp:ard=true,rank=2,scale=rms"),
		"method: shared-net\nhidden: 32-16":                                                                line("shared-net:hidden=32-16"),
		"method: shared-net\nshare: 0.5":                                                                   line("shared-net:share=0.5"),
		"method: shared-net\nshare: [0.5]":                                                                 line("shared-net:share=0.5"),
		"method: shared-net\nhidden: [32, 16]\nweighting:\n  name: dwa\n  temperature: 3":                  line("shared-net:hidden=32-16,weighting=dwa,temperature=3"),
		"method: net\nscale: none\nepochs: 5\nname: my net":                                                line("net:scale=none,epochs=5"),
		"method: ridge\nC: 2\nprep: {scale: rms, max_levels: 7, word_grams: [1, 1]}":                       prepared,
		`{"method": "ridge", "C": 2, "prep": {"scale": "rms", "max_levels": 7, "word_grams": [1, 1]}}`:     prepared,
		"method: ridge\nC: 2\nscale: rms\nprep:\n  max_levels: 7\n  word_grams:\n  - 1\n  - 1 # no more\n": prepared,
	} {
		if got, err := read(text); err != nil || !same(got, want) {
			t.Errorf("%q: %v %s", text, err, diff.Diff(want, got, diff.Exporter(everything)))
		}
	}
}

// withPrep sets the options of how columns are prepared, of a method of package
// linear.
func withPrep(m *kindred.Method, o prep.Options) {
	l := (*m).(linear.Method)
	l.Prep = o
	*m = l
}

// A network has all of its parts in a file.
func TestRecipeFileOfANetwork(t *testing.T) {
	text := `
# of the hospital data
name: two floors
method: hierarchy-net
hidden: [32, 16, 8]
activation: gelu
groups:
- [[north, south], [east]]
- [[north], [south], ["1"]]
weighting: {name: uncertainty, learning_rate: 0.05}
optimizer:
- clip: {norm: 1}
- adamw: {learning_rate: 3e-4, weight_decay: 0.1}
- cosine: {warmup: 0.1}
- ema
epochs: 20
prep: {scale: rms, text_bits: 12}
`
	f, err := recipe.Read([]byte(text), "x.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Build(nil, 9)
	want := neural.Method{
		Arch: &arch.Hierarchy{
			Layers: arch.Layers{Hidden: arch.Units{32, 16, 8}, Activation: "gelu"},
			Groups: [][][]string{{{"north", "south"}, {"east"}}, {{"north"}, {"south"}, {"1"}}},
		},
		Weighting: &weigh.Uncertainty{Rate: 0.05},
		Optimizer: optim.Chain{&optim.Clip{Norm: 1}, &optim.AdamW{Rate: 3e-4, Lambda: 0.1}, &optim.Cosine{Warmup: 0.1}, &optim.EMA{}},
		Training:  neural.Training{Epochs: 20},
		Prep:      prep.Options{Scale: "rms", TextBits: 12},
		Seed:      9,
	}
	if err != nil || !same(want, got) || f.Name != "two floors" || f.Method != "hierarchy-net" {
		t.Errorf("%q %q: %v %s", f.Name, f.Method, err, diff.Diff(kindred.Method(want), got, diff.Exporter(everything)))
	}
	again, err := recipe.Read([]byte(f.String()), "y.yaml")
	if err != nil || again.Name != f.Name || !json.Valid([]byte(f.String())) || strings.Contains(f.String(), "\n") {
		t.Fatalf("%v: %s", err, f)
	}
	if method, err := again.Build(nil, 9); err != nil || !same(got, method) {
		t.Errorf("the line of JSON is not the recipe: %v: %s", err, again)
	}
	if f, err := recipe.Read([]byte("method: net"), "dir/deep.net.yaml"); err != nil || f.Name != "deep.net" {
		t.Errorf("%+v %v", f, err)
	}
}

func TestBadRecipeFilesAreOneSentence(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "some.yaml: the file is empty",
		"# nothing":                       "the file is empty",
		"ridge":                           "a recipe is a table of names and values",
		"[ridge]":                         "a recipe is a table",
		"C: 1":                            "no method is named; write method: shared-net",
		"method: shard-net":               `no method "shard-net"; did you mean "shared-net"?`,
		"method: [ridge]":                 "line 1: method: a word is wanted",
		"method: shared-svm:C=1":          `no method "shared-svm:C=1"; did you mean "shared-svm"?`,
		"method: ridge\nname: 3":          "line 2: name: a word is wanted",
		"method: ridge\nname: \"a\\nb\"":  "does not fit into a table",
		"method: ridge\n\nc: 1":           `line 3: no option "c"; did you mean "C"? (there are: C, alpha,`,
		"method: ridge\nC: 1\nC: 2":       `line 3: "C" stands in line 2 too`,
		`{"method": "net", "method": ""}`: `line 1: "method" stands in line 1 too`,
		"method: ridge\nC: one":           "line 2: option C=one: a number is wanted",
		"method: ridge\nC: 0":             "option C=0: a number above 0 is wanted",
		"method: ridge\nC: .inf":          `line 2: ".inf" is no number`,
		"method: ridge\nC: 1e999":         "option C=1e999: a number is wanted",
		`{"method": "ridge", "C": 1e999}`: `"1e999" is no number`,
		"method: ridge\nC: [1]":           "line 2: option C=[1]: a number is wanted",
		"method: ridge\nC: {a: 1}":        `a number is wanted`,
		"method: ridge\nscale: rms\nprep: {scale: rms}":                  "scale is given twice",
		"method: ridge\nprep: {scal: rms}":                               `line 2: prep: no option "scal"; did you mean "scale"?`,
		"method: ridge\nprep: {max_levels: many}":                        "line 2: prep: option max_levels=many: a whole number is wanted",
		"method: ridge\nprep: rms":                                       "line 2: option prep=rms: a table of names and values is wanted",
		"method: ridge\nprep: {min_level: -1}":                           "min_level is -1",
		"method: ridge\nC: &x 1\nalpha: *x":                              "line 2: anchors and aliases are not read",
		"method: ridge\n<<: {C: 1}":                                      "line 2: the name of a value is a word",
		"method: ridge\n[a]: 1":                                          "line 2: the name of a value is a word",
		"method: ridge\nC: !!binary aGVq":                                `line 2: values of type "!!binary" are not read`,
		"method: ridge\n---\nmethod: net":                                "line 2: a second document begins",
		"method: ridge\n\tC: 1":                                          "line 2",
		"method: ridge\nC: \"1":                                          "line",
		`{"method": "ridge",`:                                            "line 1",
		"method: net\nweighting: equal":                                  `line 2: no option "weighting"`,
		"method: shared-net\nhiden: [3]":                                 `line 2: no option "hiden"; did you mean "hidden"?`,
		"method: shared-net\nhidden: [a]":                                "is no list of layer sizes",
		"method: shared-net\nshare: [1, 2]":                              "share is 2; it is from 0 to 1",
		"method: shared-net\nhidden: [4, 4]\nshare: [0, 1]":              "no common units",
		"method: shared-net\nhidden: [0]":                                "hidden has a layer of 0 units",
		"method: shared-net\nweighting: {name: uncertanty}":              `line 2: no weighting "uncertanty"; did you mean "uncertainty"?`,
		"method: shared-net\nweighting:\n  name: uncertainty\n  rate: 3": `line 4: weighting uncertainty: no option "rate"; did you mean "name"? (there are: name, learning_rate)`,
		"method: shared-net\nweighting:\n  learning_rate: 3":             `line 3: weighting equal: no option "learning_rate" (there are: name)`,
		"method: shared-net\nlearning_rate: 3\nweighting: {name: uncertainty, learning_rate: 3}": "stands in line 2 too",
		"method: shared-net\nweighting: {name: dwa, temperature: -1}":                            "dwa: temperature -1",
		"method: shared-net\noptimizer: sgd":                                                     "line 2: an optimizer is a list of transforms, such as [adamw, cosine]",
		"method: shared-net\noptimizer: [sdg]":                                                   `line 2: transform 1 of the optimizer: no transform "sdg"; did you mean "sgd"?`,
		"method: shared-net\nepochs: 2\noptimizer:\n- clip: {nrm: 1}\n- sgd":                     `line 3: transform 1 of the optimizer: clip: no option "nrm"; did you mean "norm"?`,
		"method: shared-net\noptimizer: [{clip: {norm: x}}, sgd]":                                "clip: option norm=x: a number is wanted",
		"method: shared-net\noptimizer: [cosine]":                                                "nothing in the chain moves the parameters",
		"method: shared-net\nrate: 1\noptimizer: [sgd]":                                          "an optimizer is given, and rate or decay beside it",
		"method: net\nrate: 1\noptimizer: [sgd]":                                                 "an optimizer is given, and rate or decay beside it",
		"method: hierarchy-net\ngroups: [[a, b]]":                                                "line 2: option groups",
		"method: hierarchy-net\ngroups: [[[1]]]":                                                 "line 2: option groups",
		"method: hierarchy-net\nattach: {a: x}":                                                  "line 2: option attach={\"a\":\"x\"}: a whole number is wanted",
		"method: hierarchy-net\nattach: {a: 9}":                                                  `attach puts task "a" on layer 9`,
		"method: hierarchy-net\nattach: {a: 1}\ngroups: [[[a]]]":                                 "groups and attach are both given",
		"method: net\nprep: " + strings.Repeat("[", 40) + strings.Repeat("]", 40):                "too deep",
		`{"method": ` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "}":                  "too deep",
		"method: net\n" + strings.Repeat("#", 1<<20):                                             "at most 1048576 bytes",
	} {
		_, err := read(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "dir/some.yaml") {
			t.Errorf("%.200q: %.600v, which does not say %q", text, err, want)
		}
	}
	f, err := recipe.Read([]byte("method: svm"), "s.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Build([]kindred.Kind{kindred.Count}, 1); err == nil || !strings.Contains(err.Error(), "does not take a count target") {
		t.Error(err)
	}
}

// docs/networks.md explains every option of every network, and the recipe file
// that it shows is one.
func TestNetworksAreDocumented(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "docs", "networks.md"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	_, block, _ := strings.Cut(text, "```yaml\n")
	block, _, ok := strings.Cut(block, "```")
	if m, err := read(block); err != nil || !ok || m.(neural.Method).Training.Epochs != 50 {
		t.Errorf("%v %v", m, err)
	}
	named := func(names ...string) {
		for _, name := range names {
			if !strings.Contains(text, "`"+name+"`") && !strings.Contains(text, "`"+name+":") {
				t.Errorf("docs/networks.md does not explain %q", name)
			}
		}
	}
	for _, a := range arch.All {
		named(append(catalog.Options(a.New()), a.Name)...)
		if year := regexp.MustCompile(`\d{4}$`).FindString(a.Source); !strings.Contains(text, year) {
			t.Errorf("docs/networks.md does not give the source of %q", a.Name)
		}
	}
	for _, name := range catalog.Options(&neural.Training{}) {
		_, otherwise, _ := strings.Cut(catalog.Words(&neural.Training{}, name), "; else ")
		if row := regexp.MustCompile("(?m)^\\| `" + name + "` \\|.*$").FindString(text); !strings.HasSuffix(row, "| "+otherwise+" |") {
			t.Errorf("docs/networks.md has the row %q, and the default of %s is %s", row, name, otherwise)
		}
	}
	named(append(catalog.Options(&neural.Training{}), "weighting", "optimizer", "prep")...)
}

// A recipe file is read up to a size, and a file that is none says so.
func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "quick.json")
	if err := os.WriteFile(path, []byte(`{"method": "ridge", "C": 2}`), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := recipe.ReadFile(path)
	if err != nil || f.Name != "quick" || f.Method != "ridge" {
		t.Errorf("%+v %v", f, err)
	}
	if err := os.WriteFile(path, make([]byte, 2<<20), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := recipe.ReadFile(path); err == nil || !strings.Contains(err.Error(), "at most 1048576 bytes") {
		t.Error(err)
	}
	if _, err := recipe.ReadFile(path + ".none"); !os.IsNotExist(err) {
		t.Error(err)
	}
}

// No two parts of a method have an option of the same name: behind a colon, and
// in a file, all stand side by side.
func TestNamesOfOptionsDoNotCollide(t *testing.T) {
	recipe.EachChoice(func(m recipe.Method, names []string) {
		seen := map[string]bool{"method": true, "name": true}
		for _, name := range names {
			if seen[name] {
				t.Errorf("%s: two parts have an option %q", m.Name, name)
			}
			seen[name] = true
		}
	})
}

func FuzzRead(f *testing.F) {
	for _, m := range recipe.Methods {
		text, err := recipe.Print(m.Name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, text := range []string{
		"", "method: ridge\nC: 1", `{"method": "shared-net", "hidden": [3], "weighting": {"name": "dwa", "temperature": 2}, "optimizer": ["sgd", {"clip": {}}]}`,
		"method: hierarchy-net\ngroups: [[[a, b], [c]]]\nprep: {scale: rms}", "a: &x [*x]", "? a\n: b", "method: net\nhidden: 0x10\ndropout: 1_0.5", "%YAML 1.1\n---\nmethod: net", "method: !!str net",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, err := recipe.Read([]byte(text), "f.yaml")
		var m kindred.Method
		if err == nil {
			m, err = file.Build(nil, 1)
		}
		if (m == nil) != (err != nil) {
			t.Errorf("%q: %v, %v", text, m, err)
		}
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") || len(err.Error()) > 3000 {
				t.Errorf("%q: the error is not one line: %.2000q", text, err)
			}
			return
		}
		again, err := recipe.Read([]byte(file.String()), "f.yaml")
		if err != nil {
			t.Fatalf("%q: as JSON %s: %v", text, file, err)
		}
		if twin, err := again.Build(nil, 1); err != nil || !same(m, twin) || again.Name != file.Name {
			t.Errorf("%q: as JSON %s it is another method: %v", text, file, err)
		}
	})
}

func ExampleRead() {
	f, err := recipe.Read([]byte("method: shared-svm\nC: 1\nmu: 0.1\n"), "svm.yaml")
	fmt.Println(f.Name, f.Method, f, err)
	// Output: svm shared-svm {"C":1,"method":"shared-svm","mu":0.1} <nil>
}
