package neural

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/modelfile"
	"github.com/kindred-mtl/kindred/optim"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/weigh"
)

// always lets checkpoints be written after every epoch.
func always(t *testing.T) {
	was := pause
	pause = -time.Hour
	t.Cleanup(func() { pause = was })
}

// stateful are methods with all that a training remembers: of optimizers,
// weightings, norms, choices that cool down, several sizes.
func stateful() map[string]Method {
	small := arch.Layers{Hidden: []int{6, 4}}
	of := map[string]Method{
		"norm":        {Arch: &arch.Shared{Layers: arch.Layers{Hidden: []int{6, 4}, Norm: "batch", Dropout: 0.3}}, Weighting: &weigh.Uncertainty{}},
		"gradients":   {Arch: &arch.MMoE{Layers: small}, Weighting: &weigh.PCGrad{Every: 3}},
		"by epochs":   {Arch: &arch.Conditioned{Layers: small}, Weighting: &weigh.DWA{}, Optimizer: optim.Chain{&optim.Clip{}, &optim.Adam{}, &optim.EMA{}, &optim.OneCycle{}}},
		"learned":     {Arch: &arch.Hierarchy{Layers: small}},
		"sizes":       {},
		"round-robin": {Arch: &arch.Embedding{Layers: small}, Training: Training{Sampling: "round-robin"}},
	}
	for name, m := range of {
		m.Training.Epochs, m.Training.Batch, m.Training.Patience, m.Prep = 8, 32, 3, prep.Options{TextBits: 4}
		m.Seed = 5
		of[name] = m
	}
	return of
}

// stop lets a training run for some epochs, of all networks together, and then
// ends it.
func stop(m Method, s *kindred.Set, after int) (kindred.Model, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	m.Progress = func(Progress) {
		if after--; after == 0 {
			cancel()
		}
	}
	return m.Fit(ctx, s)
}

// A training that was ended after any epoch, and again and again, and goes on
// from its checkpoint leaves the same file, to the last byte, as one that ran
// through.
func TestResumedIsUninterrupted(t *testing.T) {
	always(t)
	for name, m := range stateful() {
		s := everyKind(160, name == "round-robin" || name == "gradients")
		epochs := 0
		m.Progress = func(Progress) { epochs++ }
		whole, err := m.Fit(context.Background(), s)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		m.Progress = nil
		want, interrupted := saved(t, whole, Codec), 0
		often := []int{1, 3, epochs - 1, epochs}
		if testing.Short() {
			often = []int{2}
		}
		for _, every := range often {
			m.Checkpoint = filepath.Join(t.TempDir(), "checkpoint")
			var got kindred.Model
			for status := "interrupted"; strings.HasPrefix(status, "interrupted"); interrupted++ {
				if got, err = stop(m, s, every); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				status = got.(*Model).report.Status
			}
			if !bytes.Equal(saved(t, got, Codec), want) {
				t.Errorf("%s: ended after every %d epochs: %s (−whole +resumed)", name, every, cmp.Diff(whole.(*Model).report, got.(*Model).report))
			}
			// What is there when all is done is the model.
			again, err := stop(m, s, 1)
			if err != nil || !bytes.Equal(saved(t, again, Codec), want) {
				t.Errorf("%s: another model of the checkpoint of a training that is over: %v", name, err)
			}
		}
		t.Logf("%s: %d epochs, ended %d times", name, epochs, interrupted)
	}
}

