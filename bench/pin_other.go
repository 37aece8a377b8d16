//go:build !linux

package main

// pin does nothing here.
func pin(int) {}
