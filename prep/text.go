package prep

import (
	"context"
	"fmt"
	"math"

	"github.com/kindred-mtl/kindred"
	"github.com/kindred-mtl/kindred/num"
)

// text is a text column: its n-grams, hashed to buckets. A bucket that occurs
// in training rows is a feature. With n_h the signed count of bucket h,
//
//	x_h = sign(n_h) (1 + ln |n_h|) idf_h        then x to unit length
//	idf_h = 1 + ln((1 + n) / (1 + df_h))
//
// where n is the weight of the training rows, and df_h of those with n_h ≠ 0.
//
// Weinberger, Dasgupta, Langford, Smola, Attenberg, "Feature hashing for large
// scale multitask learning", ICML 2009, eq. (2); Salton, Buckley,
// "Term-weighting approaches in automatic text retrieval", Information
// Processing & Management 24, 1988.
type text struct {
	grams  grams
	bucket []int     // of each feature, ascending
	idf    []float64 // of each feature
	of     []feature // of each bucket
}

// A feature is what a bucket becomes: its place, −1 for none, and its idf.
type feature struct {
	place int32
	idf   float64
}

func (o Options) fitText(ctx context.Context, s *sample, j int) (column, told) {
	texts := gather(s, j, func(c *kindred.Column) []string { return c.Text })
	c := &text{grams: o.grams()}
	size := c.grams.buckets()
	pieces := max(1, min(64, 1<<22/size, len(texts)/256)) // whatever the number of workers: it decides the order of sums
	by := make([][]float64, pieces)
	num.For(pieces, func(p int) {
		by[p] = make([]float64, size)
		b := newBag(c.grams)
		defer b.release()
		for i := len(texts) * p / pieces; i < len(texts)*(p+1)/pieces && ctx.Err() == nil; i++ {
			b.read(texts[i])
			buckets, _ := b.drain()
			for _, h := range buckets {
				by[p][h] += s.weight[i]
			}
		}
	})
	for h := range size {
		df := 0.0
		for p := range by {
			df += by[p][h]
		}
		if df > 0 {
			c.bucket, c.idf = append(c.bucket, h), append(c.idf, 1+math.Log((1+s.total)/(1+df)))
		}
	}
	c.index()
	t := told{err: ctx.Err(), sparse: len(c.bucket) > 0}
	if len(c.bucket) == 0 {
		t.note = "left out: no training row has a text"
	}
	return c, t
}

// index makes the map of buckets to features.
func (c *text) index() {
	if len(c.bucket) == 0 {
		return
	}
	c.of = make([]feature, c.grams.buckets())
	for h := range c.of {
		c.of[h].place = -1
	}
	for k, h := range c.bucket {
		c.of[h] = feature{int32(k), c.idf[k]}
	}
}

func (c *text) width() int { return len(c.bucket) }

func (c *text) names(column string) []string {
	names := make([]string, len(c.bucket))
	for k, h := range c.bucket {
		names[k] = fmt.Sprintf("%s#%d", column, h)
	}
	return names
}

func (c *text) tensors() map[string][]float64 {
	if len(c.bucket) == 0 {
		return nil
	}
	return map[string][]float64{"bucket": wholes(c.bucket), "idf": c.idf}
}

func (c *text) restore(o Options, _ kindred.Field, tensors map[string][]float64) (err error) {
	c.grams, c.idf = o.grams(), tensors["idf"]
	if c.bucket, err = ascending(tensors["bucket"], c.grams.buckets()); err != nil {
		return err
	}
	if len(c.idf) != len(c.bucket) {
		return fmt.Errorf("%d buckets and %d inverse document frequencies", len(c.bucket), len(c.idf))
	}
	for _, v := range c.idf {
		if !(v > 0 && v <= math.MaxFloat64) {
			return fmt.Errorf("an inverse document frequency of %v", v)
		}
	}
	c.index()
	return nil
}

type textReader struct {
	*text
	from []string
}

func (c *text) bind(from *kindred.Column) reader { return textReader{c, from.Text} }

// dense has nothing to fill: a design with features of text is sparse.
func (c textReader) dense([]float64, int, span) error { return nil }

func (c textReader) sparse(out *rows, first, r int) error {
	b := newBag(c.grams)
	defer b.release()
	b.read(c.from[r])
	start := len(out.value)
	buckets, counts := b.drain()
	for i, h := range buckets {
		if f := &c.of[h]; f.place >= 0 {
			out.index = append(out.index, int32(first)+f.place)
			out.value = append(out.value, logCount(counts[i])*f.idf)
		}
	}
	x := out.value[start:]
	if length := num.Norm(x); length > 0 {
		for k := range x {
			x[k] /= length
		}
	}
	return nil
}

// logCount is sign(n) (1 + ln |n|).
func logCount(n int32) float64 {
	if n < 0 {
		return -logCount(-n)
	}
	if int(n) < len(logs) {
		return logs[n]
	}
	return 1 + math.Log(float64(n))
}

var logs = func() (l [256]float64) {
	for n := range l {
		l[n] = 1 + math.Log(float64(n))
	}
	return l
}()