// A training that is ended in the middle of an epoch goes on from the last one
// that was written, and leaves the same file.
func TestResumedInTheMiddle(t *testing.T) {
	always(t)
	m, s := stateful()["sizes"], everyKind(160, false)
	whole, err := m.Fit(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	for checks := 10; checks < 200; checks = checks*3/2 + 1 {
		m.Checkpoint = filepath.Join(t.TempDir(), "checkpoint")
		ctx := &countdown{Context: context.Background()}
		ctx.left.Store(int64(checks))
		got, err := m.Fit(ctx, s)
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if err == nil && len(predicted(t, got, s.Tasks[0].Table, nil).Tasks) != 5 {
			t.Error("an interrupted network does not predict")
		}
		if got, err = m.Fit(context.Background(), s); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(saved(t, got, Codec), saved(t, whole, Codec)) {
			t.Errorf("ended after %d looks at the context: another model", checks)
		}
	}
}

// countdown is a context that ends after it has been asked so many times.
type countdown struct {
	context.Context
	left atomic.Int64
}

func (c *countdown) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// The checkpoint is a model: that which an interrupted training returns.
func TestACheckpointIsAModel(t *testing.T) {
	always(t)
	s := everyKind(160, false)
	for name, m := range stateful() {
		m.Checkpoint, m.CheckpointMeta = filepath.Join(t.TempDir(), "checkpoint"), map[string]string{"recipe": name}
		m.Training.Epochs, m.Training.Patience = 20, 20
		want, err := stop(m, s, 4)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, meta, err := modelfile.LoadFile(m.Checkpoint, Codec)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := cmp.Diff(predicted(t, want, s.Tasks[0].Table, nil), predicted(t, got, s.Tasks[0].Table, nil)); d != "" {
			t.Errorf("%s (−returned +checkpoint):\n%s", name, d)
		}
		if status := got.(*Model).report.Status; !strings.HasPrefix(status, "a checkpoint after epoch ") || meta["recipe"] != name {
			t.Errorf("%s: status %q, recipe %q", name, status, meta["recipe"])
		}
		if header := headerOf(t, got); strings.Contains(header, `"training"`) {
			t.Errorf("%s: the model of a checkpoint remembers the training: %s", name, header)
		}
	}
}

// A checkpoint of another training is refused, and left as it is.
func TestForeignCheckpoints(t *testing.T) {
	always(t)
	s := everyKind(160, false)
	m := stateful()["norm"]
	m.Checkpoint = filepath.Join(t.TempDir(), "checkpoint")
	if _, err := stop(m, s, 2); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(m.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	label := everyKind(160, false)
	label.Tasks[0].Label.Columns[0][3]++
	cell := everyKind(160, false)
	cell.Tasks[0].Table.Columns[1].Number[7] += 1e-3
	renamed := everyKind(160, false)
	renamed.Tasks[1].Name = "another"
	heavier := everyKind(160, false)
	heavier.Tasks[2].Weight = slices.Repeat([]float64{1}, len(heavier.Tasks[2].Rows))
	heavier.Tasks[2].Weight[5] = 2
	for name, c := range map[string]struct {
		s      *kindred.Set
		change func(*Method)
		want   string
	}{
		"a label":      {label, func(*Method) {}, "is of other data; name another file"},
		"a cell":       {cell, func(*Method) {}, "is of other data"},
		"a name":       {renamed, func(*Method) {}, "is of other data"},
		"a weight":     {heavier, func(*Method) {}, "is of other data"},
		"fewer rows":   {everyKind(150, false), func(*Method) {}, "is of other data"},
		"the seed":     {s, func(m *Method) { m.Seed++ }, "is of seed 5, not 6; name another file"},
		"epochs":       {s, func(m *Method) { m.Training.Epochs++ }, "is of other options"},
		"architecture": {s, func(m *Method) { m.Arch = &arch.MMoE{} }, "is of other options"},
		"weighting":    {s, func(m *Method) { m.Weighting = nil }, `"name":"uncertainty"`},
		"optimizer":    {s, func(m *Method) { m.Optimizer = optim.Chain{&optim.SGD{}} }, "is of other options"},
		"preparation":  {s, func(m *Method) { m.Prep.Scale = "rms" }, "is of other options"},
	} {
		other := m
		c.change(&other)
		_, err := other.Fit(context.Background(), c.s)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), m.Checkpoint) {
			t.Errorf("%s: %v, which does not say %q and name the file", name, err, c.want)
		}
	}
	if after, err := os.ReadFile(m.Checkpoint); err != nil || !bytes.Equal(before, after) {
		t.Errorf("a refused checkpoint is changed: %v", err)
	}
}

