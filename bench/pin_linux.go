package main

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// pin keeps the calling goroutine, and the processes it starts, to so many
// processors. Two that take turns then find theirs awake and the caches warm:
// on a virtual machine, to wake up another one costs thousandths of a second.
func pin(processors int) {
	runtime.LockOSThread()
	var all, some unix.CPUSet
	if unix.SchedGetaffinity(0, &all) != nil {
		return
	}
	if whole == nil {
		whole = &all
	}
	for i := range len(all) * 64 {
		if whole.IsSet(i) && some.Count() < processors {
			some.Set(i)
		}
	}
	unix.SchedSetaffinity(0, &some) // else no pin
}

// whole is what this process may use.
var whole *unix.CPUSet
