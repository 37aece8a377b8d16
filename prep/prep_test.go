package prep_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/prep"
)

// mixed is a table of every type of column: numbers, whole, with gaps,
// constant, 0 and 1; categories with rare and missing levels; text; dense and
// sparse vectors.
func mixed(rows int, seed uint64, types ...kindred.Type) *kindred.Table {
	r := rand.New(rand.NewPCG(seed, 0))
	words := strings.Fields("Good bad ugly, fine; not very GOOD très bien it's 42 x")
	column := map[string]*kindred.Column{
		"whole": {}, "gaps": {}, "constant": {}, "bit": {},
		"level": {Type: kindred.Categorical, Level: []string{"b", "a", "rare", "rarer", "never"}},
		"text":  {Type: kindred.Text}, "dense": {Type: kindred.Vector}, "sparse": {Type: kindred.Vector},
	}
	dense, ptr := num.NewMatrix(rows, 4), []int{0}
	var index []int32
	var value []float64
	for i := range rows {
		gap := float64(r.IntN(5))
		if r.IntN(4) == 0 {
			gap = math.NaN()
		}
		for name, v := range map[string]float64{"whole": 100 + 5*r.NormFloat64(), "gaps": gap, "constant": 0.1, "bit": float64(r.IntN(2))} {
			column[name].Number = append(column[name].Number, v)
		}
		code := int32(min(3, r.IntN(24)/8))
		switch {
		case code == 2:
			code = -1
		case i%50 == 7:
			code = 2 + int32(i/50%2)
		}
		column["level"].Code = append(column["level"].Code, code)
		var text []string
		for range r.IntN(8) {
			text = append(text, words[r.IntN(len(words))])
		}
		column["text"].Text = append(column["text"].Text, strings.Join(text, " "))
		copy(dense.Data[4*i:], []float64{r.NormFloat64(), 7, 1e6 + r.NormFloat64(), float64(r.IntN(2))})
		for j := range 6 {
			if j != 3 && r.IntN(3) == 0 {
				index, value = append(index, int32(j)), append(value, float64(j)-2.5+r.Float64())
			}
		}
		ptr = append(ptr, len(value))
	}
	column["dense"].Vector, column["sparse"].Vector = dense, num.NewSparse(6, ptr, index, value)
	t := &kindred.Table{}
	for _, name := range []string{"whole", "gaps", "constant", "bit", "level", "text", "dense", "sparse"} {
		c := column[name]
		c.Name = name
		if len(types) == 0 || slices.Contains(types, c.Type) {
			t.Columns = append(t.Columns, *c)
		}
	}
	return t
}

// task lists rows of t with these weights.
func task(name string, t *kindred.Table, rows []int, weight []float64) kindred.Task {
	return kindred.Task{Name: name, Table: t, Rows: rows, Weight: weight, Label: kindred.Labels{Target: "y", Columns: [][]float64{make([]float64, len(rows))}}}
}

func count(n int) []int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	return rows
}

func set(tasks ...kindred.Task) *kindred.Set { return &kindred.Set{Tasks: tasks} }

