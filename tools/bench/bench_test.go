package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Three rounds of some benchmarks, as they are printed.
const raw = `goos: linux
goarch: amd64
pkg: github.com/corskit/corskit/core
cpu: Some CPU
BenchmarkDecide/actual-2   	  100	        41.50 ns/op	       0 B/op	       0 allocs/op
PASS
pkg: github.com/corskit/corskit/conformance/adapters
cpu: Some CPU
BenchmarkCORS/gin/none/actual-2             	  100	   40.00 ns/op	  8 B/op	  2 allocs/op
BenchmarkCORS/gin/corskit/actual-2          	  100	  140.0 ns/op	 24 B/op	  3 allocs/op
BenchmarkCORS/gin/corskit+Seal/actual-2     	  100	  250.0 ns/op	 40 B/op	  5 allocs/op
BenchmarkCORS/gin/gin-contrib/actual-2      	  100	  290.0 ns/op	 24 B/op	  3 allocs/op
BenchmarkCORS/gin/slow/actual-2             	  100	  990.0 ns/op	 24 B/op	  3 allocs/op
BenchmarkCORS/gin/none/actual-refused-2     	  100	   40.00 ns/op	  8 B/op	  2 allocs/op
BenchmarkCORS/gin/corskit/actual-refused-2  	  100	  140.0 ns/op	  8 B/op	  2 allocs/op
BenchmarkCORS/gin/gin-contrib/actual-refused-2  100	   50.0 ns/op	  8 B/op	  2 allocs/op
BenchmarkCORS/gin/none/parallel-actual-2    	  100	   40.00 ns/op	  8 B/op	  2 allocs/op
BenchmarkCORS/gin/corskit/parallel-actual-2 	  100	   90.00 ns/op	  8 B/op	  2 allocs/op
BenchmarkCORS/gin/gin-contrib/parallel-actual-2 100	  140.0 ns/op	  8 B/op	  2 allocs/op
BenchmarkScale/1/exact-2    	  100	  10.00 ns/op
BenchmarkScale/1000/exact-2 	  100	  20.00 ns/op
BenchmarkScale/10/exact-2   	  100	  11.00 ns/op
BenchmarkReload-2           	    1	  200000000 ns/op	  4000000 slowest-ns
BenchmarkBuild/100000-2     	    1	  57480568 ns/op	  60.05 B/origin	  574.8 ns/origin
PASS
pkg: github.com/corskit/corskit/core
BenchmarkDecide/actual-2   	  100	        39.50 ns/op	       0 B/op	       0 allocs/op
pkg: github.com/corskit/corskit/conformance/adapters
BenchmarkCORS/gin/none/actual-2             	  100	   50.00 ns/op	  8 B/op	  2 allocs/op
BenchmarkCORS/gin/corskit/actual-2          	  100	  120.0 ns/op	 24 B/op	  3 allocs/op
PASS
pkg: github.com/corskit/corskit/core
BenchmarkDecide/actual-2   	  100	        80.50 ns/op	       0 B/op	       0 allocs/op
`

const noted = `=== RUN   TestBenchmarksAnswer
=== ATTR  TestBenchmarksAnswer/gin/gin-contrib/actual shares Vary
=== ATTR  TestBenchmarksAnswer/gin/gin-contrib/actual-refused lacks Vary:Origin,Access-Control-Allow-Methods
=== ATTR  TestBenchmarksAnswer/gin/gin-contrib/actual-refused status 403
=== ATTR  TestBenchmarksAnswer/gin/gin-contrib/hostile bytes 70000
--- PASS: TestBenchmarksAnswer (0.60s)
PASS
`

func read(t *testing.T) *report {
	measured, err := parseResults(strings.NewReader(raw))
	require.NoError(t, err)
	found, err := parseNotes(strings.NewReader(noted))
	require.NoError(t, err)
	return &report{
		options:  options{rounds: 3, benchtime: "20ms"},
		results:  measured,
		notes:    found,
		versions: []string{"gin-gonic/gin v1.12.0"}, goVersion: "go1.26.0",
	}
}

