// The protected API beside the authorization server, and the tests' back door:
//
//   ANY  /api/...                     answers as JSON what it was asked, and for whom;
//                                     a bound token only with what it is bound to
//   GET  /admin/token-requests        token requests counted by grant type
//   GET  /admin/grants                the grants that stand
//   POST /admin/grants/{id}/revoke    what a user does on the account page
//   POST /admin/expire-access-tokens  access tokens end before their stated time

import { bindingProblem } from './bound.mjs';

// Ledger notes what the provider did, from the events it sends.
export class Ledger {
  constructor(provider) {
    this.requests = {};
    this.errors = [];
    this.grants = new Map();
    this.accessTokens = new Map();
    provider.on('grant.success', (ctx) => this.count(ctx, 'ok'));
    provider.on('grant.error', (ctx, err) => {
      this.count(ctx, 'refused');
      this.errors.push({ error: err.error, description: err.error_detail ?? err.error_description });
    });
    provider.on('grant.saved', (grant) => this.grants.set(grant.jti, grant));
    provider.on('grant.revoked', (_ctx, id) => this.grants.delete(id));
    for (const kind of ['access_token', 'client_credentials']) {
      provider.on(`${kind}.saved`, (token) => this.accessTokens.set(token.jti, token));
    }
  }

  count(ctx, outcome) {
    const grantType = ctx.oidc?.params?.grant_type ?? 'none';
    this.requests[grantType] ??= { ok: 0, refused: 0 };
    this.requests[grantType][outcome] += 1;
  }
}

function reply(res, status, body, headers = {}) {
  res.writeHead(status, { 'content-type': 'application/json', ...headers });
  res.end(`${JSON.stringify(body)}\n`);
}

async function readBody(req) {
  const parts = [];
  for await (const part of req) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

// A refusal as RFC 6750 section 3 words it: with a token it names the error,
// without one it only names the scheme.
function refuse(res, hadToken) {
  const challenge = hadToken
    ? 'Bearer realm="api", error="invalid_token", error_description="the access token is expired, revoked or unknown"'
    : 'Bearer realm="api"';
  reply(res, 401, { error: hadToken ? 'invalid_token' : 'unauthorized' }, { 'www-authenticate': challenge });
}

async function answerApi({ provider }, req, res, url) {
  const body = await readBody(req);
  const [, scheme, value] = /^(Bearer|DPoP) (.+)$/i.exec(req.headers.authorization ?? '') ?? [];
  if (!value) {
    refuse(res, false);
    return;
  }
  const token = await provider.AccessToken.find(value) ?? await provider.ClientCredentials.find(value);
  if (!token?.isValid) {
    refuse(res, true);
    return;
  }
  const problem = bindingProblem(req, `${req.socket.encrypted ? 'https' : 'http'}://${req.headers.host}${url.pathname}`, token, scheme, value);
  if (problem) {
    reply(res, 401, { error: 'invalid_token' }, problem);
    return;
  }
  reply(res, 200, {
    bound: token.jkt ? 'key' : token['x5t#S256'] ? 'certificate' : '',
    audience: token.aud ?? '',
    subject: token.accountId ?? '',
    client_id: token.clientId,
    scope: token.scope ?? '',
    method: req.method,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    body,
  });
}

async function revokeGrant({ provider, ledger }, id) {
  await Promise.all([
    provider.AccessToken.revokeByGrantId(id),
    provider.RefreshToken.revokeByGrantId(id),
    provider.AuthorizationCode.revokeByGrantId(id),
  ]);
  const grant = await provider.Grant.find(id);
  await grant?.destroy();
  ledger.grants.delete(id);
}

async function answerAdmin(world, req, res, url) {
  const { ledger } = world;
  const route = `${req.method} ${url.pathname}`;
  const [, grantId] = /^POST \/admin\/grants\/([^/]+)\/revoke$/.exec(route) ?? [];
  if (route === 'GET /admin/token-requests') {
    reply(res, 200, { requests: ledger.requests, errors: ledger.errors });
  } else if (route === 'GET /admin/grants') {
    reply(res, 200, [...ledger.grants.values()].map((grant) => ({
      id: grant.jti, account: grant.accountId, client_id: grant.clientId,
    })));
  } else if (grantId && ledger.grants.has(grantId)) {
    await revokeGrant(world, grantId);
    reply(res, 200, { revoked: grantId });
  } else if (route === 'POST /admin/expire-access-tokens') {
    const tokens = [...ledger.accessTokens.values()];
    ledger.accessTokens.clear();
    await Promise.all(tokens.map((token) => token.destroy()));
    reply(res, 200, { expired: tokens.length });
  } else {
    reply(res, 404, { error: 'not_found' });
  }
}

// handleApi answers one request to the second server.
export async function handleApi(world, req, res) {
  const url = new URL(req.url, 'http://127.0.0.1');
  if (url.pathname.startsWith('/admin/')) {
    await answerAdmin(world, req, res, url);
  } else if (url.pathname === '/api' || url.pathname.startsWith('/api/')) {
    await answerApi(world, req, res, url);
  } else {
    reply(res, 404, { error: 'not_found' });
  }
}
