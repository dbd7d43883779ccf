/** Fields of records that depend on the connection, the origin or the job, as a running Parapet writes them. */
import { join } from 'node:path';
import t from 'tap';
import { recordsPath, siteConfig, url } from '../support/config.ts';
import { startCountingOrigin } from '../support/counting-origin.ts';
import { skipReason, startParapet } from '../support/parapet.ts';
import { fetchOnce } from '../support/raw-client.ts';
import { waitRecord } from '../support/records.ts';
import { patience } from '../support/scale.ts';

const options = { skip: skipReason, timeout: patience(60_000) };

const names = [
  'RayID',
  'ClientTCPRTTMs',
  'ClientDeviceType',
  'ClientRequestHost',
  'EdgeRequestHost',
  'EdgeColoCode',
  'EdgePathingOp',
  'EdgePathingSrc',
  'EdgePathingStatus',
  'OriginResponseHTTPExpires',
  'OriginResponseHTTPLastModified',
  'SecurityAction',
];

await t.test('what the engine knows of client and origin', options, async (t) => {
  const dates = {
    expires: 'Thu, 01 Dec 2033 16:00:00 GMT',
    'last-modified': 'Thu, 01 Dec 1994 16:00:00 GMT',
  };
  const origin = await startCountingOrigin(t, {
    '/dated': (_request, response) => {
      response.writeHead(200, dates);
      response.end('x');
    },
  });
  const config = siteConfig(origin.address, {
    zones: [
      { name: 'site', hosts: ['*'], origin: 'site' },
      {
        name: 'other',
        hosts: ['other.example'],
        origin: 'other',
        rules: {
          http_request_firewall_custom: [
            { ref: 'no', expression: 'http.request.uri.path eq "/blocked"', action: 'block' },
          ],
        },
      },
    ],
    origins: {
      site: { servers: [{ url: url(origin.address) }] },
      other: { servers: [{ url: url(origin.address) }], host_header: 'inner.example' },
    },
    logs: {
      directory: 'var/log',
      jobs: [
        {
          name: 'access',
          destination: { type: 'file', path: recordsPath },
          output: { field_names: names, constants: { EdgeColoCode: 'AMS' } },
        },
      ],
    },
  });
  const parapet = await startParapet(t, config);
  const path = join(parapet.folder, recordsPath);
  const recordOf = async (target: string, host: string, agent: string) => {
    const answer = await fetchOnce(parapet.listener(), target, {
      host,
      fields: { 'User-Agent': agent },
    });
    return await waitRecord(path, answer.field('parapet-ray'));
  };

  const plain = await recordOf('/dated', 'plain.example', 'curl/8.0');
  t.match(plain, {
    ClientDeviceType: 'desktop',
    ClientRequestHost: 'plain.example',
    EdgeRequestHost: 'plain.example',
    EdgeColoCode: 'AMS',
    EdgePathingOp: 'unknown',
    EdgePathingSrc: 'unknown',
    EdgePathingStatus: 'unknown',
    OriginResponseHTTPExpires: dates.expires,
    OriginResponseHTTPLastModified: dates['last-modified'],
    SecurityAction: '',
  });
  t.ok(Number(plain['ClientTCPRTTMs']) >= 0 && Number(plain['ClientTCPRTTMs']) < 1000);
  const phone = 'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Mobile Safari/537.36';
  t.match(await recordOf('/dated', 'other.example', phone), {
    ClientDeviceType: 'mobile',
    ClientRequestHost: 'other.example',
    EdgeRequestHost: 'inner.example',
  });
  const tablet = 'Mozilla/5.0 (Linux; Android 14; SM-X200) AppleWebKit/537.36 Safari/537.36';
  t.match(await recordOf('/blocked', 'other.example', tablet), {
    ClientDeviceType: 'tablet',
    EdgeRequestHost: '',
    EdgePathingOp: 'ban',
    EdgePathingSrc: 'filterBasedFirewall',
    SecurityAction: 'block',
  });
});
