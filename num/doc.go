// Package num holds the matrices of kindred over plain slices, and the few
// products everything else is made of.
//
// A Matrix is a design: many rows, dense or sparse, read far more often than
// written; selecting rows of it copies nothing. A Dense is a small matrix of
// parameters: weights, Gram matrices, factors.
//
// The functions panic on shapes that do not fit: that is a bug of the caller,
// never of the data. Parallel work goes through For, in pieces whose results
// do not depend on how many run at a time.
//
// A View is a matrix inside a slice, of float32 or float64, for networks and
// for everything dense: Multiply multiplies them however they lie, and the
// functions of vectors say how accurate they are.
//
// Products, functions of vectors, long vectors and the Gram matrices of dense
// rows are worked on in AVX-512 or AVX2 with FMA, whichever is the best an amd64
// machine has, and in Go on all others. The units round differently: equal
// results to the last bit need the same one. The environment variable
// KINDRED_CPU holds a program on amd64 to a lesser unit, avx2 or generic, which
// is Go alone.
package num
