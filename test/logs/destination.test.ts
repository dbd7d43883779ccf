/** Destinations as an operator writes them: through the whole config. */
import t from 'tap';
import { redact } from '../../src/admin/redact.ts';
import { loadConfig } from '../../src/config/index.ts';

function load(destination: unknown, output: unknown = {}) {
  const config = {
    listeners: [{ address: '127.0.0.1:0' }],
    origins: { site: { servers: [{ url: 'http://127.0.0.1:9100' }] } },
    zones: [{ name: 'site', hosts: ['*'], origin: 'site' }],
    logs: { jobs: [{ name: 'access', destination, output }] },
  };
  const loaded = loadConfig('/etc/parapet/a.json', JSON.stringify(config));
  return loaded.ok
    ? { destination: loaded.config.logs.jobs[0]?.destination, faults: [] }
    : { destination: undefined, faults: loaded.faults.map(({ message }) => message) };
}

t.test('a file, and a server, with all their defaults', async (t) => {
  t.same(load({ type: 'file', path: 'a.ndjson' }).destination, {
    type: 'file',
    path: '/etc/parapet/a.ndjson',
    rotate: { max_bytes: 0, max_age: 0, keep: 0 },
    compression: 'none',
  });
  const { destination } = load({
    type: 'http',
    url: 'https://logs.example/in',
    header_files: { Authorization: 'token' },
  });
  t.same(destination, {
    type: 'http',
    url: 'https://logs.example/in',
    headers: {},
    header_files: { Authorization: '/etc/parapet/token' },
    compression: 'none',
    timeouts: { connectMs: 5000, headersMs: 30_000, bodyMs: 30_000, totalMs: 120_000 },
    tls: {},
  });
});

t.test('a destination_conf of Logpush', async (t) => {
  const conf =
    'https://logs.example/in?source=edge&header_Authorization=Basic%20c2VjcmV0&header_X-Team=a%2Bb';
  t.match(load(conf).destination, {
    type: 'http',
    url: 'https://logs.example/in?source=edge',
    headers: { Authorization: 'Basic c2VjcmV0', 'X-Team': 'a+b' },
    compression: 'gzip',
  });
  t.match(load(`${conf}&header_Host=a`).faults, [/the field host is not for a config to set/]);
});

t.test('what is not there yet is named, and no secret is shown', async (t) => {
  const rows: [unknown, RegExp][] = [
    ['s3://bucket/logs?secret-access-key=hush', /the destination s3 is not available yet/],
    ['r2://bucket/logs?secret-access-key=hush', /the destination r2 is not available yet/],
    [{ type: 'kafka' }, /the destination kafka is not available yet/],
    ['gopher://hush', /destination\.type cannot be "gopher"/],
    [{ type: 'htpp', url: 'hush' }, /cannot be "htpp"/],
    [{ type: 'http', url: 'logs.example/hush' }, /is not a URL that begins with http/],
    [{ type: 'http', url: 'ftp://logs.example/hush' }, /is not a URL that begins with http/],
    [{ type: 'http', url: 'https://me:hush@logs.example/' }, /have no place in the URL/],
    [{ type: 'http', url: 'https://logs.example/#hush' }, /has no fragment/],
    [{ type: 'http', url: 'http://a/', headers: { 'a b': 'hush' } }, /"a b" is not the name of a field/],
    [{ type: 'http', url: 'http://a/', headers: { a: 'hush\nb: c' } }, /value of a has a character/],
    [{ type: 'http', url: 'http://a/', headers: { a: 'hush', A: 'hush' } }, /the field a is named twice/],
    [{ type: 'http', url: 'http://a/', headers: { 'Content-Length': 'hush' } }, /content-length is not for/],
  ];
  for (const [destination, message] of rows) {
    const { faults } = load(destination);
    t.match(faults[0], message);
    t.notMatch(faults.join(), /hush/);
  }
});

t.test('options of output that are not there yet are named', async (t) => {
  for (const name of ['CVE-2021-44228', 'record_template', 'batch_prefix', 'field_delimiter']) {
    const { faults } = load({ type: 'file', path: 'a' }, { [name]: 'x' });
    t.match(faults, [new RegExp(`"${name}" is not available yet`)]);
  }
  t.same(load({ type: 'file', path: 'a' }, { output_type: 'ndjson' }).faults, []);
  t.match(load({ type: 'file', path: 'a' }, { output_type: 'csv' }).faults, [/cannot be "csv"/]);
});

t.test('the admin API shows no value of a header, and none of a query', async (t) => {
  const { destination } = load('https://logs.example/in?token=hush&header_Authorization=hush');
  const shown = JSON.stringify(redact(destination));
  t.notMatch(shown, /hush/);
  t.match(shown, /https:\/\/logs\.example\/in\?token=\[redacted\]/);
  t.equal(redact('http.request.uri contains "http://a?b=c"'), 'http.request.uri contains "http://a?b=c"');
});
