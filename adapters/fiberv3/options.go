package corsfiber

// An Option changes how middleware carries decisions.
type Option func(*options)

type options struct{ seal bool }

func apply(all []Option) (o options) {
	for _, option := range all {
		option(&o)
	}
	return o
}
