package origin

import "testing"

// The samples of RFC 3492, section 7.1, that are words, in lower case.
func TestToASCII(t *testing.T) {
	for label, want := range map[string]string{
		"b\u00fccher":                          "xn--bcher-kva",
		"xn--bcher-kv\u00e4":                   "xn--bcher-kv\u00e4",
		"\u03b1\u3051\u00f6\u03b1\u044b\u03b1": "xn--nda11lbaa38e654q",
		"plain":                                "plain",
		"zero\u200bwidth":                      "zero\u200bwidth",
		"他们为什么不说中文":                            "xn--ihqwcrb4cv8a8dqg056pqjye",
		"他們爲什麽不說中文":                            "xn--ihqwctvzc91f659drss3x8bo0yb",
		"pročprostěnemluvíčesky":               "xn--proprostnemluvesky-uyb24dma41a",
		"למההםפשוטלאמדבריםעברית":               "xn--4dbcagdahymbxekheh6e0a7fei0b",
		"यहलोगहिन्दीक्योंनहींबोलसकतेहैं":           "xn--i1baa7eci9glrd9b2ae1bj0hfcgg6iyaf8o0a1dig0cd",
		"なぜみんな日本語を話してくれないのか":                       "xn--n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa",
		"세계의모든사람들이한국어를이해한다면얼마나좋을까":                 "xn--989aomsvi5e83db1d2a355cv1e0vak1dwrv93d5xbh15a0dt30a5jpsd879ccm6fea98c",
		"почемужеонинеговорятпорусски":             "xn--b1abfaaepdrnnbgefbadotcwatmq2g4l",
		"porquénopuedensimplementehablarenespañol": "xn--porqunopuedensimplementehablarenespaol-fmd56a",
		"tạisaohọkhôngthểchỉnóitiếngviệt":          "xn--tisaohkhngthchnitingvit-kjcr8268qyxafd2f1b9g",
	} {
		if got := toASCII(label); got != want {
			t.Errorf("toASCII(%q) = %q, want %q", label, got, want)
		}
	}
}