// A file that is no checkpoint, or a broken one, is refused, and left.
func TestNoCheckpoint(t *testing.T) {
	s := everyKind(160, false)
	m := stateful()["norm"]
	model, err := m.Fit(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	for want, file := range map[string][]byte{
		"is a model, not the checkpoint": saved(t, model, Codec), "is no model file": []byte("task,x,y\n1,2,3\n"), "damaged": append(saved(t, model, Codec)[:1000:1000], make([]byte, 1<<20)...),
	} {
		m.Checkpoint = filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(m.Checkpoint, file, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Fit(context.Background(), s); err == nil || !strings.Contains(err.Error(), want) && want != "damaged" {
			t.Errorf("%v does not say %q", err, want)
		}
		if left, _ := os.ReadFile(m.Checkpoint); !bytes.Equal(left, file) {
			t.Error("the file is changed")
		}
	}
	m.Checkpoint = filepath.Join(t.TempDir(), "no", "checkpoint")
	if _, err := m.Fit(context.Background(), s); err == nil || !strings.Contains(err.Error(), m.Checkpoint+" cannot be written") {
		t.Errorf("no folder to write to: %v", err)
	}
}

// A checkpoint whose training lies is an error.
func TestHostileTrainings(t *testing.T) {
	always(t)
	s := everyKind(160, false)
	m := stateful()["norm"]
	m.Checkpoint = filepath.Join(t.TempDir(), "checkpoint")
	if _, err := stop(m, s, 2); err != nil {
		t.Fatal(err)
	}
	genuine, _, err := modelfile.LoadFile(m.Checkpoint, checkpoints)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*checkpoint, *standing, *memory){
		"parameters":   func(_ *checkpoint, _ *standing, n *memory) { n.params = n.params[1:] },
		"best":         func(_ *checkpoint, _ *standing, n *memory) { n.bestParams = nil },
		"state":        func(_ *checkpoint, _ *standing, n *memory) { n.state = append(n.state, 1) },
		"optimizer":    func(_ *checkpoint, s *standing, n *memory) { s.Optim = s.Optim[1:] },
		"weighting":    func(_ *checkpoint, _ *standing, n *memory) { n.rule = n.rule[1:] },
		"losses":       func(_ *checkpoint, _ *standing, n *memory) { n.losses = n.losses[1:] },
		"heads":        func(_ *checkpoint, _ *standing, n *memory) { n.tops = n.tops[1:] },
		"more heads":   func(_ *checkpoint, _ *standing, n *memory) { n.tops = append(n.tops, 1) },
		"tops":         func(_ *checkpoint, s *standing, _ *memory) { s.Tops = s.Tops[1:] },
		"an epoch":     func(_ *checkpoint, s *standing, _ *memory) { s.Epoch = 1 << 40 },
		"a step":       func(_ *checkpoint, s *standing, _ *memory) { s.Step++ },
		"before all":   func(_ *checkpoint, s *standing, n *memory) { s.Epoch, n.losses = -1, nil },
		"another name": func(_ *checkpoint, s *standing, _ *memory) { s.Name = "8-8" },
		"twice": func(c *checkpoint, s *standing, n *memory) {
			c.training.Networks, c.networks = append(c.training.Networks, *s), append(c.networks, *n)
		},
		"none": func(c *checkpoint, _ *standing, _ *memory) { c.training.Networks, c.networks = nil, nil },
	} {
		c := *genuine.(*checkpoint)
		is := *c.training
		is.Networks = slices.Clone(is.Networks)
		c.training, c.networks = &is, slices.Clone(c.networks)
		change(&c, &c.training.Networks[0], &c.networks[0])
		if err := modelfile.SaveFile(m.Checkpoint, &c, nil, checkpoints); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Fit(context.Background(), s); err == nil || !strings.Contains(err.Error(), m.Checkpoint) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Checkpoints are written no more often than every pause, and change nothing.
func TestCheckpointsAreRare(t *testing.T) {
	m, s := stateful()["norm"], everyKind(160, false)
	m.Checkpoint = filepath.Join(t.TempDir(), "checkpoint")
	files := map[string]bool{}
	m.Progress = func(Progress) { // before that of the epoch is written
		if b, err := os.ReadFile(m.Checkpoint); err == nil {
			files[string(b)] = true
		}
	}
	with, err := m.Fit(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 1 { // that of the first epoch: the last one is written at the end
		t.Errorf("%d checkpoints in a moment", len(files))
	}
	m.Checkpoint = ""
	without, err := m.Fit(context.Background(), s)
	if err != nil || !bytes.Equal(saved(t, with, Codec), saved(t, without, Codec)) {
		t.Errorf("a checkpoint changes the model: %v", err)
	}
}

// Two trainings with one seed leave the same file, on one processor or two.
func TestSameSeedSameFile(t *testing.T) {
	for name, m := range stateful() {
		s := everyKind(400, name == "gradients")
		var files [][]byte
		for _, workers := range []int{1, 2, 2} {
			was := runtime.GOMAXPROCS(workers)
			model, err := m.Fit(context.Background(), s)
			runtime.GOMAXPROCS(was)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, saved(t, model, Codec))
		}
		if !bytes.Equal(files[0], files[1]) || !bytes.Equal(files[1], files[2]) {
			t.Errorf("%s: three trainings, three files", name)
		}
	}
}
