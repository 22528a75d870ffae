// A terminal that is ours for a while: raw keys, the other screen, and everything as it was whichever way we leave.
import { type Key, readKeys } from './top-keys.ts';

export type TopScreen = {
  /** Lines that fill the screen. */
  readonly draw: (lines: readonly string[]) => void;
  readonly size: () => { readonly width: number; readonly height: number };
  /** Stops as Ctrl-Z does; when it goes on, `onChange` is called. */
  readonly suspend: () => void;
  readonly close: () => void;
};

type Listeners = {
  readonly onKey: (key: Key) => void;
  /** The size is another, or somebody else has written here. */
  readonly onChange: () => void;
  /** The terminal is gone. */
  readonly onEnd: () => void;
};

// the other screen, so that what stood there comes back; no cursor
const enter = '\u001b[?1049h\u001b[?25l\u001b[2J';
const leave = '\u001b[?25h\u001b[?1049l';
/** Before the text: after it, the last column of a full line would go too. */
const clearLine = '\u001b[2K';
const clearScreen = '\u001b[2J';

const endings = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

export const openTopScreen = ({ onKey, onChange, onEnd }: Listeners): TopScreen => {
  const { stdin, stdout } = process;
  let isOurs = false;
  let rest = '';

  const take = (): void => {
    isOurs = true;
    stdin.setRawMode(true);
    stdout.write(enter);
  };
  const restore = (): void => {
    if (!isOurs) return;
    isOurs = false;
    stdout.write(leave);
    stdin.setRawMode(false);
  };

  const read = (text: string): void => {
    const found = readKeys(rest + text);
    rest = found.rest;
    for (const key of found.keys) onKey(key);
  };
  const resize = (): void => {
    if (isOurs) stdout.write(clearScreen);
    onChange();
  };
  const suspend = (): void => {
    restore();
    process.kill(process.pid, 'SIGSTOP');
  };
  // also after a stop that nobody announced: the shell has set the terminal to its own needs
  const goOn = (): void => {
    restore();
    take();
    onChange();
  };
  const end = (signal: NodeJS.Signals): void => {
    close();
    // whoever started us sees what ended us
    process.kill(process.pid, signal);
  };
  const close = (): void => {
    restore();
    stdin.off('data', read).off('end', onEnd).off('error', onEnd).pause();
    stdout.off('resize', resize);
    process.off('exit', restore).off('uncaughtException', restore);
    process.off('SIGTSTP', suspend).off('SIGCONT', goOn);
    for (const signal of endings) process.off(signal, end);
  };

  // a stack is to stand on the screen that stays
  process.prependListener('uncaughtException', restore);
  process.on('exit', restore);
  for (const signal of endings) process.on(signal, end);
  process.on('SIGTSTP', suspend).on('SIGCONT', goOn);
  stdin.setEncoding('latin1').on('data', read).on('end', onEnd).on('error', onEnd);
  stdout.on('resize', resize);
  take();
  stdin.resume();

  return {
    draw: (lines) => {
      if (!isOurs) return;
      // each to its row: a line end would scroll where the terminal is smaller than it said
      stdout.write(lines.map((line, index) => `\u001b[${index + 1};1H${clearLine}${line}`).join(''));
    },
    // a terminal without a size says 0
    size: () => ({ width: stdout.columns || 80, height: stdout.rows || 24 }),
    suspend,
    close,
  };
};