func fit(t testing.TB, o prep.Options, s *kindred.Set) *prep.Prep {
	t.Helper()
	p, err := prep.Fit(context.Background(), o, s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func transform(t testing.TB, p *prep.Prep, table *kindred.Table, rows []int) *num.Matrix {
	t.Helper()
	x, err := p.Transform(context.Background(), table, rows)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// full is x as rows of all columns.
func full(x *num.Matrix) [][]float64 {
	out := make([][]float64, x.Rows)
	for i := range out {
		out[i] = make([]float64, x.Cols)
		for j := range out[i] {
			out[i][j] = x.At(i, j)
		}
	}
	return out
}

func same(t *testing.T, what string, a, b *num.Matrix, within float64) {
	t.Helper()
	if a.Rows != b.Rows || a.Cols != b.Cols {
		t.Fatalf("%s: %d × %d and %d × %d", what, a.Rows, a.Cols, b.Rows, b.Cols)
	}
	fa, fb := full(a), full(b)
	for i := range fa {
		for j, v := range fa[i] {
			if !(math.Abs(v-fb[i][j]) <= within*max(1, math.Abs(v))) {
				t.Fatalf("%s: row %d, feature %d: %v and %v", what, i, j, v, fb[i][j])
			}
		}
	}
}

// equal tells whether two preparations are the same to the last bit.
func equal(t *testing.T, what string, a, b *prep.Prep) {
	t.Helper()
	if d := cmp.Diff(marshal(t, a), marshal(t, b)); d != "" {
		t.Errorf("%s: %s", what, d)
	}
}

func marshal(t *testing.T, p *prep.Prep) string {
	t.Helper()
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

var scales = []string{"", "standard", "rms", "none"}

func TestDenseIsSparse(t *testing.T) {
	const rows = 700
	for _, scale := range scales {
		narrow := mixed(rows, 1, kindred.Numeric, kindred.Categorical)
		narrow.Columns = append(narrow.Columns, *mixed(rows, 1).Column("dense"))
		wide := &kindred.Table{Columns: append(slices.Clone(narrow.Columns), *mixed(rows, 1).Column("text"))}
		p, q := fit(t, prep.Options{Scale: scale}, ones(narrow)), fit(t, prep.Options{Scale: scale}, ones(wide))
		for _, pick := range [][]int{nil, {}, {5, 5, 699, 0}, count(600)} {
			x, y := transform(t, p, narrow, pick), transform(t, q, wide, pick)
			if x.Sparse() || !y.Sparse() || p.Sparse() || !q.Sparse() {
				t.Fatalf("sparse: %v without text, %v with it", x.Sparse(), y.Sparse())
			}
			y.Cols = x.Cols
			for i := range y.Rows {
				index, value := y.Row(i)
				if !slices.IsSorted(index) || slices.Contains(value, 0) {
					t.Fatalf("row %d: features %v", i, index)
				}
			}
			same(t, scale, x, y, 0)
		}
		if d := cmp.Diff(p.Names(), q.Names()[:p.Width()]); d != "" || p.Width() != len(p.Names()) {
			t.Errorf("names: %s", d)
		}
	}
}

func TestWideIsSparse(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 0))
	c := kindred.Column{Name: "c", Type: kindred.Categorical}
	for k := range 80 {
		c.Level = append(c.Level, fmt.Sprint(k))
	}
	for range 5000 {
		c.Code = append(c.Code, int32(r.IntN(80)))
	}
	table := &kindred.Table{Columns: []kindred.Column{c}}
	if x := transform(t, fit(t, prep.Options{}, ones(table)), table, nil); !x.Sparse() || x.NNZ() != 5000 {
		t.Errorf("80 levels: sparse %v, %d numbers", x.Sparse(), x.NNZ())
	}
	zeros := numeric(300, 70)
	for _, c := range zeros.Columns {
		for i := range c.Number {
			if i%8 != 0 {
				c.Number[i] = 0
			}
		}
	}
	for scale, want := range map[string]bool{"": false, "rms": true, "none": true} {
		p := fit(t, prep.Options{Scale: scale}, ones(zeros))
		if p.Sparse() != want {
			t.Errorf("columns of zeros, scale %q: sparse %v", scale, p.Sparse())
		}
	}
}

func TestWeightIsRepetition(t *testing.T) {
	const rows = 400
	r := rand.New(rand.NewPCG(5, 0))
	table := mixed(rows, 5)
	weight, listed := make([]float64, rows), []int{}
	for i := range weight {
		weight[i] = float64(r.IntN(4))
		for range int(weight[i]) {
			listed = append(listed, i)
		}
	}
	for _, scale := range scales {
		o := prep.Options{Scale: scale, TextBits: 10}
		weighted := fit(t, o, set(task("y", table, count(rows), weight)))
		again := fit(t, o, set(task("y", table, listed, nil)))
		longer := fit(t, o, ones(table.Select(listed)))
		x := transform(t, weighted, table, nil)
		same(t, "the row listed again", x, transform(t, again, table, nil), 1e-12)
		same(t, "the row in the table again", x, transform(t, longer, table, nil), 1e-9)
		if d := cmp.Diff(weighted.Names(), longer.Names()); d != "" {
			t.Error(d)
		}
	}
}

func TestCopiesAreShared(t *testing.T) {
	const rows, tasks = 300, 3
	table := mixed(rows, 6)
	own, shared := &kindred.Set{}, &kindred.Set{}
	for k := range tasks {
		listed := count(rows)[k*10 : rows-k]
		shared.Tasks = append(shared.Tasks, task(fmt.Sprint(k), table, listed, nil))
		own.Tasks = append(own.Tasks, task(fmt.Sprint(k), table.Select(listed), count(len(listed)), nil))
	}
	for _, scale := range scales {
		o := prep.Options{Scale: scale, TextBits: 10}
		p, q := fit(t, o, own), fit(t, o, shared)
		same(t, scale, transform(t, p, table, nil), transform(t, q, table, nil), 1e-9)
		if d := cmp.Diff(p.Names(), q.Names()); d != "" {
			t.Error(d)
		}
	}
}

// What rows hold that no task lists, or lists with weight 0, is never seen;
// nor is the order of the tasks.
func TestOnlyListedRows(t *testing.T) {
	const rows = 300
	table := mixed(rows, 7)
	listed := count(200)
	weight := slices.Repeat([]float64{1}, 200)
	weight[20] = 0
	a, b := task("a", table, listed, weight), task("b", table, listed[:50], slices.Repeat([]float64{0.5}, 50))
	b.Weight[20] = 0
	p := fit(t, prep.Options{}, set(a, b))
	equal(t, "tasks the other way round", p, fit(t, prep.Options{}, set(b, a)))

	other := table.Select(count(rows))
	for _, r := range append([]int{20}, count(rows)[200:]...) {
		for j := range other.Columns {
			c := &other.Columns[j]
			switch c.Type {
			case kindred.Numeric:
				c.Number[r] = []float64{1e9, math.NaN(), math.Inf(1)}[r%3]
			case kindred.Categorical:
				c.Code[r] = 4
			case kindred.Text:
				c.Text[r] = "something new"
			}
		}
	}
	data := slices.Clone(other.Column("dense").Vector.Data)
	for _, v := range []int{20, 250} {
		copy(data[4*v:4*v+4], []float64{1e9, 1e9, 1e9, 1e9})
	}
	other.Column("dense").Vector = &num.Matrix{Rows: rows, Cols: 4, Data: data}
	a.Table, b.Table = other, other
	equal(t, "other rows that are not listed", p, fit(t, prep.Options{}, set(a, b)))
}

func TestRoundTrip(t *testing.T) {
	table := mixed(500, 8)
	table.Columns[4].Level[1] = "\xff\xfe not UTF-8 </>"
	table.Columns[3].Name = "\xc3( neither"
	for _, o := range []prep.Options{{}, {Scale: "rms", MinLevel: 1, TextBits: 9, WordGrams: [2]int{1, 3}, CharGrams: [2]int{-1, -1}}, {Scale: "none", MaxLevels: 1, WordGrams: [2]int{-1, -1}}} {
		p := fit(t, o, ones(table))
		raw := []byte(marshal(t, p))
		state, err := p.State()
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d features: %d bytes of state, %d with arrays", p.Width(), len(state), len(raw))
		whole := &prep.Prep{}
		if err := json.Unmarshal(raw, whole); err != nil {
			t.Fatal(err)
		}
		parts, err := prep.Restore(state, p.Tensors())
		if err != nil {
			t.Fatal(err)
		}
		x := transform(t, p, table, nil)
		for _, q := range []*prep.Prep{whole, parts} {
			equal(t, "read again", p, q)
			if d := cmp.Diff(x, transform(t, q, table, nil)); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(p.Schema(), q.Schema()) + cmp.Diff(p.Names(), q.Names()) + cmp.Diff(p.Notes(), q.Notes()); d != "" {
				t.Error(d)
			}
		}
		if _, err := prep.Restore(state, nil); err == nil && o.Scale == "" {
			if q, _ := prep.Restore(state, nil); q.Width() == p.Width() {
				t.Error("the arrays are not missed")
			}
		}
	}
}

// Whatever a file says, it is refused or safe to use.
func FuzzRestore(f *testing.F) {
	table := mixed(40, 9)
	for _, o := range []prep.Options{{TextBits: 4}, {TextBits: 5, Scale: "rms"}} {
		p, err := prep.Fit(context.Background(), o, ones(table))
		if err != nil {
			f.Fatal(err)
		}
		raw, err := json.Marshal(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
		for i := 0; i < len(raw); i += 7 {
			for _, with := range []string{"", "9", "-1", "A", "true"} {
				f.Add([]byte(string(raw[:i]) + with + string(raw[i+1:])))
			}
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p := &prep.Prep{}
		if json.Unmarshal(raw, p) != nil {
			return
		}
		if len(p.Names()) != p.Width() {
			t.Fatalf("%d names of %d features", len(p.Names()), p.Width())
		}
		if x, err := p.Transform(context.Background(), table, nil); err == nil && x.Cols != p.Width() {
			t.Fatalf("%d features of %d", x.Cols, p.Width())
		}
	})
}

func TestWorkersDoNotMatter(t *testing.T) {
	table := mixed(3000, 10)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var states []string
	var designs []*num.Matrix
	for _, workers := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(workers)
		w := slices.Repeat([]float64{0.1, 0.7, 1.3}, 1000)
		p := fit(t, prep.Options{}, set(task("y", table, count(3000), w)))
		states, designs = append(states, marshal(t, p)), append(designs, transform(t, p, table, nil))
	}
	for k := 1; k < len(states); k++ {
		if states[k] != states[0] {
			t.Error("the fit depends on the number of workers")
		}
		if d := cmp.Diff(designs[0], designs[k]); d != "" {
			t.Error(d)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	table := mixed(600, 11)
	p := fit(t, prep.Options{}, ones(table))
	want := transform(t, p, table, nil)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			if x, err := p.Transform(context.Background(), table, nil); err != nil || cmp.Diff(want, x) != "" {
				t.Errorf("at the same time: %v", err)
			}
		})
	}
	wait.Wait()
}

func TestHostileTables(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	number := func(v ...float64) kindred.Column { return kindred.Column{Name: "x", Number: v} }
	code := func(levels []string, v ...int32) kindred.Column {
		return kindred.Column{Name: "x", Type: kindred.Categorical, Level: levels, Code: v}
	}
	vector := func(m *num.Matrix) kindred.Column {
		return kindred.Column{Name: "x", Type: kindred.Vector, Vector: m}
	}
	dense := func(cols int, v ...float64) kindred.Column {
		return vector(&num.Matrix{Rows: len(v) / cols, Cols: cols, Data: v})
	}
	for name, c := range map[string]struct {
		column kindred.Column
		width  int
		fails  string
	}{
		"one row":           {number(3), 0, ""},
		"all missing":       {number(nan, nan), 0, ""},
		"one known":         {number(nan, 3, nan), 1, ""},
		"far apart":         {number(-1e308, 1e308), 0, ""},
		"tiny":              {number(1e-320, 2e-320), 0, ""},
		"infinite":          {number(1, inf), 0, `column "x", row 2: +Inf`},
		"minus infinite":    {number(nan, -inf), 0, `column "x", row 2: -Inf`},
		"no level":          {code(nil, -1, -1), 0, ""},
		"one level":         {code([]string{"a"}, 0, 0), 0, ""},
		"level or missing":  {code([]string{"a"}, 0, -1), 2, ""},
		"a level twice":     {code([]string{"a", "a"}, 0, 1), 0, ""},
		"empty level":       {code([]string{"", "a"}, 0, 1), 2, ""},
		"bad code":          {code([]string{"a"}, 0, 1), 0, `column "x", row 2: code 1`},
		"worse code":        {code([]string{"a"}, -2, 0), 0, `column "x", row 1: code -2`},
		"empty texts":       {kindred.Column{Name: "x", Type: kindred.Text, Text: []string{"", " \n"}}, 0, ""},
		"bad UTF-8":         {kindred.Column{Name: "x", Type: kindred.Text, Text: []string{"\xff", "\xfe\xfd"}}, 3, ""},
		"no vector":         {vector(num.NewMatrix(2, 0)), 0, ""},
		"constant vector":   {dense(2, 1, 2, 1, 2), 0, ""},
		"vector":            {dense(2, 1, 2, 1, 3), 1, ""},
		"missing in vector": {dense(1, 1, nan), 0, `column "x", row 2: NaN`},
		"empty sparse":      {vector(num.NewSparse(3, []int{0, 0, 0}, nil, nil)), 0, ""},
		"unknown type":      {kindred.Column{Name: "x", Type: 9, Vector: num.NewMatrix(2, 1)}, 0, `column "x" is of type`},
	} {
		table := &kindred.Table{Columns: []kindred.Column{c.column}}
		p, err := prep.Fit(context.Background(), prep.Options{}, ones(table))
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%s: error %v, not %q", name, err, c.fails)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p.Width() != c.width || c.width == 0 && len(p.Notes()) != 1 && name != "no vector" {
			t.Errorf("%s: %d features, notes %q", name, p.Width(), p.Notes())
		}
		for _, row := range full(transform(t, p, table, nil)) {
			for _, v := range row {
				if v-v != 0 {
					t.Errorf("%s: features %v", name, row)
				}
			}
		}
		if _, err := p.Transform(context.Background(), table.Select(nil), nil); err != nil {
			t.Errorf("%s: no rows: %v", name, err)
		}
	}
}

