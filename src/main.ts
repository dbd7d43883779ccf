/** argv in, exit code out. */
import { runCommandLine } from './cli/index.ts';

process.exit(await runCommandLine(process.argv));
