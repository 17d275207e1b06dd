package api

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Duration is a time span written as "40s", "5m" or "1h30m"; a bare number means seconds.
type Duration time.Duration

// MarshalJSON writes the span as [time.Duration.String] does.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads "40s" or a number of seconds. A negative span is refused.
func (d *Duration) UnmarshalJSON(data []byte) error {
	var seconds float64
	if json.Unmarshal(data, &seconds) == nil {
		if seconds < 0 || seconds > math.MaxInt64/float64(time.Second) {
			return fmt.Errorf("%v seconds is out of range", seconds)
		}
		*d = Duration(seconds * float64(time.Second))
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf("a duration is text such as \"40s\", or a number of seconds")
	}
	span, err := time.ParseDuration(text)
	if err != nil || span < 0 {
		return fmt.Errorf("%q is not a duration; write it as 40s, 5m or 1h30m", text)
	}
	*d = Duration(span)
	return nil
}