func TestFitRefuses(t *testing.T) {
	table, wrong := mixed(10, 1), mixed(10, 1)
	wrong.Columns[0].Number = wrong.Columns[0].Number[:9]
	twice := &kindred.Table{Columns: []kindred.Column{table.Columns[0], table.Columns[0]}}
	for _, c := range []struct {
		o    prep.Options
		s    *kindred.Set
		want string
	}{
		{prep.Options{}, set(), "nothing to prepare from"},
		{prep.Options{}, set(task("y", nil, nil, nil)), "no table"},
		{prep.Options{}, set(task("y", table, nil, nil)), "nothing to prepare from"},
		{prep.Options{}, set(task("y", table, []int{0}, []float64{0})), "nothing to prepare from"},
		{prep.Options{}, set(task("y", &kindred.Table{}, nil, nil)), "nothing to prepare from"},
		{prep.Options{}, set(task("y", table, []int{10}, nil)), "row 11 of a table of 10 rows"},
		{prep.Options{}, set(task("y", table, []int{0}, []float64{math.NaN()})), "weight NaN"},
		{prep.Options{}, set(task("y", table, []int{0}, []float64{1, 1})), "1 rows and 2 weights"},
		{prep.Options{}, set(task("y", table, []int{0, 1}, []float64{1e308, 1e308})), "too large"},
		{prep.Options{}, ones(wrong), "has 10 rows where column \"whole\" has 9"},
		{prep.Options{}, ones(twice), "two columns are called \"whole\""},
		{prep.Options{}, set(task("a", table, []int{0}, nil), task("b", only(table, "bit"), []int{0}, nil)), "differ in their columns"},
		{prep.Options{Scale: "standart"}, ones(table), `did you mean "standard"`},
		{prep.Options{MinLevel: -1}, ones(table), "min_level"},
		{prep.Options{TextBits: 23}, ones(table), "text_bits"},
		{prep.Options{WordGrams: [2]int{2, 1}}, ones(table), "word_grams"},
		{prep.Options{CharGrams: [2]int{0, 3}}, ones(table), "char_grams"},
		{prep.Options{WordGrams: [2]int{-1, -1}, CharGrams: [2]int{-1, -1}}, ones(table), "both none"},
	} {
		if _, err := prep.Fit(context.Background(), c.o, c.s); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, not %q", err, c.want)
		}
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := prep.Fit(done, prep.Options{}, ones(table)); err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := fit(t, prep.Options{}, ones(table)).Transform(done, table, nil); err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
}

