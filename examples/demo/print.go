package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// A printer writes the demo's report, in colour on terminals.
type printer struct {
	w     io.Writer
	color bool
}

// newPrinter returns a printer to f. See https://no-color.org about NO_COLOR.
func newPrinter(f *os.File) *printer {
	info, err := f.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &printer{w: f, color: terminal && os.Getenv("NO_COLOR") == ""}
}

// Colours, as parameters of the terminal's "select graphic rendition".
const (
	bold  = "1"
	dim   = "2"
	red   = "31"
	green = "32"
)

func (p *printer) paint(color, s string) string {
	if !p.color {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

func (p *printer) printf(format string, args ...any) { fmt.Fprintf(p.w, format, args...) }

func (p *printer) intro(s *stage, policy []byte) {
	p.printf("%s\n\n%s\n\n", p.paint(bold, "One policy:"), bytes.TrimSpace(policy))
	p.printf("%s\n\n", p.paint(bold, "One API, served through six frameworks:"))
	for _, api := range s.APIs {
		p.printf("  %-8s %s\n", api.Name, api.URL)
	}
	p.printf("\nEach cell: the status of the preflight, if there is one, that of the request, and what a browser makes of it:\n✓ the page may read the response, ✕ it is blocked.\n")
}

const (
	callWidth = 32
	cellWidth = 9
)

// matrix prints the statuses that the servers answered with, the preflight's
// first, and what a browser does.
func (p *printer) matrix(s *stage, rows []row) {
	headings := map[from]string{
		fromAllowed: "From a page on " + s.Allowed + ", which the policy lists",
		fromRefused: "From the same page on " + s.Refused + ", which it does not list",
		fromNull:    "From a data: URL or a sandboxed frame, whose origin is null",
	}
	var last from
	for _, r := range rows {
		if r.call.From != last {
			last = r.call.From
			p.printf("\n%s\n\n  %-*s", p.paint(bold, headings[last]), callWidth, "")
			for _, api := range s.APIs {
				p.printf("  %-*s", cellWidth, api.Name)
			}
			p.printf("\n")
		}
		p.printf("  %-*s", callWidth, r.call)
		for _, o := range r.outcomes {
			color := green
			if o.blocked != "" {
				color = red
			}
			p.printf("%s", p.paint(color, fmt.Sprintf("  %-*s", cellWidth, o)))
		}
		p.printf("\n")
		if !r.why.Allowed {
			p.printf("    %s\n", p.paint(dim, r.why.Reason+": "+r.why.Text))
		}
	}
}

func (p *printer) identical(s *stage, rows []row) {
	requests := 0
	for _, r := range rows {
		for _, o := range r.outcomes {
			for _, a := range []*answer{o.preflight, o.actual} {
				if a != nil {
					requests++
				}
			}
		}
	}
	p.printf("\n%s\n", p.paint(bold, "The six columns are identical."))
	p.printf("%d calls, %d frameworks, %d requests over loopback: the same statuses, CORS headers and Vary.\n",
		len(rows), len(s.APIs), requests)
}

func (p *printer) page(s *stage) {
	p.printf("\nSee it in a browser:\n\n  open %s\n  open %s  (the same page, from the origin that is not listed)\n\nCtrl-C ends the demo.\n", s.Allowed, s.Refused)
}
