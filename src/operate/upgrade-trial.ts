// Before the next version takes over, a child of it says whether it could: a version that cannot is found out while this one serves.
import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../model/clock.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { escapeControls } from '../model/diagnostic.ts';
import type { Failure } from '../model/event.ts';
import { type Milliseconds, showDuration } from '../model/quantity.ts';
import { plainRecipe } from '../model/recipe.ts';
import { SystemError } from '../native/addon.ts';
import { type Environment, sealMemoryFile, wordsOf } from '../native/exec.ts';
import type { Kernel } from '../native/kernel.ts';
import { exitStatus } from '../runtime/instances.ts';
import type { Supervisor } from '../runtime/supervisor.ts';
import { checkName } from './upgrade-names.ts';

export const readyWord = 'ready';

/** How the same program is started again, whatever its files are by now. */
export const ownWords = (): readonly string[] => [
  process.argv0,
  ...process.execArgv,
  ...process.argv.slice(1),
];

/** With one more variable. */
export const ownEnvironment = (name: string, value: number): Environment => ({
  ...process.env,
  [name]: String(value),
});

const isCode = (name: string): boolean => /\.(?:c?js|node)$/.test(name);

/** Tells one state of the program's files from another: what was tried is what is to run. */
export const describeOwnFiles = async (): Promise<string> => {
  const [, program = ''] = process.argv;
  const describe = async (path: string): Promise<string> => {
    const { ino, size, mtimeNs } = await stat(path, { bigint: true });
    return `${path} ${ino} ${size} ${mtimeNs}`;
  };
  try {
    const main = await realpath(program);
    const directory = dirname(main);
    const beside = (await readdir(directory)).filter(isCode).map((name) => join(directory, name));
    const all = [...new Set([process.execPath, main, ...beside])].toSorted();
    return (await Promise.all(all.map(describe))).join('\n');
  } catch (error) {
    // so are files that are just being replaced
    return error instanceof Error ? error.message : String(error);
  }
};

/** Of what a child says, the end. */
const longestKept = 16_384;
const longestShown = 300;
const stateDescriptor = 3;

type Means = {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly startErrand: Supervisor['startErrand'];
};

/** What comes in at one end, until it is closed. */
const listenTo = (kernel: Kernel) => {
  const { ours, theirs } = kernel.openLogPair();
  const chunk = Buffer.alloc(4_096);
  let text = '';
  let isOpen = true;
  const close = (): void => {
    if (isOpen) kernel.close(ours);
    isOpen = false;
  };
  const read = (): void => {
    while (isOpen) {
      const got = kernel.receiveLog(ours, chunk);
      if (got === undefined) return;
      if (got.length === 0) close();
      text = (text + chunk.toString('utf8', 0, got.length)).slice(-longestKept);
    }
  };
  kernel.watch(ours, read);
  return {
    theirs,
    end: (): string => {
      read();
      close();
      return text.trim();
    },
  };
};

/** What a reader needs most of a long complaint: of a stack the error, of anything else the last line. */
const lastWords = (text: string): string => {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const error = lines.findLast((line) => /^\w*Error\b.*:/.test(line));
  return escapeControls(error ?? lines.at(-1) ?? '').slice(0, longestShown);
};

const refused = (what: string, words: string): Failure => ({
  code: 'ECANCELED',
  what: `the new version ${what}${words === '' ? '' : `: ${words}`}`,
});

/** undefined: it could. */
export const tryNextVersion = async (
  { kernel, clock, startErrand }: Means,
  state: Uint8Array,
  patience: Milliseconds,
): Promise<Failure | undefined> => {
  const opened: Descriptor[] = [];
  const own = (descriptor: Descriptor): Descriptor => {
    opened.push(descriptor);
    return descriptor;
  };
  try {
    const file = own(sealMemoryFile('acceptd-state', state));
    const said = listenTo(kernel);
    const complained = listenTo(kernel);
    const layout = ['null', own(said.theirs), own(complained.theirs), file] as const;
    return await new Promise<Failure | undefined>((resolve) => {
      let isLate = false;
      const pid = startErrand(
        {
          ...plainRecipe,
          file: process.execPath,
          arguments: ownWords(),
          environment: wordsOf(ownEnvironment(checkName, stateDescriptor)),
          layout,
        },
        ({ status, failure }) => {
          cancel();
          const words = lastWords(complained.end());
          const isReady = said.end() === readyWord;
          const end = exitStatus(status);
          if (failure !== undefined)
            resolve(refused('cannot be started', failure.what.replace('%', process.execPath)));
          else if (isLate) resolve(refused(`was not ready after ${showDuration(patience)}`, words));
          else if (end.kind === 'signal') resolve(refused(`was ended by signal ${end.signal}`, words));
          else if (end.code !== 0) resolve(refused(`ended with status ${end.code}`, words));
          else resolve(isReady ? undefined : refused('did not say that it is ready', words));
        },
      );
      const cancel = clock.after(patience, () => {
        isLate = true;
        kernel.kill(pid, 'SIGKILL');
      });
    });
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return { code: error.code, what: `the new version cannot be tried: ${error.message}` };
  } finally {
    for (const each of opened) kernel.close(each);
  }
};