func TestTransformRefuses(t *testing.T) {
	const rows = 300
	for _, types := range [][]kindred.Type{nil, {kindred.Numeric, kindred.Categorical}} {
		p := fit(t, prep.Options{}, ones(mixed(rows, 1, types...)))
		for want, spoil := range map[string]func(*kindred.Table){
			`no column "gaps"`:                           func(t *kindred.Table) { t.Columns[1].Name = "gasp" },
			`column "whole" is text`:                     func(t *kindred.Table) { t.Columns[0] = kindred.Column{Name: "whole", Type: kindred.Text} },
			`column "bit" has 2 rows`:                    func(t *kindred.Table) { t.Columns[3].Number = []float64{1, 2} },
			`column "whole", row 281: +Inf`:              func(t *kindred.Table) { t.Columns[0].Number[280] = math.Inf(1) },
			`column "level", row 2: code 7`:              func(t *kindred.Table) { t.Columns[4].Code[1] = 7 },
			`column "level", row 2: code -3`:             func(t *kindred.Table) { t.Columns[4].Code[1] = -3 },
			`row 301 of a table of 300`:                  nil,
			`column "dense" has 2 numbers a row`:         func(t *kindred.Table) { t.Column("dense").Vector = num.NewMatrix(rows, 2) },
			`column "dense", row 3: NaN is not a finite`: func(t *kindred.Table) { t.Column("dense").Vector.Data[8] = math.NaN() },
		} {
			table := mixed(rows, 1, types...)
			if strings.Contains(want, "dense") && table.Column("dense") == nil {
				continue
			}
			listed := count(rows + 1)
			if spoil != nil {
				spoil(table)
				listed = nil
			}
			if _, err := p.Transform(context.Background(), table, listed); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, not %q", err, want)
			}
			if err := p.Blocks(context.Background(), table, func(int, *num.Matrix) {}); spoil != nil && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("in blocks: error %v, not %q", err, want)
			}
		}
	}
	if _, err := (&prep.Prep{}).Transform(context.Background(), nil, nil); err == nil {
		t.Error("no table is taken")
	}
}

