package main

import (
	"slices"
	"strings"
	"testing"
)

func TestRegressions(t *testing.T) {
	const times = ",old,,new,,,\n,sec/op,CI,sec/op,CI,vs base,P\n"
	const allocations = "\n,old,,new,,,\n,allocs/op,CI,allocs/op,CI,vs base,P\n"
	for _, test := range []struct {
		name, csv string
		compared  int
		want      []string
	}{
		{"nothing", "", 0, nil},
		{"as fast", times + "A-2,1e-07,1%,1e-07,1%,~,p=1.000 n=10\n", 1, nil},
		{"faster", times + "A-2,1e-07,1%,5e-08,1%,-50.00%,p=0.000 n=10\n", 1, nil},
		{"a little slower", times + "A-2,1e-07,1%,1.2e-07,1%,+20.00%,p=0.000 n=10\n", 1, nil},
		{"slower", times + "A-2,1e-07,1%,1.21e-07,1%,+21.00%,p=0.000 n=10\n", 1, []string{"A-2 takes 121 ns, and took 100 ns (+21 %)"}},
		{"slower by chance", times + "A-2,1e-07,90%,2e-07,90%,~,p=0.300 n=10\n", 1, nil},
		{"the mean", times + "geomean,1e-07,,2e-07,,+100.00%,\n", 0, nil},
		{"new", times + "A-2,,,1e-07,1%\n", 0, nil},
		{"new, with all columns", times + "A-2,,,1e-07,1%,,\n", 0, nil},
		{"gone", times + "A-2,1e-07,1%\n" + allocations + "A-2,1,0%\n", 0, nil},
		{"as many allocations", times + allocations + "A-2,1,0%,1,0%,~,p=1.000 n=10\n", 0, nil},
		{"fewer allocations", allocations + "A-2,1,0%,0,0%,-100.00%,p=0.000 n=10\n", 0, nil},
		{"the first allocation", allocations + "A-2,0,0%,1,0%,?,p=0.000 n=10\n", 0, []string{"A-2 takes 1 allocations, and took 0"}},
		{"bytes, which are not judged", "\n,old,,new,,,\n,B/op,CI,B/op,CI,vs base,P\nA-2,0,0%,100,0%,?,p=0.000 n=10\n", 0, nil},
		{
			"two tables",
			times + "A-2,1e-07,1%,3e-07,1%,+200.00%,p=0.000 n=10\nB-2,1e-07,1%,1e-07,1%,~,p=1.000 n=10\n" +
				allocations + "A-2,1,0%,2,0%,+100.00%,p=0.000 n=10\n",
			2, []string{"A-2 takes 300 ns, and took 100 ns (+200 %)", "A-2 takes 2 allocations, and took 1"},
		},
	} {
		got, gone, compared, err := regressions(strings.NewReader(test.csv), 20)
		if err != nil || compared != test.compared || !slices.Equal(got, test.want) {
			t.Errorf("%s: %d benchmarks are compared and the regressions are %q (error %v), want %d and %q", test.name, compared, got, err, test.compared, test.want)
		}
		if isGone := slices.Equal(gone, []string{"A-2"}); isGone != (test.name == "gone") || !isGone && gone != nil {
			t.Errorf("%s: %q are gone", test.name, gone)
		}
	}
	for _, broken := range []string{"\"A", times + "A-2,1e-07,1%,fast,1%,~,p=1.000 n=10\n", times + "A-2,1e-07,1%,1e-07\n"} {
		if _, _, _, err := regressions(strings.NewReader(broken), 20); err == nil {
			t.Errorf("%q has no error", broken)
		}
	}
}
