/** What somebody who asks for live records gets, and how sessions outlive a log thread. */
import t from 'tap';
import { noIds } from '../../src/config/index.ts';
import { readConfiguration } from '../../src/control/configuration.ts';
import { LiveTail } from '../../src/control/live-tail.ts';
import { tailRequest } from '../../src/control/tail-request.ts';
import type { TailRequest, ToShipper } from '../../src/shipper/protocol.ts';

const text = `
listeners: [{ address: 127.0.0.1:0 }]
origins: { site: { servers: [{ url: http://127.0.0.1:9100 }] } }
zones: [{ name: site, hosts: ["*"], origin: site }]
lists: { office: { kind: ip, items: [192.0.2.0/24] } }
logs:
  jobs:
    - name: errors
      destination: { type: file, path: errors.ndjson }
      output: { field_names: [RayID], timestamp_format: unix }
      filter: EdgeResponseStatus ge 500
      sample_rate: 0.5
`;

const read = readConfiguration('parapet.yaml', text, noIds, false);
if (!read.ok) throw new Error(read.diagnostics);
const { configuration } = read;

t.test('of nobody: the fields of most requests; of a job: its own, and what it lets pass', async (t) => {
  t.match(tailRequest(configuration, {}), {
    ok: true,
    value: { dataset: 'http_requests', sampleBelow: 2 ** 32, filters: [] },
  });
  const job = tailRequest(configuration, { job: 'errors', filter: 'ClientIP in $office' });
  t.match(job, {
    ok: true,
    value: { output: { field_names: ['RayID'], timestamp_format: 'unix' }, sampleBelow: 2 ** 31 },
  });
  t.equal(job.ok ? job.value.filters.length : 0, 2);
});

t.test('what cannot be asked for', async (t) => {
  t.match(tailRequest(configuration, { job: 'no' }), {
    ok: false,
    problem: { status: 422, detail: 'No job is called no: there is errors.' },
  });
  t.match(tailRequest(configuration, { filter: 'ClientIP in $nothing' }), {
    ok: false,
    problem: { status: 400, extra: { from: 12, to: 20 } },
  });
});

t.test('a session goes on with the next thread, and ends once', async (t) => {
  const posted: ToShipper[] = [];
  const tail = new LiveTail((message) => posted.push(message));
  const request = { dataset: 'http_requests' } as TailRequest;
  const lines: string[] = [];
  const ended: string[] = [];
  const reader = {
    lines: (bytes: Uint8Array, skipped: number, taken: () => void) => {
      lines.push(`${Buffer.from(bytes).toString()} ${skipped}`);
      taken();
    },
    ended: (why: string) => ended.push(why),
  };
  const stop = tail.begin(request, reader);
  tail.begin(request, reader);
  tail.hear({ type: 'tailed', id: 1, lines: Buffer.from('a'), skipped: 3 });
  stop();
  stop();
  tail.hear({ type: 'tailed', id: 1, lines: Buffer.from('late'), skipped: 0 });
  tail.renew();
  tail.endAll('the process ends');
  tail.endAll('the process ends');
  t.same(lines, ['a 3']);
  t.same(ended, ['the process ends']);
  t.same(
    posted.map(({ type }) => type),
    ['tail', 'tail', 'tailTaken', 'untail', 'tail'],
  );
});