func TestParseResults(t *testing.T) {
	r := read(t).results
	assert.Equal(t, [3]string{"linux/amd64", "Some CPU", "2"}, [3]string{r.os, r.cpu, r.procs})
	assert.Equal(t, "core:Decide/actual", r.names[0])
	for _, test := range []struct {
		name, unit string
		want       figure
	}{
		{"core:Decide/actual", "ns/op", figure{39.5, 41.5}},
		{corsPrefix + "gin/none/actual", "ns/op", figure{40, 45}},
		{corsPrefix + "gin/none/actual", "allocs/op", figure{2, 2}},
		{corsPrefix + "gin/corskit/actual-refused", "ns/op", figure{140, 140}},
		{peersDir + ":Build/100000", "ns/origin", figure{574.8, 574.8}},
		{peersDir + ":Build/100000", "B/origin", figure{60.05, 60.05}},
	} {
		got, ok := r.get(test.name, test.unit)
		assert.True(t, ok, test.name)
		assert.Equal(t, test.want, got, "%s in %s", test.name, test.unit)
	}
	_, ok := r.get("core:Decide/actual", "ns/origin")
	assert.False(t, ok)

	_, err := parseResults(strings.NewReader("PASS\n"))
	assert.ErrorContains(t, err, "none matches")
	_, err = parseResults(strings.NewReader("BenchmarkX 1 much ns/op\n"))
	assert.ErrorContains(t, err, "bench.txt:1")
}

func TestSplitProcs(t *testing.T) {
	for name, want := range map[string][2]string{
		"CORS/gin/gin-contrib/actual-16": {"CORS/gin/gin-contrib/actual", "16"},
		"CORS/gin/gin-contrib/actual":    {"CORS/gin/gin-contrib/actual", ""},
		"Scale/1000/exact":               {"Scale/1000/exact", ""},
	} {
		base, procs := splitProcs(name)
		assert.Equal(t, want, [2]string{base, procs}, name)
	}
}

func TestParseNotesNeedsTheTestToPass(t *testing.T) {
	_, err := parseNotes(strings.NewReader(strings.ReplaceAll(noted, "--- PASS: ", "--- FAIL: ")))
	assert.ErrorContains(t, err, "has not run")
	_, err = parseNotes(strings.NewReader("=== ATTR  TestBenchmarksAnswer/gin lacks\n" + noted))
	assert.ErrorContains(t, err, "no attribute")
}

func TestWrite(t *testing.T) {
	var out strings.Builder
	read(t).write(&out)
	got := out.String()
	for _, want := range []string{
		"Written by `make bench ROUNDS=3`: go1.26.0, linux/amd64, Some CPU, 2 processors; rounds of 20ms.\nWith gin-gonic/gin v1.12.0.\n",
		`
### gin

| case | bare | corskit | corskit+Seal | gin-contrib | slow | to the best peer | to the framework's own | what peers do otherwise |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
| actual | 40 | 80 / 85 · 16 · 1 | 210 / 205 · 32 · 3 | 250 / 245 · 16 · 1 | 950 / 945 · 16 · 1 | 0.32x (gin-contrib) | 0.32x | gin-contrib shares Vary between responses |
| actual-refused | 40 | 100 / 100 · 0 · 0 | – | 10 / 10 · 0 · 0 | – | – | 10.00x | gin-contrib lacks Vary: Origin, Allow-Methods, answers 403 |
| parallel-actual | 40 | 50 / 50 · 0 · 0 | – | 100 / 100 · 0 · 0 | – | 0.50x (gin-contrib) | 0.50x | gin-contrib shares Vary between responses |
`,
		"| core:Decide/actual | 40 / 42 | 0 | 0 |  |\n",
		"| conformance/adapters:Build/100000 | 57.5M / 57.5M |  |  | 60 / 60 B/origin, 575 / 575 ns/origin |\n",
		"\n## Targets\n",
		"| gin, actual: to the framework's own | 0.40x | 0.32x (gin-contrib) | met |\n",
		"| gin, actual: allocations | 1 | 1 | met |\n",
		"| gin, the slowest case with an origin, not hostile: to the best peer | 1.00x | 0.50x (parallel-actual) | met |\n",
		"| gin, actual: what Seal adds | 100 ns | 130 ns | **missed** |\n",
		"| gin, actual: allocations that Seal adds | 1 | 2 | **missed** |\n",
		"| Decide, actual | 40 ns | 39.5 ns | met |\n",
		"| lookup, exact: of many origins, to one | 1.50x | 2.00x (1000 origins) | **missed** |\n",
		"| build of 100000 origins: each | 1000 ns | 575 ns | met |\n",
		"| reload of 100000 origins | 150 ms | 200 ms (while the slowest request took 4 ms, in the median round) | **missed** |\n",
	} {
		_, after, found := strings.Cut(got, want)
		require.True(t, found, "%q does not come next in\n%s", want, got)
		got = after
	}
	assert.NotContains(t, out.String(), "fiber", "it was not measured")
}

