package compare_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/compare"
	"github.com/kindred-mtl/kindred/compose"
	"github.com/kindred-mtl/kindred/linear"
	"github.com/kindred-mtl/kindred/penalty"
	"github.com/kindred-mtl/kindred/split"
	"github.com/kindred-mtl/kindred/synth"
)

// searching is a search among tasks apart, pooled, shared, and in groups.
func searching(t *testing.T, g synth.Tasks) (*kindred.Set, compare.Options) {
	t.Helper()
	s, _, err := g.Make()
	if err != nil {
		t.Fatal(err)
	}
	folds, err := split.KFold(s, 4, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	search := func(m kindred.Method) kindred.Method { return compose.Search{Methods: []kindred.Method{m}, Seed: 1} }
	single := compare.Entrant{Name: "single-task", Method: search(compose.Alone{Method: linear.Method{}})}
	pooled := compare.Entrant{Name: "pooled", Method: search(compose.Pooled{Method: linear.Method{}})}
	shared := compare.Entrant{Name: "shared", Method: search(linear.Method{Penalty: &penalty.Shared{}})}
	grouped := compare.Entrant{Name: "clustered", Method: search(linear.Method{Penalty: &penalty.Grouped{By: "weights"}})}
	return s, compare.Options{
		Single: single, Pooled: pooled, Plans: []compare.Plan{{Folds: folds}}, Metric: "rmse", Seed: 1,
		Auto: &compare.Auto{Candidates: []compare.Candidate{{Entrant: single, Family: compare.Apart}, {Entrant: pooled, Family: compare.Together},
			{Entrant: shared, Family: compare.Together}, {Entrant: grouped, Family: compare.Groups}}},
	}
}

func search(t *testing.T, s *kindred.Set, o compare.Options) *compare.Result {
	t.Helper()
	r, err := compare.Run(context.Background(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range r.Methods {
		r.Methods[i].Seconds = 0
	}
	for i := range r.Trials {
		r.Trials[i].Seconds = 0
	}
	return r
}

// Alike tasks are to be learned together, unrelated ones apart, clusters of
// opposing ones in these clusters.
func TestVerdicts(t *testing.T) {
	for want, g := range map[string]synth.Tasks{
		"together": {Tasks: 10, Samples: 20, Features: 8, Similarity: 0.98, Seed: 1},
		"apart":    {Tasks: 10, Samples: 60, Features: 5, Similarity: -1, Noise: 0.3, Seed: 2},
		"groups":   {Tasks: 10, Samples: 25, Features: 8, Similarity: 0.98, Clusters: 2, Opposing: true, Seed: 3},
	} {
		s, o := searching(t, g)
		r := search(t, s, o)
		a := r.Recommendation
		if a == nil || a.Verdict != want || !a.Nested || len(a.Tasks) != 10 || len(a.Sentences) == 0 {
			t.Errorf("%s: %+v", want, a)
			continue
		}
		if want == "groups" {
			truth := []int{0, 1, 0, 1, 0, 1, 0, 1, 0, 1}
			if !reflect.DeepEqual(a.Groups, truth) && !reflect.DeepEqual(a.Groups, []int{0, 0, 0, 0, 0, 1, 1, 1, 1, 1}) {
				t.Errorf("groups %v", a.Groups)
			}
		}
		if want == "apart" && a.Method != "single-task" {
			t.Errorf("apart by %s", a.Method)
		}
		chosen := 0
		for _, trial := range r.Trials {
			chosen += trial.Chosen
		}
		if chosen != 4 || len(r.Trials) != 4 {
			t.Errorf("%d of 4 folds chose among %d trials", chosen, len(r.Trials))
		}
	}
}

// The choice of a fold does not depend on its test rows.
func TestNoTestRowHasAPartInTheChoice(t *testing.T) {
	s, o := searching(t, synth.Tasks{Tasks: 6, Samples: 30, Features: 5, Similarity: 0.9, Seed: 4})
	o.Plans[0].Folds = o.Plans[0].Folds[:1]
	before := search(t, s, o)
	for k := range s.Tasks {
		for _, i := range o.Plans[0].Folds[0].Test[k] {
			s.Tasks[k].Label.Columns[0][i] *= -50
		}
	}
	after := search(t, s, o)
	if !reflect.DeepEqual(before.Trials, after.Trials) {
		t.Errorf("trials %+v, and with other test rows %+v", before.Trials, after.Trials)
	}
	if reflect.DeepEqual(method(before, "auto").Metrics, method(after, "auto").Metrics) {
		t.Error("test rows that were changed have no effect on the metrics")
	}
}

// As many trials as a budget allowed give its result again; a budget of nothing
// leaves what there is to compare with.
func TestTrialsReplayABudget(t *testing.T) {
	s, o := searching(t, synth.Tasks{Tasks: 5, Samples: 30, Features: 4, Seed: 5})
	all := o.Auto
	o.Auto = &compare.Auto{Candidates: all.Candidates, Budget: time.Nanosecond}
	short := search(t, s, o)
	if len(short.Trials) != 1 || short.Trials[0].Method != "single-task" || method(short, "auto").Better != 0 {
		t.Fatalf("%+v", short.Trials)
	}
	o.Auto = &compare.Auto{Candidates: all.Candidates, Trials: len(short.Trials)}
	if replay := search(t, s, o); !reflect.DeepEqual(short, replay) {
		t.Errorf("a budget gives\n%+v\nand its trials\n%+v", short, replay)
	}
}

// A search that was stopped after any trial goes on to the same result.
func TestResume(t *testing.T) {
	s, o := searching(t, synth.Tasks{Tasks: 5, Samples: 30, Features: 4, Seed: 6})
	var states [][]byte
	o.Auto.Keep = func(state []byte) error { states = append(states, slices.Clone(state)); return nil }
	whole := search(t, s, o)
	if len(states) != 4 {
		t.Fatalf("%d states are kept", len(states))
	}
	for i, state := range states {
		o.Auto.Resume = state
		ran := 0
		o.Auto.Keep = func([]byte) error { ran++; return nil }
		if r := search(t, s, o); ran != 3-i || !reflect.DeepEqual(r, whole) {
			t.Errorf("after %d trials %d more ran, to\n%+v\nin place of\n%+v", i+1, ran, r, whole)
		}
	}
	o.Auto.Resume = states[1]
	other := o
	other.Seed = 2
	if _, err := compare.Run(context.Background(), s, other); !errors.Is(err, compare.ErrResume) || !strings.Contains(err.Error(), "another seed") {
		t.Errorf("a search of another seed goes on: %v", err)
	}
	for _, broken := range []string{"", "{}", string(states[1][:len(states[1])/2]), strings.Replace(string(states[1]), `"value":"`, `"value":"AAAA`, 1), strings.Replace(string(states[1]), `"loss"`, `"less"`, 1)} {
		o.Auto.Resume = []byte(broken)
		if _, err := compare.Run(context.Background(), s, o); !errors.Is(err, compare.ErrResume) {
			t.Errorf("%.40q: %v", broken, err)
		}
	}
}

// When the context ends, what was tried is reported.
func TestStoppedSearch(t *testing.T) {
	s, o := searching(t, synth.Tasks{Tasks: 5, Samples: 30, Features: 4, Seed: 7})
	ctx, stop := context.WithCancel(context.Background())
	o.Auto.Keep = func([]byte) error { stop(); return nil }
	r, err := compare.Run(ctx, s, o)
	if !errors.Is(err, context.Canceled) || r == nil || !r.Partial || len(r.Trials) != 1 {
		t.Fatalf("%v %+v", err, r)
	}
	o.Auto.Keep = nil
	ended, stop := context.WithCancel(context.Background())
	stop()
	if r, err := compare.Run(ended, s, o); r != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%v %+v", err, r)
	}
}

// A candidate that fails, or makes no sense, is named and passed over.
func TestCandidatesThatFail(t *testing.T) {
	s, o := searching(t, synth.Tasks{Tasks: 3, Samples: 30, Shared: true, Seed: 8})
	r := search(t, s, o)
	if pooled := r.Trials[1]; pooled.Note == "" || pooled.Loss != nil || pooled.Chosen != 0 {
		t.Errorf("%+v", pooled)
	}
	if method(r, "pooled").Note == "" || r.Recommendation == nil {
		t.Errorf("%+v", r.Recommendation)
	}
	o.Auto.Candidates = o.Auto.Candidates[1:]
	if _, err := compare.Run(context.Background(), s, o); err == nil {
		t.Error("a search without tasks apart runs")
	}
}
