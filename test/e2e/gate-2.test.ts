/** Gate 2: bodies and bad behaviour. The cases are rows and steps in the folder of the same name. */
import t, { type Test } from 'tap';
import { skipReason } from '../support/parapet.ts';
import { isFull, patience } from '../support/scale.ts';
import { oddRequests, refusedRequests } from './gate-2/framing.ts';
import { largeBytes, slowClient, slowOrigin } from './gate-2/large.ts';
import { clientTimeouts, connectionLimits, limitStatuses, pipelineBound } from './gate-2/limits.ts';
import { deadOrigins, misbehaviour, poolRace, slowReader } from './gate-2/origin.ts';
import { ejection, keepAlive, names, queue, turns } from './gate-2/servers.ts';
import { aborts, downloads, everySplit, expectations, ipv6, pipelining, uploads } from './gate-2/transfer.ts';

t.setTimeout(patience(isFull ? 890_000 : 330_000));

const size = `${largeBytes / 2 ** 20} MiB`;
const groups: [name: string, run: (t: Test) => Promise<void>][] = [
  ['requests that are refused at the door', refusedRequests],
  ['requests that are odd, and served', oddRequests],
  ['limits towards the client', limitStatuses],
  ['timeouts towards the client', clientTimeouts],
  ['limits on connections', connectionLimits],
  ['a client that sends far ahead', pipelineBound],
  ['request bodies', uploads],
  ['Expect: 100-continue', expectations],
  ['pipelining', pipelining],
  ['every split of the input gives the same answers', everySplit],
  ['response bodies', downloads],
  ['half-close and aborts', aborts],
  ['an origin that misbehaves', misbehaviour],
  ['an origin that is not there', deadOrigins],
  ['a pooled connection that dies', poolRace],
  ['an origin that does not read', slowReader],
  ['servers take turns', turns],
  ['a server that fails is left out', ejection],
  ['max_connections and its queue', queue],
  ['an origin says how long it keeps a connection', keepAlive],
  ['names of servers', names],
  ['IPv6 on both sides', ipv6],
  [`${size} down to a slow client`, slowClient],
  [`${size} up to a slow origin`, slowOrigin],
];
for (const [name, run] of groups)
  await t.test(name, { skip: skipReason, timeout: patience(isFull ? 800_000 : 110_000) }, run);
