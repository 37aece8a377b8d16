package linear

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/kindred-mtl/kindred/num"
	"github.com/kindred-mtl/kindred/penalty"
)

// A view is what the rows of one task say of a vector w_t = u_g + v_t, to
// second order around what all tasks have in common, where that is 0:
//
//	log p(rows | w) = hᵀw − ½ wᵀHw + constant,   H = Σ_i value_i q_i q_iᵀ,   h = Σ_i along_i q_i
type view struct {
	value, along []float64  // none: the rows say nothing
	q            *num.Dense // a row each q_i; nil: the identity
	noisy        bool       // H, h and rss are in units of the noise's variance
	rows, rss    float64    // of noisy views: how many rows, and −2 log p at 0
}

// An aspect is one thing in which the tasks of a group are alike: u_g has
// independent entries of one variance, and v_t of another.
type aspect struct {
	views       []view // of each task; all of one length, or none
	dims        int
	shared, own float64 // the variances, log₂
}

// A message is what the rows of one task say of u_g, its v_t integrated out:
//
//	log p(rows | u) = bᵀu − ½ uᵀAu + c
type message struct {
	a *num.Dense // the lower triangle
	b []float64
	c float64
}

// message integrates v ~ N(0, own·I) out.
func (v *view) message(own, noise float64) message {
	if !v.noisy {
		noise = 1
	}
	m, r := message{}, len(v.value)
	if v.noisy {
		m.c = -0.5 * (v.rows*math.Log(noise) + v.rss/noise)
	}
	if r == 0 {
		return m
	}
	m.a, m.b = num.NewDense(r, r), make([]float64, r)
	for i, value := range v.value {
		l, h := value/noise, v.along[i]/noise
		keep := 1 / (1 + own*l)
		m.c += 0.5 * (own*keep*h*h + math.Log(keep))
		if v.q == nil {
			m.a.Data[i*r+i], m.b[i] = keep*l, keep*h
			continue
		}
		q := v.q.Row(i)
		num.Axpy(keep*h, q, m.b)
		for j, qj := range q {
			num.Axpy(keep*l*qj, q[:j+1], m.a.Row(j)[:j+1])
		}
	}
	return m
}

// mean is the posterior mean of w for a task by itself, in units of own.
func (v *view) mean(out []float64, own, noise float64) {
	if !v.noisy {
		noise = 1
	}
	for i, value := range v.value {
		m := math.Sqrt(own) * v.along[i] / (noise + own*value)
		if v.q == nil {
			out[i] = m
			continue
		}
		num.Axpy(m, v.q.Row(i), out)
	}
}

// evidence is log ∫ N(u; 0, shared·I) exp(bᵀu − ½ uᵀAu) du = ½ bᵀS b + ½ log|S|
// − …, S = (A + I/shared)⁻¹. Room is overwritten.
func evidence(a *num.Dense, b []float64, shared float64, room []float64) float64 {
	r, z := len(b), room[len(b)*len(b):]
	copy(room, a.Data)
	half, logs := 0.0, 0.0
	for i := range r {
		row := room[i*r : i*r+i+1]
		row[i] += 1 / shared
		for j := range i {
			other := room[j*r : j*r+j+1]
			row[j] = (row[j] - num.Dot(row[:j], other[:j])) / other[j]
		}
		row[i] = math.Sqrt(row[i] - num.Dot(row[:i], row[:i]))
		z[i] = (b[i] - num.Dot(row[:i], z[:i])) / row[i]
		half += z[i] * z[i]
		logs += math.Log(row[i])
	}
	return 0.5*half - logs - 0.5*float64(r)*math.Log(shared)
}

// A mixture puts tasks into at most k groups. Its score is the log evidence,
//
//	log p(group) + Σ_g log ∫ p(u_g) Π_{t in g} ∫ p(v_t) p(rows of t | u_g + v_t) dv_t du_g
//
// where p(group) is uniform over the groups' shares, which are integrated out:
// (k−1)! Π n_g! / (T+k−1)!. The variances are those of the highest score.
//
// Biernacki, Celeux, Govaert, Assessing a mixture model for clustering with the
// integrated completed likelihood, IEEE TPAMI 22, 2000; Tierney, Kadane,
// Accurate approximations for posterior moments and marginal densities, JASA
// 81, 1986.
type mixture struct {
	aspects []*aspect
	noise   float64 // its variance, log₂
	noisy   bool
	tasks   int

	k        int
	group    []int       // of each task
	size     []int       // of each group
	messages [][]message // aspect, task
	sums     [][]message // aspect, group
	value    []float64   // the evidence of each group
	room     []float64
}

