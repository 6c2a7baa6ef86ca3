// Stands in for Google in the local cloud: a real OpenID provider whose login page asks who one wants to be.
//
//   OIDC_PORT           where it listens, on 127.0.0.1 only; its issuer is http://127.0.0.1:<OIDC_PORT>
//   OIDC_CLIENT_ID      the one client it knows
//   OIDC_CLIENT_SECRET  and its secret, taken as HTTP Basic or in the body
//   PUBLIC_URL          the API's address; the one redirect URI is <PUBLIC_URL>/api/auth/google/callback
//
// Sign-in without a browser. Follow no redirect by itself; keep the cookies (they are bound to paths) and go on by hand:
//   1. GET what /api/auth/google redirects to      → 303 to /interaction/<uid> of this server
//   2. POST /interaction/<uid>, with these fields as application/x-www-form-urlencoded
//        email           the address, as it is to stand in the token; required
//        name            the full name; empty or missing: the token has none
//        sub             the account's id here; empty or missing: made of the address, the same each time
//        email_verified  `on`, or missing
//        action          `continue`, or `refuse` (then nothing else is needed)
//      (a GET of the same address shows the page with the form; it is not needed)
//                                                  → 303 to /auth/<uid> of this server
//   3. GET that                                    → 303 to <PUBLIC_URL>/api/auth/google/callback?code=…&state=…
//                                                    or, refused, ?error=access_denied&state=…
// An account has the address, name and verification that were typed last for its `sub`. Every sign-in asks anew:
// nobody stays signed in here. Nothing outlives the process; keys are new at each start.
//
// Ends when it is told to (SIGTERM), and when its standard input closes: then whoever started it is gone.

import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

import { Provider } from 'oidc-provider';

const MOST_FORM_BYTES = 16 * 1024;

function required(name) {
  const value = process.env[name];
  if (!value) {
    console.error(`${name} is missing`);
    process.exit(1);
  }
  return value;
}

const port = Number(required('OIDC_PORT'));
const issuer = `http://127.0.0.1:${port}`;
const clientId = required('OIDC_CLIENT_ID');

/** Subject → the claims that were typed last. */
const accounts = new Map();

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = { ...privateKey.export({ format: 'jwk' }), kid: randomBytes(8).toString('hex'), alg: 'RS256', use: 'sig' };

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: clientId,
      client_secret: required('OIDC_CLIENT_SECRET'),
      redirect_uris: [`${required('PUBLIC_URL')}/api/auth/google/callback`],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      id_token_signed_response_alg: 'RS256',
    },
  ],
  jwks: { keys: [key] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  clientAuthMethods: ['client_secret_basic', 'client_secret_post'],
  responseTypes: ['code'],
  pkce: { required: () => true },
  scopes: ['openid'],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  // As Google does: the ID token itself says who it is.
  conformIdTokenClaims: false,
  findAccount: (_ctx, sub) => {
    const claims = accounts.get(sub);
    return claims && { accountId: sub, claims: () => ({ sub, ...claims }) };
  },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  features: {
    devInteractions: { enabled: false },
    dPoP: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    rpInitiatedLogout: { enabled: false },
  },
  ttl: { AccessToken: 3600, AuthorizationCode: 60, Grant: 3600, IdToken: 3600, Interaction: 3600, Session: 3600 },
});

/** Google's ids are 21 digits. */
function subjectOf(email) {
  const digest = createHash('sha256').update(email.toLowerCase()).digest('hex');
  return String(BigInt(`0x${digest}`)).slice(0, 21);
}

function escaped(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function page(client, problem) {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sign in</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 24rem; margin: 3rem auto; padding: 0 1rem; }
  label { display: block; margin: 1rem 0; }
  input:not([type=checkbox]) { display: block; width: 100%; box-sizing: border-box; padding: .5rem; font: inherit; }
  button { padding: .5rem 1rem; font: inherit; }
  .problem { color: #b00020; }
  small { color: #555; }
</style>
<h1>Sign in</h1>
<p>This page stands in for Google on this machine. Who do you want to be for <b>${escaped(client)}</b>?</p>
${problem ? `<p class="problem" role="alert">${escaped(problem)}</p>` : ''}
<form method="post">
  <label>E-mail <input name="email" type="email" required autofocus autocomplete="off" value="ada@example.com"></label>
  <label>Name <small>(may be empty)</small> <input name="name" autocomplete="off" value="Ada Lovelace"></label>
  <label>Subject <small>(the account's id; empty: made of the e-mail)</small> <input name="sub" autocomplete="off"></label>
  <label><input name="email_verified" type="checkbox" checked> e-mail verified</label>
  <button name="action" value="continue">Continue</button>
  <button name="action" value="refuse" formnovalidate>Refuse</button>
</form>
</html>
`;
}

function send(response, status, type, body) {
  response.writeHead(status, {
    'content-type': `${type}; charset=utf-8`,
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
  });
  response.end(body);
}

async function form(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MOST_FORM_BYTES) throw new RangeError('the form is too large');
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

/** Signs the typed account in and consents to all that was asked; returns the interaction's result. */
async function signIn(fields, params) {
  const email = (fields.get('email') ?? '').trim();
  if (!email) return undefined;
  const name = (fields.get('name') ?? '').trim();
  const sub = (fields.get('sub') ?? '').trim() || subjectOf(email);
  accounts.set(sub, { email, email_verified: fields.has('email_verified'), ...(name && { name }) });
  const grant = new provider.Grant({ accountId: sub, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  return { login: { accountId: sub, remember: false }, consent: { grantId: await grant.save() } };
}

async function interact(request, response) {
  const { params } = await provider.interactionDetails(request, response);
  if (request.method === 'GET') {
    send(response, 200, 'text/html', page(params.client_id));
    return;
  }
  const fields = await form(request);
  const isRefused = fields.get('action') === 'refuse';
  const refusal = { error: 'access_denied', error_description: 'The user refused' };
  const result = isRefused ? refusal : await signIn(fields, params);
  if (result) {
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  } else {
    send(response, 400, 'text/html', page(params.client_id, 'Type an e-mail address.'));
  }
}

const handle = provider.callback();

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, issuer);
  if (/^\/interaction\/[\w-]+$/.test(pathname) && ['GET', 'POST'].includes(request.method)) {
    interact(request, response).catch((error) => send(response, 400, 'text/plain', `${error.message}\n`));
    return;
  }
  // Whoever was last in this browser is not signed in: the page asks again.
  const cookies = (request.headers.cookie ?? '').split('; ').filter((cookie) => !cookie.startsWith('_session'));
  request.headers.cookie = cookies.join('; ');
  handle(request, response);
});

provider.on('server_error', (_ctx, error) => console.error(error));
server.on('error', (error) => {
  console.error(error.message);
  process.exit(1);
});

process.on('SIGTERM', () => process.exit(0));
process.stdin.on('end', () => process.exit(0)).resume();
server.listen(port, '127.0.0.1');
