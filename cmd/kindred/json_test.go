package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// documents are those of the schemas.
var documents = map[string]any{
	"kindred.compare/1": compareDocument{}, "kindred.fit/1": fitDocument{}, "kindred.inspect/1": inspectDocument{}, "kindred.predict/1": predictDocument{},
	"kindred.generate/1": generateDocument{}, "kindred.list/1": listDocument{}, "kindred.version/1": versionDocument{},
	"kindred.relate/1": relateDocument{},
}

// fields lists the names of the fields of a type, and of those inside it.
func fields(t reflect.Type, add func(string)) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported() && !f.Anonymous:
			continue
		case name != "":
			add(name)
		case !f.Anonymous:
			add(f.Name)
		}
		if f.Type != t && (f.Type.Kind() != reflect.Slice || f.Type.Elem() != t) {
			fields(f.Type, add)
		}
	}
}

// Every field of every document is snake_case and explained in docs/json.md.
func TestDocumentsAreDocumented(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "json.md"))
	if err != nil {
		t.Fatal(err)
	}
	text, snake, seen := string(raw), regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`), 0
	for schema, d := range documents {
		if !strings.Contains(text, "\n## "+schema+": `") {
			t.Errorf("docs/json.md has no section %s", schema)
		}
		fields(reflect.TypeOf(d), func(name string) {
			seen++
			if !snake.MatchString(name) || !strings.Contains(text, "`"+name+"`") {
				t.Errorf("%s: the field %q is not snake_case, or docs/json.md does not explain it", schema, name)
			}
		})
	}
	t.Logf("%d fields", seen)
	if seen < 80 {
		t.Errorf("only %d fields were seen", seen)
	}
}

// What a command writes as JSON is alone on standard output, is the same in a
// file, names its schema, and has no field that its document does not have.
func TestEveryCommandReports(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, "generate", "tasks", "--set", "n_tasks=2", "--set", "n_samples=20", "--out", at("t.csv"))
	must(t, "fit", at("t.csv"), "--task", "task", "--target", "y", "--method", "shared-ridge:C=1,mu=1", "--out", at("m"))
	for schema, args := range map[string][]string{
		"kindred.compare/1":  {"compare", at("t.csv"), "--task", "task", "--target", "y", "--method", "ridge:C=1"},
		"kindred.fit/1":      {"fit", at("t.csv"), "--task", "task", "--target", "y", "--method", "ridge:C=1", "--out", at("m2")},
		"kindred.inspect/1":  {"inspect", at("m")},
		"kindred.predict/1":  {"predict", at("m"), at("t.csv"), "--out", at("p.csv")},
		"kindred.generate/1": {"generate", "classification", "--out", at("c.csv")},
		"kindred.list/1":     {"list"},
		"kindred.relate/1":   {"relate", at("t.csv"), "--task", "task", "--target", "y", "--measure", "weights"},
		"kindred.version/1":  {"version"},
	} {
		out, errs, code := ends(t, "", append(args, "--json", "-")...)
		var got map[string]any
		if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 || errs != "" && schema != "kindred.fit/1" {
			t.Errorf("%s: exit code %d, %v, %q", schema, code, err, errs)
			continue
		}
		if got["schema"] != schema {
			t.Errorf("%s: the schema is %v", schema, got["schema"])
		}
		d := reflect.New(reflect.TypeOf(documents[schema]))
		decode := json.NewDecoder(strings.NewReader(out))
		decode.DisallowUnknownFields()
		if err := decode.Decode(d.Interface()); err != nil {
			t.Errorf("%s: %v", schema, err)
		}
		if _, errs, code := ends(t, "", append(args, "--json", at("d.json"))...); code != 0 {
			t.Errorf("%s: exit code %d, %q", schema, code, errs)
		}
		raw, err := os.ReadFile(at("d.json"))
		var again map[string]any
		if err == nil {
			err = json.Unmarshal(raw, &again)
		}
		if err != nil || again["schema"] != schema || len(again) != len(got) {
			t.Errorf("%s in a file: %v", schema, err)
		}
		os.Remove(at("d.json"))
	}
}
