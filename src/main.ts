#!/usr/bin/env node
// acceptd's first and last statement: V8 settings, the chosen command, the exit status.
import { setFlagsFromString } from 'node:v8';

// before anything allocates: half the memory under load, at no cost in time
setFlagsFromString('--optimize-for-size');

const { runCommandLine } = await import('./command-line.ts');
process.exitCode = await runCommandLine(process.argv.slice(2), process.argv0);
