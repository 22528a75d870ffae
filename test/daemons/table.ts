// Runs a table of real programs: each is started by acceptd for its real client.
import t, { type Test } from 'tap';
import { type Acceptd, startAcceptd } from '../support/acceptd.ts';
import { hasProgram, isRoot } from '../support/command.ts';
import { isPortFree } from '../support/ports.ts';
import { createPlace, type Place } from './place.ts';

export type Conversation = {
  readonly config: string;
  /** Talks to the service as its users do, and gives what the client printed. */
  readonly talk: (acceptd: Acceptd) => Promise<string>;
  readonly expected: RegExp;
};

export type Row = {
  /** What is shown, as a sentence. */
  readonly name: string;
  /** The server's and the client's files; the row is skipped where one is missing. */
  readonly needs: readonly string[];
  readonly needsRoot?: boolean;
  /** Why it cannot be shown here, or undefined. */
  readonly obstacle?: string | undefined;
  /** The program stays for more clients: it is ended with acceptd, not by its client. */
  readonly stays?: boolean;
  readonly prepare: (place: Place) => Promise<Conversation>;
};

const whySkip = (row: Row): string | undefined => {
  const missing = row.needs.filter((path) => !hasProgram(path));
  if (missing.length > 0) return `${missing.join(' and ')} not installed: see .ci/packages`;
  if (row.needsRoot === true && !isRoot) return 'only root can give the program the user it needs';
  return row.obstacle;
};

const pidsOf = (acceptd: Acceptd, event: string): readonly (number | undefined)[] =>
  acceptd.records.filter((record) => record.event === event).map((record) => record.pid);

const waitUntilEnded = async (acceptd: Acceptd): Promise<void> => {
  await acceptd.waitFor(({ event }) => event === 'started', 'an instance to be started');
  for (const pid of pidsOf(acceptd, 'started'))
    await acceptd.waitFor((record) => record.event === 'exited' && record.pid === pid, `the end of ${pid}`);
};

const checkRow = async (t: Test, row: Row): Promise<void> => {
  const place = createPlace(t);
  const { config, talk, expected } = await row.prepare(place);
  const acceptd = await startAcceptd(t, { config, arguments: ['--drain', '1'] });
  t.match(await talk(acceptd), expected, 'the client is served');
  if (row.stays !== true) await waitUntilEnded(acceptd);
  t.equal(await acceptd.stop(), 0, 'acceptd ends with status 0');
  const started = pidsOf(acceptd, 'started').toSorted();
  t.ok(started.length > 0, 'acceptd told of the instance');
  t.same(pidsOf(acceptd, 'exited').toSorted(), started, 'acceptd told of the end of every instance');
  for (const port of place.ports) t.ok(await isPortFree(port), `nobody is left on port ${port}`);
};

/** One test for each row, one after the other. */
export const checkTable = (rows: readonly Row[]): void => {
  for (const row of rows) {
    const skip = whySkip(row);
    void t.test(row.name, skip === undefined ? {} : { skip }, (t) => checkRow(t, row));
  }
};
