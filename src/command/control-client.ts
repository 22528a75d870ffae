// Asks a running server over its control socket: one request, one answer, a deadline, and a reason when there is none.
import { type IncomingMessage, request } from 'node:http';
import { exitStatus } from '../exit-status.ts';
import { controlVersion } from '../model/control.ts';
import { escapeControls } from '../model/diagnostic.ts';
import { controlPath } from '../operate/control/place.ts';
import { isControlError } from './control-answers.ts';
import { type Guard, isObject } from './guards.ts';
import { Refusal } from './refusal.ts';

export type Order = {
  readonly method: 'GET' | 'POST' | 'PATCH';
  /** With its query: `/v1/status`. */
  readonly path: string;
  readonly body?: unknown;
  /** Milliseconds for the whole answer. */
  readonly patience?: number;
  /** Ends the question before its answer. */
  readonly signal?: AbortSignal;
};

/** The text as it came, and what was found in it. */
export type Answer<Value> = { readonly text: string; readonly value: Value };

const usualPatience = 10_000;
/** Of an answer: a status of 10,000 services has a few MiB. */
const mostBytes = 67_108_864;

/** `/v1/services/finger%2Ftcp`: an id may hold slashes. */
export const servicePath = (id: string, rest = ''): string => `/v1/services/${encodeURIComponent(id)}${rest}`;

const noServer = (message: string): Refusal => new Refusal(message, exitStatus.system);

/** Where the server listens that the user means; its place follows the same rules for both. */
export const placeOf = (chosen: string | undefined): string => {
  const path = controlPath(process.env, chosen);
  if (path !== undefined) return path;
  throw noServer('nothing says where the control socket is; name it with --control PATH');
};

const reasonOf = (error: NodeJS.ErrnoException, path: string): Refusal => {
  const place = escapeControls(path);
  switch (error.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return noServer(
        `no acceptd answers at ${place}: ${error.code === 'ENOENT' ? 'there is no such socket' : 'nobody listens there'}; is it running? --control PATH names another`,
      );
    case 'EACCES':
    case 'EPERM':
      return noServer(
        `you may not talk to the acceptd at ${place}: permission denied; ask as root or as the user that it runs as`,
      );
    case 'EAGAIN':
      return noServer(`the acceptd at ${place} has too many callers; try again`);
    case 'ECONNRESET':
    case 'EPIPE':
      return noServer(`the acceptd at ${place} hung up without an answer; is it about to end?`);
    default:
      return noServer(
        `what listens at ${place} does not answer as an acceptd does: ${escapeControls(error.message)}; is it the control socket?`,
      );
  }
};

const isStream = ({ headers }: IncomingMessage): boolean =>
  headers['content-type']?.includes('ndjson') === true;

/** The head of the answer, for who reads the rest as it comes. */
export const callServer = (
  path: string,
  { method, path: target, body, patience = usualPatience, signal }: Order,
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    // one connection for one question: a server that is exchanged under us is no surprise then
    const asked = request({
      socketPath: path.startsWith('@') ? `\0${path.slice(1)}` : path,
      method,
      path: target,
      agent: false,
      ...(signal !== undefined && { signal }),
      headers: {
        host: 'acceptd',
        accept: 'application/json',
        ...(text === ''
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
      },
    });
    let response: IncomingMessage | undefined;
    const giveUp = (): void => {
      const seconds = patience / 1000;
      const late = noServer(
        `the acceptd at ${escapeControls(path)} has not answered in ${seconds} s; try again, or look whether it is stopped`,
      );
      (response ?? asked).destroy(late);
    };
    const timer = setTimeout(giveUp, patience);
    asked.on('error', (error) => {
      clearTimeout(timer);
      reject(error instanceof Refusal ? error : reasonOf(error, path));
    });
    asked.on('response', (found) => {
      response = found;
      // a stream has no end that could be waited for
      if (isStream(found)) clearTimeout(timer);
      else found.on('close', () => clearTimeout(timer));
      resolve(found);
    });
    asked.end(text);
  });

const readBody = async (response: IncomingMessage, path: string): Promise<string> => {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of response) {
      if (!Buffer.isBuffer(part)) continue;
      size += part.length;
      if (size > mostBytes)
        throw noServer(`the answer of ${escapeControls(path)} is endless; is it the control socket?`);
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof Refusal || !(error instanceof Error)) throw error;
    throw reasonOf(error, path);
  }
  return Buffer.concat(parts).toString('utf8');
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

/** Why an answer is not the one that was asked for. */
const objection = (value: unknown, status: number, path: string): Refusal => {
  const place = escapeControls(path);
  if (isControlError(value)) {
    const { message, code } = value.error;
    return new Refusal(escapeControls(message), exitStatus.refused, code);
  }
  const version = isObject(value) ? value['version'] : undefined;
  if (typeof version === 'number' && version !== controlVersion) {
    return noServer(
      `the acceptd at ${place} speaks version ${version} of the control protocol, this one version ${controlVersion}; use the acceptd that it was started from`,
    );
  }
  return noServer(
    `what listens at ${place} gives no answer that this acceptd knows (HTTP status ${status}); is it the control socket of an acceptd of this version?`,
  );
};

/** What a failed answer says, read to its end. */
export const refusalOf = async (response: IncomingMessage, path: string): Promise<Refusal> =>
  objection(parse(await readBody(response, path)), response.statusCode ?? 0, path);

/**
 * Asks and reads the whole answer; whatever is not the answer becomes a Refusal, with 71 as exit status where no server
 * has answered and 1 where it has said no.
 */
export const askServer = async <Value>(
  path: string,
  order: Order,
  isValue: Guard<Value>,
): Promise<Answer<Value>> => {
  const response = await callServer(path, order);
  const text = await readBody(response, path);
  const value = parse(text);
  if (isValue(value)) return { text, value };
  throw objection(value, response.statusCode ?? 0, path);
};
