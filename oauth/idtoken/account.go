package idtoken

// Account is who authorized, in what can be shown and compared.
type Account struct {
	Issuer            string `json:"issuer"`
	Subject           string `json:"subject"`
	TenantID          string `json:"tenant_id,omitempty"` // tid
	ObjectID          string `json:"object_id,omitempty"` // oid
	Email             string `json:"email,omitempty"`     // for showing only: it can change hands
	EmailVerified     bool   `json:"email_verified,omitempty"`
	Name              string `json:"name,omitempty"`
	PreferredUsername string `json:"preferred_username,omitempty"`
}

// Account picks the claims that tell who it is.
func (c Claims) Account() Account {
	return Account{
		Issuer:            c.Issuer,
		Subject:           c.Subject,
		TenantID:          c.TenantID,
		ObjectID:          c.Text("oid"),
		Email:             c.Text("email"),
		EmailVerified:     c.True("email_verified"),
		Name:              c.Text("name"),
		PreferredUsername: c.Text("preferred_username"),
	}
}

// Label is the best name to show for the account.
func (a Account) Label() string {
	for _, name := range []string{a.PreferredUsername, a.Email, a.Name, a.Subject} {
		if name != "" {
			return name
		}
	}
	return ""
}

// With completes the account from the userinfo endpoint, whose subject was
// compared by ReadUserinfo: what the ID token did not say is taken from there.
func (a Account) With(userinfo Account) Account {
	if a.Subject != userinfo.Subject {
		return a
	}
	if a.Email == "" {
		a.Email, a.EmailVerified = userinfo.Email, userinfo.EmailVerified
	}
	if a.Name == "" {
		a.Name = userinfo.Name
	}
	if a.PreferredUsername == "" {
		a.PreferredUsername = userinfo.PreferredUsername
	}
	return a
}

// SameAccount tells whether two sign-ins were the same account: the issuer and
// the subject are (OpenID Connect Core §5.7), or, under one issuer that gives
// every client its own subjects, tenant and object are. E-mail address and
// names do not count: they change and are given to others. Accounts that are
// not known are never the same.
func SameAccount(a, b Account) bool {
	if a.Issuer == "" || a.Issuer != b.Issuer {
		return false
	}
	sameSubject := a.Subject != "" && a.Subject == b.Subject
	sameObject := a.ObjectID != "" && a.ObjectID == b.ObjectID && a.TenantID != "" && a.TenantID == b.TenantID
	return sameSubject || sameObject
}