// add adds aspects, with variances to start from: as large as what a task does
// not know of itself.
func (m *mixture) add(aspects ...*aspect) {
	for _, a := range aspects {
		information, n := 0.0, 0.0
		for i := range a.views {
			v := &a.views[i]
			if f := num.Sum(v.value) / float64(a.dims); f > 0 {
				information, n = information+f, n+1
			}
			if v.noisy {
				a.own = m.noise
			}
		}
		if n == 0 {
			continue // nobody says anything
		}
		a.own -= math.Round(math.Log2(information / n))
		a.shared = a.own
		m.aspects = append(m.aspects, a)
	}
}

// A division is a state of a mixture.
type division struct {
	k         int
	group     []int
	variances []float64
	score     float64
}

// A knob is a variance to tune, and what is to be computed anew when it moves.
type knob struct {
	at     *float64
	update func()
}

func (m *mixture) knobs() []knob {
	var all []knob
	for i, a := range m.aspects {
		all = append(all, knob{&a.shared, m.weigh}, knob{&a.own, func() { m.renew(i); m.weigh() }})
	}
	if m.noisy {
		all = append(all, knob{&m.noise, m.refresh})
	}
	return all
}

func (m *mixture) division() division {
	d := division{k: m.k, group: slices.Clone(m.group), score: m.score()}
	for _, v := range m.knobs() {
		d.variances = append(d.variances, *v.at)
	}
	return d
}

func (m *mixture) restore(d division) {
	m.k, m.group = d.k, slices.Clone(d.group)
	for i, v := range m.knobs() {
		*v.at = d.variances[i]
	}
	m.refresh()
}

// refresh computes all that follows from the groups and the variances.
func (m *mixture) refresh() {
	m.messages, m.sums = make([][]message, len(m.aspects)), make([][]message, len(m.aspects))
	m.size, m.value = make([]int, m.k), make([]float64, m.k)
	for _, g := range m.group {
		m.size[g]++
	}
	for i, a := range m.aspects {
		if n := a.dims * (a.dims + 1); len(m.room) < n {
			m.room = make([]float64, n)
		}
		m.renew(i)
	}
	m.weigh()
}

// renew computes the messages of an aspect, and their sums.
func (m *mixture) renew(i int) {
	a := m.aspects[i]
	m.messages[i], m.sums[i] = make([]message, m.tasks), make([]message, m.k)
	for g := range m.k {
		m.sums[i][g] = message{a: num.NewDense(a.dims, a.dims), b: make([]float64, a.dims)}
	}
	for t, g := range m.group {
		m.messages[i][t] = a.views[t].message(math.Exp2(a.own), math.Exp2(m.noise))
		m.send(i, t, g, 1)
	}
}

// send adds what a task says of an aspect to a group.
func (m *mixture) send(i, t, g int, sign float64) {
	if from := &m.messages[i][t]; from.a != nil {
		num.Axpy(sign, from.a.Data, m.sums[i][g].a.Data)
		num.Axpy(sign, from.b, m.sums[i][g].b)
	}
}

// put adds a task to a group, or takes it out.
func (m *mixture) put(t, g int, sign float64) {
	for i := range m.aspects {
		m.send(i, t, g, sign)
	}
	m.size[g] += int(sign)
}

// weigh computes the evidence of each group.
func (m *mixture) weigh() {
	for g := range m.value {
		m.value[g] = m.of(g)
	}
}

// of is the evidence of a group.
func (m *mixture) of(g int) float64 {
	if m.size[g] == 0 {
		return 0
	}
	e := 0.0
	for i, a := range m.aspects {
		e += evidence(m.sums[i][g].a, m.sums[i][g].b, math.Exp2(a.shared), m.room)
	}
	return e
}

func (m *mixture) score() float64 {
	s := num.Sum(m.value) + logFactorial(m.k-1) - logFactorial(m.tasks+m.k-1)
	for _, n := range m.size {
		s += logFactorial(n)
	}
	for i := range m.messages {
		for t := range m.messages[i] {
			s += m.messages[i][t].c
		}
	}
	return s
}

func logFactorial(n int) float64 {
	v, _ := math.Lgamma(float64(n + 1))
	return v
}

