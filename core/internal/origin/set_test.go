package origin

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func newSet(t testing.TB, patterns ...string) *Set {
	t.Helper()
	var s Set
	for _, text := range patterns {
		p, fault := ParsePattern(text)
		if fault != nil {
			t.Fatalf("ParsePattern(%q) refuses it: it %s", text, fault.Reason)
		}
		s.Add(p)
	}
	return &s
}

// allows is the lookup of a policy.
func (s *Set) allows(origin string) bool {
	if s.Exact(origin) {
		return true
	}
	o, ok := Parse(origin)
	return ok && s.Match(o)
}

func TestSet(t *testing.T) {
	tests := []struct {
		pattern string
		in, out []string
	}{
		{
			"https://example.com",
			[]string{"https://example.com"},
			[]string{"http://example.com", "https://example.com:8443", "https://a.example.com", "https://example.com.", "https://example.co", "https://example.comm"},
		},
		{
			"https://*.example.com",
			[]string{"https://a.example.com", "https://a.b.c.example.com", "https://_.example.com"},
			[]string{"https://example.com", "https://aexample.com", "http://a.example.com", "https://a.example.com:8443", "https://a.example.com.evil.example", "https://.example.com", "https://a..example.com", "https://a.example.com.", "https://evil.example/.example.com"},
		},
		{
			"https://*.example.com:8443",
			[]string{"https://a.example.com:8443"},
			[]string{"https://a.example.com", "https://a.example.com:443", "https://a.example.com:84430", "https://example.com:8443"},
		},
		{
			"https://*.example.com:*",
			[]string{"https://a.example.com", "https://a.example.com:1", "https://b.a.example.com:65535"},
			[]string{"https://example.com:1", "https://a.example.com:443", "https://a.example.com:0", "https://a.example.com:8@evil.example"},
		},
		{
			"http://localhost:*",
			[]string{"http://localhost", "http://localhost:3000"},
			[]string{"https://localhost", "http://a.localhost:3000", "http://localhost.evil.example:3000", "http://localhost:80"},
		},
		{
			"http://[::1]:*",
			[]string{"http://[::1]", "http://[::1]:8080"},
			[]string{"http://[::2]:8080"},
		},
		{
			"app://*",
			[]string{"app://x", "app://0.1:2"},
			[]string{"apps://x", "app://", "app://X", "https://x"},
		},
		{
			"https://*." + strings.Repeat("a.", 120) + "example",
			[]string{"https://x." + strings.Repeat("a.", 120) + "example"},
			[]string{"https://" + strings.Repeat("a.", 120) + "example", "https://x." + strings.Repeat("a.", 119) + "example"},
		},
	}
	for _, tt := range tests {
		s := newSet(t, tt.pattern)
		for _, o := range tt.in {
			if !s.allows(o) {
				t.Errorf("pattern %q does not match %q", tt.pattern, o)
			}
		}
		for _, o := range tt.out {
			if s.allows(o) {
				t.Errorf("pattern %q matches %q", tt.pattern, o)
			}
		}
	}
}

func TestSetKeepsPatternsApart(t *testing.T) {
	s := newSet(t, "https://a.example", "https://*.b.example", "https://*.c.example:1", "http://d.example:*")
	for _, o := range []string{"https://x.a.example", "https://b.example", "https://x.c.example", "https://x.b.example:1", "https://d.example:1", "http://x.b.example"} {
		if s.allows(o) {
			t.Errorf("four patterns together match %q, which none of them does", o)
		}
	}
}

// TestLookupsDoNotGrowWithTheSet checks, without a clock, that a lookup does
// the same work in a set of one pattern of each kind and of 10 000. There is
// nothing in a set that could be walked but maps, and what bounds the one loop
// of Match, the number of labels, does not follow the number of patterns. The
// maps are probed once for each label of the origin, and no deeper than the
// deepest pattern.
func TestLookupsDoNotGrowWithTheSet(t *testing.T) {
	build := func(n int) *Set {
		var s Set
		for i := range n {
			for _, text := range []string{"https://a%d.example", "https://*.b%d.example", "https://*.c%d.example:*", "https://d%d.example:*", "https://*.e%d.example:8443"} {
				p, fault := ParsePattern(fmt.Sprintf(text, i))
				if fault != nil {
					t.Fatalf("ParsePattern(%q) refuses it: it %s", text, fault.Reason)
				}
				s.Add(p)
			}
		}
		return &s
	}
	one, many := build(1), build(10_000)
	if len(many.exact) != 10_000 || len(many.schemes["https"].below) != 20_000 {
		t.Fatalf("the set of 10 000 holds %d exact origins and %d suffixes", len(many.exact), len(many.schemes["https"].below))
	}
	a, b := one.https, many.https
	if b != many.schemes["https"] {
		t.Error("the patterns of https are not those of the scheme")
	}
	if len(one.schemes) != len(many.schemes) || a.deepest != b.deepest || a.depths != b.depths {
		t.Errorf("Match is bounded by %d labels at depths %b in a set of one, and by %d at %b in one of 10 000", a.deepest, a.depths, b.deepest, b.depths)
	}
	if a.deepest != 2 {
		t.Errorf("Match looks at %d labels, though no pattern has more than 2", a.deepest)
	}
	for _, typ := range []reflect.Type{reflect.TypeFor[Set](), reflect.TypeFor[hosts]()} {
		for i := range typ.NumField() {
			switch f := typ.Field(i); f.Type.Kind() {
			case reflect.Map, reflect.Bool, reflect.Int, reflect.Array: // of a fixed size
			case reflect.String: // one origin
			case reflect.Pointer:
				if f.Type.Elem() != reflect.TypeFor[hosts]() {
					t.Errorf("%s.%s is a %s, which is not looked at here", typ, f.Name, f.Type)
				}
			default:
				t.Errorf("%s.%s is a %s, which a lookup could walk", typ, f.Name, f.Type)
			}
		}
	}
}

