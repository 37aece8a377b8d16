package report

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/kindred-mtl/kindred/compare"
)

// assets are the page, its style and script, and the charts: Apache ECharts
// 6.1.0, https://echarts.apache.org, under the Apache License 2.0.
//
//go:embed assets
var assets embed.FS

// asset is the text of a file, unpacked where it is packed.
func asset(name string) string {
	raw, err := assets.ReadFile("assets/" + name)
	if err != nil {
		panic(err) // it is built in
	}
	return string(raw)
}

var charts = sync.OnceValue(func() string {
	r, err := gzip.NewReader(strings.NewReader(asset("echarts.min.js.gz")))
	if err != nil {
		panic(err) // it is built in
	}
	text, err := io.ReadAll(r)
	if err != nil {
		panic(err)
	}
	return string(text)
})

var page = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page.html").Funcs(template.FuncMap{"short": short}).Parse(asset("page.html")))
})

// filled are the fields of the page.
type filled struct {
	*Document
	Policy    string
	Style     template.CSS
	Charts    template.JS
	Script    template.JS
	Data      template.JS
	Verdict   string
	Sentences []string
	Methods   []methodRow
	Gains     *gains
	Trials    []compare.Tried
	Metric    string
	Has       map[string]bool
	Notes     []string
}

// Write writes the report.
func Write(w io.Writer, d *Document) error {
	if err := d.check(); err != nil {
		return err
	}
	data, err := json.Marshal(d.payload()) // with <, > and & escaped
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	f := filled{
		Document: d, Style: template.CSS(asset("page.css")), Charts: template.JS(charts()), Script: template.JS(asset("page.js")),
		Data: template.JS(data), Verdict: d.verdict(), Sentences: d.sentences(), Methods: d.methodRows(), Gains: d.gains(),
		Trials: d.Result.Trials, Metric: words(d.Result.Metric), Has: d.has(), Notes: d.notes(),
	}
	f.Policy = fmt.Sprintf("default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src '%s' '%s'", digest(string(f.Charts)), digest(string(f.Script)))
	var out bytes.Buffer
	if err := page().Execute(&out, f); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err = w.Write(out.Bytes())
	return err
}

