/**
 * nginx twice: as the origin of both proxies, and as the proxy that Parapet is compared with. The proxy does the same
 * work: cached answers from proxy_cache, proxied ones over keep-alive connections, one JSON line per request.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freeAddress } from '../../test/support/dead-origins.ts';
import { childrenOf } from '../../test/support/proc.ts';
import { fetchOnce } from '../../test/support/raw-client.ts';
import { until, within } from '../../test/support/within.ts';
import type { Certificate } from './certificate.ts';
import { objectsPath } from './objects.ts';
import { kept, type Row } from './rows.ts';
import type { Subject } from './subject.ts';

/** The fields of a record of http_requests that nginx has a variable for, under the same names. */
const equalFields: [name: string, variable: string, isNumber?: true][] = [
  ['EdgeStartTimestamp', '$msec', true],
  ['EdgeEndTimestamp', '$time_iso8601'],
  ['RayID', '$request_id'],
  ['ZoneName', '$server_name'],
  ['ClientIP', '$remote_addr'],
  ['ClientSrcPort', '$remote_port', true],
  ['ClientRequestMethod', '$request_method'],
  ['ClientRequestHost', '$http_host'],
  ['ClientRequestPath', '$uri'],
  ['ClientRequestURI', '$request_uri'],
  ['ClientRequestProtocol', '$server_protocol'],
  ['ClientRequestScheme', '$scheme'],
  ['ClientRequestReferer', '$http_referer'],
  ['ClientRequestUserAgent', '$http_user_agent'],
  ['ClientRequestBytes', '$request_length', true],
  ['EdgeResponseStatus', '$status', true],
  ['EdgeResponseBytes', '$bytes_sent', true],
  ['EdgeResponseBodyBytes', '$body_bytes_sent', true],
  ['EdgeResponseContentType', '$sent_http_content_type'],
  ['EdgeTimeToFirstByteMs', '$request_time', true],
  ['CacheCacheStatus', '$upstream_cache_status'],
  ['OriginIP', '$upstream_addr'],
  ['OriginResponseStatus', '$upstream_status'],
  ['OriginResponseDurationMs', '$upstream_response_time'],
  ['Outcome', '$request_completion'],
  ['WorkerIndex', '$pid', true],
  ['Sequence', '$connection_requests', true],
];
/** What many operators log instead: the fields of the combined format. */
const shortNames = new Set([
  'EdgeEndTimestamp',
  'ClientIP',
  'ClientRequestMethod',
  'ClientRequestHost',
  'ClientRequestURI',
  'ClientRequestReferer',
  'ClientRequestUserAgent',
  'EdgeResponseStatus',
  'EdgeResponseBodyBytes',
  'EdgeTimeToFirstByteMs',
  'CacheCacheStatus',
]);

export type LogForm = 'equal' | 'short';

function logFormat(form: LogForm): string {
  const fields = equalFields.filter(([name]) => form === 'equal' || shortNames.has(name));
  const members = fields.map(
    ([name, variable, isNumber]) => `"${name}":${isNumber ? variable : `"${variable}"`}`,
  );
  return `log_format record escape=json '{${members.join(',')}}';`;
}

const common = (folder: string): string => `
worker_processes 1;
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
worker_rlimit_nofile 65536;
events { worker_connections 8192; }
`;
const http = (folder: string): string => `
  default_type text/plain;
  types { }
  sendfile on;
  tcp_nopush off;
  keepalive_timeout 75s;
  keepalive_requests 1000000000;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
`;

export class Nginx {
  readonly folder: string;
  readonly process: ChildProcess;
  readonly #exited: Promise<void>;
  #errors = '';

