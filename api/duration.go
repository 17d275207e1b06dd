package api

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a time span written as "40s", "5m", "1h30m" or "90d" (days of 24
// hours); a bare number means seconds.
type Duration time.Duration

const day = 24 * time.Hour

// MarshalJSON writes whole days as "90d", and else as [time.Duration.String] does.
func (d Duration) MarshalJSON() ([]byte, error) {
	span := time.Duration(d)
	if span >= day && span%day == 0 {
		return json.Marshal(strconv.FormatInt(int64(span/day), 10) + "d")
	}
	return json.Marshal(span.String())
}

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
	span, err := parseSpan(text)
	if err != nil || span < 0 {
		return fmt.Errorf("%q is not a duration; write it as 40s, 5m, 1h30m or 90d", text)
	}
	*d = Duration(span)
	return nil
}

func parseSpan(text string) (time.Duration, error) {
	if days, isDays := strings.CutSuffix(text, "d"); isDays {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * day, err
	}
	return time.ParseDuration(text)
}
