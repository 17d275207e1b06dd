package discovery

import (
	"context"
	"net/http"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/resource"
)

// Resource asks an API which authorization servers give tokens for it (RFC
// 9728): at the address that its refusal of a request without a token names,
// then at the well-known ones. It is asked anew each time (section 5.2). The
// error has [api.CodeNeedsConfiguration] or [api.CodeUnreachable].
func (s *Servers) Resource(ctx context.Context, id string) (resource.Resource, error) {
	places, err := resource.MetadataURLs(id)
	if err != nil {
		return resource.Resource{}, unusable(err, "the resource "+id)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	refusal, err := s.get(ctx, id)
	if err != nil {
		return resource.Resource{}, err
	}
	if named := resource.FromChallenge(refusal.Header); named != "" {
		return s.resourceAt(ctx, resource.Place{URL: named, Resource: id})
	}
	var worst error
	for _, place := range places {
		found, err := s.resourceAt(ctx, place)
		if err == nil {
			return found, nil
		}
		if worst == nil || fault.Is(worst, api.CodeNotFound) {
			worst = err
		}
	}
	if fault.Is(worst, api.CodeNotFound) {
		return resource.Resource{}, fault.New(api.CodeNeedsConfiguration, "%s does not say which authorization server gives tokens for it", id).
			WithHint("look the issuer up in its documentation, and give --issuer")
	}
	return resource.Resource{}, worst
}

func (s *Servers) resourceAt(ctx context.Context, place resource.Place) (resource.Resource, error) {
	answer, err := s.get(ctx, place.URL)
	if err != nil {
		return resource.Resource{}, err
	}
	if answer.Status != http.StatusOK {
		code := api.CodeNotFound
		if answer.Status >= 500 || answer.Status == http.StatusTooManyRequests {
			code = api.CodeUnreachable
		}
		return resource.Resource{}, fault.New(code, "%s answered %d", place.URL, answer.Status)
	}
	found, err := resource.Parse(answer.Body, place.Resource)
	if err != nil {
		return found, fault.Wrap(err, api.CodeNeedsConfiguration, "the metadata at %s cannot be used: %s", place.URL, oauth.Words(err)).
			WithHint("write the resource exactly as the API does")
	}
	return found, nil
}

func (s *Servers) get(ctx context.Context, address string) (oauth.Response, error) {
	request, err := oauth.MetadataRequest(ctx, address)
	if err != nil {
		return oauth.Response{}, unusable(err, "the address "+address)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return oauth.Response{}, fault.Wrap(err, api.CodeUnreachable, "%s cannot be reached", address)
	}
	defer response.Body.Close()
	answer, err := oauth.ReadResponse(response, s.now())
	if err != nil {
		return answer, fault.Wrap(err, api.CodeUnreachable, "the answer of %s cannot be read", address)
	}
	return answer, nil
}
