package main

import (
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"

	cors "github.com/corskit/corskit/core"
)

//go:embed page
var pageFiles embed.FS

// newPage serves the page, what it has to know, and explanations. It is all of
// one origin with the page: none of it takes part in CORS.
func newPage(s *stage, policy *cors.Policy) http.Handler {
	files, err := fs.Sub(pageFiles, "page")
	if err != nil {
		panic(err) // the directory is part of the program
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /demo.json", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, struct {
			*stage
			Calls  []call `json:"calls"`
			Policy string `json:"policy"`
		}{s, calls, string(policyFile)})
	})
	mux.HandleFunc("POST /explain", func(w http.ResponseWriter, r *http.Request) {
		var question struct {
			Origin string `json:"origin"`
			Call   call   `json:"call"`
		}
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<10)).Decode(&question); err != nil {
			http.Error(w, "the body is not a question: "+err.Error(), http.StatusBadRequest)
			return
		}
		reply(w, explain(r.Context(), policy, question.Origin, question.Call))
	})
	return mux
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	// An error means that the client is gone.
	_ = json.NewEncoder(w).Encode(v)
}
