// A real authorization server for the end-to-end tests: oidc-provider with its
// own login and consent pages, on a free loopback port, and beside it a small
// protected API. It shares no code and no author with the client under test.
//
//   node server.mjs [--access-token-ttl SECONDS] [--refresh-token-ttl SECONDS]
//                   [--redirect-uri URI]... [--always-refresh] [--watch-stdin]
//                   [--hardened DIR]
//
// The first line on stdout is one JSON object with every address and client.
// SIGTERM ends it; with --watch-stdin so does the end of stdin, which leaves no
// orphan behind when the test that started it is killed.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import Provider from 'oidc-provider';
import { Ledger, handleApi } from './api.mjs';
import { aliases, hardenedClients, hardenedFeatures, tlsServer } from './hardened.mjs';

const { values: flags } = parseArgs({
  options: {
    'access-token-ttl': { type: 'string', default: '3600' },
    'refresh-token-ttl': { type: 'string', default: '86400' },
    'redirect-uri': { type: 'string', multiple: true },
    'always-refresh': { type: 'boolean', default: false },
    hardened: { type: 'string' },
    'watch-stdin': { type: 'boolean', default: false },
  },
});

// Without --redirect-uri any loopback port will do (RFC 8252 section 7.3): the
// clients are then native ones, and the server under test may choose its port.
const redirectUris = flags['redirect-uri'] ?? ['http://127.0.0.1/oauth/callback'];
const applicationType = flags['redirect-uri'] ? 'web' : 'native';

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';
const METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'];
const SCOPE = 'openid offline_access profile email mail.read mail.send';

function codeClient(id, secret, method) {
  return {
    client_id: id,
    ...(secret && { client_secret: secret }),
    token_endpoint_auth_method: method,
    application_type: applicationType,
    redirect_uris: redirectUris,
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token', DEVICE_CODE],
    scope: SCOPE,
  };
}

// The secret of the basic client holds characters that must be form-encoded
// before they are joined and base64-encoded (RFC 6749 section 2.3.1).
const clients = [
  codeClient('basic-client', 'basic secret:with+signs%', 'client_secret_basic'),
  codeClient('post-client', 'post-secret-0123456789', 'client_secret_post'),
  codeClient('public-client', undefined, 'none'),
  {
    client_id: 'service-client',
    client_secret: 'service-secret-0123456789',
    token_endpoint_auth_method: 'client_secret_basic',
    redirect_uris: [],
    response_types: [],
    grant_types: ['client_credentials'],
    scope: 'mail.read mail.send',
  },
];

// The key client has no secret: it signs (RFC 7523 section 2.2). Its private key
// goes to the test, its public key is all that this server knows.
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const keyClient = {
  ...codeClient('key-client', undefined, 'private_key_jwt'),
  jwks: { keys: [{ ...keys.publicKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] },
};
const privateKeys = { 'key-client': keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) };
clients.push(keyClient);
if (flags.hardened) {
  clients.push(...hardenedClients(codeClient, keyClient.jwks, flags.hardened));
  privateKeys['fapi-client'] = privateKeys['key-client'];
}

function configuration(tlsUrl) {
  const accessTtl = Number(flags['access-token-ttl']);
  const refreshTtl = Number(flags['refresh-token-ttl']);
  return {
    clients,
    scopes: SCOPE.split(' '),
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
    cookies: { keys: ['a key for cookies that live for one test'] },
    features: {
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      ...(flags.hardened && hardenedFeatures()),
    },
    ...(flags.hardened && { clientAuthMethods: [...METHODS, 'tls_client_auth', 'self_signed_tls_client_auth'] }),
    ...(tlsUrl && { discovery: { mtls_endpoint_aliases: aliases(tlsUrl) } }),
    findAccount: (_ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: id, email: `${id}@example.test`, email_verified: true }),
    }),
    // A refresh token works once. Showing an old one again revokes the grant.
    rotateRefreshToken: true,
    issueRefreshToken: (_ctx, client, source) => client.grantTypeAllowed('refresh_token')
      && (flags['always-refresh'] || source.scopes.has('offline_access')),
    ttl: {
      AccessToken: accessTtl,
      AuthorizationCode: 60,
      ClientCredentials: accessTtl,
      DeviceCode: 600,
      Grant: refreshTtl,
      IdToken: 3600,
      Interaction: 600,
      RefreshToken: refreshTtl,
      Session: 3600,
    },
  };
}

function listen(server, scheme = 'http') {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(`${scheme}://127.0.0.1:${server.address().port}`));
  });
}

// The issuer names the port, so the port comes first and the provider second.
let answer = (_req, res) => { res.writeHead(503).end(); };
const issuerServer = createServer((req, res) => answer(req, res));
const issuer = await listen(issuerServer);
let answerTls = answer;
const tls = flags.hardened && tlsServer(flags.hardened, (req, res) => answerTls(req, res));
const tlsUrl = tls && await listen(tls, 'https');
const provider = new Provider(issuer, configuration(tlsUrl));
const ledger = new Ledger(provider);
answer = provider.callback();

const answerApi = (req, res) => {
  handleApi({ provider, ledger }, req, res).catch((err) => {
    process.stderr.write(`${err.stack}\n`);
    if (!res.headersSent) res.writeHead(500);
    res.end();
  });
};
const apiServer = createServer(answerApi);
answerTls = (req, res) => (req.url.startsWith('/api') ? answerApi : answer)(req, res);
const apiUrl = await listen(apiServer);

function stop() {
  for (const server of [issuerServer, apiServer, ...(tls ? [tls] : [])]) {
    server.close();
    server.closeAllConnections();
  }
  process.exit(0);
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
if (flags['watch-stdin']) {
  process.stdin.on('end', stop);
  process.stdin.resume();
}

process.stdout.write(`${JSON.stringify({
  issuer,
  api: `${apiUrl}/api`,
  tls_api: tlsUrl ? `${tlsUrl}/api` : '',
  admin: `${apiUrl}/admin`,
  client_id: clients[0].client_id,
  client_secret: clients[0].client_secret,
  clients: Object.fromEntries(clients.map((client) => [client.client_id, {
    client_id: client.client_id,
    client_secret: client.client_secret ?? '',
    private_key: privateKeys[client.client_id] ?? '',
    token_endpoint_auth_method: client.token_endpoint_auth_method,
  }])),
})}\n`);
