// Whether a request to the API may use a token that is bound to a key (RFC
// 9449) or to a certificate (RFC 8705). Written by hand, so that a proof is not
// judged by whoever made it.

import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';

const NONCE = randomBytes(16).toString('base64url');
const used = new Set();

const sha256 = (data) => createHash('sha256').update(data).digest('base64url');

function decode(part) {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
}

function thumbprint(jwk) {
  return sha256(JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y }));
}

// proofProblem says what is wrong with the header DPoP; '' for nothing.
function proofProblem(req, address, value, token) {
  const parts = (req.headers.dpop ?? '').split('.');
  if (parts.length !== 3) return 'invalid_dpop_proof';
  const [header, claims] = [decode(parts[0]), decode(parts[1])];
  const key = createPublicKey({ key: header.jwk, format: 'jwk' });
  const good = verify('sha256', Buffer.from(`${parts[0]}.${parts[1]}`), { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(parts[2], 'base64url'));
  if (!good || header.typ !== 'dpop+jwt' || header.alg !== 'ES256' || 'd' in header.jwk) return 'invalid_dpop_proof';
  if (thumbprint(header.jwk) !== token.jkt || claims.ath !== sha256(value)) return 'invalid_token';
  if (claims.htm !== req.method || claims.htu !== address || used.has(claims.jti)) return 'invalid_dpop_proof';
  used.add(claims.jti);
  return claims.nonce === NONCE ? '' : 'use_dpop_nonce';
}

// bindingProblem says why a token that lives is not good in this request: the
// challenge to answer with, or undefined.
export function bindingProblem(req, address, token, scheme, value) {
  if (token.jkt) {
    const problem = scheme.toLowerCase() === 'dpop' ? proofProblem(req, address, value, token) : 'invalid_token';
    return problem && { 'www-authenticate': `DPoP error="${problem}", algs="ES256"`, 'dpop-nonce': NONCE };
  }
  const certificate = req.socket.getPeerX509Certificate?.();
  const bound = token['x5t#S256'];
  if (scheme.toLowerCase() !== 'bearer' || (bound && (!certificate || sha256(certificate.raw) !== bound))) {
    return { 'www-authenticate': 'Bearer error="invalid_token"' };
  }
  return undefined;
}
