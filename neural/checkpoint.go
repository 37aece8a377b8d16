package neural

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/arch"
	"github.com/kindred-mtl/kindred/modelfile"
	"github.com/kindred-mtl/kindred/optim"
	"github.com/kindred-mtl/kindred/prep"
	"github.com/kindred-mtl/kindred/weigh"
)

// training is what a checkpoint says of the training besides its tensors.
type training struct {
	Seed     uint64          `json:"seed"`
	Options  json.RawMessage `json:"options"`  // of the method
	Data     string          `json:"data"`     // a checksum of what is learned from
	Networks []standing      `json:"networks"` // those that are trained still; others are given up
}

// standing is where the training of a network stands, after an epoch.
type standing struct {
	Name   string    `json:"name,omitempty"` // the hidden layers, where several are tried
	Epoch  int       `json:"epoch"`          // 0: it has not begun, and has no tensors
	Step   int       `json:"step,omitempty"`
	Stale  int       `json:"stale,omitempty"`
	Status string    `json:"status,omitempty"` // where it is over
	Best   bestEpoch `json:"best"`
	Tops   []int     `json:"tops,omitempty"` // of each task: the epoch in which its head was best; 0: none
	Optim  []string  `json:"optim,omitempty"`
}

type bestEpoch struct {
	Epoch int     `json:"epoch"`
	Heat  float64 `json:"heat"`
	Mean  float64 `json:"mean"`
}

// A checkpoint is the best network so far, and all it takes to go on: a model
// file with the tensors train/… beside those of the model.
type checkpoint struct {
	*Model
	training *training
	networks []memory
}

// memory is the arrays of a network in training.
type memory struct {
	params, state, bestParams, bestState, tops []float32
	optim                                      map[string][]float32
	rule, losses, curve, held, topLosses       []float64
}

// each calls f for every array of the i-th network but the optimizer's.
func (c *memory) each(i int, single func(name string, a *[]float32), double func(name string, a *[]float64)) {
	at := fmt.Sprintf("train/%d/", i)
	single(at+"params", &c.params)
	single(at+"state", &c.state)
	single(at+"best.params", &c.bestParams)
	single(at+"best.state", &c.bestState)
	single(at+"tops", &c.tops)
	double(at+"weighting", &c.rule)
	double(at+"losses", &c.losses)
	double(at+"curve", &c.curve)
	double(at+"best.held", &c.held)
	double(at+"tops.held", &c.topLosses)
}

// encode adds the arrays of the training.
func (c *checkpoint) encode(e *modelfile.Encoder) {
	for i, s := range c.training.Networks {
		if s.Epoch == 0 {
			continue
		}
		c.networks[i].each(i,
			func(name string, a *[]float32) { e.Tensor32(name, []int{len(*a)}, *a) },
			func(name string, a *[]float64) { e.Tensor(name, []int{len(*a)}, *a) })
		for _, name := range s.Optim {
			e.Tensor32(fmt.Sprintf("train/%d/optim/%s", i, name), []int{len(c.networks[i].optim[name])}, c.networks[i].optim[name])
		}
	}
}

// checkpoints reads a network with its training.
var checkpoints = modelfile.Codec{Kind: Codec.Kind, Encode: encode, Decode: func(d *modelfile.Decoder, raw json.RawMessage) (kindred.Model, error) {
	m, h, err := decode(d, raw)
	if err != nil {
		return nil, err
	}
	if h.Training == nil {
		return m, nil
	}
	c := &checkpoint{Model: m, training: h.Training, networks: make([]memory, len(h.Training.Networks))}
	for i, s := range h.Training.Networks {
		if s.Epoch == 0 {
			continue
		}
		n := &c.networks[i]
		n.each(i,
			func(name string, a *[]float32) {
				if err == nil {
					_, *a, err = d.Tensor32(name)
				}
			},
			func(name string, a *[]float64) {
				if err == nil {
					_, *a, err = d.Tensor(name)
				}
			})
		n.optim = map[string][]float32{}
		for _, name := range s.Optim {
			if err == nil {
				_, n.optim[name], err = d.Tensor32(fmt.Sprintf("train/%d/optim/%s", i, name))
			}
		}
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}}

// A keeper writes the checkpoints of one training; nil: none are wanted.
type keeper struct {
	m    *Method
	is   training // without networks
	last time.Time
	took time.Duration
}

// pause is the least time between two checkpoints. They take a tenth of the
// time of the training at most.
var pause = 2 * time.Second

// newKeeper starts the checkpoints of a training on d.
func (m *Method) newKeeper(d *data) (*keeper, error) {
	if m.Checkpoint == "" {
		return nil, nil
	}
	options, err := m.options()
	if err != nil {
		return nil, fmt.Errorf("neural: no checkpoint can be written: %w", err)
	}
	sum, err := d.sum()
	return &keeper{m: m, is: training{Seed: m.Seed, Options: options, Data: sum}}, err
}

// options are all that a training depends on besides data and seed.
func (m *Method) options() (json.RawMessage, error) {
	a, err := partOf(arch.All, "architecture", m.arch())
	if err != nil {
		return nil, err
	}
	w, err := partOf(weigh.All, "weighting", m.weighting())
	if err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		Arch      partHeader   `json:"arch"`
		Weighting partHeader   `json:"weighting"`
		Optimizer optim.Chain  `json:"optimizer"`
		Training  Training     `json:"training"`
		Prep      prep.Options `json:"prep"`
	}{a, w, m.optimizer(), m.Training, m.Prep})
}

