//go:build !unix

package main

// processor is not known here.
func processor() (float64, bool) { return 0, false }
