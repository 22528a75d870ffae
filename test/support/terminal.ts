// A program in a terminal of its own: what it writes there, and what somebody in front of it does.
import { spawn } from 'node:child_process';
import type { Test } from 'tap';
import { hasProgram, searchPath } from './command.ts';

const python = '/usr/bin/python3';

/** For `skip`. */
export const noTerminals = hasProgram(python) ? false : 'no python3 to make a terminal';

// Reads orders from stdin and tells what happens on stdout, a line of JSON each.
const director = `
import fcntl, json, os, pty, select, struct, subprocess, sys, termios
master, slave = pty.openpty()
def resize(columns, rows):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
def canonical():
    return termios.tcgetattr(slave)[3] & (termios.ICANON | termios.ECHO) != 0
def lead():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
def tell(**what):
    print(json.dumps(what), flush=True)
def pour():
    while select.select([master], [], [], 0)[0]:
        tell(text=os.read(master, 65536).decode('utf8', 'replace'))
resize(80, 24)
environment = {'PATH': os.environ['PATH'], 'TERM': 'xterm', 'LC_ALL': 'C.UTF-8'}
child = subprocess.Popen(sys.argv[1:], stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True, preexec_fn=lead)
while child.poll() is None:
    ready, _, _ = select.select([master, sys.stdin], [], [], 0.1)
    if master in ready: pour()
    if sys.stdin in ready:
        line = sys.stdin.readline()
        if line == '':
            child.kill()
            break
        order = json.loads(line)
        if 'keys' in order: os.write(master, order['keys'].encode())
        if 'size' in order: resize(*order['size'])
        if 'signal' in order: child.send_signal(order['signal'])
pour()
tell(status=child.wait(), canonical=canonical())
`;

/** `status` is negative of a signal; `isCanonical`: the terminal edits lines and echoes, as a shell leaves it. */
export type TerminalEnd = { readonly status: number; readonly isCanonical: boolean; readonly rest: string };

export type Terminal = {
  /** Waits until this has been written since the last such wait; escapes are written `^[`. */
  readonly untilShown: (fits: RegExp) => Promise<void>;
  readonly press: (keys: string) => void;
  readonly resize: (columns: number, rows: number) => void;
  readonly signal: (number: number) => void;
  readonly ended: () => Promise<TerminalEnd>;
};

/** Of 80 columns and 24 rows. */
export const startInTerminal = (t: Test, words: readonly string[]): Terminal => {
  const child = spawn(python, ['-c', director, ...words], {
    env: { PATH: searchPath },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(() => child.stdin.end());
  child.stdin.on('error', () => undefined);
  let text = '';
  let end: Omit<TerminalEnd, 'rest'> | undefined;
  let isClosed = false;
  let waiting: (() => void)[] = [];
  const wake = (): void => {
    const woken = waiting;
    waiting = [];
    for (const each of woken) each();
  };
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    const lines = `${rest}${part}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const told: { readonly text?: string; readonly status?: number; readonly canonical?: boolean } =
        JSON.parse(line);
      text += (told.text ?? '').replaceAll('\u001b', '^[');
      if (told.status !== undefined) end = { status: told.status, isCanonical: told.canonical === true };
    }
    wake();
  });
  child.on('close', () => {
    isClosed = true;
    wake();
  });
  const order = (what: unknown): void => void child.stdin.write(`${JSON.stringify(what)}\n`);
  return {
    untilShown: async (fits) => {
      for (;;) {
        const match = fits.exec(text);
        if (match !== null) {
          text = text.slice(match.index + match[0].length);
          return;
        }
        if (isClosed) throw new Error(`ended before it showed ${fits}: ${JSON.stringify(text)}`);
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    press: (keys) => order({ keys }),
    resize: (columns, rows) => order({ size: [columns, rows] }),
    signal: (number) => order({ signal: number }),
    ended: async () => {
      while (!isClosed) await new Promise<void>((resolve) => waiting.push(resolve));
      if (end === undefined) throw new Error(`the terminal is gone: ${JSON.stringify(text)}`);
      return { ...end, rest: text };
    },
  };
};
