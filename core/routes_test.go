package cors_test

import (
	"slices"
	"testing"

	cors "github.com/corskit/corskit/core"
)

func TestServedMethods(t *testing.T) {
	tests := []struct {
		name   string
		serves []string
		others []string
		want   []string
	}{
		{"nothing", nil, nil, nil},
		{"nothing of what there is", nil, []string{"PURGE"}, nil},
		{"in one order", []string{"OPTIONS", "DELETE", "PATCH", "PUT", "POST", "HEAD", "GET"}, nil, []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}},
		{"others behind, sorted, once", []string{"PUT", "REPORT", "PURGE"}, []string{"REPORT", "PURGE", "PUT", "PURGE"}, []string{"PUT", "PURGE", "REPORT"}},
		{"others that are not served", []string{"PUT"}, []string{"PURGE"}, []string{"PUT"}},
		{"what scripts cannot use", []string{"GET", "TRACE", "CONNECT", "trace"}, []string{"TRACE", "CONNECT", "trace"}, []string{"GET"}},
		{"what is no method", []string{"GET", "A B", ""}, []string{"A B", ""}, []string{"GET"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			serves := func(method string) bool { return slices.Contains(test.serves, method) }
			if got := cors.ServedMethods(serves, test.others...); !slices.Equal(got, test.want) || (got == nil) != (test.want == nil) {
				t.Errorf("ServedMethods = %q, want %q", got, test.want)
			}
		})
	}
}
