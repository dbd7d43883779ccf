/** `parapet version`: what runs, for a bug report. */
import { addonPath, loadBinding } from '../engine/native/binding.ts';
import { packageVersion } from '../lib/package.ts';

interface Versions {
  parapet: string;
  engine:
    | { name: 'native'; version: string; compiler: string; headers: string; sanitizers: string }
    | { fault: string };
  addon: string;
  node: string;
  openssl: string;
  v8: string;
  system: string;
  glibc: string;
}

function engine(): Versions['engine'] {
  try {
    const binding = loadBinding();
    return { name: 'native', version: binding.version(), ...binding.buildInfo() };
  } catch (error) {
    return { fault: (error as Error).message };
  }
}

function glibc(): string {
  // The types of Node leave the switch out.
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork: boolean };
  // Looking up the names of peers could take long.
  report.excludeNetwork = true;
  const { header } = report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime ?? 'unknown';
}

function collect(): Versions {
  const { node, openssl, v8 } = process.versions;
  const system = `${process.platform} ${process.arch}`;
  return {
    parapet: packageVersion(),
    engine: engine(),
    addon: addonPath(),
    node,
    openssl,
    v8,
    system,
    glibc: glibc(),
  };
}

function engineLine({ engine, addon }: Versions): string {
  if ('fault' in engine) return `native engine: cannot be loaded: ${engine.fault} (${addon})`;
  const { version, compiler, headers, sanitizers } = engine;
  const how = `built by ${compiler} for node ${headers}${sanitizers === 'none' ? '' : `, sanitizers: ${sanitizers}`}`;
  return `native engine ${version}, ${how} (${addon})`;
}

export function version(options: { json?: boolean }): number {
  const versions = collect();
  const { parapet, node, openssl, v8, system, glibc: libc } = versions;
  const lines = [
    `parapet ${parapet}`,
    engineLine(versions),
    `node ${node}, openssl ${openssl}, v8 ${v8}`,
    `${system}, glibc ${libc}`,
  ];
  process.stdout.write(
    options.json === true ? `${JSON.stringify(versions, null, 2)}\n` : `${lines.join('\n')}\n`,
  );
  return 0;
}
