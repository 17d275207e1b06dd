// What a server of high security asks for, for server.mjs --hardened DIR: pushed
// requests, DPoP with nonces, certificates of clients, resource indicators,
// dynamic registration with its management. DIR holds ca.crt, server.crt,
// server.key and self.crt, all PEM; the certificates are the tests' own.

import { randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';

// The API of the tests, as a resource (RFC 8707).
const SCOPES_OF_THE_API = 'mail.read mail.send';

function certificateOf(ctx) {
  const certificate = ctx.req.socket.getPeerX509Certificate?.();
  return certificate ?? undefined;
}

// hardenedFeatures are the features that are off otherwise.
export function hardenedFeatures() {
  return {
    pushedAuthorizationRequests: { enabled: true },
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
    mTLS: {
      enabled: true,
      certificateBoundAccessTokens: true,
      selfSignedTlsClientAuth: true,
      tlsClientAuth: true,
      getCertificate: certificateOf,
      certificateAuthorized: (ctx) => ctx.req.socket.authorized === true,
      certificateSubjectMatches: (ctx, property, expected) => property === 'tls_client_auth_subject_dn'
        && certificateOf(ctx).subject === expected,
    },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_ctx, resource) => ({ scope: SCOPES_OF_THE_API, audience: resource, accessTokenFormat: 'opaque' }),
    },
    registration: { enabled: true },
    registrationManagement: { enabled: true, rotateRegistrationAccessToken: true },
  };
}

// hardenedClients are clients that may do less than others: code is how
// server.mjs makes a client of the authorization code.
export function hardenedClients(code, jwks, dir) {
  const self = new X509Certificate(readFileSync(join(dir, 'self.crt')));
  const key = { ...self.publicKey.export({ format: 'jwk' }), use: 'sig', x5c: [self.raw.toString('base64')] };
  return [
    { ...code('par-client', 'par-secret-0123456789', 'client_secret_basic'), require_pushed_authorization_requests: true },
    { ...code('dpop-client', 'dpop-secret-0123456789', 'client_secret_basic'), dpop_bound_access_tokens: true },
    {
      ...code('mtls-client', undefined, 'tls_client_auth'),
      tls_client_auth_subject_dn: 'CN=mtls-client',
      tls_client_certificate_bound_access_tokens: true,
    },
    {
      ...code('self-client', undefined, 'self_signed_tls_client_auth'),
      jwks: { keys: [key] },
      tls_client_certificate_bound_access_tokens: true,
    },
    {
      ...code('fapi-client', undefined, 'private_key_jwt'),
      jwks,
      require_pushed_authorization_requests: true,
      dpop_bound_access_tokens: true,
    },
  ];
}

// tlsServer asks every client for a certificate, and turns none away: whether
// it will do is judged where it is used.
export function tlsServer(dir, answer) {
  return createServer({
    key: readFileSync(join(dir, 'server.key')),
    cert: readFileSync(join(dir, 'server.crt')),
    ca: readFileSync(join(dir, 'ca.crt')),
    requestCert: true,
    rejectUnauthorized: false,
  }, answer);
}

// aliases are the endpoints that take a certificate (RFC 8705 section 5).
export function aliases(tlsUrl) {
  return {
    token_endpoint: `${tlsUrl}/token`,
    revocation_endpoint: `${tlsUrl}/token/revocation`,
    introspection_endpoint: `${tlsUrl}/token/introspection`,
    device_authorization_endpoint: `${tlsUrl}/device/auth`,
    pushed_authorization_request_endpoint: `${tlsUrl}/request`,
  };
}