  constructor(folder: string, config: string, core: number) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'nginx.conf'), config);
    const words = ['-c', String(core), 'nginx', '-p', folder, '-c', join(folder, 'nginx.conf')];
    this.process = spawn('taskset', words, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.process.stderr?.on('data', (piece: Buffer) => (this.#errors += piece.toString()));
    this.#exited = new Promise((resolve) => this.process.on('close', () => resolve()));
  }

  async ready(port: number): Promise<void> {
    await until(10_000, 'nginx', async () => {
      if (this.process.exitCode !== null) throw new Error(`nginx has ended: ${this.#errors}`);
      return await fetchOnce({ host: '127.0.0.1', port }, '/').catch(() => undefined);
    });
  }

  /** Master and worker. */
  pids(): number[] {
    const master = this.process.pid as number;
    // The cache loader ends by itself a minute after the start, and has nothing to load.
    const isLoader = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('cache loader');
    return [master, ...childrenOf(master).filter((pid) => !isLoader(pid))];
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null) this.process.kill('SIGTERM');
    await within(10_000, 'the end of nginx', this.#exited);
  }
}

export async function startOrigin(
  folder: string,
  rows: Row[],
  core: number,
): Promise<{ nginx: Nginx; port: number }> {
  const { port } = await freeAddress();
  const files = join(folder, 'files');
  mkdirSync(files, { recursive: true });
  const resources = rows.filter(({ hasRules }) => !hasRules);
  for (const row of resources) writeFileSync(join(files, row.resource), row.body);
  const locations = resources.map(
    ({ resource, caching }) => `
    location = /${resource} { add_header Cache-Control "${caching}"; }`,
  );
  const config = `${common(folder)}
http {${http(folder)}
  access_log off;
  etag on;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    root ${files};${locations.join('')}
    location = / { return 204; }
    location ${objectsPath} { add_header Cache-Control "${kept}"; return 200 "${'object '.repeat(9)}"; }
  }
}
`;
  const nginx = new Nginx(folder, config, core);
  await nginx.ready(port);
  return { nginx, port };
}

/** The proxy that is compared with. */
export async function startNginx(
  folder: string,
  originPort: number,
  core: number,
  form: LogForm,
  certificate: Certificate,
): Promise<Subject> {
  const { port } = await freeAddress();
  const { port: tlsPort } = await freeAddress();
  const { port: statusPort } = await freeAddress();
  const log = join(folder, 'access.ndjson');
  const config = `${common(folder)}
http {${http(folder)}
  ${logFormat(form)}
  proxy_cache_path ${folder}/cache levels=1:2 keys_zone=bench:64m inactive=1d max_size=1g use_temp_path=off;
  upstream origin { server 127.0.0.1:${originPort}; keepalive 128; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    listen 127.0.0.1:${tlsPort} ssl backlog=4096;
    ssl_certificate ${certificate.cert};
    ssl_certificate_key ${certificate.key};
    ssl_protocols TLSv1.3;
    server_name bench.test;
    access_log ${log} record;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $http_host;
    add_header Via "1.1 nginx";
    add_header Cache-Status "nginx; $upstream_cache_status";
    add_header X-Request-Id $request_id;
    location / { proxy_pass http://origin; proxy_cache bench; }
  }
  server {
    listen 127.0.0.1:${statusPort};
    access_log off;
    location / { stub_status; }
  }
}
`;
  const nginx = new Nginx(folder, config, core);
  await nginx.ready(statusPort);
  // Every look at the counter is a request itself; the look before a round is in both of its readings.
  let looks = 0;
  return {
    name: 'nginx',
    address: { host: '127.0.0.1', port },
    tlsAddress: { host: '127.0.0.1', port: tlsPort },
    log,
    isHit: (answer) => /HIT/.test(answer.field('Cache-Status') ?? ''),
    pids: () => Promise.resolve(nginx.pids()),
    asidePid: undefined,
    requests: async () => {
      looks += 1;
      const text = (await fetchOnce({ host: '127.0.0.1', port: statusPort }, '/')).body.toString();
      return Number(/\n ?\d+ \d+ (\d+)/.exec(text)?.[1]) - looks;
    },
    // nginx writes each line before it takes the next request.
    settled: () => Promise.resolve(),
    stop: () => nginx.stop(),
  };
}