// TestExactOfEveryLength puts an exact origin of each length that there is into a set,
// and asks for it, for another that is as long, and for one of every other length.
func TestExactOfEveryLength(t *testing.T) {
	for n := 1; n <= MaxLen; n++ {
		text := strings.Repeat("a", n)
		var s Set
		s.Add(Pattern{Origin: Origin{Scheme: "https"}, Text: "first"})
		s.Add(Pattern{Origin: Origin{Scheme: "https"}, Text: text})
		s.Add(Pattern{Origin: Origin{Scheme: "https"}, Text: "last"})
		for m := 1; m <= MaxLen; m++ {
			if got := s.Exact(strings.Repeat("a", m)); got != (m == n) {
				t.Errorf("Exact = %v of %d bytes, in a set that has %d of them", got, m, n)
			}
		}
		if s.Exact(text[1:] + "b") {
			t.Errorf("%d bytes are found that are not in the set", n)
		}
	}
}

// TestMatchSkipsDepthsWithoutPatterns puts in suffixes that the set has not
// been told the depth of: a lookup that finds them has probed where no pattern
// can match.
func TestMatchSkipsDepthsWithoutPatterns(t *testing.T) {
	s := newSet(t, "https://*.b.example")
	h := s.schemes["https"]
	h.below["example"], h.below["a.b.example"] = struct{}{}, struct{}{}
	for _, o := range []string{"https://x.example", "https://x.a.c.example"} {
		if s.allows(o) {
			t.Errorf("%s is looked up at a depth that no pattern has", o)
		}
	}
	h.depths[0] |= 1 << 3
	delete(h.below, "b.example")
	if s.allows("https://x.a.b.example") {
		t.Error("a lookup goes deeper than the deepest pattern")
	}
}

// TestOnlyExactOriginsWalks reads the set's own code, as no count tells a walk
// over a map from a probe without a cost for every lookup: the maps are walked in
// one place, which the package's importer uses outside of decisions only (its
// tests check that), and no other file of the package can reach them.
func TestOnlyExactOriginsWalks(t *testing.T) {
	files := token.NewFileSet()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	ranges := 0
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.RangeStmt:
					if name == "set.go" && f.Name.Name != "ExactOrigins" {
						t.Errorf("%s: %s ranges over something", files.Position(n.Pos()), f.Name)
					}
					if name == "set.go" {
						ranges++
					}
				case *ast.SelectorExpr:
					switch n.Sel.Name {
					case "exact", "schemes", "anyPort", "below", "belowAP":
						if name != "set.go" {
							t.Errorf("%s: %s reaches for the maps of a set", files.Position(n.Pos()), f.Name)
						}
					case "Keys", "Values", "All":
						if name == "set.go" {
							t.Errorf("%s: %s walks a map", files.Position(n.Pos()), f.Name)
						}
					}
				}
				return true
			})
		}
	}
	if ranges != 1 {
		t.Errorf("set.go has %d ranges, want that of ExactOrigins", ranges)
	}
}

// naive is the matcher that a reader can check by eye.
func naive(patterns []string, origin string) bool {
	o, ok := Parse(origin)
	if !ok {
		return false
	}
	for _, p := range patterns {
		scheme, rest, _ := strings.Cut(p, "://")
		if scheme != o.Scheme {
			continue
		}
		host, anyPort := strings.CutSuffix(rest, ":*")
		port := ""
		if !anyPort {
			host, port, _ = cutPort(rest)
		}
		suffix, below := strings.CutPrefix(host, "*")
		hostOK := o.Host == host || below && suffix != "" && strings.HasSuffix(o.Host, suffix) && len(o.Host) > len(suffix)
		if rest == "*" || hostOK && (anyPort || port == o.Port) {
			return true
		}
	}
	return false
}

func FuzzSet(f *testing.F) {
	f.Add("https://*.example.com https://example.com:8443 http://localhost:*", "https://a.example.com")
	f.Add("https://*.b.c https://*.c:1", "https://a.b.c:1")
	f.Add("app://* https://*.a.a:*", "https://a.a.a:5")
	f.Fuzz(func(t *testing.T, list, origin string) {
		if len(origin) > MaxLen {
			return
		}
		var s Set
		var patterns []string
		for _, text := range strings.Fields(list) {
			if p, fault := ParsePattern(text); fault == nil {
				s.Add(p)
				patterns = append(patterns, text)
			}
		}
		if got, want := s.allows(origin), naive(patterns, origin); got != want {
			t.Errorf("the set of %q allows %q: %v; one by one: %v", patterns, origin, got, want)
		}
	})
}

func BenchmarkSet(b *testing.B) {
	for _, n := range []int{1, 1000, 1_000_000} {
		s := NewSet(n)
		for i := range n {
			text := fmt.Sprintf("https://app%d.example.com", i)
			if i%10 == 9 {
				text = fmt.Sprintf("https://*.tenant%d.example.org", i)
			}
			p, _ := ParsePattern(text)
			s.Add(p)
		}
		for name, origin := range map[string]string{
			"exact":   "https://app0.example.com",
			"pattern": "https://a.tenant9.example.org",
			"refused": "https://app.evil.example",
		} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					s.allows(origin)
				}
			})
		}
	}
}
