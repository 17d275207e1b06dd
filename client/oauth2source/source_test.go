package oauth2source_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/client"
	"github.com/valetkey/valetkey/client/oauth2source"
)

// valetkey hands out a token for mail, a new one with each question.
func valetkey(expires *time.Time) *client.Client {
	asked := 0
	return client.NewForHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.URL.Path != "/v1/connections/mail/token" || r.URL.Query().Get("min_ttl") != "30s" {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
			_ = json.NewEncoder(w).Encode(api.Problem{Code: api.CodeNotFound, Title: "No such thing"})
			return
		}
		_ = json.NewEncoder(w).Encode(api.AccessToken{
			AccessToken: api.Secret(fmt.Sprintf("at%d", asked)), TokenType: "Bearer", Scope: "a b", ExpiresAt: expires,
		})
	}))
}

func TestATokenCarriesWhatTheServerSaidAndNoRefreshToken(t *testing.T) {
	expires := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	token, err := oauth2source.New(t.Context(), valetkey(&expires), "mail").Token()
	if err != nil {
		t.Fatal(err)
	}
	if token.AccessToken != "at1" || token.TokenType != "Bearer" || !token.Expiry.Equal(expires) || token.Extra("scope") != "a b" {
		t.Errorf("%+v", token)
	}
	if token.RefreshToken != "" || !token.Valid() {
		t.Errorf("%+v", token)
	}
}

func TestATokenWithoutAnExpiryStaysValid(t *testing.T) {
	token, err := oauth2source.New(t.Context(), valetkey(nil), "mail").Token()
	if err != nil || !token.Expiry.IsZero() || !token.Valid() {
		t.Error(token, err)
	}
}

func TestReuseAsksTheServerOnceUntilTheTokenExpires(t *testing.T) {
	expires := time.Now().Add(time.Hour)
	reuse := oauth2.ReuseTokenSource(nil, oauth2source.New(t.Context(), valetkey(&expires), "mail"))
	for range 3 {
		if token, err := reuse.Token(); err != nil || token.AccessToken != "at1" {
			t.Fatal(token, err)
		}
	}
}

func TestARefusalComesThroughXOAuth2(t *testing.T) {
	source := oauth2source.New(t.Context(), valetkey(nil), "nobody")
	_, err := oauth2.NewClient(t.Context(), source).Get("https://api.example/")
	var problem *api.Problem
	if !errors.As(err, &problem) || problem.Code != api.CodeNotFound {
		t.Error(err)
	}
}

func ExampleNew() {
	resource := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Header.Get("Authorization"))
	}))
	defer resource.Close()
	ctx := context.Background()
	source := oauth2source.New(ctx, valetkey(nil), "mail")
	res, err := oauth2.NewClient(ctx, source).Get(resource.URL)
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	// Output: Bearer at1
}
