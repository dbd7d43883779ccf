/** Certificates and keys that a config names: what is read of them, and what is told of those that cannot be used. */
import t from 'tap';
import { ConfigFiles, compile, formatDiagnostics, loadConfig, noIds } from '../../src/config/index.ts';
import { type Issued, makeCertificate, makeRoot } from '../support/certificates.ts';

const root = makeRoot();
const day = 86_400_000;

const text = `
listeners:
  - address: 127.0.0.1:0
    tls:
      certificates:
        - { cert: /tls/a.crt, key: /tls/a.key }
origins: { site: { servers: [{ url: http://127.0.0.1:9100 }] } }
zones: [{ name: site, hosts: ["*"], origin: site }]
`;

function load(issued: Pick<Issued, 'chain' | 'key'>, config = text, more: [string, string][] = []) {
  const entries: [string, string][] = [['/tls/a.crt', issued.chain], ['/tls/a.key', issued.key], ...more];
  const files = new ConfigFiles(entries.map(([path, bytes]) => [path, Buffer.from(bytes)]));
  return loadConfig('site.yaml', config, files);
}

function told(...args: Parameters<typeof load>): string {
  const loaded = load(...args);
  return formatDiagnostics(loaded.ok ? loaded.warnings : loaded.faults);
}

t.test(
  'names, chain and key reach the tables; a fingerprint of trust is in the id of a server',
  async (t) => {
    const middle = makeCertificate({ subject: 'middle', isCa: true, issuer: root });
    const issued = makeCertificate({ names: ['Site.Test', '*.site.test', '127.0.0.1'], issuer: middle });
    const loaded = load(issued);
    if (!loaded.ok) throw new Error(told(issued));
    t.same(loaded.warnings, []);
    const { compiled } = compile(loaded.config, noIds, { testFaults: false, tls: loaded.tls });
    const [listener] = compiled.tables.tls.listeners;
    t.equal(listener?.id, compiled.listeners[0]?.id);
    t.same(listener?.certificates[0]?.names, ['site.test', '*.site.test']);
    t.equal(listener?.certificates[0]?.chain.match(/BEGIN CERTIFICATE/g)?.length, 2);
    t.equal(listener?.sessionSeconds, 57_600);
  },
);

t.test('kinds of keys', async (t) => {
  for (const kind of ['ec', 'rsa', 'ed25519'] as const)
    t.equal(load(makeCertificate({ names: ['a.test'], issuer: root, kind })).ok, true, kind);
  const weak = makeCertificate({ names: ['a.test'], issuer: root, kind: 'rsa', rsaBits: 1024 });
  t.match(told(weak), /site\.yaml:6:36: error: \/tls\/a\.key cannot be used: the key has 1024 bits/);
});

t.test('what cannot be used is told at its place, and nothing of it is shown', async (t) => {
  const good = makeCertificate({ names: ['a.test'], issuer: root });
  const other = makeCertificate({ names: ['a.test'], issuer: root });
  const secret = other.key.split('\n')[1] ?? '';
  for (const [issued, expected] of [
    [{ ...good, key: other.key }, /6:36: error: \/tls\/a\.key is not the key of \/tls\/a\.crt/],
    [{ ...good, key: 'x' }, /6:36: error: \/tls\/a\.key cannot be used: there is no private key in it/],
    [{ ...good, chain: 'x' }, /6:19: error: \/tls\/a\.crt cannot be used: there is no certificate in it/],
    [
      {
        ...good,
        key: `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${secret}\n-----END ENCRYPTED PRIVATE KEY-----\n`,
      },
      /error: \/tls\/a\.key cannot be used: the key is encrypted/,
    ],
    [
      { ...good, chain: root.cert + good.cert },
      /6:19: error: .*the key belongs to certificate 2 in it, which must come first/,
    ],
    [
      { ...good, chain: good.cert.replace(/\n[A-Za-z0-9+/]{64}\n/, '\n') },
      /error: \/tls\/a\.crt cannot be used: certificate 1 in it cannot be read/,
    ],
  ] as const) {
    const all = told(issued);
    t.match(all, expected);
    t.notOk(all.includes(secret), 'no bytes of a key');
  }
  t.match(told(good, text.replace('a.key', 'b.key')), /b\.key cannot be used: there is no such file/);
});

t.test('what is odd is a warning', async (t) => {
  const now = Date.now();
  const expired = makeCertificate({
    names: ['a.test'],
    issuer: root,
    notBefore: new Date(now - 9 * day),
    notAfter: new Date(now - day),
  });
  t.match(told(expired), /6:19: warning: \/tls\/a\.crt: the certificate has expired/);
  const early = makeCertificate({ names: ['a.test'], issuer: root, notBefore: new Date(now + day) });
  t.match(told(early), /warning: .*is not valid before/);
  const stranger = makeRoot('Stranger');
  const good = makeCertificate({ names: ['a.test'], issuer: root });
  t.match(told({ ...good, chain: good.cert + stranger.cert }), /warning: .*the chain is not in order/);
});

t.test('origins: URLs, files, and a server that is another one under other settings', async (t) => {
  const config = (tls: string) => `
listeners: [{ address: 127.0.0.1:0 }]
origins:
  site:
    servers: [{ url: "https://Origin.Test" }]
    tls: { ${tls} }
zones: [{ name: site, hosts: ["*"], origin: site }]
`;
  const client = makeCertificate({ subject: 'client', issuer: root });
  const other = makeRoot('Other');
  const files: [string, string][] = [
    ['/tls/root.pem', root.cert],
    ['/tls/other.pem', other.cert],
  ];
  const serverOf = (tls: string) => {
    const loaded = load(client, config(tls), files);
    if (!loaded.ok) throw new Error(told(client, config(tls), files));
    const { compiled } = compile(loaded.config, ids, { testFaults: false, tls: loaded.tls });
    return compiled.tables.servers[0];
  };
  let ids = noIds;
  const first = load(client, config('ca: /tls/root.pem'), files);
  if (first.ok) ids = compile(first.config, noIds, { testFaults: false, tls: first.tls }).ids;
  const plain = serverOf('ca: /tls/root.pem');
  t.match(plain, { port: 443, tls: { serverName: 'origin.test', verify: true, onlyTls13: false, trust: 0 } });
  const changes = [
    'ca: /tls/other.pem',
    'verify: false',
    'ca: /tls/root.pem, serverName: else.test',
    'ca: /tls/root.pem, cert: /tls/a.crt, key: /tls/a.key',
    'ca: /tls/root.pem, minVersion: TLSv1.3',
  ];
  for (const tls of changes) t.not(serverOf(tls)?.id, plain?.id, tls);
  t.equal(serverOf('ca: /tls/root.pem')?.id, plain?.id, 'the same settings: the same server');
  t.match(told(client, config('verify: false'), files), /6:20: warning: .*not verified/);
  t.match(told(client, config('cert: /tls/a.crt'), files), /error: missing key "key" in origins\.site\.tls/);
  t.match(
    told(client, config('ca: /tls/none.pem'), files),
    /none\.pem cannot be used: there is no such file/,
  );
  const http = config('ca: /tls/root.pem').replace('https://Origin.Test', 'http://origin.test');
  t.match(told(client, http, files), /error: no server of this origin has an https URL/);
});
