// Command regressions reads what benchstat -format csv prints of two sides, and names
// the benchmarks that have become slower, or that allocate more often. It exits with
// status 1 if there are any, and with 2 if there is nothing to compare.
package main

import (
	"encoding/csv"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// limit is how much longer a benchmark may take, in percent, before it is named.
// Less means nothing on a machine that has other things to do.
var limit = flag.Float64("limit", 20, "how much longer a benchmark may take, in percent")

func main() {
	flag.Parse()
	found, gone, compared, err := regressions(os.Stdin, *limit)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "regressions:", err)
		os.Exit(2)
	case compared == 0:
		fmt.Fprintln(os.Stderr, "regressions: no benchmark has figures of both sides: do they have the same names?")
		os.Exit(2)
	}
	for _, name := range gone {
		fmt.Println("gone:", name)
	}
	for _, f := range found {
		fmt.Println("regression:", f)
	}
	fmt.Printf("%d benchmarks compared, %d are slower by more than %v %% or allocate more often\n", compared, len(found), *limit)
	if len(found) > 0 {
		os.Exit(1)
	}
}

// The columns of a row. A table begins with a row that has the unit in the place of
// the old figure.
const (
	nameColumn = 0
	oldColumn  = 1
	newColumn  = 3
	diffColumn = 5
)

// regressions returns one line for each regression, the names of benchmarks that the
// new side lacks, and how many have times of both sides.
func regressions(in io.Reader, limit float64) (found, gone []string, compared int, err error) {
	r := csv.NewReader(in)
	r.FieldsPerRecord = -1
	unit := ""
	for {
		row, err := r.Read()
		switch {
		case err == io.EOF:
			return found, gone, compared, nil
		case err != nil:
			return nil, nil, 0, err
		case len(row) > oldColumn && row[nameColumn] == "":
			unit = row[oldColumn]
			continue
		case len(row) <= oldColumn || row[nameColumn] == "geomean":
			continue
		}
		before, errBefore := strconv.ParseFloat(row[oldColumn], 64)
		if errBefore != nil {
			continue // it is new
		}
		if len(row) <= newColumn || row[newColumn] == "" {
			if unit == "sec/op" {
				gone = append(gone, row[nameColumn])
			}
			continue
		}
		after, err := strconv.ParseFloat(row[newColumn], 64)
		if err != nil || len(row) <= diffColumn {
			return nil, nil, 0, fmt.Errorf("%q is no row of benchstat's: it has no new figure or no difference", row)
		}
		switch unit {
		case "sec/op":
			compared++
			// benchstat writes "~" where chance may have made the difference.
			if percent := 100 * (after/before - 1); percent > limit && strings.HasPrefix(row[diffColumn], "+") {
				found = append(found, fmt.Sprintf("%s takes %.4g ns, and took %.4g ns (%+.0f %%)", row[nameColumn], 1e9*after, 1e9*before, percent))
			}
		case "allocs/op":
			if after > before {
				found = append(found, fmt.Sprintf("%s takes %v allocations, and took %v", row[nameColumn], after, before))
			}
		}
	}
}