// The blocks are the design, each row once, whatever the number of rows and
// workers.
func TestBlocksAreTransform(t *testing.T) {
	for _, types := range [][]kindred.Type{nil, {kindred.Numeric, kindred.Categorical}} {
		p := fit(t, prep.Options{}, ones(mixed(300, 1, types...)))
		for _, rows := range []int{0, 1, 255, 256, 257, 1000} {
			table := mixed(rows, 2, types...)
			want, got := transform(t, p, table, nil), num.NewMatrix(rows, p.Width())
			seen := make([]int, rows)
			err := p.Blocks(context.Background(), table, func(lo int, x *num.Matrix) {
				for i, row := range full(x) {
					seen[lo+i]++
					copy(got.Data[(lo+i)*p.Width():], row)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			same(t, fmt.Sprint(rows, " rows"), want, got, 0)
			if rows > 0 && (slices.Min(seen) != 1 || slices.Max(seen) != 1) {
				t.Errorf("%d rows: seen %v", rows, seen)
			}
		}
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	p := fit(t, prep.Options{}, ones(mixed(300, 1)))
	if err := p.Blocks(stopped, mixed(300, 1), func(int, *num.Matrix) { t.Error("a block after the end") }); err != context.Canceled {
		t.Errorf("stopped: %v", err)
	}
}

// Columns are found by name, whatever their order and whatever else there is.
func TestColumnsByName(t *testing.T) {
	table := mixed(50, 12)
	p := fit(t, prep.Options{}, ones(table))
	other := &kindred.Table{Columns: append(slices.Clone(table.Columns), kindred.Column{Name: "more", Number: make([]float64, 50)})}
	slices.Reverse(other.Columns)
	if d := cmp.Diff(transform(t, p, table, nil), transform(t, p, other, nil)); d != "" {
		t.Error(d)
	}
}

// A table small enough to prepare by hand.
func TestByHand(t *testing.T) {
	table := &kindred.Table{Columns: []kindred.Column{
		{Name: "n", Number: []float64{1, 2, math.NaN(), 5, 1e9}},
		{Name: "c", Type: kindred.Categorical, Level: []string{"a", "b"}, Code: []int32{0, 1, 0, -1, 1}},
		{Name: "v", Type: kindred.Vector, Vector: num.NewSparse(2, []int{0, 1, 1, 2, 2, 3}, []int32{1, 1, 0}, []float64{4, 2, 9})},
	}}
	p := fit(t, prep.Options{}, set(task("y", table, count(4), nil)))
	if d := cmp.Diff([]string{"n", "n=missing", "c=a", "c=b", "c=missing", "v#1"}, p.Names()); d != "" {
		t.Fatal(d)
	}
	// n: 1, 2, the median 2, 5: mean 2.5, variance 2.25; v: divided by 4
	want := [][]float64{{-1, 0, 1, 0, 0, 1}, {-1. / 3, 0, 0, 1, 0, 0}, {-1. / 3, 1, 1, 0, 0, 0.5}, {5. / 3, 0, 0, 0, 1, 0}}
	if d := cmp.Diff(want, full(transform(t, p, table, count(4))), cmpopts.EquateApprox(0, 1e-15)); d != "" {
		t.Error(d)
	}
}

// Options that make no difference to a schema are left out, and no others.
func TestOptionsForASchema(t *testing.T) {
	all := prep.Options{Scale: "rms", MinLevel: 2, MaxLevels: 3, TextBits: 9, WordGrams: [2]int{1, 1}, CharGrams: [2]int{-1, -1}}
	for _, c := range []struct {
		types []kindred.Type
		want  prep.Options
	}{
		{[]kindred.Type{kindred.Text}, prep.Options{TextBits: 9, WordGrams: [2]int{1, 1}, CharGrams: [2]int{-1, -1}}},
		{[]kindred.Type{kindred.Categorical}, prep.Options{MinLevel: 2, MaxLevels: 3}},
		{[]kindred.Type{kindred.Vector}, prep.Options{Scale: "rms"}},
		{[]kindred.Type{kindred.Numeric, kindred.Categorical, kindred.Text}, all},
	} {
		var s kindred.Schema
		for _, typ := range c.types {
			s = append(s, kindred.Field{Type: typ})
		}
		if got := all.For(s); got != c.want {
			t.Errorf("%v: %+v, want %+v", c.types, got, c.want)
		}
	}
	wrong := prep.Options{Scale: "loud"}
	if got := wrong.For(kindred.Schema{{Type: kindred.Text}}); got != wrong {
		t.Errorf("wrong options became %+v", got)
	}
}
