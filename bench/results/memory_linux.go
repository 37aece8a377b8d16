package main

import (
	"fmt"
	"os"
	"syscall"
)

// memory is the most that a process held at once.
func memory(p *os.ProcessState) string {
	if u, ok := p.SysUsage().(*syscall.Rusage); ok {
		return fmt.Sprintf("%.2f GiB", float64(u.Maxrss)/(1<<20)) // KiB
	}
	return "—"
}