// sum is a checksum of all that a network is trained on.
func (d *data) sum() (string, error) {
	state, err := d.prep.State()
	if err != nil {
		return "", err
	}
	words, err := json.Marshal(struct {
		Tasks   []kindred.TaskInfo
		Targets []prep.Target
		Prep    json.RawMessage
		Rows    int
		Wide    bool
	}{d.infos, d.targets, state, d.rows, d.wide})
	if err != nil {
		return "", err
	}
	h := sha256.New()
	h.Write(words)
	arrays := d.prep.Tensors()
	for _, name := range slices.Sorted(maps.Keys(arrays)) {
		add(h, arrays[name])
	}
	add(h, d.inputs.Dense)
	for _, codes := range d.inputs.Codes {
		add(h, codes)
	}
	starts := make([]int64, len(d.inputs.Start))
	for i, at := range d.inputs.Start {
		starts[i] = int64(at)
	}
	add(h, starts)
	add(h, d.inputs.Index)
	add(h, d.inputs.Sparse)
	for _, l := range []labels{d.train, d.held} {
		for t := range l.row {
			add(h, l.row[t])
			add(h, l.y[t])
			add(h, l.w[t])
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// add adds an array to a checksum, its length first.
func add[E int32 | int64 | float32 | float64](h hash.Hash, x []E) {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(x)))
	h.Write(b)
	for part := range slices.Chunk(x, 4096) {
		b, _ = binary.Append(b[:0], binary.LittleEndian, part) // numbers of fixed size
		h.Write(b)
	}
}

// resume puts networks where the checkpoint left them, and returns those that
// are trained still: all, where there is no checkpoint.
func (k *keeper) resume(running []*trainer) ([]*trainer, error) {
	if k == nil {
		return running, nil
	}
	path := k.m.Checkpoint
	m, _, err := modelfile.LoadFile(path, checkpoints)
	if errors.Is(err, fs.ErrNotExist) {
		return running, nil
	}
	if err != nil {
		return nil, fmt.Errorf("neural: the checkpoint cannot be read: %w", err)
	}
	c, ok := m.(*checkpoint)
	if !ok {
		return nil, fmt.Errorf("neural: %s is a model, not the checkpoint of a training; name another file", path)
	}
	if err := k.is.same(c.training); err != nil {
		return nil, fmt.Errorf("neural: the checkpoint %s is of %w; name another file, or remove it to begin anew", path, err)
	}
	var left []*trainer
	for i, s := range c.training.Networks {
		at := slices.IndexFunc(running, func(t *trainer) bool { return t.name == s.Name })
		if at < 0 || slices.Contains(left, running[at]) {
			return nil, fmt.Errorf("neural: the checkpoint %s has a network %q too many", path, s.Name)
		}
		if err := running[at].resume(s, &c.networks[i]); err != nil {
			return nil, fmt.Errorf("neural: the checkpoint %s: %w", path, err)
		}
		left = append(left, running[at])
	}
	if len(left) == 0 {
		return nil, fmt.Errorf("neural: the checkpoint %s has no network", path)
	}
	return left, nil
}

// same says what another training differs in.
func (a *training) same(b *training) error {
	switch {
	case a.Seed != b.Seed:
		return fmt.Errorf("seed %d, not %d", b.Seed, a.Seed)
	case string(a.Options) != string(b.Options):
		return fmt.Errorf("other options: %.600s, not %.600s", b.Options, a.Options)
	case a.Data != b.Data:
		return errors.New("other data")
	}
	return nil
}

// save writes the checkpoint, where it is time to.
func (k *keeper) save(running []*trainer, now bool) error {
	if k == nil || !now && time.Since(k.last) < max(pause, 10*k.took) {
		return nil
	}
	best := leader(running)
	if best == nil {
		return nil
	}
	began := time.Now()
	c := &checkpoint{Model: best.glimpse(), training: &training{Seed: k.is.Seed, Options: k.is.Options, Data: k.is.Data}}
	for _, t := range running {
		s, arrays := t.standing()
		c.training.Networks, c.networks = append(c.training.Networks, s), append(c.networks, arrays)
	}
	err := modelfile.SaveFile(k.m.Checkpoint, c, k.m.CheckpointMeta, checkpoints)
	k.last = time.Now()
	k.took = k.last.Sub(began)
	return err
}

// glimpse is the model that the training would leave now; the training goes on
// as if nobody had looked.
func (t *trainer) glimpse() *Model {
	params, state, heat, tops, best := slices.Clone(t.run.Params), slices.Clone(t.run.State), t.run.Heat, slices.Clone(t.tops), t.best
	m := t.model()
	copy(t.run.Params, params)
	copy(t.run.State, state)
	t.run.Heat, t.tops, t.best = heat, tops, best
	if t.status == "" {
		m.report.Status = fmt.Sprintf("a checkpoint after epoch %d of %d", t.epoch, t.plan.epochs)
	}
	return m
}

// standing is where the training stands.
func (t *trainer) standing() (standing, memory) {
	s := standing{Name: t.name, Epoch: t.epoch, Step: t.step, Stale: t.stale, Status: t.status}
	if t.epoch == 0 {
		return s, memory{}
	}
	s.Best = bestEpoch{Epoch: t.best.Epoch, Heat: t.best.Heat, Mean: t.best.Mean}
	c := memory{
		params: t.run.Params, state: t.run.State, bestParams: t.best.Params, bestState: t.best.State,
		optim: t.opt.Tensors(), rule: t.rule.State(), held: t.best.Held, losses: slices.Concat(t.epochLosses...), curve: t.heldMeans,
	}
	s.Optim = slices.Sorted(maps.Keys(c.optim))
	for _, top := range t.tops {
		s.Tops, c.topLosses, c.tops = append(s.Tops, top.Epoch), append(c.topLosses, top.Loss), append(c.tops, top.Params...)
	}
	return s, c
}

// resume puts the training where it stood.
func (t *trainer) resume(s standing, c *memory) error {
	if s.Epoch == 0 {
		return nil
	}
	tasks, n, state := len(t.d.tasks), len(t.run.Params), len(t.run.State)
	for _, a := range []struct {
		what      string
		got, want int
	}{
		{"parameters", len(c.params), n}, {"best parameters", len(c.bestParams), n}, {"state", len(c.state), state}, {"best state", len(c.bestState), state},
		{"losses", len(c.losses), s.Epoch * tasks}, {"held-out means", len(c.curve), s.Epoch}, {"held-out losses", len(c.held), tasks}, {"heads", len(s.Tops), tasks}, {"heads' losses", len(c.topLosses), tasks},
	} {
		if a.got != a.want {
			return fmt.Errorf("%d numbers of %s where the network has %d", a.got, a.what, a.want)
		}
	}
	if s.Epoch < 0 || s.Epoch > t.plan.epochs || s.Step != s.Epoch*t.decks.steps() && s.Status == "" {
		return fmt.Errorf("epoch %d and step %d of %d epochs", s.Epoch, s.Step, t.plan.epochs)
	}
	if err := t.opt.Restore(c.optim); err != nil {
		return err
	}
	if err := t.rule.Restore(c.rule); err != nil {
		return err
	}
	copy(t.run.Params, c.params)
	copy(t.run.State, c.state)
	t.epoch, t.step, t.stale, t.status = s.Epoch, s.Step, s.Stale, s.Status
	for losses := range slices.Chunk(c.losses, tasks) {
		t.epochLosses = append(t.epochLosses, losses)
	}
	t.heldMeans = c.curve
	t.best = snapshot{Epoch: s.Best.Epoch, Params: c.bestParams, State: c.bestState, Heat: s.Best.Heat, Held: c.held, Mean: s.Best.Mean}
	return t.resumeTops(s, c)
}

// resumeTops puts back the heads of the tasks when they were best.
func (t *trainer) resumeTops(s standing, c *memory) error {
	left := c.tops
	for task, epoch := range s.Tops {
		if epoch == 0 {
			continue
		}
		size, at := 0, &t.tops[task]
		for _, r := range t.owned[task] {
			size += r.Hi - r.Lo
		}
		if len(left) < size {
			return fmt.Errorf("%d numbers of heads are too few", len(c.tops))
		}
		*at = top{Epoch: epoch, Loss: c.topLosses[task]}
		if size > 0 {
			at.Params = left[:size:size]
		}
		left = left[size:]
	}
	if len(left) > 0 {
		return fmt.Errorf("%d numbers of heads are %d too many", len(c.tops), len(left))
	}
	return nil
}
