// Serves the routes of the conformance suite through Express and its cors package,
// under the policy in a file; see ../peers/main.go for the command line.
'use strict';

const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { parseArgs } = require('node:util');
const cors = require('cors');
const express = require('express');

// What the package has no option for: reasons by key of the policy file.
function lacks(policy) {
  const lacks = [];
  if (policy.allowMethods?.includes('*') && policy.allowCredentials) {
    lacks.push({ field: 'allowMethods', why: 'sends * as it is, which is a method\'s name where there are credentials' });
  }
  if (policy.methodsFromRoutes) {
    lacks.push({ field: 'methodsFromRoutes', why: 'does not ask the router' });
  }
  return lacks;
}

// translate returns the options that fit the policy best.
function translate(policy) {
  const options = {
    origin: policy.rejectDisallowed ? refusing(origins(policy)) : origins(policy),
    methods: policy.allowMethods?.includes('*') ? ['*'] : [...new Set(['GET', 'HEAD', 'POST', ...policy.allowMethods ?? []])],
    // Without a list the package allows what is requested, with an empty one nothing.
    allowedHeaders: policy.allowHeaders ?? [],
    exposedHeaders: policy.exposeHeaders ?? [],
    credentials: policy.allowCredentials ?? false,
  };
  if (policy.allowHeaders?.includes('*') && policy.allowCredentials) {
    delete options.allowedHeaders;
  }
  if (policy.maxAge) {
    options.maxAge = Math.max(0, policy.maxAge);
  }
  if (policy.preflightStatus) {
    options.optionsSuccessStatus = policy.preflightStatus;
  }
  return options;
}

// origins returns "*", or a list of origins and regular expressions. A string by
// itself would be sent whatever the origin is.
function origins(policy) {
  const patterns = policy.allowOrigins ?? [];
  if (patterns.includes('*')) {
    return '*';
  }
  if (policy.dangerouslyAllowNullOrigin && !patterns.includes('null')) {
    patterns.push('null');
  }
  return patterns.map((p) => (p.includes('*') ? expression(p) : p));
}

// refusing returns a function that calls back with an error for every origin that
// is not in the list. The package hands it to Express, which answers with it.
function refusing(list) {
  return (origin, callback) => {
    const allowed = origin === undefined || list === '*' || list.some((o) => (o instanceof RegExp ? o.test(origin) : o === origin));
    callback(allowed ? null : Object.assign(new Error('the origin is not allowed'), { status: 403 }), list);
  };
}

// ports matches every port from 1 to 65535.
const ports = '[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]';
const standardPorts = { http: 80, https: 443 };

// expression returns a regular expression for an origin pattern: anchored, with dots
// escaped, with hosts as long as DNS has room for, and without the default port.
function expression(pattern) {
  const port = pattern.endsWith(':*');
  const [scheme, host] = (port ? pattern.slice(0, -2) : pattern).split('://');
  let text = host.replace(/[.[\]]/g, '\\$&');
  if (host === '*') {
    text = '[a-z0-9-]{1,253}';
  } else if (host.startsWith('*.')) {
    text = `(?=[^:]{1,253}(:|$))([a-z0-9_-]{1,63}\\.)+${text.slice(3)}`;
  }
  if (port) {
    text += `(:(?!${standardPorts[scheme] ?? 0}$)(${ports}))?`;
  }
  return new RegExp(`^${scheme}://${text}$`);
}

// site returns the application with the routes of the suite.
function site(middleware) {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('env', 'test'); // keeps errors off the standard error
  app.use(middleware);
  const answer = (status, change) => (req, res) => {
    res.set({ 'X-Handler': '1', 'X-Total': '3', 'X-Secret': '1' });
    change?.(res);
    res.status(status).end();
  };
  const failure = (status) => (req, res, next) => {
    res.set({ 'X-Handler': '1', 'X-Total': '3', 'X-Secret': '1' });
    next(Object.assign(new Error(), { status }));
  };
  app.get('/items', answer(200));
  app.post('/items', answer(200));
  app.head('/items', answer(200));
  app.put('/put-only', answer(200));
  app.get('/opt', answer(200));
  app.options('/opt', answer(200));
  app.get('/panic', () => { throw new Error('the handler of /panic throws'); });
  app.get('/e500', failure(500));
  app.get('/e404', failure(404));
  app.get('/e401', failure(401));
  app.get('/n304', answer(304));
  app.get('/redir', answer(302, (res) => res.set('Location', '/items')));
  app.get('/vary-set', answer(200, (res) => res.set('Vary', 'Accept-Encoding')));
  app.get('/vary-add', answer(200, (res) => res.append('Vary', 'Accept-Encoding')));
  app.get('/acao-add', answer(200, (res) => res.append('Access-Control-Allow-Origin', 'https://handler.example')));
  app.get('/mess', answer(200, (res) => {
    res.set({ 'Access-Control-Allow-Origin': 'https://handler.example', 'Access-Control-Allow-Credentials': 'true' });
    res.append('Access-Control-Expose-Headers', '*');
    res.set('Access-Control-Allow-Methods', 'PURGE');
    res.append('Vary', 'origin').append('Vary', 'Accept-Encoding, Origin');
  }));
  app.get('/ws', (req, res) => {
    // Without a listener for upgrades Node hands these requests to the handler.
    if (req.get('Upgrade')?.toLowerCase() !== 'websocket') {
      return answer(426, () => res.set('Upgrade', 'websocket'))(req, res);
    }
    const accept = createHash('sha1').update(`${req.get('Sec-WebSocket-Key')}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    return answer(101, () => res.set({ Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': accept }))(req, res);
  });
  return app;
}

function fail(status, message) {
  console.error(`express: ${message}`);
  process.exit(status);
}

function main() {
  let args;
  try {
    args = parseArgs({ options: {
      peer: { type: 'string' }, policy: { type: 'string' }, addr: { type: 'string', default: '127.0.0.1:8080' }, describe: { type: 'boolean' },
    } }).values;
  } catch (error) {
    fail(2, `${error.message}: write --peer express --policy FILE [--addr HOST:PORT] [--describe]`);
  }
  if (args.peer !== 'express') {
    fail(2, '--peer: write express, the one that is served here');
  }
  let policy;
  try {
    policy = JSON.parse(readFileSync(args.policy ?? '', 'utf8'));
  } catch (error) {
    fail(1, `--policy: ${error.message}: write the path of a policy file`);
  }
  const cannot = lacks(policy);
  if (args.describe) {
    const versions = ['cors', 'express'].map((name) => ({ name: `npm ${name}`, version: require(`${name}/package.json`).version }));
    console.log(JSON.stringify({ versions, cannot }));
    return;
  }
  if (cannot.length > 0) {
    fail(1, `--policy: ${cannot[0].field}: ${cannot[0].why}: --describe lists all that express cannot express`);
  }
  const colon = args.addr.lastIndexOf(':');
  const server = site(cors(translate(policy))).listen(Number(args.addr.slice(colon + 1)), args.addr.slice(0, colon), (error) => {
    if (error) {
      fail(1, `--addr: ${error.message}: write the HOST:PORT of a free port, or port 0 for any`);
    }
    console.log(`listening on http://${server.address().address}:${server.address().port}`);
  });
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      server.close();
      server.closeAllConnections();
    });
  }
}

main();