// digest lets a browser run this script and no other.
func digest(script string) string {
	sum := sha256.Sum256([]byte(script))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// payload is what the charts are drawn from.
func (d *Document) payload() map[string]any {
	out := map[string]any{"relations": d.relations, "metric": words(d.Result.Metric)}
	if g := d.gains(); g != nil {
		out["gains"] = g
	}
	out["curve"] = d.curve()
	if d.Importance != nil {
		out["importance"] = d.importance()
	}
	if d.Fit != nil {
		if d.Fit.Curve != nil {
			out["training"] = d.Fit.Curve
		}
		out["shares"] = d.shares()
	}
	out["calibration"] = d.calibration()
	return out
}

// has says which sections there are.
func (d *Document) has() map[string]bool {
	return map[string]bool{
		"relations": len(d.relations) > 0, "curve": len(d.curve()) > 0, "importance": d.Importance != nil && len(d.Importance.Columns) > 0,
		"training": d.Fit != nil && d.Fit.Curve != nil, "shares": len(d.shares()) > 0, "calibration": len(d.calibration()) > 0, "three": d.threeDimensions(),
	}
}

func (d *Document) threeDimensions() bool {
	return slices.ContainsFunc(d.relations, func(r relation) bool { return len(r.Points) > 0 && len(r.Points[0]) == 3 })
}

// A methodRow is a line of the table of methods.
type methodRow struct {
	Name, Train, Score, Gain, Interval, Verdict, Note string
	Up, Down                                          int
}

// methodRows are all methods, by the metric of the gains.
func (d *Document) methodRows() []methodRow {
	var rows []methodRow
	several := d.Result.Methods[0].Train != d.Result.Methods[len(d.Result.Methods)-1].Train
	for _, m := range d.Result.Methods {
		r := methodRow{Name: m.Method, Note: m.Note, Up: m.Better, Down: m.Worse}
		if several {
			r.Train = fmt.Sprintf("%g %%", 100*m.Train)
		}
		if s, ok := m.Metrics[d.Result.Metric]; ok {
			r.Score = short(s.Mean)
			if s.SD != nil {
				r.Score += " ± " + short(s.SD)
			}
		}
		if g := m.Gain; g != nil && g.Value != nil {
			r.Gain, r.Interval, r.Verdict = signed(g.Value), span(g.Low, g.High), g.Verdict
		}
		rows = append(rows, r)
	}
	return rows
}

// gains are those of the tasks by one method.
type gains struct {
	Method string     `json:"method"`
	Metric string     `json:"metric"`
	Rows   []gainRow  `json:"rows"`
	Left   int        `json:"left"`
	Groups [][]string `json:"-"`
}

// A gainRow is a task: what is measured, and what is to be expected.
type gainRow struct {
	Task        string   `json:"task"`
	Labels      int      `json:"labels"`
	Alone       *float64 `json:"alone"`
	With        *float64 `json:"with"`
	Gain        *float64 `json:"gain"`
	Low         *float64 `json:"low"`
	High        *float64 `json:"high"`
	Probability *float64 `json:"probability"`
	Verdict     string   `json:"verdict"`
	Group       int      `json:"group"` // from 1; 0: none
}

// mostRows is how many tasks a table lists: those that change most.
const mostRows = 5000

func (d *Document) gains() *gains {
	m := d.method()
	if m == nil {
		return nil
	}
	single, out := d.last()[0], &gains{Method: m.Method, Metric: words(d.Result.Metric)}
	a := d.Result.Recommendation
	for t, task := range m.Tasks {
		if task.Gain == nil || task.Gain.Value == nil {
			continue
		}
		r := gainRow{Task: task.Task, Labels: task.Rows, Gain: task.Gain.Value, Low: task.Gain.Low, High: task.Gain.High, Verdict: task.Gain.Verdict}
		r.With, r.Alone = task.Metrics[task.Gain.Metric], single.Tasks[t].Metrics[task.Gain.Metric]
		if a != nil && t < len(a.Tasks) {
			r.Probability = a.Tasks[t].Probability
		}
		if a != nil && t < len(a.Groups) {
			r.Group = 1 + a.Groups[t]
		}
		out.Rows = append(out.Rows, r)
	}
	slices.SortStableFunc(out.Rows, func(a, b gainRow) int { return cmp.Compare(*b.Gain, *a.Gain) })
	if n := len(out.Rows); n > mostRows {
		out.Left = n - mostRows
		out.Rows = slices.Concat(out.Rows[:mostRows/2], out.Rows[n-mostRows/2:])
	}
	if a != nil && a.Groups != nil {
		out.Groups = make([][]string, 1+slices.Max(a.Groups))
		for t, g := range a.Groups {
			out.Groups[g] = append(out.Groups[g], m.Tasks[t].Task)
		}
	}
	return out
}

// A learning is a method's line of the learning curve.
type learning struct {
	Method string       `json:"method"`
	Points [][2]float64 `json:"points"` // rows of a task, metric
	Alone  []string     `json:"alone"`  // of each point, the rows that a task needs alone
}

// curve are the learning curves, where there were several training fractions.
func (d *Document) curve() []learning {
	var out []learning
	for _, m := range d.Result.Methods {
		s, ok := m.Metrics[d.Result.Metric]
		if !ok || s.Mean == nil {
			continue
		}
		i := slices.IndexFunc(out, func(l learning) bool { return l.Method == m.Method })
		if i < 0 {
			i, out = len(out), append(out, learning{Method: m.Method})
		}
		alone := ""
		switch {
		case m.RowsAlone != nil:
			alone = fmt.Sprintf("%.0f", *m.RowsAlone)
		case m.MoreThan != nil:
			alone = fmt.Sprintf("more than %.0f", *m.MoreThan)
		}
		out[i].Points, out[i].Alone = append(out[i].Points, [2]float64{round(m.Rows), *s.Mean}), append(out[i].Alone, alone)
	}
	if len(out) == 0 || len(out[0].Points) < 2 {
		return nil
	}
	return out
}

// A share is what a task shares, with levels where there are some.
type share struct {
	Task   string    `json:"task"`
	Share  float64   `json:"share"`
	Levels []float64 `json:"levels,omitempty"`
}

// shares are those of the fit that is looked into.
func (d *Document) shares() []share {
	if d.Fit == nil {
		return nil
	}
	var out []share
	for _, s := range d.Fit.Shares {
		out = append(out, share{s.Task, round(s.Share), rounded(s.Levels)})
	}
	if out == nil {
		for _, m := range d.Fit.Mixtures {
			out = append(out, share{Task: m.Task, Share: round(m.Share)})
		}
	}
	slices.SortStableFunc(out, func(a, b share) int { return cmp.Compare(b.Share, a.Share) })
	return out
}

// A calibrated method has bins or a coverage.
type calibrated struct {
	Method string `json:"method"`
	*compare.Calibration
}

// calibration is that of the methods of the last training fraction.
func (d *Document) calibration() []calibrated {
	var out []calibrated
	for _, m := range d.last() {
		if m.Calibration != nil {
			out = append(out, calibrated{m.Method, m.Calibration})
		}
	}
	return out
}

// notes are what the reader is to know of what is shown.
func (d *Document) notes() []string {
	var out []string
	if d.Result.Partial {
		out = append(out, "The comparison was stopped before every split was done.")
	}
	for _, m := range d.last() {
		if m.Note != "" {
			out = append(out, m.Method+": "+m.Note)
		}
	}
	return append(out, d.Warnings...)
}

// words is the name of a metric for people.
func words(metric string) string {
	switch metric {
	case "auc", "rmse", "mae", "ece", "nmse", "f1":
		return strings.ToUpper(metric)
	case "r2":
		return "R²"
	}
	return strings.ReplaceAll(metric, "_", " ")
}

// short is a number of four digits.
func short(v *float64) string {
	if v == nil {
		return "—"
	}
	digits := 4
	if a := math.Abs(*v); a >= 1 {
		digits = max(0, 3-int(math.Log10(a)))
	}
	return strings.Replace(fmt.Sprintf("%.*f", digits, *v), "-", "−", 1)
}

func signed(v *float64) string {
	if v != nil && *v > 0 {
		return "+" + short(v)
	}
	return short(v)
}

func span(low, high *float64) string {
	if low == nil || high == nil {
		return "unbounded"
	}
	return signed(low) + " to " + signed(high)
}
