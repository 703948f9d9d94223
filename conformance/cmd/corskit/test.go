package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/corskit/corskit/conformance/live"
	cors "github.com/corskit/corskit/core"
	"github.com/mattn/go-isatty"
	"github.com/urfave/cli/v3"
)

// test checks the server at the URL against the policy of -policy, or says what
// its policy appears to be.
func test(ctx context.Context, cmd *cli.Command) error {
	t, err := target(cmd)
	if err != nil {
		return err
	}
	if cmd.String("policy") == "" {
		return infer(ctx, cmd, t)
	}
	if cmd.Int("concurrency") < 1 {
		return usageError(cmd, "the concurrency %d is none: write one such as 4", cmd.Int("concurrency"))
	}
	f := readPolicy(cmd.String("policy"), cmd.Reader)
	if !f.valid() {
		io.WriteString(cmd.Root().ErrWriter, f.lines())
		return errFailed
	}
	config, err := cors.ParseConfig(f.json)
	if err != nil {
		return failure{err} // cannot be: the policy was read from the same text
	}
	suite, err := live.New(config, t, cmd.StringSlice("origin")...)
	if err != nil {
		return usageError(cmd, "%s", err)
	}
	known, err := readKnown(cmd.String("known-failing"))
	if err != nil {
		return failure{err}
	}
	r := &testRun{target: t, known: known, knownFile: cmd.String("known-failing"), out: cmd.Writer, json: cmd.Bool("json")}
	r.progress = newProgress(cmd.Root().ErrWriter, cmd.Writer, len(suite.Cases()))
	err = suite.Run(ctx, cmd.Int("concurrency"), r.report)
	r.progress.end()
	if err != nil {
		return askError(ctx, cmd, err)
	}
	asked, listed := suite.Sampled()
	r.finish(asked, listed)
	if name := cmd.String("junit"); name != "" {
		if err := writeJUnit(name, t.URL, r.outcomes); err != nil {
			return failure{fmt.Errorf("%s: cannot be written: %w: name a file in a directory that exists", name, withoutPath(err))}
		}
	}
	for _, s := range known.Stale() {
		fmt.Fprintf(cmd.Root().ErrWriter, "%s:%s\n", r.knownFile, s)
	}
	if r.count["fail"] > 0 || len(known.Stale()) > 0 {
		return errFailed
	}
	return nil
}

// readKnown reads the list of that name; "" is an empty one.
func readKnown(name string) (*live.Known, error) {
	if name == "" {
		return new(live.Known), nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be read: %w: name a list that can be read", name, withoutPath(err))
	}
	defer file.Close()
	known, err := live.ReadKnown(file)
	if errors.As(err, new(*fs.PathError)) {
		return nil, fmt.Errorf("%s: cannot be read: %w: name a list that can be read", name, withoutPath(err))
	}
	if err != nil {
		line, _, _ := strings.Cut(err.Error(), "\n")
		return nil, fmt.Errorf("%s:%s", name, line)
	}
	return known, nil
}

// An outcome is what test prints about a case with -json.
type outcome struct {
	Case     string   `json:"case"`
	Rule     int      `json:"rule"`
	Clause   string   `json:"clause"`
	Result   string   `json:"result"` // pass, fail, known-failing or not-applicable
	Why      string   `json:"why,omitempty"`
	Problems []string `json:"problems"`
	Fix      string   `json:"fix,omitempty"`
	Differs  []string `json:"differs"`
	Browser  string   `json:"browser,omitempty"`

	// Those that show the first problem.
	Request  string `json:"request,omitempty"`
	Response string `json:"response,omitempty"`
	Curl     string `json:"curl,omitempty"`
}

// A summary is the last line of test with -json.
type summary struct {
	Summary       string `json:"summary"` // pass or fail
	URL           string `json:"url"`
	Passed        int    `json:"passed"`
	Failed        int    `json:"failed"`
	KnownFailing  int    `json:"knownFailing"`
	NotApplicable int    `json:"notApplicable"`
	Patterns      int    `json:"patterns"` // those of allowOrigins
	Asked         int    `json:"asked"`    // of those
}

// A testRun prints what comes of the cases.
type testRun struct {
	target    live.Target
	known     *live.Known
	knownFile string
	out       io.Writer
	json      bool
	progress  *progress
	outcomes  []outcome
	count     map[string]int
}

