package engine

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// remarks is what an engine says about requests, in the order in which it says
// it: in pieces, in the middle of other things, and late.
type remarks struct {
	mu   sync.Mutex
	list []remark
	more chan struct{} // closed when there is more, nil if nobody waits
}

// A remark has what a complaint has, as far as it is known.
type remark struct {
	urls []string // that it is about, besides those in the text
	Complaint
	failed bool // the request has, so that there will be no other code
	vague  bool // the text counts if there is no other
}

func (r *remarks) add(m remark) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, m)
	if r.more != nil {
		close(r.more)
		r.more = nil
	}
}

// forget drops all about url, as a new request starts.
func (r *remarks) forget(url string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = slices.DeleteFunc(r.list, func(m remark) bool { return m.isAbout(url) })
}

// complaint makes one of all remarks about url. It waits until there is a text,
// and a failure too if the engine tells of failures.
func (r *remarks) complaint(ctx context.Context, url string, tellsFailures bool) (c Complaint, ok bool) {
	late := time.After(time.Second)
	for {
		failed := !tellsFailures
		c, ok = Complaint{}, false
		r.mu.Lock()
		for _, m := range r.list {
			if !m.isAbout(url) {
				continue
			}
			ok = true
			failed = failed || m.failed
			if m.Code != "" {
				c.Code, c.Parameter = m.Code, m.Parameter
			}
			if m.Text != "" && (c.Text == "" || !m.vague) {
				c.Text = m.Text
			}
		}
		if r.more == nil {
			r.more = make(chan struct{})
		}
		more := r.more
		r.mu.Unlock()
		if failed && c.Text != "" {
			return c, ok
		}
		select {
		case <-more:
		case <-late:
			return c, ok
		case <-ctx.Done():
			return c, ok
		}
	}
}

func (m remark) isAbout(url string) bool {
	return slices.Contains(m.urls, url) || mentions(m.Text, url)
}

// mentions reports whether url is in the text, and not just as a part of a
// longer one.
func mentions(text, url string) bool {
	for {
		i := strings.Index(text, url)
		if i < 0 || url == "" {
			return false
		}
		before, after := text[:i], text[i+len(url):]
		sentence := strings.HasPrefix(after, ".") && (len(after) == 1 || after[1] == ' ')
		if (before == "" || strings.ContainsAny(before[len(before)-1:], ` '"(‘`)) &&
			(after == "" || sentence || strings.ContainsAny(after[:1], ` '"),`)) {
			return true
		}
		text = after
	}
}
