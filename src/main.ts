#!/usr/bin/env node
// acceptd's first and last statement: V8 settings, the chosen command, the exit status.
import { setFlagsFromString } from 'node:v8';
import { exitStatus } from './exit-status.ts';
import { stateName } from './operate/upgrade-names.ts';

// before anything allocates: the young generation stays small, which under load is a third of the memory.
// --optimize-for-size would save 4 MiB more of 20 and cost 3 % of the connections per second (measured, Node 20).
setFlagsFromString('--semi-space-growth-factor=1');

// without a listener Node answers USR1, which asks a server for its state, by opening its debugger to whoever is on the
// machine; so it is caught also before there is a server. A version that takes over has it held (native/early-signal.cc)
if (process.env[stateName] === undefined) process.on('SIGUSR1', () => undefined);

// what nobody expected is our bug: a stack, and the status that says so; whoever watches over us starts us again
process.on('uncaughtException', (error) => {
  if ('code' in error && error.code === 'ERR_NO_ADDON') {
    process.stderr.write(`acceptd: ${error.message}\n`);
    process.exit(exitStatus.system);
  }
  process.stderr.write(`acceptd: our bug, please report it: ${error.stack ?? error.message}\n`);
  process.exit(exitStatus.bug);
});

const { runCommandLine } = await import('./command-line.ts');
process.exitCode = await runCommandLine(process.argv.slice(2), process.argv0);
