/** One certificate for both proxies: ECDSA P-256, as most sites have it. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

export interface Certificate {
  cert: string;
  key: string;
}

export function makeCertificate(folder: string): Certificate {
  const certificate = { cert: join(folder, 'bench.crt'), key: join(folder, 'bench.key') };
  const words =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=bench.test';
  const names = ['-addext', 'subjectAltName=DNS:bench.test'];
  const files = ['-keyout', certificate.key, '-out', certificate.cert];
  execFileSync('openssl', [...words.split(' '), ...names, ...files], { stdio: 'pipe' });
  return certificate;
}
