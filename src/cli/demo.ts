/** `parapet demo`: the proxy in front of an origin of its own, with lines to try. */
import { join } from 'node:path';
import type { Configuration } from '../control/index.ts';
import { systemClock } from '../lib/clock.ts';
import { parseOriginUrl } from '../lib/origin-url.ts';
import { packageRoot } from '../lib/package.ts';
import { demoCertificate, ensureDemoCertificate } from './demo-certificate.ts';
import { startDemoOrigin } from './demo-origin.ts';
import { CommandError, readConfig } from './read-config.ts';
import { run } from './run.ts';

const originKey = 'origins.demo.servers[0].url';

export async function demo(options: { config?: string }): Promise<number> {
  const file = options.config ?? join(packageRoot(), 'config', 'demo.yaml');
  makeCertificate(file);
  const { config } = readConfig(file);
  const url = parseOriginUrl(config.origins['demo']?.servers[0]?.url ?? '');
  if ('fault' in url) throw new CommandError(`${file} has no ${originKey}`);
  try {
    await startDemoOrigin(url.port, systemClock);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new CommandError(
      `port ${url.port} is in use: stop what listens there, or change ${originKey} in ${file}`,
    );
  }
  const base = `http://${config.listeners[0]?.address ?? ''}`;
  const hasTls = config.listeners.some(({ tls }) => tls !== undefined);
  const secure = hasTls
    ? `  curl -iL --cacert '${demoCertificate(file).cert}' ${base}/secure   # a rule sends it on to HTTPS\n`
    : '';
  return await run({ config: file, supervisor: true }, () => {
    process.stdout.write(`
The demo runs until Ctrl-C. In another terminal, try:

  curl -i ${base}/            # twice: the second answer comes from the store (see Cache-Status)
  curl -i ${base}/api/time    # never stored
  curl -i ${base}/upload --data 'echo this'
${secure}
Log records: ${logPath(config.logs)}
`);
  });
}

function makeCertificate(file: string): void {
  try {
    ensureDemoCertificate(file, systemClock);
  } catch (error) {
    throw new CommandError(`the certificate of the demo cannot be made: ${(error as Error).message}`);
  }
}

function logPath({ jobs }: Configuration['config']['logs']): string {
  const [destination] = jobs.flatMap((job) => (job.destination.type === 'file' ? [job.destination] : []));
  return destination?.path ?? 'none';
}
