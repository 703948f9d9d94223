package cors

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ParsePolicy compiles a policy file. It is [ParseConfig] and [New] in one, and
// reports the faults that either finds, in the order of their positions.
func ParsePolicy(data []byte) (*Policy, error) {
	f := parseFile(data)
	p, err := New(f.config)
	if !f.readable {
		return nil, errors.Join(f.faults...)
	}
	misread := len(f.faults) > 0
	for _, fault := range ConfigErrors(err) {
		// The list of origins may be empty for want of its key or elements.
		if e := f.locate(fault); !misread || e.Field != "allowOrigins" || e.index >= 0 {
			f.faults = append(f.faults, e)
		}
	}
	if len(f.faults) == 0 {
		return p, nil
	}
	slices.SortStableFunc(f.faults, func(a, b error) int {
		x, y := a.(*ConfigError), b.(*ConfigError)
		return cmp.Or(cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column))
	})
	return nil, errors.Join(f.faults...)
}

// ParseConfig decodes a policy file: a JSON object whose keys are the names of
// [Config]'s fields with a lower-case first letter (but AllowOriginFunc).
// maxAge is a whole number of seconds, and -1 stands for [NoPreflightCache].
//
//	{
//	  "allowOrigins": ["https://app.example.com", "https://*.example.org"],
//	  "allowMethods": ["PUT", "DELETE"],
//	  "allowCredentials": true,
//	  "maxAge": 3600
//	}
//
// The CORS filter of the Kubernetes Gateway API uses the same names, so that
// its object can be used as it is, if [New] accepts the values.
//
// Keys are case-sensitive; unknown or repeated keys, values of other types and
// anything after the object are faults. The error joins a [ConfigError] with a
// position for each of them.
func ParseConfig(data []byte) (Config, error) {
	f := parseFile(data)
	if len(f.faults) > 0 {
		return Config{}, errors.Join(f.faults...)
	}
	return f.config, nil
}

// file is a policy file that is being decoded.
type file struct {
	data     []byte
	dec      *json.Decoder
	config   Config
	faults   []error // each a *ConfigError
	seen     map[string]place
	readable bool // to its end, so that config holds all that is not faulty
}

// place is where a key's value stands, in bytes from the start of the file.
type place struct {
	value    int
	text     string // of a value that is no list
	elements []int  // of a list, but for those that are no strings
}

// A field decodes the value of one key. If the value is of another type than
// the key's, set returns what was expected.
type field struct {
	key string
	set func(f *file, value json.RawMessage, at *place) (expected string)
}

var fields = []field{
	listField("allowOrigins", func(c *Config) *[]string { return &c.AllowOrigins }),
	listField("allowMethods", func(c *Config) *[]string { return &c.AllowMethods }),
	boolField("methodsFromRoutes", func(c *Config) *bool { return &c.MethodsFromRoutes }),
	listField("allowHeaders", func(c *Config) *[]string { return &c.AllowHeaders }),
	listField("exposeHeaders", func(c *Config) *[]string { return &c.ExposeHeaders }),
	boolField("allowCredentials", func(c *Config) *bool { return &c.AllowCredentials }),
	intField("maxAge", "a whole number of seconds", func(c *Config, n int) {
		const beyond = int(maxMaxAge/time.Second) + 1 // for New to refuse; more may overflow
		c.MaxAge = time.Duration(max(-beyond, min(n, beyond))) * time.Second
	}),
	intField("preflightStatus", "a status", func(c *Config, n int) { c.PreflightStatus = n }),
	boolField("rejectDisallowed", func(c *Config) *bool { return &c.RejectDisallowed }),
	boolField("dangerouslyAllowNullOrigin", func(c *Config) *bool { return &c.DangerouslyAllowNullOrigin }),
	boolField("dangerouslyAllowInsecureOrigins", func(c *Config) *bool { return &c.DangerouslyAllowInsecureOrigins }),
	boolField("dangerouslyAllowPublicSuffixes", func(c *Config) *bool { return &c.DangerouslyAllowPublicSuffixes }),
	boolField("dangerouslyAllowAnyExtension", func(c *Config) *bool { return &c.DangerouslyAllowAnyExtension }),
}

// goNames rewrites the names of Config's fields, as messages have them, to the
// keys of a policy file.
var goNames = func() *strings.Replacer {
	var pairs []string
	for _, f := range fields {
		pairs = append(pairs, strings.ToUpper(f.key[:1])+f.key[1:], f.key)
	}
	return strings.NewReplacer(pairs...)
}()

func parseFile(data []byte) *file {
	f := &file{data: data, dec: json.NewDecoder(bytes.NewReader(data)), seen: map[string]place{}}
	f.dec.UseNumber()
	if err := f.object(); err != nil {
		f.syntax(err)
	}
	return f
}

// object reads the file's one object. It returns an error only where reading
// cannot go on.
func (f *file) object() error {
	if i := invalidUTF8(f.data); i >= 0 {
		f.fault(i, "", "", "is not valid UTF-8", "save the file as UTF-8")
		return nil
	}
	start := f.next()
	switch open, err := f.dec.Token(); {
	case err == io.EOF:
		f.fault(0, "", "", "the file is empty", `write an object such as {"allowOrigins": ["https://app.example.com"]}`)
		return nil
	case err != nil:
		return err
	case open != json.Delim('{'):
		f.fault(start, "", "", "the file does not hold an object", `write {"allowOrigins": ["https://app.example.com"]}`)
		return nil
	}
	for f.dec.More() {
		if err := f.member(); err != nil {
			return err
		}
	}
	if _, err := f.dec.Token(); err != nil { // the closing brace
		return err
	}
	end := f.next()
	if _, err := f.dec.Token(); err != io.EOF {
		f.fault(end, "", "", "there is more after the object", "keep one object in the file")
	}
	f.readable = true
	return nil
}

