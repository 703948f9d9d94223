package cors_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	cors "github.com/corskit/corskit/core"
)

func TestParseConfig(t *testing.T) {
	got, err := cors.ParseConfig([]byte(`{
		"allowOrigins": ["https://app.example.com", "https:\/\/*.example.org"],
		"allowMethods": ["PUT"],
		"methodsFromRoutes": true,
		"allowHeaders": [],
		"exposeHeaders": ["X-A"],
		"allowCredentials": true,
		"maxAge": -1,
		"preflightStatus": 200,
		"rejectDisallowed": true,
		"dangerouslyAllowNullOrigin": true,
		"dangerouslyAllowInsecureOrigins": true,
		"dangerouslyAllowPublicSuffixes": true,
		"dangerouslyAllowAnyExtension": false
	}`))
	if err != nil {
		t.Fatal(err)
	}
	want := cors.Config{
		AllowOrigins:                    []string{"https://app.example.com", "https://*.example.org"},
		AllowMethods:                    []string{"PUT"},
		MethodsFromRoutes:               true,
		ExposeHeaders:                   []string{"X-A"},
		AllowCredentials:                true,
		MaxAge:                          cors.NoPreflightCache,
		PreflightStatus:                 200,
		RejectDisallowed:                true,
		DangerouslyAllowNullOrigin:      true,
		DangerouslyAllowInsecureOrigins: true,
		DangerouslyAllowPublicSuffixes:  true,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the file holds\n%+v,\nwant\n%+v", got, want)
	}
	got, err = cors.ParseConfig([]byte(`{"maxAge": 86400}`))
	if err != nil || got.MaxAge != 24*time.Hour {
		t.Errorf("maxAge 86400 is read as %v, %v", got.MaxAge, err)
	}
}

// TestEveryFieldHasItsKey finds a Config field that the file does not know.
func TestEveryFieldHasItsKey(t *testing.T) {
	typ := reflect.TypeFor[cors.Config]()
	for i := range typ.NumField() {
		f := typ.Field(i)
		if !f.IsExported() || f.Type.Kind() == reflect.Func {
			continue
		}
		key := strings.ToLower(f.Name[:1]) + f.Name[1:]
		value := map[reflect.Kind]string{reflect.Slice: `["x"]`, reflect.Bool: "true", reflect.Int: "1", reflect.Int64: "1"}[f.Type.Kind()]
		c, err := cors.ParseConfig([]byte(`{"` + key + `": ` + value + `}`))
		if err != nil {
			t.Errorf("a policy file with %s: %s is refused: %v", key, value, err)
		} else if reflect.ValueOf(c).Field(i).IsZero() {
			t.Errorf("%s: %s does not reach Config.%s", key, value, f.Name)
		}
	}
}

func TestParseFaults(t *testing.T) {
	tests := []struct{ name, file, want string }{
		{"nothing", "", `1:1: the file is empty: write an object such as {"allowOrigins": ["https://app.example.com"]}`},
		{"no object", "\n []", `2:2: the file does not hold an object: write {"allowOrigins": ["https://app.example.com"]}`},
		{"cut off", `{"maxAge": 1`, "1:13: the file ends within the object: close what is open"},
		{"cut off in a key", `{"max`, "1:6: the file ends within the object: close what is open"},
		{"a trailing comma", `{"maxAge": 1,}`, "1:14: is not JSON: invalid character '}': mend the syntax at this place"},
		{"a comment", "{\n// hello\n}", "2:1: is not JSON: invalid character '/': mend the syntax at this place"},
		{"no UTF-8", "{\n\"allowOrigins\": [\"https://\xff\"]}", "2:27: is not valid UTF-8: save the file as UTF-8"},
		{"more", "{}\n{}", "2:1: there is more after the object: keep one object in the file"},
		{"junk", "{} x", "1:4: there is more after the object: keep one object in the file"},
		{"no UTF-8 from the first byte on", "\xff{}", "1:1: is not valid UTF-8: save the file as UTF-8"},
		{"a byte order mark", "\ufeff{}", "1:1: starts with a byte order mark: save the file as UTF-8 without it"},
		{"a key on two lines", `{"a\nb": 1}`, `1:2: "a\nb": is not a key of a policy file: remove it, or write one of `},
		{"other case", `{"AllowOrigins": []}`, "1:2: AllowOrigins: is not a key of a policy file: write allowOrigins"},
		{"another library's key", `{"exposed_headers": []}`, "1:2: exposed_headers: is not a key of a policy file: write exposeHeaders"},
		{"an unknown key with an object", `{"x": {"allowOrigins": []}}`, "1:2: x: is not a key of a policy file: remove it, or write one of "},
		{"a repeated key", `{"maxAge": 1, "maxAge": 1}`, "1:15: maxAge: stands here a second time: keep one of the two"},
		{"a repeated key in escapes", `{"maxAge": 1, "max\u0041ge": 1}`, "1:15: maxAge: stands here a second time: keep one of the two"},
		{"a string for a list", `{"allowOrigins": "*"}`, `1:18: allowOrigins: "\"*\"" is not a list of strings: write a list of strings`},
		{"null for a list", `{"allowOrigins": null}`, `1:18: allowOrigins: "null" is not a list of strings: write a list of strings`},
		{"a number in a list", `{"allowOrigins": ["a", 1]}`, `1:24: allowOrigins: "1" is not a string: write a string`},
		{"null in a list", `{"allowOrigins": [null]}`, `1:19: allowOrigins: "null" is not a string: write a string`},
		{"a string for a number", `{"maxAge": "600"}`, `1:12: maxAge: "\"600\"" is not a whole number of seconds: write a whole number of seconds`},
		{"half a second", `{"maxAge": 0.5}`, `1:12: maxAge: "0.5" is not a whole number of seconds: write a whole number of seconds`},
		{"an exponent", `{"maxAge": 6e2}`, `1:12: maxAge: "6e2" is not a whole number of seconds: write a whole number of seconds`},
		{"a number beyond all bounds", `{"maxAge": 99999999999999999999}`, `1:12: maxAge: "99999999999999999999" is not a whole number of seconds: write a whole number of seconds`},
		{"a number for a bool", `{"allowCredentials": 1}`, `1:22: allowCredentials: "1" is not true or false: write true or false`},
		{"null for a bool", `{"allowCredentials": null}`, `1:22: allowCredentials: "null" is not true or false: write true or false`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := cors.ParseConfig([]byte(tt.file))
			if err == nil {
				t.Fatalf("ParseConfig(%q) accepts it", tt.file)
			}
			if got := err.Error(); got != tt.want && !(strings.HasSuffix(tt.want, " ") && strings.HasPrefix(got, tt.want)) {
				// The words of encoding/json change between releases of Go.
				cut, _, isSyntax := strings.Cut(tt.want, ": mend")
				if !isSyntax || !strings.HasPrefix(got, cut) {
					t.Errorf("ParseConfig(%q) says\n%s,\nwant\n%s", tt.file, got, tt.want)
				}
			}
			if len(cors.ConfigErrors(err)) != 1 {
				t.Errorf("ParseConfig(%q) finds %d faults, want one", tt.file, len(cors.ConfigErrors(err)))
			}
		})
	}
}

