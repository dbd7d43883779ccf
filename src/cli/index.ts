/** The command line: argv in, exit code out. */
import { Command, Option } from 'commander';
import { packageVersion } from '../lib/package.ts';
import { type CacheStatsOptions, cacheStats } from './cache-stats.ts';
import { check } from './check.ts';
import { demo } from './demo.ts';
import { type ExplainOptions, explain } from './explain.ts';
import { type PurgeOptions, purge } from './purge.ts';
import { CommandError, defaultFile } from './read-config.ts';
import { proxyCommand, type RunOptions, run, runProxyChild } from './run.ts';
import { type TailOptions, tail } from './tail.ts';
import { version } from './version.ts';

const configOption = () => new Option('-c, --config <file>', 'the config').default(defaultFile);
const several = (value: string, before: readonly string[] = []) => [...before, value];
const collect = (value: string, before: readonly string[]) => [...before, value];

function addCache(program: Command, done: (code: number) => void): void {
  const cache = program.command('cache').description('the cache of the running process');
  cache
    .command('stats')
    .description('what the store holds, and what became of requests at the cache, by zone and status')
    .addOption(configOption())
    .option('--zone <name>', 'of one zone')
    .option('--json', 'as JSON')
    .action(async (options: CacheStatsOptions) => done(await cacheStats(options)));
}

function addPurge(program: Command, done: (code: number) => void): void {
  program
    .command('purge')
    .description('remove stored responses of the running process, from the very next request on')
    .addOption(configOption())
    .option('--url <url>', 'what is stored for a URL, all its variants; may be repeated', several)
    .option('--tag <tag>', 'what carries a tag in Cache-Tag; may be repeated', several)
    .option(
      '--prefix <prefix>',
      "a host and what begins with these segments of a path, 'a.example/img'; may be repeated",
      several,
    )
    .option('--host <host>', 'a host, on all its ports; may be repeated', several)
    .option('--all', 'everything')
    .option('--zone <name>', 'only in this zone')
    .showHelpAfterError('(what is purged is named by an option, as in parapet purge --url URL)')
    .option('--soft', 'make it stale instead of removing it: it is validated at its next use')
    .addHelpText(
      'after',
      '\nExit code 0: purged. 1: refused, or nothing answers; standard error says why.\nURLs, prefixes and hosts are those that rules have made of them; a URL is also taken through the rules.',
    )
    .action(async (options: PurgeOptions) => done(await purge(options)));
}

function addLogs(program: Command, done: (code: number) => void): void {
  const logs = program.command('logs').description('log records of the running process');
  logs
    .command('tail')
    .description('print records as they come, until Ctrl-C')
    .addOption(configOption())
    .option('--job <name>', 'with the fields of a job, and what its filter lets pass')
    .option('--filter <expression>', "that an expression matches, such as 'EdgeResponseStatus ge 500'")
    .action(async (options: TailOptions) => done(await tail(options)));
}

/** `done` takes the exit code of the command that was run. */
function buildProgram(done: (code: number) => void): Command {
  const program = new Command('parapet')
    .description('An edge proxy: it stands in front of web origins, caches, filters and logs.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .showHelpAfterError('(parapet help tells more)');
  program
    .command('run')
    .description(
      'run in the foreground; SIGHUP reloads, SIGTERM and SIGINT drain and end, SIGUSR1 reopens log files',
    )
    .addOption(configOption())
    .option(
      '--no-supervisor',
      'run without the parent process that restarts the proxy (a service manager does)',
    )
    .addOption(new Option('--test-faults', 'let a request field make the policy fail').hideHelp())
    .action(async (options: RunOptions) => done(await run(options)));
  program
    .command('check')
    .description('validate a config: exit code 0, or 1 with every fault on standard error')
    .addOption(configOption())
    .action(async (options: { config: string }) => done(await check(options)));
  program
    .command('explain')
    .description('tell what would be decided for a request, phase by phase')
    .argument('<method>', 'the method, such as GET')
    .argument('<url>', 'the absolute URL')
    .addOption(configOption())
    .option('-H, --header <field>', "a field of the request, 'name: value'; may be repeated", collect, [])
    .option('--ip <address>', 'the address of the client', '192.0.2.1')
    .option('--status <status>', 'what the origin is taken to answer', '200')
    .option('-R, --response-header <field>', 'a field of that answer; may be repeated', collect, [])
    .option('--live', 'ask the running process: by its config, and with what its store holds')
    .option('--json', 'as JSON')
    .action(async (method: string, url: string, options: ExplainOptions) =>
      done(await explain(method, url, options)),
    );
  addPurge(program, done);
  addCache(program, done);
  addLogs(program, done);
  program
    .command('version')
    .description('print the versions of everything that runs')
    .option('--json', 'as JSON')
    .action((options: { json?: boolean }) => done(version(options)));
  program
    .command('demo')
    .description('run a demo with an origin of its own on loopback, and print lines to try')
    .option('-c, --config <file>', 'the config (default: the one of the package)')
    .action(async (options: { config?: string }) => done(await demo(options)));
  program.command(proxyCommand, { hidden: true }).action(async () => done(await runProxyChild()));
  return program;
}

/** `argv` as in `process.argv`. Resolves to the exit code; faults are told on standard error. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  let code = 0;
  try {
    await buildProgram((given) => {
      code = given;
    }).parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    process.stderr.write(error.isWhole ? error.message : `parapet: ${error.message}\n`);
    code = 1;
  }
  return code;
}