func (r *testRun) report(result live.Result) {
	o := r.outcome(result)
	if r.count == nil {
		r.count = map[string]int{}
	}
	r.count[o.Result]++
	r.outcomes = append(r.outcomes, o)
	r.progress.step()
	if r.json {
		encode(r.out, o)
		return
	}
	io.WriteString(r.out, o.text())
}

func (r *testRun) outcome(result live.Result) outcome {
	o := outcome{
		Case: result.Name, Rule: result.Rule, Clause: result.Clause, Result: result.Verdict.String(), Why: result.Why,
		Problems: []string{}, Differs: append([]string{}, result.Differs...), Browser: result.Browser,
	}
	var fixes []string
	for i, p := range result.Problems {
		o.Problems = append(o.Problems, p.Text)
		if len(fixes) == 0 || fixes[len(fixes)-1] != p.Fix {
			fixes = append(fixes, p.Fix)
		}
		if i == 0 && p.Exchange < len(result.Exchanges) {
			x := result.Exchanges[p.Exchange]
			o.Request, o.Response, o.Curl = r.target.RequestText(x), r.target.ResponseText(x), r.target.Curl(x)
		}
	}
	o.Fix = strings.Join(fixes, "; ")
	switch known := r.known.Match(o.Case); {
	case known && result.Verdict == live.Fail:
		o.Result = "known-failing"
	case known && result.Verdict == live.Pass:
		o.Result = "fail"
		o.Problems = append(o.Problems, "The case passes, but "+r.knownFile+" says that it is known to fail.")
		o.Fix = "remove it from " + r.knownFile
	}
	return o
}

// text is what test prints about a case without -json.
func (o outcome) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-14s  %s\n", o.Result, o.Case)
	field := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "    %-9s %s\n", name, strings.ReplaceAll(value, "\n", "\n                "))
		}
	}
	for _, p := range o.Problems {
		fmt.Fprintf(&b, "    %s\n", p)
	}
	field("clause", fmt.Sprintf("%s (rule %d)", o.Clause, o.Rule))
	field("why", o.Why)
	for _, d := range o.Differs {
		field("differs", d)
	}
	field("request", o.Request)
	field("response", o.Response)
	field("browser", o.Browser)
	field("fix", o.Fix)
	field("try", o.Curl)
	return b.String()
}

func (r *testRun) finish(asked, listed int) {
	s := summary{
		Summary: "pass", URL: r.target.URL, Passed: r.count["pass"], Failed: r.count["fail"],
		KnownFailing: r.count["known-failing"], NotApplicable: r.count["not-applicable"], Patterns: listed, Asked: asked,
	}
	if s.Failed > 0 || len(r.known.Stale()) > 0 {
		s.Summary = "fail"
	}
	if r.json {
		encode(r.out, s)
		return
	}
	fmt.Fprintf(r.out, "%s: %d passed, %d failed, %d known to fail, %d not applicable", s.URL, s.Passed, s.Failed, s.KnownFailing, s.NotApplicable)
	if asked < listed {
		fmt.Fprintf(r.out, "; %d of %d origin patterns asked about", asked, listed)
	}
	io.WriteString(r.out, "\n")
}

// infer prints the policy that the server appears to have.
func infer(ctx context.Context, cmd *cli.Command, t live.Target) error {
	for _, name := range []string{"junit", "known-failing"} {
		if cmd.String(name) != "" {
			return usageError(cmd, "-%s has nothing to say without a policy: write -policy FILE", name)
		}
	}
	got, err := live.Infer(ctx, t, cmd.StringSlice("origin")...)
	if err != nil {
		return askError(ctx, cmd, err)
	}
	cmd.Writer.Write(got.File)
	for _, remark := range got.Remarks {
		fmt.Fprintf(cmd.Root().ErrWriter, "# %s\n", remark)
	}
	return nil
}

// A progress tells on a terminal how far a run has come, where the results go
// elsewhere.
type progress struct {
	w           io.Writer // nil if nobody looks
	done, total int
}

// newProgress returns the progress of so many cases, for w if it is a terminal
// and out is none.
func newProgress(w, out io.Writer, total int) *progress {
	if isTerminal(w) && !isTerminal(out) {
		return &progress{w: w, total: total}
	}
	return &progress{total: total}
}

func isTerminal(w io.Writer) bool {
	if o, ok := w.(*output); ok {
		w = o.w
	}
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

func (p *progress) step() {
	p.done++
	if p.w != nil {
		fmt.Fprintf(p.w, "\r%d of %d cases", p.done, p.total)
	}
}

// end takes the line away.
func (p *progress) end() {
	if p.w != nil && p.done > 0 {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
