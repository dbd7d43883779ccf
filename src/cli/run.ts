/** `parapet run`, and the hidden command that its child is started with. */
import { runProxyChild, runService } from '../control/index.ts';

export const proxyCommand = 'proxy';

export interface RunOptions {
  config: string;
  supervisor: boolean;
  testFaults?: boolean;
}

export async function run(options: RunOptions, ready?: () => void): Promise<number> {
  return await runService({
    file: options.config,
    hasSupervisor: options.supervisor,
    testFaults: options.testFaults ?? false,
    childArguments: [process.argv[1] ?? '', proxyCommand],
    ...(ready === undefined ? {} : { ready }),
  });
}

export { runProxyChild };
