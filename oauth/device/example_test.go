package device_test

import (
	"fmt"
	"time"

	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/device"
)

// The whole course of an authorization, with the answers a server might give.
func Example() {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	authorization := device.Authorization{ // from Request.Judge
		DeviceCode: "secret", UserCode: "WDJB-MJHT", VerificationURI: "https://as.example/device",
		ExpiresAt: now.Add(15 * time.Minute), Interval: 5 * time.Second,
	}
	fmt.Println("open", authorization.VerificationURI, "and enter", authorization.UserCode)

	outcomes := []error{ // of the token requests, from TokenRequest.Judge
		&oauth.Error{Code: "authorization_pending", Status: 400},
		&oauth.Error{Code: "slow_down", Status: 400},
		&oauth.Error{Code: "authorization_pending", Status: 400},
		nil,
	}
	poll, step := device.NewPoll(authorization, now)
	for _, outcome := range outcomes {
		fmt.Println("wait", step.Wait)
		poll, step = poll.Next(outcome, step.At)
	}
	fmt.Println(step.Verdict)
	// Output:
	// open https://as.example/device and enter WDJB-MJHT
	// wait 5s
	// wait 5s
	// wait 10s
	// wait 10s
	// granted
}
