package prep

import (
	"math/bits"
	"sync"
	"unicode"
)

// grams says which n-grams of a text are taken, and to how many buckets they
// are hashed.
//
// Words are runs of letters, digits and inner apostrophes, in lower case; any
// other mark that is not a space is a word of its own. Character n-grams lie
// inside a word with a space before and after it; where such a word is shorter
// than the shortest one, it is taken whole.
type grams struct {
	word, char [2]int // the least and the most; −1: none
	bits       int
}

func (o Options) grams() grams { return grams{o.wordGrams(), o.charGrams(), o.textBits()} }

func (g grams) buckets() int { return 1 << g.bits }

// A bag counts the n-grams of one text by bucket, each with the sign of its
// hash, so that collisions cancel on average. Which buckets were touched is
// kept in bits, and in bits of these, so that drain finds them in order.
type bag struct {
	grams
	count     []int32
	low, high []uint64 // a bit a bucket; a bit a word of low
	token     []rune   // the word being read, with a space before it
	recent    []uint64 // hashes of the last words
	buckets   []int32  // of the last drain
	counts    []int32
}

var bags sync.Pool

// newBag takes an empty bag, which must be released.
func newBag(g grams) *bag {
	b, ok := bags.Get().(*bag)
	if !ok {
		b = &bag{}
	}
	if n := g.buckets(); len(b.count) < n {
		words := (n + 63) / 64
		b.count, b.low, b.high = make([]int32, n), make([]uint64, words), make([]uint64, (words+63)/64)
	}
	b.grams = g
	return b
}

func (b *bag) release() { bags.Put(b) }

// read adds a text.
func (b *bag) read(text string) {
	b.token, b.recent = append(b.token[:0], ' '), b.recent[:0]
	for _, r := range text {
		if r <= unicode.MaxASCII {
			if low := asciiWord[r]; low != 0 {
				b.token = append(b.token, low)
				continue
			}
		} else if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			b.token = append(b.token, unicode.ToLower(r))
			continue
		}
		if r == '\'' && len(b.token) > 1 {
			b.token = append(b.token, r)
			continue
		}
		b.end()
		if r != ' ' && !unicode.IsSpace(r) {
			b.token = append(b.token, r)
			b.end()
		}
	}
	b.end()
}

// asciiWord is the lower case of ASCII letters and digits, 0 of the others.
var asciiWord = func() (t [unicode.MaxASCII + 1]rune) {
	for r := range t {
		if c := rune(r); unicode.IsLetter(c) || unicode.IsDigit(c) {
			t[r] = unicode.ToLower(c)
		}
	}
	return t
}()

// The hash is FNV-1a over code points, with a seed for each kind of n-gram.
//
// Fowler, Noll, Vo, 1991.
const (
	prime    = 1099511628211
	charSeed = (14695981039346656037 ^ 'c') * prime % (1 << 64)
	wordSeed = (14695981039346656037 ^ 'w') * prime % (1 << 64)
)

// end takes the n-grams that end with the word being read.
func (b *bag) end() {
	if len(b.token) == 1 {
		return
	}
	if b.word[1] > 0 {
		b.endWord()
	}
	b.token = append(b.token, ' ')
	if b.char[1] > 0 {
		b.chars()
	}
	b.token = b.token[:1]
}

func (b *bag) endWord() {
	h := uint64(wordSeed)
	for _, r := range b.token[1:] {
		h = (h ^ uint64(r)) * prime
	}
	if most := b.word[1]; len(b.recent) == most {
		copy(b.recent, b.recent[1:])
		b.recent = b.recent[:most-1]
	}
	b.recent = append(b.recent, mix(h))
	for n := b.word[0]; n <= len(b.recent); n++ {
		h := uint64(wordSeed) + uint64(n)
		for _, v := range b.recent[len(b.recent)-n:] {
			h = (h ^ v) * prime
		}
		b.add(h)
	}
}

func (b *bag) chars() {
	least, most := min(b.char[0], len(b.token)), b.char[1]
	for i := 0; i+least <= len(b.token); i++ {
		h := uint64(charSeed)
		for k, r := range b.token[i:min(i+most, len(b.token))] {
			h = (h ^ uint64(r)) * prime
			if k+1 >= least {
				b.add(h)
			}
		}
	}
}

// add counts an n-gram by its hash.
func (b *bag) add(h uint64) {
	h = mix(h)
	k := h & (1<<b.bits - 1)
	b.count[k] += 1 - 2*int32(h>>63)
	b.low[k>>6] |= 1 << (k & 63)
	b.high[k>>12] |= 1 << (k >> 6 & 63)
}

// mix makes every bit depend on every bit.
//
// Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA
// 2014, with the constants of Stafford's variant 13.
func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// drain lists the buckets whose count is not 0, ascending, and the counts, and
// empties the bag. The lists are good until the next drain.
func (b *bag) drain() (bucket, count []int32) {
	b.buckets, b.counts = b.buckets[:0], b.counts[:0]
	for i, high := range b.high {
		b.high[i] = 0
		for ; high != 0; high &= high - 1 {
			j := i<<6 | bits.TrailingZeros64(high)
			low := b.low[j]
			b.low[j] = 0
			for ; low != 0; low &= low - 1 {
				k := j<<6 | bits.TrailingZeros64(low)
				if n := b.count[k]; n != 0 {
					b.count[k] = 0
					b.buckets, b.counts = append(b.buckets, int32(k)), append(b.counts, n)
				}
			}
		}
	}
	return b.buckets, b.counts
}
