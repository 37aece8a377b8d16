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
// Workers stay for some microseconds after their last job, ready for the next,
// before they sleep.
func For(n int, f func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	j := jobs.Get().(*job)
	j.n, j.f = n, f
	j.next.Store(0)
	hire(j, workers-1)
	j.work()
	j.wait()
	caught := j.caught.Swap(nil)
	j.f = nil
	jobs.Put(j)
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
	helped atomic.Int32        // workers at it beside the caller, and parked
	done   chan struct{}
}

// parked says in job.helped that the caller waits for done.
const parked = 1 << 30

var jobs = sync.Pool{New: func() any { return &job{done: make(chan struct{}, 1)} }}

// work makes calls until there is none left.
func (j *job) work() {
	defer func() {
		if p := recover(); p != nil {
			j.caught.CompareAndSwap(nil, &p)
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
// Whatever else is to run goes first.
func spin(ready func() bool) bool {
	for range 200 {
		for range 16 {
			if ready() {
				return true
			}
		}
		runtime.Gosched()
	}
	return ready()
}

// A worker takes one job after another.
type worker struct {
	job    atomic.Pointer[job]
	asleep atomic.Bool
	wake   chan struct{}
}

var idle struct {
	sync.Mutex
	workers []*worker
	hired   int // idle or not
}

// hire gives j to at most n idle workers, and to new ones while there are less
// than cores beside the caller's.
func hire(j *job, n int) {
	limit := runtime.GOMAXPROCS(0) - 1
	idle.Lock()
	for range n {
		var w *worker
		switch last := len(idle.workers) - 1; {
		case last >= 0:
			w = idle.workers[last]
			idle.workers = idle.workers[:last]
		case idle.hired < limit:
			idle.hired++
			w = &worker{wake: make(chan struct{}, 1)}
			go w.live()
		default:
			idle.Unlock()
			return
		}
		j.helped.Add(1)
		w.job.Store(j)
		if w.asleep.Swap(false) {
			w.wake <- struct{}{}
		}
	}
	idle.Unlock()
}

func (w *worker) live() {
	for {
		if !spin(func() bool { return w.job.Load() != nil }) {
			w.asleep.Store(true)
			if w.job.Load() == nil || !w.asleep.Swap(false) {
				<-w.wake
			}
		}
		j := w.job.Swap(nil)
		j.work()
		idle.Lock()
		idle.workers = append(idle.workers, w)
		idle.Unlock()
		if j.helped.Add(-1) == parked {
			j.done <- struct{}{}
		}
	}
}

// Each is For where the calls together do so much work, counted in
// multiplications, that it is worth starting goroutines.
func Each(n, work int, f func(i int)) {
	if work < 1<<16 {
		for i := range n {
			f(i)
		}
		return
	}
	For(n, f)
}