// sweep moves each task to the group in which the score is highest, and tells
// whether one moved.
func (m *mixture) sweep() bool {
	moved := false
	for t := range m.tasks {
		from, stay := m.group[t], m.value[m.group[t]]
		m.put(t, from, -1)
		m.value[from] = m.of(from)
		with := func(g int) float64 {
			if g == from {
				return stay
			}
			m.put(t, g, 1)
			defer m.put(t, g, -1)
			return m.of(g)
		}
		to, most, value := from, math.Inf(-1), stay
		for g := range m.k {
			v := with(g)
			gain := v - m.value[g] + math.Log(float64(m.size[g]+1))
			if gain > most+settled || g == from && gain > most-settled {
				to, most, value = g, gain, v
			}
		}
		m.put(t, to, 1)
		m.group[t], m.value[to] = to, value
		moved = moved || to != from
	}
	return moved
}

// settled is what of a score is no gain.
const settled = 1e-6

// climb sweeps until no task moves, twenty times at most.
func (m *mixture) climb() {
	for range 20 {
		if !m.sweep() {
			break
		}
	}
	m.refresh() // what rounding has left in the sums goes
}

// tune climbs in the variances, one after the other, by factors of 4 and then 2.
func (m *mixture) tune() {
	const far = 30
	best := m.score()
	for step := 2.0; step >= 1; {
		better := false
		for _, v := range m.knobs() {
			for _, by := range []float64{step, -step} {
				for math.Abs(*v.at+by) <= far {
					*v.at += by
					v.update()
					s := m.score()
					if !(s > best+0.01) {
						*v.at -= by
						v.update()
						break
					}
					best, better = s, true
				}
			}
		}
		if !better {
			step /= 2
		}
	}
}

// settle climbs and tunes in turn.
func (m *mixture) settle() {
	for range 8 {
		before := m.score()
		m.climb()
		m.tune()
		if !(m.score() > before+0.1) {
			break
		}
	}
}

// points are the posterior means of each task by itself.
func (m *mixture) points() *num.Dense {
	dims := 0
	for _, a := range m.aspects {
		dims += a.dims
	}
	out, at := num.NewDense(m.tasks, dims), 0
	for _, a := range m.aspects {
		for t := range m.tasks {
			a.views[t].mean(out.Row(t)[at:at+a.dims], math.Exp2(a.own), math.Exp2(m.noise))
		}
		at += a.dims
	}
	return out
}

// starts is how often groups are sought from a draw; the best end counts.
func (m *mixture) starts() int { return max(2, min(8, 800/m.tasks)) }

// divide finds at most most groups. First all tasks are one, by which the own
// variances become known; every further group is sought from k-means on the
// tasks' posterior means, and from splits of the groups before it.
func (m *mixture) divide(ctx context.Context, most int, exactly bool) division {
	m.k, m.group = 1, make([]int, m.tasks)
	m.refresh()
	m.tune()
	before, points, random := m.division(), m.points(), rand.New(rand.NewPCG(1, 1))
	for _, a := range m.aspects {
		a.shared, a.own = a.own-1, a.own-1 // half of what they differ in is their group's
	}
	first := m.division()
	best := before
	for k := 2; k <= most && ctx.Err() == nil; k++ {
		var from []division
		first.k = k
		for range m.starts() {
			first.group, _ = penalty.KMeans(points, k, random)
			from = append(from, first)
		}
		if k > 2 {
			from = append(from, splits(before, random)...)
		}
		before = m.bestOf(from)
		if k == 2 || exactly || before.score > best.score {
			best = before
		}
		first.variances = before.variances
	}
	return best
}

// splits are divisions with one group more, a random half of one of them.
func splits(d division, random *rand.Rand) []division {
	var all []division
	for g := range d.k {
		s := d
		s.k, s.group = d.k+1, slices.Clone(d.group)
		for t := range s.group {
			if s.group[t] == g && random.IntN(2) == 0 {
				s.group[t] = d.k
			}
		}
		all = append(all, s)
	}
	return all
}

// bestOf climbs from each start and settles the best.
func (m *mixture) bestOf(from []division) division {
	best := division{score: math.Inf(-1)}
	for _, d := range from {
		m.restore(d)
		m.climb()
		if s := m.division(); s.score > best.score || best.group == nil {
			best = s
		}
	}
	m.restore(best)
	m.settle()
	return m.division()
}
