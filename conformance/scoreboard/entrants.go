package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// An entrant is a server of the scoreboard: a framework with CORS middleware.
type entrant struct {
	title   string
	name    string   // of its file in known; "" if it is corskit's
	command []string // starts it, with --policy and --addr
}

// entrants lists the servers in the order of the board.
var entrants = []entrant{
	ours("gin"),
	ours("echo"),
	ours("echov5"),
	ours("fiber"),
	ours("fiberv3"),
	ours("chi"),
	ours("nethttp"),
	onGo("rs/cors", "rs"),
	onGo("gin-contrib/cors", "gin-contrib"),
	onGo("echo v4's own", "echo"),
	onGo("echo v5's own", "echov5"),
	onGo("fiber v2's own", "fiber"),
	onGo("fiber v3's own", "fiberv3"),
	onGo("go-chi/cors", "go-chi"),
	onGo("gorilla/handlers", "gorilla"),
	{"Express with cors", "express", []string{"node", "conformance/scoreboard/express/server.js", "--peer", "express"}},
	onASGI("FastAPI", "fastapi"),
	onASGI("Starlette", "starlette"),
}

// ours is sealed: it is the setting that fits, as those of the peers are.
func ours(adapter string) entrant {
	return entrant{"corskit, " + adapter, "", []string{"bin/server", "--adapter", adapter, "--seal"}}
}

func onGo(title, name string) entrant {
	return entrant{title, name, []string{"bin/peers", "--peer", name}}
}

// onASGI is on Debian's own Python, for which it has the packages.
func onASGI(title, name string) entrant {
	return entrant{title, name, []string{"/usr/bin/python3", "conformance/scoreboard/asgi/server.py", "--peer", name}}
}

func (e entrant) isOurs() bool { return e.name == "" }

// try runs the cases of each policy that the entrant can express.
func (e entrant) try(ctx context.Context, policies []policy) (row, error) {
	r := row{entrant: e}
	if !e.isOurs() {
		file := filepath.Join(knownDir, e.name+knownExt)
		text, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return r, err
		}
		if r.known, err = parseKnown(file, string(text)); err != nil {
			return r, err
		}
	}
	for _, p := range policies {
		t, err := e.trial(ctx, p, &r)
		if err != nil {
			return r, fmt.Errorf("%s under %s: %w", e.title, p.name, err)
		}
		r.trials = append(r.trials, t)
	}
	return r, nil
}

// endpoint is the path that is tested under every policy. It has a handler for
// OPTIONS, so that there is something for middleware to keep requests from.
const endpoint = "/opt"

// elsewhere are the paths that are tested under one policy, each for a rule that no
// handler of endpoint can break. The cases that fail at endpoint do not count again.
var elsewhere = []struct {
	path string
	rule int
}{
	{"/vary-add", 8},
	{"/vary-set", 8},
	{"/e401", 10},
	{"/e404", 10},
	{"/e500", 10},
	{"/n304", 10},
	{"/panic", 10},
	{"/redir", 10},
	{"/acao-add", 11},
	{"/mess", 11},
}

const elsewherePolicy = "exact"

// A trial is what came of an entrant under a policy.
type trial struct {
	policy  string
	cannot  []lack   // what it has no option for; the cases are not run if there is something
	results []result // in the order of corskit test, without those that are not applicable
}

// A lack is something in a policy that an entrant has no option for.
type lack struct {
	Field string `json:"field"` // the key in the policy file
	Why   string `json:"why"`
}

// A version is that of what an entrant is made of.
type version struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// trial tries one policy. The entrant's versions come with it.
func (e entrant) trial(ctx context.Context, p policy, r *row) (trial, error) {
	t := trial{policy: p.name}
	command := append(append([]string{}, e.command...), "--policy", p.file)
	if !e.isOurs() {
		d, err := describe(ctx, command)
		if err != nil {
			return t, err
		}
		r.versions, t.cannot = d.Versions, d.Cannot
		if len(t.cannot) > 0 {
			return t, nil
		}
	}
	s, err := start(ctx, append(command, "--addr", "127.0.0.1:0"))
	if err != nil {
		return t, err
	}
	t.results, err = s.try(ctx, p)
	return t, errors.Join(err, s.stop())
}

// try runs the cases of a policy.
func (s *server) try(ctx context.Context, p policy) (results []result, err error) {
	if results, err = s.tryAt(ctx, p, endpoint); err != nil || p.name != elsewherePolicy {
		return results, err
	}
	passed := map[string]bool{}
	for _, r := range results {
		passed[r.Case] = r.Result == passes
	}
	for _, e := range elsewhere {
		there, err := s.tryAt(ctx, p, e.path)
		if err != nil {
			return nil, err
		}
		for _, r := range there {
			if passed[r.Case] {
				r.Case, r.Rule = e.path+" "+r.Case, e.rule
				results = append(results, r)
			}
		}
	}
	return results, nil
}

func (s *server) tryAt(ctx context.Context, p policy, path string) ([]result, error) {
	output, err := test(ctx, p.file, s.url+path)
	if err != nil {
		return nil, err
	}
	// Ports differ from run to run.
	return decode(strings.ReplaceAll(output, strings.TrimPrefix(s.url, "http://"), "HOST"))
}
