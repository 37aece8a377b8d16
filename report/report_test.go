package report_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compare"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/relate"
	"github.com/kindred-mtl/kindred/report"
	"github.com/kindred-mtl/kindred/split"
	"github.com/kindred-mtl/kindred/synth"
)

// hostile is a name that would end a script, open a tag or close an attribute.
const hostile = `</script><img src=x onerror=alert(1)> "quoted" & 'more'`

// document is the report of a small comparison in which a task and a column
// have hostile names.
func document(t *testing.T, g synth.Tasks) *report.Document {
	t.Helper()
	ctx := context.Background()
	set, _, err := g.Make()
	if err != nil {
		t.Fatal(err)
	}
	set.Tasks[1].Name = hostile
	set.Tasks[0].Table.Columns[0].Name = hostile
	folds, err := split.KFold(set, 3, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	shared := linear.Method{C: 1, Penalty: &penalty.Shared{Mu: 0.5}}
	result, err := compare.Run(ctx, set, compare.Options{
		Single: compare.Entrant{Name: "single-task", Method: compose.Alone{Method: linear.Method{C: 1}}}, Pooled: compare.Entrant{Name: "pooled", Method: compose.Pooled{Method: linear.Method{C: 1}}},
		Entrants: []compare.Entrant{{Name: "shared", Method: shared}},
		Plans:    []compare.Plan{{Fraction: 0.5, Folds: folds[:2]}, {Fraction: 1, Folds: folds}},
	})
	if err != nil {
		t.Fatal(err)
	}
	d := &report.Document{Title: "tasks <1>.csv", Command: "kindred compare 'tasks <1>.csv'", Made: "Made by a test.", HeldOut: "Held out: 3 folds.", Warnings: []string{hostile}, Result: result, Explained: "shared", On: "the training rows"}
	train := set.Select(folds[0].Train)
	model, err := shared.Fit(ctx, train)
	if err != nil {
		t.Fatal(err)
	}
	fit := model.(kindred.Reporter).Report()
	fit.Curve = &kindred.Curve{Train: []float64{1, 0.6, 0.5}, Held: []float64{1, 0.7, 0.8}, Best: 2}
	d.Fit = &fit
	every := make([]int, len(set.Tasks))
	for k := range every {
		every[k] = k
	}
	if d.Importance, err = compare.ImportanceOf(ctx, model, set.Select(folds[0].Test), every, 1); err != nil {
		t.Fatal(err)
	}
	r, err := relate.Tasks(ctx, train, relate.Weights{}, relate.Options{Dimensions: 3})
	if err != nil {
		t.Fatal(err)
	}
	groups, err := relate.Group(r, relate.Spectral{}, 2)
	if err != nil {
		t.Fatal(err)
	}
	d.Relate(r, groups, "the training rows")
	return d
}

func write(t *testing.T, d *report.Document) string {
	t.Helper()
	var out bytes.Buffer
	if err := report.Write(&out, d); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Everything has its section, and nothing that came from the data is markup.
func TestWrite(t *testing.T) {
	page := write(t, document(t, synth.Tasks{Tasks: 6, Samples: 40, Features: 4, Kind: kindred.Binary}))
	for _, section := range []string{"gains", "methods", "curve", "relations", "shares", "importance", "calibration", "training", "how"} {
		if !strings.Contains(page, `<section id="`+section+`">`) || !strings.Contains(page, `href="#`+section+`"`) {
			t.Errorf("no section %s, or no way to it", section)
		}
	}
	if strings.Contains(page, "<img src=x") || strings.Contains(page, "tasks <1>") || strings.Contains(page, "%!") {
		t.Error("a name is markup, or a number has no form")
	}
	if n := len(page); n > 2<<20 {
		t.Errorf("%d bytes for six tasks", n)
	}
	text := regexp.MustCompile(`(?s)<script type="application/json" id="data">(.*?)</script>`).FindStringSubmatch(page)
	var data struct {
		Gains struct {
			Rows []struct {
				Task string
				Gain *float64
			}
		}
		Relations []struct {
			Tasks  []string
			Points [][]float64
			Matrix [][]*float64
			Merges []json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(text[1]), &data); err != nil {
		t.Fatal(err)
	}
	if len(data.Gains.Rows) != 6 || len(data.Relations) != 1 {
		t.Fatalf("%d gains, %d measures", len(data.Gains.Rows), len(data.Relations))
	}
	if r := data.Relations[0]; r.Tasks[1] != hostile || len(r.Points[0]) != 3 || len(r.Matrix) != 6 || len(r.Merges) != 5 {
		t.Errorf("tasks %q, %d dimensions, %d rows, %d merges", r.Tasks, len(r.Points[0]), len(r.Matrix), len(r.Merges))
	}
}

// What there is nothing of has no section; without a method there is no report.
func TestSectionsAreLeftOut(t *testing.T) {
	d := document(t, synth.Tasks{Tasks: 4, Samples: 30, Features: 3})
	bare := &report.Document{Title: "bare", Result: d.Result}
	page := write(t, bare)
	for _, section := range []string{"relations", "shares", "importance", "training"} {
		if strings.Contains(page, `id="`+section+`"`) {
			t.Errorf("a section %s of nothing", section)
		}
	}
	if err := report.Write(io.Discard, &report.Document{Title: "empty"}); err == nil {
		t.Error("a report of nothing is written")
	}
}

// The page asks for nothing from elsewhere, and lets no script run but its own.
func TestPageNeedsNoNetwork(t *testing.T) {
	page := write(t, document(t, synth.Tasks{Tasks: 4, Samples: 30, Features: 3}))
	if !strings.Contains(page, `content="default-src &#39;none&#39;; img-src data:; style-src &#39;unsafe-inline&#39;; script-src &#39;sha256-`) {
		t.Error("no policy that forbids what the page does not bring")
	}
	own, err := os.ReadFile("assets/page.html")
	if err != nil {
		t.Fatal(err)
	}
	if found := regexp.MustCompile(`(src|href|action|url)\s*[=(]\s*["']?[^#"'{]`).Find(own); found != nil {
		t.Errorf("the page asks for %q", found)
	}
}

// The charts are those that Apache published as echarts 6.1.0; fetch.sh fetches
// them.
func TestCharts(t *testing.T) {
	const published = "b66b25aeb4df84e33199dc21694014d336d222cbd9deb0e5a7c14bd6aa0d0fd0"
	f, err := os.Open("assets/echarts.min.js.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, r); err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != published {
		t.Errorf("echarts.min.js has the checksum %s", got)
	}
}
