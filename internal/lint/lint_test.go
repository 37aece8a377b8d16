// Package lint holds the rules of the house as tests.
package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/catalog"
	"github.com/kindred-mtl/kindred/kernel"
	"github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/optim"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/relate"
	"github.com/kindred-mtl/kindred/solve"
	"github.com/kindred-mtl/kindred/weigh"
)

const (
	root   = "../.."
	module = "github.com/kindred-mtl/kindred"
)

// floors says how high each room lies; imports point strictly down.
var floors = map[string]int{
	"num": 0, "catalog": 0,
	"": 1, "param": 1,
	"loss": 2, "penalty": 2, "sharing": 2, "score": 2, "data": 2, "prep": 2, "synth": 2, "split": 2, "modelfile": 2, "calibrate": 2, "tape": 2, "optim": 2, "weigh": 2,
	"penalty/penaltytest": 3, "loss/losstest": 3, "weigh/weightest": 3,
	"solve": 3, "arch": 3, "prior": 3,
	"arch/archtest": 4,
	"linear":        4, "kernel": 4, "neural": 4,
	"compose":          5,
	"compare":          6,
	"relate":           7,
	"relate/picture":   8,
	"recipe":           8,
	"report":           8,
	"cmd/kindred":      10,
	"internal/lint":    11,
	"num/internal/gen": 11,
	"bench":            11,
	"bench/results":    11,
}

func TestFloors(t *testing.T) {
	seen := 0
	walk(t, func(path string, file *ast.File) {
		room := filepath.ToSlash(filepath.Dir(path))
		if room == "." {
			room = ""
		}
		floor, ok := floors[room]
		if !ok {
			t.Errorf("%s: the room %q has no floor; give it one in internal/lint", path, room)
			return
		}
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		for _, spec := range file.Imports {
			name := strings.Trim(spec.Path.Value, `"`)
			if name != module && !strings.HasPrefix(name, module+"/") {
				continue
			}
			seen++
			below := strings.TrimPrefix(strings.TrimPrefix(name, module), "/")
			if floors[below] >= floor {
				t.Errorf("%s imports %q: imports point strictly down", path, below)
			}
		}
	})
	t.Logf("%d imports between rooms", seen)
	if seen < 20 {
		t.Errorf("only %d imports between rooms were seen", seen)
	}
}

func TestPackagesAreDocumented(t *testing.T) {
	documented := map[string]bool{}
	walk(t, func(path string, file *ast.File) {
		room := filepath.Dir(path)
		documented[room] = documented[room] || file.Doc != nil
	})
	for room, ok := range documented {
		if !ok {
			t.Errorf("%s: no file has a package comment", room)
		}
	}
}

var year = regexp.MustCompile(`\b(1[89]|20)\d\d\b`)

// checkTable asks each part for its words, formula and source, and for a file
// that holds it.
func checkTable[T any](t *testing.T, kind string, table catalog.Table[T]) {
	t.Helper()
	names := map[string]bool{}
	for _, p := range table {
		if names[p.Name] {
			t.Errorf("%s %q is listed twice", kind, p.Name)
		}
		names[p.Name] = true
		if p.Words == "" || p.Formula == "" || !year.MatchString(p.Source) {
			t.Errorf("%s %q: words %q, formula %q, source %q: each part has all three, the source with its year", kind, p.Name, p.Words, p.Formula, p.Source)
		}
		if p.New == nil || table.NameOf(p.New()) != p.Name {
			t.Errorf("%s %q does not make itself", kind, p.Name)
		}
		file := strings.ReplaceAll(p.Name, "-", "") + ".go"
		if _, err := os.Stat(filepath.Join(root, kind, file)); err != nil {
			t.Errorf("%s %q: no file %s/%s", kind, p.Name, kind, file)
		}
	}
	t.Logf("%d parts of %s", len(table), kind)
}

func TestParts(t *testing.T) {
	checkTable(t, "loss", loss.All)
	checkTable(t, "penalty", penalty.All)
	checkTable(t, "solve", solve.All)
	checkTable(t, "kernel", kernel.All)
	checkTable(t, "optim", optim.All)
	checkTable(t, "weigh", weigh.All)
	checkTable(t, "arch", arch.All)
	checkTable(t, "relate", relate.All)
	checkTable(t, "relate", relate.Clusterings)
}

// stray are words that have no place in what lands.
var stray = regexp.MustCompile(`(?i)\b(TODO|FIXME|XXX)\b|not implemented|/(work|root|tmp/bash_jobs)/`)

func TestNoStrayWords(t *testing.T) {
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == ".venv" || d.Name() == "lint") {
			return filepath.SkipDir
		}
		switch filepath.Ext(path) {
		case ".go", ".md", ".py", ".sh":
		default:
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		for i, line := range strings.Split(string(text), "\n") {
			if stray.MatchString(line) {
				t.Errorf("%s:%d: %s", path, i+1, strings.TrimSpace(line))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 30 {
		t.Errorf("only %d files were read", files)
	}
}

// walk parses every Go file of the module.
func walk(t *testing.T, visit func(path string, file *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == ".venv" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		visit(relative, file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