func (f *file) member() error {
	at := f.next()
	token, err := f.dec.Token()
	if err != nil {
		return err
	}
	key := token.(string) // all that Token returns between members
	p := place{value: f.next()}
	var value json.RawMessage
	if err := f.dec.Decode(&value); err != nil {
		return err
	}
	for _, field := range fields {
		if field.key != key {
			continue
		}
		if _, ok := f.seen[key]; ok {
			f.fault(at, key, "", "stands here a second time", "keep one of the two")
			return nil
		}
		if expected := field.set(f, value, &p); expected != "" {
			f.fault(p.value, key, string(value), "is not "+expected, "write "+expected)
		}
		f.seen[key] = p
		return nil
	}
	f.fault(at, key, "", "is not a key of a policy file", suggest(key))
	return nil
}

// suggest names the key that was most likely meant.
func suggest(key string) string {
	plain := func(s string) string {
		s = strings.ToLower(s)
		s = strings.NewReplacer("_", "", "-", "", "allowed", "allow", "exposed", "expose", "seconds", "").Replace(s)
		return strings.TrimSuffix(s, "s")
	}
	for _, f := range fields {
		if plain(f.key) == plain(key) {
			return "write " + f.key
		}
	}
	var keys []string
	for _, f := range fields {
		keys = append(keys, f.key)
	}
	return "remove it, or write one of " + strings.Join(keys, ", ")
}

// syntax records why the file cannot be read further.
func (f *file) syntax(err error) {
	at := int(f.dec.InputOffset())
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax) && bytes.HasPrefix(f.data, []byte("\ufeff")):
		f.fault(0, "", "", "starts with a byte order mark", "save the file as UTF-8 without it")
		return
	case errors.As(err, &syntax):
		// The offset counts the bytes read, up to and with the offending one.
		at = max(at, int(syntax.Offset)-1)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		f.fault(len(f.data), "", "", "the file ends within the object", "close what is open")
		return
	}
	f.fault(at, "", "", "is not JSON: "+err.Error(), "mend the syntax at this place")
}

// next returns the offset of the next token.
func (f *file) next() int {
	i := int(f.dec.InputOffset())
	for i < len(f.data) && strings.IndexByte(" \t\r\n,:", f.data[i]) >= 0 {
		i++
	}
	return i
}

func (f *file) fault(at int, key, value, reason, fix string) {
	e := &ConfigError{Field: key, Value: value, Reason: reason, Fix: fix, index: -1}
	e.Line, e.Column = f.position(at)
	f.faults = append(f.faults, e)
}

// position counts lines and bytes within them from 1.
func (f *file) position(at int) (line, column int) {
	before := f.data[:min(at, len(f.data))]
	return 1 + bytes.Count(before, []byte("\n")), len(before) - bytes.LastIndexByte(before, '\n')
}

// locate gives a fault that New has found its place in the file, and its words
// the file's names.
func (f *file) locate(e *ConfigError) *ConfigError {
	e.Field = goNames.Replace(e.Field)
	e.Reason, e.Fix = goNames.Replace(e.Reason), goNames.Replace(e.Fix)
	at := 0
	if p, ok := f.seen[e.Field]; ok {
		at = p.value
		if e.index >= 0 {
			at = p.elements[e.index]
		} else if p.text != "" {
			e.Value = p.text
		}
	}
	e.Line, e.Column = f.position(at)
	return e
}

func invalidUTF8(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
	return -1
}

func boolField(key string, to func(*Config) *bool) field {
	return field{key, func(f *file, value json.RawMessage, _ *place) string {
		switch string(value) {
		case "true", "false":
			*to(&f.config) = string(value) == "true"
			return ""
		}
		return "true or false"
	}}
}

func intField(key, what string, set func(*Config, int)) field {
	return field{key, func(f *file, value json.RawMessage, at *place) string {
		at.text = string(value)
		n, err := strconv.ParseInt(at.text, 10, 64)
		if err != nil {
			return what
		}
		set(&f.config, int(n))
		return ""
	}}
}

func listField(key string, to func(*Config) *[]string) field {
	return field{key, func(f *file, value json.RawMessage, at *place) string {
		var elements []json.RawMessage
		// A null is the zero value of anything to encoding/json, here and
		// below, but as wrong as any other type to us.
		if json.Unmarshal(value, &elements) != nil || elements == nil {
			return "a list of strings"
		}
		offset := at.value + len("[")
		for _, e := range elements {
			offset += bytes.Index(f.data[offset:], e)
			var s *string
			if json.Unmarshal(e, &s) != nil || s == nil {
				f.fault(offset, key, string(e), "is not a string", "write a string")
			} else {
				*to(&f.config) = append(*to(&f.config), *s)
				at.elements = append(at.elements, offset)
			}
			offset += len(e)
		}
		return ""
	}}
}
