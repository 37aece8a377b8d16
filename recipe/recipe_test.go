package recipe_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/kernel"
	"github.com/kindred-mtl/kindred/linear"
	losses "github.com/kindred-mtl/kindred/loss"
	"github.com/kindred-mtl/kindred/modelfile"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/recipe"
)

// everything lets cmp look into every type.
func everything(reflect.Type) bool { return true }

// same tells whether two methods are the same in all they hold.
func same(a, b kindred.Method) bool { return diff.Equal(a, b, diff.Exporter(everything)) }

var allKinds = []kindred.Kind{kindred.Regression, kindred.Binary, kindred.Multiclass, kindred.Count}

// tiny is two tasks of one kind, 24 rows each, of which the label follows from
// the first two of three columns.
func tiny(kind kindred.Kind) *kindred.Set {
	rng := rand.New(rand.NewPCG(uint64(kind), 7))
	x := make([][]float64, 48)
	for i := range x {
		x[i] = []float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
	}
	table, err := kindred.TableOf(x)
	if err != nil {
		panic(err)
	}
	s := &kindred.Set{}
	for t := range 2 {
		task := kindred.Task{Name: fmt.Sprint("t", t), Kind: kind, Table: table, Label: kindred.Labels{Target: "y", Columns: [][]float64{nil}}}
		switch kind {
		case kindred.Binary:
			task.Label.Classes = []string{"no", "yes"}
		case kindred.Multiclass:
			task.Label.Classes = []string{"a", "b", "c"}
		}
		for i := range 24 {
			r := 24*t + i
			z := x[r][0] + x[r][1] + 0.3*rng.NormFloat64()
			switch kind {
			case kindred.Binary:
				z = float64(b2i(z > 0))
			case kindred.Multiclass:
				z = float64(b2i(z > -0.5) + b2i(z > 0.5))
			case kindred.Count:
				z = math.Floor(math.Exp(0.5 * z))
			}
			task.Rows, task.Label.Columns[0] = append(task.Rows, r), append(task.Label.Columns[0], z)
		}
		s.Tasks = append(s.Tasks, task)
	}
	return s
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Every method fits a tiny set of every kind it takes, predicts better than
// nothing, and predicts the same to the bit after saving and loading; other
// kinds it refuses.
func TestEveryMethodFits(t *testing.T) {
	ctx, fits := context.Background(), 0
	for _, m := range recipe.Methods {
		for _, kind := range allKinds {
			text := m.Name
			switch {
			case m.Name == "adaptive": // it searches for nothing unless told
				text += ":strengths=2,folds=2"
			case has(m, "folds"):
				text += ":folds=2"
			case has(m, "epochs"): // few rows: small and smooth, and enough of them to stop by
				text += ":hidden=16,activation=tanh,held=0.3"
			}
			method, err := recipe.Parse(text, []kindred.Kind{kind}, 1)
			if !m.Takes(kind) {
				if err == nil || !strings.Contains(err.Error(), "does not take a "+kind.String()+" target; it takes "+m.Kinds[0].String()) {
					t.Errorf("%s, %v: %v", m.Name, kind, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s, %v: %v", m.Name, kind, err)
				continue
			}
			set := tiny(kind)
			model, err := method.Fit(ctx, set)
			if err != nil {
				t.Errorf("%s, %v: %v", m.Name, kind, err)
				continue
			}
			fits++
			before, err := model.Predict(ctx, set.Tasks[0].Table, nil)
			if err != nil {
				t.Errorf("%s, %v: %v", m.Name, kind, err)
				continue
			}
			for k := range set.Tasks {
				if got, nothing := loss(&set.Tasks[k], &before.Tasks[k]); !(got < 0.8*nothing) {
					t.Errorf("%s, %v: the loss is %v, of a constant %v", m.Name, kind, got, nothing)
				}
			}
			var file bytes.Buffer
			if err := modelfile.Save(&file, model, nil, recipe.Codecs...); err != nil {
				t.Errorf("%s, %v: %v", m.Name, kind, err)
				continue
			}
			loaded, _, err := modelfile.Load(&file, recipe.Codecs...)
			if err != nil {
				t.Errorf("%s, %v: %v", m.Name, kind, err)
				continue
			}
			if after, err := loaded.Predict(ctx, set.Tasks[0].Table, nil); err != nil || !diff.Equal(before, after) {
				t.Errorf("%s, %v: predictions differ after loading: %v", m.Name, kind, err)
			}
		}
	}
	t.Logf("%d methods, %d fits", len(recipe.Methods), fits)
	if fits < 2*len(recipe.Methods) {
		t.Errorf("only %d fits of %d methods", fits, len(recipe.Methods))
	}
}

var options = recipe.Options()

// has tells whether the method has an option.
func has(m recipe.Method, option string) bool {
	return slices.ContainsFunc(options, func(o recipe.Option) bool { return o.Name == option && slices.Contains(o.Methods, m.Name) })
}

// loss is the squared error, or the share of wrong classes, of a task's rows,
// and that of its mean or of its most frequent class.
func loss(t *kindred.Task, o *kindred.Outcome) (got, nothing float64) {
	mean, count := 0.0, map[float64]float64{}
	for _, y := range t.Y() {
		mean += y / float64(len(t.Rows))
		count[y]++
	}
	most := 0.0
	for _, n := range count {
		most = max(most, n)
	}
	for i, r := range t.Rows {
		y := t.Y()[i]
		if t.Kind.Classifies() {
			got += float64(b2i(o.Class[r] != int(y)))
			continue
		}
		got, nothing = got+(o.Value[r]-y)*(o.Value[r]-y), nothing+(mean-y)*(mean-y)
	}
	if t.Kind.Classifies() {
		nothing = float64(len(t.Rows)) - most
	}
	return got, nothing
}

// fitting are values of options, with other options that they need; else 0.3.
var fitting = map[string]string{
	"solver": "fista", "max_iter": "7", "intercept_scaling": "3,solver=dualcd", "scale": "rms", "folds": "3", "strengths": "20", "one_se": "true", "a": "3", "rank": "2",
	"kernel": "poly", "landmarks": "9", "degree": "2,kernel=poly", "coef0": "2,kernel=poly", "ard": "true", "linear": "true",
	"intercept": "penalized", "by": "rows", "k": "3", "h": "3",

	"by of adaptive": "tasks", "folds of adaptive": "3,strengths=5", "one_se of adaptive": "true,strengths=5",

	"hidden": "32-16", "tower": "16", "activation": "tanh", "norm": "layer", "branch": "2", "branches": "2", "dim": "3", "score": "cosine", "how": "concat", "experts": "2",
	"epochs": "7", "batch": "33", "patience": "3", "sampling": "uniform", "loss": "huber", "sizes": "2", "rank of conditioned-net": "2,how=low-rank",
	"weighting": "dwa", "learning_rate": "0.3,weighting=uncertainty", "cap": "3,weighting=log", "temperature": "0.3,weighting=dwa",
	"update_every": "3,weighting=pcgrad", "seed": "3,weighting=pcgrad", "normalize": "none,weighting=mgda",
}

// Every option is explained, changes the methods that have it, and is refused
// elsewhere.
func TestEveryOption(t *testing.T) {
	changes := 0
	for _, o := range options {
		if o.Words == "" {
			t.Errorf("option %q is not explained: its field has no tag words", o.Name)
		}
		for _, m := range recipe.Methods {
			value := cmp.Or(fitting[o.Name+" of "+m.Name], fitting[o.Name], "0.3")
			got, err := recipe.Parse(m.Name+":"+o.Name+"="+value, nil, 1)
			if !has(m, o.Name) {
				if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("method %q: no option %q", m.Name, o.Name)) || !strings.Contains(err.Error(), "there are: ") {
					t.Errorf("%s has no %s: %v", m.Name, o.Name, err)
				}
				continue
			}
			base := m.Name
			if _, with, ok := strings.Cut(value, ","); ok {
				base += ":" + with
			}
			plain, bare := recipe.Parse(base, nil, 1)
			if err != nil || bare != nil {
				t.Errorf("%s:%s=%s: %v, %v", m.Name, o.Name, value, err, bare)
				continue
			}
			if changes++; same(plain, got) {
				t.Errorf("%s:%s=%s changes nothing", m.Name, o.Name, value)
			}
		}
	}
	t.Logf("%d options of methods", changes)
	if changes < 600 {
		t.Errorf("only %d options of methods were seen", changes)
	}
}

func TestBadRecipesAreOneSentence(t *testing.T) {
	for text, want := range map[string]string{
		"":                            `no method ""`,
		"shard-svm":                   `no method "shard-svm"; did you mean "shared-svm"?`,
		"Ridge":                       `did you mean "ridge"?`,
		"ridge:c=1":                   `no option "c"; did you mean "C"?`,
		"ridge:aplha=1":               `no option "aplha"; did you mean "alpha"?`,
		"ridge:mu=1":                  `no option "mu"`,
		"ridge:C":                     `"C" is not option=value`,
		"ridge:C=":                    "option C=: a number is wanted",
		"ridge:C=one":                 "option C=one: a number is wanted",
		"ridge:C=0":                   "option C=0: a number above 0 is wanted",
		"ridge:C=-1":                  "option C=-1: a number above 0",
		"ridge:C=NaN":                 "option C=NaN: a number is wanted",
		"ridge:C=Inf":                 "option C=Inf: a number is wanted",
		"ridge:C=1,C=2":               `option "C" stands twice`,
		"ridge:C=1,alpha=2":           "C and alpha both say the strength",
		"ridge:max_iter=0":            "option max_iter=0: a number above 0",
		"ridge:max_iter=2.5":          "option max_iter=2.5: a whole number is wanted",
		"ridge:folds=1":               "option folds=1: 2 or more",
		"ridge:one_se=1":              "option one_se=1: true or false is wanted",
		"ridge:solver=newtn":          `no solver "newtn"; did you mean "newton"?`,
		"ridge:scale=std":             `no scale "std"`,
		"elastic-net:l1_ratio=1.5":    "at most 1",
		"ridge:intercept_scaling=2":   "an option of intercept=penalized and of solver=dualcd",
		"ridge:C=1,folds=3":           "nothing is left open",
		"ridge:C=1,strengths=30":      "strengths says how many to try",
		"shared-svm:C=1,mu=2,folds=3": "nothing is left open",
		"ridge:a\nb=1":                `no option "a\nb"`,
		"ridge:C=a\nb":                `option C="a\nb": a number is wanted`,
		"shared-ridge:mu=-1":          "mu -1",
		"huber:delta=x":               "option delta=x: a number is wanted",
		"ridge:intercept=fre":         `no intercept "fre"; did you mean "free"?`,
		"clustered:k=-1":              "grouped: k -1",
		"mtrl:ratio=2":                "ratio 2; it is above 0 and at most 1",
		"ridge:scale=1":               "option scale=1: a word is wanted",
		"kernel-svm:degree=2":         `no option "degree"`,
		"kernel-svm:kernel=pol":       `no kernel "pol"; did you mean "poly"?`,
		"kernel-svm:kernel=3":         `no kernel "3"`,
		"rbf-svm:mu=1":                `no option "mu"`,
		"rbf-svm:landmarks=-3":        "option landmarks=-3",
		"rbf-ridge:gamma=-1":          "gamma -1",

		"hierarchy-net:groups=a":     `option "groups" is a list or table: it stands in a recipe file, see kindred recipe hierarchy-net`,
		"hierarchy-net:attach=1":     `option "attach" is a list or table`,
		"net:optimizer=sgd":          `option "optimizer" is a list or table`,
		"ridge:prep=rms":             `option "prep" is a list or table`,
		"shared-net:groups=a":        `no option "groups"`,
		"shared-net:activation=0.3":  "option activation=0.3: a word is wanted",
		"shared-net:activation=rel":  `did you mean "relu"?`,
		"shared-net:hidden=64-x":     `"64-x" is no list of layer sizes; write them as 128-64`,
		"shared-net:dropout=much":    "option dropout=much: a number is wanted",
		"shared-net:dropout=1":       "dropout is 1",
		"shared-net:sizes=4":         "sizes is 4; it is from 1 to 3",
		"shared-net:epochs=1.5":      "option epochs=1.5: a whole number is wanted",
		"shared-net:weighting=dwaa":  `no weighting "dwaa"; did you mean "dwa"?`,
		"shared-net:learning_rate=1": `no option "learning_rate"`,
		"shared-net:wd=1":            "epochs",
		"net:weighting=equal":        `no option "weighting"`,
		"conditioned-net:rank=3":     "rank is an option of how=low-rank",
		"mmoe:experts=65":            "experts is 65",

		"gp:C=1":              `no option "C"`,
		"gp:rank=1.5":         "option rank=1.5: a whole number is wanted",
		"gp:tol=-1":           "none is negative",
		"gp:scale=std":        `no scale "std"`,
		"single-gp:rank=2":    `no option "rank"`,
		"single-gp:ard=maybe": "option ard=maybe: true or false is wanted",

		"kernel-svm:kernel=poly,degree=1.5":           "option degree=1.5: a whole number is wanted",
		"kernel-ridge:kernel=linear,gamma=1":          `no option "gamma"`,
		"rbf-ridge:C=1,gamma=1,folds=3":               "nothing is left open",
		"kernel-ridge:C=1,mu=1,kernel=linear,folds=3": "nothing is left open",
	} {
		_, err := recipe.Parse(text, nil, 1)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, which does not say %q", text, err, want)
		}
	}
	if _, err := recipe.Parse("svm", []kindred.Kind{kindred.Binary, kindred.Count}, 1); err == nil || !strings.Contains(err.Error(), "does not take a count target; it takes binary and multiclass") {
		t.Errorf("kinds: %v", err)
	}
	for _, text := range []string{"shared-svm:C=1,folds=3", "auto:C=1,folds=3", "single-task:C=1,one_se=true", "ridge:", "ridge:,C=1,"} {
		if _, err := recipe.Parse(text, nil, 1); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestOptionsOfParts(t *testing.T) {
	for _, m := range recipe.Methods {
		want, ok := map[string][]string{
			"ridge":        nil,
			"shared-huber": {"mu", "delta"},
			"kernel-svm":   {"mu", "kernel", "landmarks", "gamma", "degree", "coef0"},
			"rbf-svm":      {"kernel", "landmarks", "gamma", "degree", "coef0"},
			"gp":           {"ard", "linear", "landmarks", "tol", "max_iter", "scale", "rank"},
		}[m.Name]
		if got := m.Options(); ok && !slices.Equal(got, want) {
			t.Errorf("%s has options %q, want %q", m.Name, got, want)
		}
	}
	got, err := recipe.Parse("kernel-svm:kernel=poly,degree=2,coef0=0.5,landmarks=40,mu=3,C=2,scale=rms", nil, 7)
	want := compose.Search{Seed: 7, Methods: []kindred.Method{kernel.Method{
		Kernel: &kernel.Poly{Degree: 2, Coef0: 0.5}, Landmarks: 40, Prep: prep.Options{Scale: "rms"}, Seed: 7,
		Method: linear.Method{Loss: losses.Hinge{}, Penalty: &penalty.Shared{Mu: 3}, C: 2, Seed: 7},
	}}}
	if d := diff.Diff(kindred.Method(want), got); d != "" || err != nil {
		t.Error(d, err)
	}
}

// Guarded mixes four methods that search on the same folds; groups that are given
// are those of grouped, in it and by itself, and else are found.
func TestGuardedAndGrouped(t *testing.T) {
	shared := linear.Method{Penalty: &penalty.Shared{Mu: 2}, C: 0.5, Prep: prep.Options{Scale: "rms"}, Seed: 7}
	lone := shared
	lone.Penalty = penalty.Ridge{}
	among := func(m kindred.Method) kindred.Method {
		return compose.Search{Methods: []kindred.Method{m}, Seed: 7, Folds: 3}
	}
	groups := [][]string{{"a", "b"}, {"c"}}
	got, err := recipe.Parse("guarded:C=0.5,mu=2,folds=3,margin=2,scale=rms", nil, 7, recipe.Structure{Groups: groups})
	want := compose.Guarded{Alone: among(compose.Alone{Method: lone}), Margin: 2, Folds: 3, Seed: 7, Others: []compose.Candidate{
		{Name: "joint", Method: among(shared)}, {Name: "grouped", Method: among(compose.Grouped{Method: shared, Groups: groups})}, {Name: "pooled", Method: among(compose.Pooled{Method: lone})},
	}}
	if d := diff.Diff(kindred.Method(want), got); d != "" || err != nil {
		t.Error(d, err)
	}
	got, err = recipe.Parse("grouped", nil, 7)
	search, ok := got.(compose.Search)
	if !ok || err != nil {
		t.Fatal(got, err)
	}
	if g, ok := search.Methods[0].(compose.Grouped); !ok || g.Groups != nil || !reflect.DeepEqual(g.By.(linear.Method).Penalty, &penalty.Grouped{By: "rows"}) {
		t.Errorf("grouped is %+v", search.Methods[0])
	}
}

func FuzzParse(f *testing.F) {
	for _, m := range recipe.Methods {
		f.Add(m.Name)
	}
	for _, text := range []string{
		"", ":", "ridge:", "ridge:C=1", "shared-svm:C=1,mu=0.1", "elastic-net:l1_ratio=0.5,alpha=1e-3", "ridge:C=NaN", "ridge:=", "ridge:C=1e999,alpha=-0",
		"ridge:max_iter=99999999999999999999", "huber:delta=1,scale=none,one_se=true,folds=2", "svm:solver=dualcd,intercept_scaling=0x1p4,tol=1_0", "ridge:\x00=\xff",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := recipe.Parse(text, []kindred.Kind{kindred.Binary}, 1)
		if (m == nil) != (err != nil) {
			t.Errorf("%q: %v, %v", text, m, err)
		}
		if err != nil && (strings.ContainsAny(err.Error(), "\n\r") || len(err.Error()) > 2000) {
			t.Errorf("%q: the error is not one line: %.2000q", text, err)
		}
		if again, _ := recipe.Parse(text, []kindred.Kind{kindred.Binary}, 1); !same(m, again) {
			t.Errorf("%q: read twice, it is not the same", text)
		}
	})
}

// A network of a single task has no units that are common.
func TestNetHasNoShare(t *testing.T) {
	if _, err := recipe.Parse("net:share=0.5", nil, 1); err == nil || !strings.Contains(err.Error(), `no option "share"`) {
		t.Errorf("net:share=0.5: %v", err)
	}
	for _, text := range []string{"net:hidden=8-4,tower=3,activation=tanh", "shared-net:share=0.5"} {
		if _, err := recipe.Parse(text, nil, 1); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
