// The command line: each command's own code is loaded only when it runs.
import { basename } from 'node:path';
import type { OtherCommands, Wish } from './command/parser.ts';
import { loadServerParts } from './command/parts.ts';
import { loadParser } from './command/passing-parser.ts';
import type { ExitStatus } from './exit-status.ts';

/** These serve: what only talks to a server does not stay in their memory, and neither does what reads their words. */
const serverCommands: readonly (string | undefined)[] = ['run', 'listen', 'relay', 'inetd', 'xinetd'];

const loadOtherCommands = async (): Promise<OtherCommands> => {
  const { addControlCommands } = await import('./command/control-commands.ts');
  const { addToolCommands } = await import('./command/tool-commands.ts');
  return {
    add: (parser, ended) => addToolCommands(addControlCommands(parser, ended), ended),
    complete: async (parser, line) => (await import('./command/complete.ts')).complete(parser, line),
  };
};

/** A function of its own: what it holds is gone when the server begins. */
const parse = async (words: readonly string[]): Promise<Wish> => {
  if (serverCommands.includes(words[0])) return (await loadParser()).parseCommandLine(words);
  const others = await loadOtherCommands();
  const { parseCommandLine } = await import('./command/parser.ts');
  return parseCommandLine(words, others);
};

const fulfil = async (wish: Wish): Promise<ExitStatus> => {
  switch (wish.command) {
    case 'run': {
      await loadServerParts();
      return (await import('./command/run.ts')).run(wish.chosen);
    }
    case 'listen': {
      await loadServerParts();
      return (await import('./command/listen.ts')).listen(wish.chosen);
    }
    case 'relay': {
      await loadServerParts();
      return (await import('./command/relay.ts')).relay(wish.chosen);
    }
    case 'check':
      return (await import('./command/check.ts')).check(wish.chosen);
    case 'convert':
      return (await import('./command/convert.ts')).convert(wish.chosen);
    default:
      return wish.status;
  }
};

/** What a server is to have from its beginning on. */
const beginServer = async (): Promise<void> => {
  const { shareHeap } = await import('./native/heap.ts');
  shareHeap();
};

/** Parses and runs; gives the exit status. `argv0` is the name acceptd was started under. */
export const runCommandLine = async (words: readonly string[], argv0: string): Promise<ExitStatus> => {
  const names = [argv0, process.argv[1] ?? ''].map((path) => basename(path));
  const own = (['inetd', 'xinetd'] as const).find((name) => names.includes(name));
  const rest = own === undefined ? words.slice(1) : words;
  if (own !== undefined || serverCommands.includes(words[0])) await beginServer();
  if ((own ?? words[0]) === 'inetd') {
    await loadServerParts();
    const { runInetd } = await import('./command/inetd.ts');
    return runInetd(rest);
  }
  if ((own ?? words[0]) === 'xinetd') {
    await loadServerParts();
    const { runXinetd } = await import('./command/xinetd.ts');
    return runXinetd(rest);
  }
  return fulfil(await parse(words));
};
