// What can be asked over the control socket, path by path as docs/control.openapi.json has them.
import { signalNumber } from '../../config/signals.ts';
import { controlVersion, type Tuning } from '../../model/control.ts';
import { type Answer, json, refuse, refuseFailure } from './answer.ts';
import type { Check, Fields } from './body.ts';
import { type Desk, isFailure, type Outcome } from './desk.ts';
import { readDocument } from './document.ts';

/** What of a request a route is told; all of it has been checked. */
export type Asked = {
  /** From the path: the id of a service, or a pid. */
  readonly subject: string;
  readonly query: ReadonlyMap<string, string>;
  readonly fields: Fields;
  /** The Accept header. */
  readonly accept: string;
};

export type Route = {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly path: string;
  /** Answered over TCP too, to whoever asks. */
  readonly isProbe: boolean;
  readonly query: Readonly<Record<string, Check>>;
  readonly fields: Readonly<Record<string, Check>>;
  readonly answer: (desk: Desk, asked: Asked) => Answer | Promise<Answer>;
};

const truth: Check = (value) => (value === 'true' || value === 'false' ? undefined : 'is true or false');

const longestText = 1024;
const someText: Check = (value) =>
  typeof value === 'string' && value !== '' && value.length <= longestText
    ? undefined
    : `is a text of 1 to ${longestText} characters`;

const largestLimit = 1_000_000;
const limit: Check = (value) =>
  value === null ||
  (typeof value === 'number' && Number.isSafeInteger(value) && value > 0 && value <= largestLimit)
    ? undefined
    : `is a whole number from 1 to ${largestLimit}, or null for no limit`;

const longestTime = 7 * 24 * 3600;
const time: Check = (value) =>
  typeof value === 'number' && value >= 0 && value <= longestTime
    ? undefined
    : `is a number of seconds from 0 to ${longestTime}`;

const largestSignal = 64;

/** `TERM`, `SIGTERM`, `15` or 15. */
const signalOf = (value: unknown): number | undefined =>
  typeof value === 'string' || typeof value === 'number' ? signalNumber(String(value)) : undefined;
const signal: Check = (value) =>
  signalOf(value) === undefined ? `is a signal's name or its number from 1 to ${largestSignal}` : undefined;

const numberIn = (fields: Fields, name: string): number | undefined => {
  const value = fields[name];
  return typeof value === 'number' ? value : undefined;
};

const tuningOf = (fields: Fields): Tuning => {
  const limitOf = (name: string): number | null => numberIn(fields, name) ?? null;
  return {
    ...('instances' in fields ? { instances: limitOf('instances') } : {}),
    ...('perSource' in fields ? { perSource: limitOf('perSource') } : {}),
  };
};

const answerOutcome = (outcome: Outcome): Answer =>
  isFailure(outcome) ? refuseFailure(outcome) : json(outcome);

const noService = (id: string): Answer =>
  refuse('not-found', `there is no service ${JSON.stringify(id)}; acceptd status lists them`);

const pidOf = (word: string): number | undefined => {
  const pid = /^[0-9]{1,10}$/.test(word) ? Number(word) : 0;
  return pid > 0 ? pid : undefined;
};

const kill = async (
  desk: Desk,
  target: { readonly service: string } | { readonly pid: number },
  { signal: wanted }: Fields,
): Promise<Answer> => {
  const number = signalOf(wanted);
  if (number === undefined) return refuse('bad-request', 'no signal; write which one: {"signal": "TERM"}');
  return answerOutcome(await desk.kill(target, number));
};

const get = (path: string, answer: Route['answer'], query: Route['query'] = {}, isProbe = false): Route => ({
  method: 'GET',
  path,
  isProbe,
  query,
  fields: {},
  answer,
});

const post = (
  path: string,
  answer: Route['answer'],
  fields: Route['fields'] = {},
  query: Route['query'] = {},
): Route => ({ method: 'POST', path, isProbe: false, query, fields, answer });

const order = (word: string, give: (desk: Desk, id: string) => Promise<Outcome>): Route =>
  post(`/v1/services/{service}/${word}`, async (desk, { subject }) =>
    answerOutcome(await give(desk, subject)),
  );

const probes: readonly Route[] = [
  get(
    '/livez',
    (desk) => (desk.isAlive() ? json({ alive: true }) : refuse('failed', 'the server does not answer', 503)),
    {},
    true,
  ),
  get(
    '/readyz',
    (desk) => {
      const why = desk.notReady();
      return why === undefined ? json({ ready: true }) : refuse('not-possible', why, 503);
    },
    {},
    true,
  ),
  get(
    '/metrics',
    async (desk, { accept }) => {
      const found = await desk.metrics(accept);
      if (found !== undefined) return { kind: 'text', ...found };
      return refuse('not-found', 'metrics are off; start acceptd with --metrics');
    },
    {},
    true,
  ),
];

export const routes: readonly Route[] = [
  get('/v1/status', async (desk) => json(await desk.status())),
  get('/v1/services/{service}', async (desk, { subject }) => {
    const found = await desk.service(subject);
    return found === undefined ? noService(subject) : json(found);
  }),
  {
    ...post('/v1/services/{service}', async (desk, { subject, fields }) =>
      Object.keys(fields).length === 0
        ? refuse('bad-request', 'nothing to change; write instances or perSource')
        : answerOutcome(await desk.set(subject, tuningOf(fields))),
    ),
    method: 'PATCH',
    fields: { instances: limit, perSource: limit },
  },
  order('pause', (desk, id) => desk.pause(id)),
  order('resume', (desk, id) => desk.resume(id)),
  order('restart', (desk, id) => desk.restart(id)),
  order('reload', (desk, id) => desk.reloadService(id)),
  post(
    '/v1/services/{service}/kill',
    (desk, { subject, fields }) => kill(desk, { service: subject }, fields),
    { signal },
  ),
  post(
    '/v1/processes/{pid}/kill',
    (desk, { subject, fields }) => {
      const pid = pidOf(subject);
      return pid === undefined
        ? refuse('bad-request', `${JSON.stringify(subject)} is no number of a process`)
        : kill(desk, { pid }, fields);
    },
    { signal },
  ),
  get(
    '/v1/services/{service}/why',
    async (desk, { subject, query }) => {
      const address = query.get('address');
      if (address === undefined)
        return refuse('bad-request', 'whose client? add ?address= with its IP address');
      const found = await desk.why(subject, address);
      return 'code' in found ? refuseFailure(found) : json(found);
    },
    { address: someText },
  ),
  get('/v1/services/{service}/explain', (desk, { subject }) => {
    const found = desk.explain(subject);
    return found === undefined ? noService(subject) : json(found);
  }),
  post(
    '/v1/reload',
    async (desk, { query }) => json(await desk.reload(query.get('dry-run') === 'true')),
    {},
    { 'dry-run': truth },
  ),
  post(
    '/v1/stop',
    async (desk, { fields }) =>
      answerOutcome(await desk.stop({ drain: numberIn(fields, 'drain'), delay: numberIn(fields, 'delay') })),
    { drain: time, delay: time },
  ),
  post('/v1/upgrade', async (desk) => answerOutcome(await desk.upgrade())),
  get(
    '/v1/log',
    (_desk, { query }) =>
      query.get('follow') === 'true'
        ? { kind: 'records', service: query.get('service') }
        : refuse('bad-request', 'only what comes from now on can be read here: add ?follow=true'),
    { follow: truth, service: someText },
  ),
  get(`/v${controlVersion}/openapi.json`, readDocument),
  ...probes,
];
