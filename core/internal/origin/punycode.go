package origin

import (
	"strings"
	"unicode"
)

// toASCII returns the A-label of label, or label itself if it is ASCII or has
// none, such as with a zero-width space that was pasted along, or in part that
// of an A-label. It serves messages only: normalization beyond lower case is left
// to the reader, because the tables for it would be the largest part of this
// module.
//
// See RFC 3492, section 6.3.
func toASCII(label string) string {
	if isASCII(label) || strings.HasPrefix(label, "xn--") || strings.ContainsFunc(label, isNoLetter) {
		return label
	}
	const base, initialN, initialBias, damp, skew, tmin, tmax = 36, 128, 72, 700, 38, 1, 26
	runes := []rune(label)
	out := []byte("xn--")
	basic := 0
	for _, r := range runes {
		if r < initialN {
			out = append(out, byte(r))
			basic++
		}
	}
	if basic > 0 {
		out = append(out, '-')
	}
	digit := func(d int) byte { return "abcdefghijklmnopqrstuvwxyz0123456789"[d] }
	n, delta, bias := rune(initialN), 0, initialBias
	for done := basic; done < len(runes); n, delta = n+1, delta+1 {
		next := rune(0x10ffff)
		for _, r := range runes {
			if r >= n && r < next {
				next = r
			}
		}
		delta += int(next-n) * (done + 1)
		n = next
		for _, r := range runes {
			if r < n {
				delta++
			}
			if r != n {
				continue
			}
			q := delta
			for k := base; ; k += base {
				t := min(max(k-bias, tmin), tmax)
				if q < t {
					break
				}
				out = append(out, digit(t+(q-t)%(base-t)))
				q = (q - t) / (base - t)
			}
			out = append(out, digit(q))
			if done == basic {
				delta /= damp
			} else {
				delta /= 2
			}
			done++
			delta += delta / done
			k := 0
			for ; delta > (base-tmin)*tmax/2; k += base {
				delta /= base - tmin
			}
			bias = k + (base-tmin+1)*delta/(delta+skew)
			delta = 0
		}
	}
	return strings.ToLower(string(out))
}

// isNoLetter reports whether r is a rune beyond ASCII that no word is made of.
func isNoLetter(r rune) bool {
	return r > unicode.MaxASCII && !unicode.In(r, unicode.L, unicode.M, unicode.N)
}
