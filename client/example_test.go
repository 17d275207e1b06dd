package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/client"
)

// exampleServer stands for a Valetkey with one connection, mail.
func exampleServer() *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /proxy/mail/me", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"displayName":"Maria"}`)
	})
	mux.HandleFunc("GET /v1/connections", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, api.ConnectionList{Connections: []api.Connection{
			{Name: "mail", ConnectionStatus: api.ConnectionStatus{State: api.StateActive}},
			{Name: "files", ConnectionStatus: api.ConnectionStatus{State: api.StateNeedsAuthorization}},
		}})
	})
	mux.HandleFunc("GET /v1/connections/files/token", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, api.Problem{
			Status: 409, Code: api.CodeNeedsAuthorization, Title: "A person must authorize this connection",
			Detail: `connection "files": the refresh token has expired`, Hint: "valetkey connect files",
		})
	})
	return httptest.NewServer(mux)
}

func Example() {
	server := exampleServer()
	defer server.Close()
	c, err := client.New(client.Options{URL: server.URL, Key: "vk_…"})
	if err != nil {
		log.Fatal(err)
	}
	res, err := c.Call(context.Background(), "mail", client.CallRequest{Path: "/me"})
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	var me struct{ DisplayName string }
	if err := json.NewDecoder(res.Body).Decode(&me); err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.StatusCode, me.DisplayName)
	// Output: 200 Maria
}

func ExampleCollection_List() {
	server := exampleServer()
	defer server.Close()
	c, err := client.New(client.Options{URL: server.URL, Key: "vk_…"})
	if err != nil {
		log.Fatal(err)
	}
	for connection, err := range c.Connections.List(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(connection.Name, connection.State)
	}
	// Output:
	// mail active
	// files needs_authorization
}

func ExampleClient_Token_refused() {
	server := exampleServer()
	defer server.Close()
	c, err := client.New(client.Options{URL: server.URL, Key: "vk_…"})
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.Token(context.Background(), "files", 0)
	var problem *api.Problem
	if errors.As(err, &problem) && problem.Code == api.CodeNeedsAuthorization {
		fmt.Println("a person must run:", problem.Hint)
	}
	// Output: a person must run: valetkey connect files
}

func ExampleClient_HTTPClient() {
	server := exampleServer()
	defer server.Close()
	c, err := client.New(client.Options{URL: server.URL, Key: "vk_…"})
	if err != nil {
		log.Fatal(err)
	}
	// Hand this to any SDK that takes an *http.Client.
	res, err := c.HTTPClient("mail").Get("/me")
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	fmt.Println(res.Status)
	// Output: 200 OK
}