func TestParsePolicyLocatesFaults(t *testing.T) {
	_, err := cors.ParsePolicy([]byte(`{
  "allowOrigins": ["https://a.example",
    "null", "http://a.example"],
  "allowCredentials": true,
  "maxAge": 90000
}`))
	want := strings.Join([]string{
		`3:5: allowOrigins: "null" is the origin of every sandboxed frame, on any site: remove it, or set dangerouslyAllowNullOrigin`,
		`3:13: allowOrigins: "http://a.example" allows pages loaded over plain http to send credentials: write https://a.example, or set dangerouslyAllowInsecureOrigins`,
		`5:13: maxAge: "90000" is more than any browser honours: write 24h (86400 seconds) or less`,
	}, "\n")
	if err == nil || err.Error() != want {
		t.Errorf("ParsePolicy says\n%v,\nwant\n%s", err, want)
	}
	_, err = cors.ParsePolicy([]byte(`{
  "allowOrigins": [1, "https://a.example/"],
  "allowed": [],
  "allowMethods": ["TRACE"],
  "preflightStatus": 404
}`))
	want = strings.Join([]string{
		`2:20: allowOrigins: "1" is not a string: write a string`,
		`2:23: allowOrigins: "https://a.example/" has a trailing slash: write https://a.example`,
		`3:3: allowed: is not a key of a policy file: remove it, or write one of allowOrigins, allowMethods, methodsFromRoutes, allowHeaders, exposeHeaders, allowCredentials, maxAge, preflightStatus, rejectDisallowed, dangerouslyAllowNullOrigin, dangerouslyAllowInsecureOrigins, dangerouslyAllowPublicSuffixes, dangerouslyAllowAnyExtension`,
		`4:20: allowMethods: "TRACE" is a method that browsers never send: remove it`,
		`5:22: preflightStatus: "404" is not an ok status, so that browsers refuse the answer: write 204, or another status from 200 to 299`,
	}, "\n")
	if err == nil || err.Error() != want {
		t.Errorf("of a file with faults of both kinds ParsePolicy says\n%v,\nwant\n%s", err, want)
	}
	_, err = cors.ParsePolicy([]byte(`{"allowOrigins": ["*"], "rejectDisallowed": true, "foo": 1, "maxAge": 9999999999999}`))
	if n := len(cors.ConfigErrors(err)); n != 3 {
		t.Errorf("of a file with three faults ParsePolicy says\n%v", err)
	}
	if _, err := cors.ParsePolicy([]byte(`{"origins": ["*"]}`)); len(cors.ConfigErrors(err)) != 1 {
		t.Errorf("of a file with a wrong key alone ParsePolicy says\n%v", err)
	}
	if _, err := cors.ParsePolicy([]byte(`{"allowMethods": ["PUT"]}`)); err == nil || !strings.HasPrefix(err.Error(), "1:1: allowOrigins: is empty") {
		t.Errorf("without origins ParsePolicy says %v", err)
	}
	if p, err := cors.ParsePolicy([]byte(`{"allowOrigins": ["*"]}`)); p == nil || err != nil {
		t.Errorf("ParsePolicy refuses a valid file: %v", err)
	}
}

// FuzzParsePolicy checks that no file crashes the parser, and that every fault
// has a position within the file.
func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte(`{"allowOrigins": ["https://a.example", 1], "maxAge": 5}`))
	f.Add([]byte("{\n\"allowOrigins\": [}"))
	f.Add([]byte(`{"a": {"b": [null]}, "a": 1} {`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := cors.ParsePolicy(data)
		if (p == nil) == (err == nil) {
			t.Fatalf("ParsePolicy(%q) = %v, %v", data, p, err)
		}
		lines := strings.Split(string(data), "\n")
		for _, fault := range cors.ConfigErrors(err) {
			if fault.Line < 1 || fault.Line > len(lines) || fault.Column < 1 || fault.Column > len(lines[fault.Line-1])+1 {
				t.Errorf("ParsePolicy(%q) places a fault at %d:%d", data, fault.Line, fault.Column)
			}
		}
	})
}
