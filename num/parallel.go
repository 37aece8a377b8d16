package num

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// For calls f(i) for every i in [0, n), on as many cores as runtime.GOMAXPROCS
// allows and nobody else has taken: a For inside another shares what is left.
// The calls must not depend on one another; what they sum goes into a place of
// its own for each i, and is added up by the caller in the order of i, so that
// a result never depends on the number of workers. A panic of f is raised
// again by For.
//
// Workers stay for about a millisecond after their last job, ready for the next,
// before they sleep: to wake one takes longer than many a job.
func For(n int, f func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	j := idle.job()
	j.n, j.f = n, f
	j.next.Store(0)
	j.hire(workers - 1)
	j.work()
	j.dismiss()
	j.wait()
	caught := j.caught.Swap(nil)
	j.f = nil
	idle.finish(j)
	if caught != nil {
		panic(*caught)
	}
}

// A job is a call of For.
type job struct {
	n      int
	f      func(i int)
	next   atomic.Int64        // the next i
	caught atomic.Pointer[any] // what a call panicked with
	hired  []*worker
	helped atomic.Int32 // those of hired that are at it, and parked
	done   chan struct{}
}

// parked says in job.helped that the caller waits for done.
const parked = 1 << 30

// work makes calls until there is none left.
func (j *job) work() {
	defer func() {
		if p := recover(); p != nil {
			first := p // p itself would need memory in every call
			j.caught.CompareAndSwap(nil, &first)
			j.next.Store(int64(j.n))
		}
	}()
	for i := int(j.next.Add(1)) - 1; i < j.n; i = int(j.next.Add(1)) - 1 {
		j.f(i)
	}
}

// wait returns when the other workers are done.
func (j *job) wait() {
	if spin(func() bool { return j.helped.Load() == 0 }) {
		return
	}
	if j.helped.Add(parked) != parked {
		<-j.done
	}
	j.helped.Store(0)
}

// spin calls ready until it is true, and gives up after some microseconds.
func spin(ready func() bool) bool {
	for range 1 << 14 {
		if ready() {
			return true
		}
	}
	return false
}

// A worker takes one job after another.
type worker struct {
	job    atomic.Pointer[job]
	asleep atomic.Bool
	wake   chan struct{}
}

// idle are the workers without a job, and the jobs that are done, for the next
// calls.
var idle bench

type bench struct {
	sync.Mutex
	workers []*worker
	all     int // idle or not
	jobs    []*job
}

func (b *bench) job() *job {
	b.Lock()
	defer b.Unlock()
	last := len(b.jobs) - 1
	if last < 0 {
		return &job{done: make(chan struct{}, 1)}
	}
	j := b.jobs[last]
	b.jobs = b.jobs[:last]
	return j
}

func (b *bench) finish(j *job) {
	b.Lock()
	b.jobs = append(b.jobs, j)
	b.Unlock()
}

// take returns an idle worker, a new one while there are less than limit, or
// nil.
func (b *bench) take(limit int) *worker {
	if last := len(b.workers) - 1; last >= 0 {
		w := b.workers[last]
		b.workers = b.workers[:last]
		return w
	}
	if b.all >= limit {
		return nil
	}
	b.all++
	w := &worker{wake: make(chan struct{}, 1)}
	go w.live()
	return w
}

func (b *bench) put(w *worker) {
	b.Lock()
	b.workers = append(b.workers, w)
	b.Unlock()
}

// hire gives j to at most n idle workers, and to new ones while there are less
// than cores beside the caller's.
func (j *job) hire(n int) {
	limit := runtime.GOMAXPROCS(0) - 1
	j.hired = j.hired[:0]
	idle.Lock()
	for range n {
		w := idle.take(limit)
		if w == nil {
			break
		}
		j.hired = append(j.hired, w)
		j.helped.Add(1)
		w.job.Store(j)
		if w.asleep.Swap(false) {
			w.wake <- struct{}{}
		}
	}
	idle.Unlock()
}

// dismiss takes the job back from workers that have not begun: they may have
// to wait for a core of their own.
func (j *job) dismiss() {
	for _, w := range j.hired {
		if w.job.CompareAndSwap(j, nil) {
			j.helped.Add(-1)
			idle.put(w)
		}
	}
}

// lookout waits for a job, about a millisecond. After the first microseconds
// whatever else is to run goes first.
func (w *worker) lookout() bool {
	given := func() bool { return w.job.Load() != nil }
	if spin(given) {
		return true
	}
	for range 1 << 11 {
		for range 128 {
			if given() {
				return true
			}
		}
		runtime.Gosched()
	}
	return false
}

func (w *worker) live() {
	for {
		if !w.lookout() {
			w.asleep.Store(true)
			if w.job.Load() == nil || !w.asleep.Swap(false) {
				<-w.wake
			}
		}
		j := w.job.Swap(nil)
		if j == nil {
			continue // dismissed
		}
		j.work()
		idle.put(w)
		if j.helped.Add(-1) == parked {
			j.done <- struct{}{}
		}
	}
}

// Each is For where the calls together do so much work, counted in
// multiplications, that it is worth waking workers.
func Each(n, work int, f func(i int)) {
	if work < 1<<16 {
		for i := range n {
			f(i)
		}
		return
	}
	For(n, f)
}
