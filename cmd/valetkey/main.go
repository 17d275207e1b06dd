// Command valetkey is a self-hosted OAuth 2.0 connection broker.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/internal/cli"
)

func main() {
	cobra.EnableCommandSorting = false // help shows commands in the order of a first use
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	streams := cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	code := cli.Main(ctx, os.Args[1:], streams, cli.Env{Getenv: os.Getenv, Version: cli.BuildVersion()})
	stop()
	os.Exit(code)
}
