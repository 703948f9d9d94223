package corsfile_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
	"github.com/corskit/corskit/source/file"
)

func ExampleWatch() {
	dir, _ := os.MkdirTemp("", "example")
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "policy.json")
	save := func(text string) {
		os.WriteFile(file+".new", []byte(text), 0o644)
		os.Rename(file+".new", file)
	}

	save(`{"allowOrigins": ["https://app.example.com"]}`)
	ctx, stop := context.WithCancel(context.Background())
	live, reports := new(cors.Live), make(chan error, 1)
	done, err := corsfile.Watch(ctx, live, file, func(err error) { reports <- err })
	if err != nil {
		panic(err)
	}
	handler := corshttp.New(live)(http.NewServeMux())

	save(`{"allowOrigins": ["https://admin.example.com"]}`)
	fmt.Println("report:", <-reports)
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Origin", "https://admin.example.com")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println("allowed:", w.Header().Get("Access-Control-Allow-Origin"))

	stop()
	<-done
	// Output:
	// report: <nil>
	// allowed: https://admin.example.com
}
