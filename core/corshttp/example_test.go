package corshttp_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	cors "github.com/corskit/corskit/core"
	"github.com/corskit/corskit/core/corshttp"
)

func Example() {
	policy := cors.MustNew(cors.Config{
		AllowOrigins: []string{"https://app.example.com"},
		AllowMethods: []string{"PUT"},
	})
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /items", func(http.ResponseWriter, *http.Request) {})
	server := httptest.NewServer(corshttp.New(policy)(mux))
	defer server.Close()

	r, _ := http.NewRequest("PUT", server.URL+"/items", nil)
	r.Header.Set("Origin", "https://app.example.com")
	response, err := server.Client().Do(r)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	fmt.Println(response.StatusCode, response.Header.Get("Access-Control-Allow-Origin"))
	// Output: 200 https://app.example.com
}
