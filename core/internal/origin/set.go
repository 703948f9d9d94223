package origin

import "strings"

// Set is a compiled set of patterns. Lookups are by hash, for exact origins on
// the whole string and for patterns on the suffixes that can be configured
// ones, so their cost does not depend on the number of patterns. The zero value
// is empty. A Set that is no longer added to is safe for concurrent use.
type Set struct {
	exact   map[string]struct{}
	first   string                // one of them, as most sets have no other
	lengths [MaxLen/64 + 1]uint64 // bit n: some of them has n bytes
	schemes map[string]*hosts     // patterns with a wildcard
	https   *hosts                // those of https, as most are
}

// hosts holds the patterns of one scheme.
type hosts struct {
	any     bool                // scheme://*
	anyPort map[string]struct{} // host of scheme://host:*
	below   map[string]struct{} // host, or host:port, of scheme://*.host
	belowAP map[string]struct{} // host of scheme://*.host:*
	depths  [2]uint64           // bit n: some key of below or belowAP has n labels
	deepest int
}

// NewSet returns an empty set with room for n exact origins.
func NewSet(n int) Set { return Set{exact: make(map[string]struct{}, n)} }

// Add adds a pattern.
func (s *Set) Add(p Pattern) {
	if p.Exact() {
		if s.exact == nil {
			s.exact = make(map[string]struct{})
		}
		s.exact[p.Text], s.first = struct{}{}, p.Text
		s.lengths[len(p.Text)/64] |= 1 << (len(p.Text) % 64)
		return
	}
	h := s.schemes[p.Scheme]
	if h == nil {
		h = &hosts{
			anyPort: make(map[string]struct{}),
			below:   make(map[string]struct{}),
			belowAP: make(map[string]struct{}),
		}
		if s.schemes == nil {
			s.schemes = make(map[string]*hosts)
		}
		s.schemes[p.Scheme] = h
		s.https = s.schemes["https"]
	}
	switch {
	case p.AnyHost:
		h.any = true
		return
	case !p.Below:
		h.anyPort[p.Host] = struct{}{}
		return
	case p.AnyPort:
		h.belowAP[p.Host] = struct{}{}
	default:
		h.below[p.hostPort] = struct{}{}
	}
	labels := 1 + strings.Count(p.Host, ".")
	h.depths[labels/64] |= 1 << (labels % 64)
	h.deepest = max(h.deepest, labels)
}

// Exact reports whether origin is one of the exact ones.
//
// Precondition: len(origin) <= MaxLen.
func (s *Set) Exact(origin string) bool {
	if origin == s.first {
		return origin != ""
	}
	if s.lengths[len(origin)/64]>>(len(origin)%64)&1 == 0 {
		return false // which is known without its hash
	}
	_, ok := s.exact[origin]
	return ok
}

// ExactOrigins calls yield for each exact origin, in no order.
func (s *Set) ExactOrigins(yield func(string) bool) {
	for o := range s.exact {
		if !yield(o) {
			return
		}
	}
}

// Match reports whether a pattern with a wildcard matches o.
func (s *Set) Match(o Origin) bool {
	h := s.https
	if o.Scheme != "https" {
		h = s.schemes[o.Scheme]
	}
	if h == nil {
		return false
	}
	if h.any {
		return true
	}
	if _, ok := h.anyPort[o.Host]; ok {
		return true
	}
	// From the right, one label more at a time: what stands left of the cut
	// are whole labels, which Parse has found valid.
	end := len(o.Host)
	for labels := 1; labels <= h.deepest; labels++ {
		dot := strings.LastIndexByte(o.Host[:end], '.')
		if dot < 0 {
			return false
		}
		end = dot
		if h.depths[labels/64]&(1<<(labels%64)) == 0 {
			continue
		}
		if _, ok := h.below[o.hostPort[dot+1:]]; ok {
			return true
		}
		if _, ok := h.belowAP[o.Host[dot+1:]]; ok {
			return true
		}
	}
	return false
}