// A table of what was not measured says nothing.
func TestWriteAPart(t *testing.T) {
	measured, err := parseResults(strings.NewReader(`pkg: github.com/corskit/corskit/core
BenchmarkX 1 5 ns/op
pkg: github.com/corskit/corskit/conformance/adapters
BenchmarkCORS/gin/corskit/actual 1 7 ns/op
`))
	require.NoError(t, err)
	var out strings.Builder
	(&report{results: measured}).write(&out)
	assert.Contains(t, out.String(), "| core:X | 5 / 5 |  |  |  |\n")
	assert.Contains(t, out.String(), "| conformance/adapters:CORS/gin/corskit/actual | 7 / 7 |  |  |  |\n", "without the bare framework")
	assert.NotContains(t, out.String(), "## Overhead")
	assert.NotContains(t, out.String(), "## Targets")
}

func TestShort(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0", 0.25: "0.2", 9.9: "9.9", 12: "12", -3: "-3", 119.6: "120", 9999: "9999",
		10_000: "10k", 42_310: "42.3k", 999_499: "999k", 1_090_000: "1.09M", 57_480_568: "57.5M", 1_320_000_000: "1.32G",
	} {
		assert.Equal(t, want, short(x), "%v", x)
	}
}

func TestReadVersions(t *testing.T) {
	file := filepath.Join(t.TempDir(), "go.mod")
	require.NoError(t, os.WriteFile(file, []byte(`module x
require (
	github.com/corskit/corskit/core v0.1.0
	github.com/rs/cors v1.11.1
	github.com/stretchr/testify v1.12.1
	gopkg.in/a.v1 v1.0.0
)
require github.com/google/uuid v1.6.0 // indirect
`), 0o644))
	versions, err := readVersions(file)
	require.NoError(t, err)
	assert.Equal(t, []string{"rs/cors v1.11.1", "gopkg.in/a.v1 v1.0.0"}, versions)
}

func TestFloorOf(t *testing.T) {
	measured, err := parseResults(strings.NewReader(raw + "pkg: github.com/corskit/corskit/conformance/adapters\nBenchmarkCORS/gin/floor/actual-2 100 90.00 ns/op\n"))
	require.NoError(t, err)
	r := read(t)
	r.results = measured
	for _, test := range []struct{ what, unit, of, want string }{
		{"gin, actual: to the framework's own", "x", corsPrefix + "gin/corskit/actual", "50 ns, which is 0.20x"},
		{"gin, actual: what Seal adds", " ns", corsPrefix + "gin/corskit+Seal/actual", "50 ns"},
		{"gin, actual: bytes", " B", corsPrefix + "gin/corskit/actual", ""},
		{"gin, actual-refused: to the best peer", "x", corsPrefix + "gin/corskit/actual-refused", ""},
		{"Decide, actual", " ns", "core:Decide/actual", ""},
	} {
		got := r.floorOf(miss{target: target{what: test.what, unit: test.unit}}, test.of)
		assert.Equal(t, test.want, got, test.what)
	}
}

func TestParseTop(t *testing.T) {
	got, err := parseTop(`File: core.test
Type: cpu
Showing top 6 nodes out of 57
      flat  flat%   sum%        cum   cum%
     0.33s 19.08% 19.08%      1.68s 97.11%  github.com/corskit/corskit/core_test.BenchmarkDecide.func1
     0.23s 13.29% 32.37%      1.32s 76.30%  runtime.mallocgc (inline)`)
	require.NoError(t, err)
	assert.Equal(t, "`core_test.BenchmarkDecide.func1` 19.08%, `runtime.mallocgc` 13.29%", got)

	_, err = parseTop("Type: cpu\n")
	assert.ErrorContains(t, err, "names no function")
}

// Whatever is missed has to be explained.
func TestTargetsAreExplained(t *testing.T) {
	for _, target := range targets() {
		assert.NotEmpty(t, target.tried, target.what)
		if target.of == "" {
			assert.Contains(t, target.what, ", ", "where the profile is to be taken")
		}
	}
}

// The names in the table of targets are those of the peers' benchmarks.
func TestTargetsKnowTheFrameworks(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", peersDir, "bench_stacks_test.go"))
	require.NoError(t, err)
	for framework, middleware := range own {
		assert.Contains(t, string(text), `framework("`+framework+`"`)
		assert.Contains(t, string(text), `name: "`+middleware+`"`)
	}
	for _, target := range targets() {
		framework, _, found := strings.Cut(target.what, ", ")
		if found && own[framework] == "" {
			assert.Contains(t, []string{"nethttp", "Decide", "lookup"}, framework)
		}
	}
}
