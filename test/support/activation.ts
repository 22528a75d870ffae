// Shows that a real program is started by unit files for its real client: nothing runs before, and it comes again.
import { once } from 'node:events';
import { createConnection } from 'node:net';
import t, { type Test } from 'tap';
import { createPlace, type Place } from '../daemons/place.ts';
import { type Acceptd, startAcceptd } from './acceptd.ts';
import { hasProgram, isRoot } from './command.ts';
import { isPortFree } from './ports.ts';

export type Activation = {
  /** The text of each unit by its file's name; the first is given to `run -f`, the others stand beside it. */
  readonly units: Readonly<Record<string, string>>;
  /** Talks to the service as its users do, and gives what the client printed. */
  readonly talk: (acceptd: Acceptd) => Promise<string>;
  readonly expected: RegExp;
};

/**
 * What happens between two clients: a `daemon` stays, and is ended and started again by the next client; one that
 * `leaves` ends by itself; an `instance` is there for one client.
 */
export type Life = 'daemon' | 'leaves' | 'instance';

export type Showing = {
  /** What is shown, as a sentence. */
  readonly name: string;
  readonly life: Life;
  /** The server's and the client's files; it is skipped where one is missing. */
  readonly needs: readonly string[];
  readonly needsRoot?: boolean;
  /** Why it cannot be shown here, or undefined. */
  readonly obstacle?: string | undefined;
  readonly prepare: (place: Place) => Promise<Activation>;
};

const whySkip = (showing: Showing): string | undefined => {
  const missing = showing.needs.filter((path) => !hasProgram(path));
  if (missing.length > 0) return `${missing.join(' and ')} not installed: see .ci/packages`;
  if (showing.needsRoot === true && !isRoot) return 'only root can give the program what it needs';
  return showing.obstacle;
};

const pidsOf = (acceptd: Acceptd, event: string): readonly number[] =>
  acceptd.records.flatMap(({ event: kind, pid }) => (kind === event && pid !== undefined ? [pid] : []));

const waitForEnd = (acceptd: Acceptd, pid: number) =>
  acceptd.waitFor((record) => record.event === 'exited' && record.pid === pid, `the end of ${pid}`);

/** Some clients are content before anybody has been started. */
const lastStarted = async (acceptd: Acceptd): Promise<number> => {
  await acceptd.waitFor(({ event }) => event === 'started', 'somebody to be started');
  return pidsOf(acceptd, 'started').at(-1) ?? 0;
};

/** Between the first client and the next. */
const passTime = async (t: Test, acceptd: Acceptd, life: Life): Promise<void> => {
  const pid = await lastStarted(acceptd);
  if (life === 'daemon') process.kill(pid, 'SIGTERM');
  const { fields } = await waitForEnd(acceptd, pid);
  if (life === 'leaves') t.match(fields, { status: { kind: 'exit', code: 0 } }, 'it has left by itself');
};

const show = async (t: Test, showing: Showing): Promise<void> => {
  const place = createPlace(t);
  const { units, talk, expected } = await showing.prepare(place);
  const acceptd = await startAcceptd(t, { config: units, arguments: ['--drain', '10'] });
  t.strictSame(pidsOf(acceptd, 'started'), [], 'nothing runs before the first client');
  t.match(await talk(acceptd), expected, 'the first client is served');
  if (showing.life === 'daemon') {
    // its record may come after its answer
    await lastStarted(acceptd);
    const started = pidsOf(acceptd, 'started');
    t.match(await talk(acceptd), expected, 'a second client is served');
    t.strictSame(pidsOf(acceptd, 'started'), started, 'by the same daemon');
  }
  await passTime(t, acceptd, showing.life);
  const before = acceptd.records.length;
  t.match(await talk(acceptd), expected, 'whoever comes after its end is served');
  await acceptd.waitFor(({ event }) => event === 'started', 'somebody to be started again', before);
  t.equal(await acceptd.stop(), 0, 'acceptd ends with status 0');
  t.strictSame(
    pidsOf(acceptd, 'exited').toSorted(),
    pidsOf(acceptd, 'started').toSorted(),
    'acceptd told of the end of every process',
    { output: acceptd.output() },
  );
  for (const port of place.ports) t.ok(await isPortFree(port), `nobody is left on port ${port}`);
};

t.setTimeout(240_000);

/** One test for each, one after the other. */
export const checkActivations = (...showings: readonly Showing[]): void => {
  for (const showing of showings) {
    const skip = whySkip(showing);
    void t.test(showing.name, skip === undefined ? {} : { skip }, (t) => show(t, showing));
  }
};

/** Says something to a stream socket in one piece, and gives what comes back until the other side ends. */
export const askAt = async (
  to: { readonly path: string } | { readonly port: number; readonly host: string },
  bytes: Uint8Array | string,
  isWhole: (answer: Buffer) => boolean = () => false,
): Promise<Buffer> => {
  const socket = createConnection(to);
  socket.setTimeout(60_000, () => socket.destroy(new Error('no answer in a minute')));
  // who has nothing to say may find the other side gone already
  if (bytes.length > 0) socket.write(bytes);
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => {
    parts.push(part);
    if (isWhole(Buffer.concat(parts))) socket.destroy();
  });
  await once(socket, 'close');
  return Buffer.concat(parts);
};
