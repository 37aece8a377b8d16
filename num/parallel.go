package num

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// For calls f(i) for every i in [0, n), on as many goroutines as
// runtime.GOMAXPROCS allows. The calls must not depend on one another; what
// they sum goes into a place of its own for each i, and is added up by the
// caller in the order of i, so that a result never depends on the number of
// workers. A panic of f is raised again by For.
func For(n int, f func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	var (
		next   atomic.Int64
		wait   sync.WaitGroup
		once   sync.Once
		caught any
	)
	work := func() {
		defer wait.Done()
		defer func() {
			if p := recover(); p != nil {
				once.Do(func() { caught = p })
			}
		}()
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			f(i)
		}
	}
	wait.Add(workers)
	for range workers - 1 {
		go work()
	}
	work()
	wait.Wait()
	if caught != nil {
		panic(caught)
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
