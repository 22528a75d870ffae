// HTTP for the control sockets: one request after the other of each client, each with a deadline. Loaded for the first client.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { showPeer } from '../../model/address.ts';
import type { Clock } from '../../model/clock.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { seconds } from '../../model/quantity.ts';
import type { Caller } from './access.ts';
import {
  type Answer,
  errorText,
  httpStatus,
  jsonType,
  refusal,
  refuse,
  send,
  type WholeAnswer,
} from './answer.ts';
import { parseFields, readText } from './body.ts';
import type { Desk } from './desk.ts';
import { createFollowers, mostFollowers } from './follow.ts';
import type { Front } from './intake.ts';
import { matchRoute } from './match.ts';

/** An order that somebody gave, or was denied, for the log. */
export type Order = { readonly by: string; readonly what: string; readonly status: number };

export type FrontOptions = {
  readonly clock: Clock;
  readonly desk: Desk;
  readonly onOrder: (order: Order) => void;
};

/** Somebody who has asked for an upgrade. */
export type Asker = { readonly descriptor: Descriptor; readonly by: string };

export type HttpFront = Front & {
  /** Streams end, answers that are being written are given a moment by whoever waits for this; then `cut`. */
  readonly end: () => Promise<void>;
  readonly cut: () => void;
  /** Whose connections wait for what an upgrade comes to. */
  readonly askers: () => readonly Asker[];
  /** Nobody else waits for an answer, but for those who follow the log. */
  readonly isQuiet: () => boolean;
};

/** For a whole request, from when its client came or got its last answer; and for an answer to be taken. */
const patience = seconds(10);
const keepAlive = seconds(5);
const largestHead = 16 * 1024;
/** Requests that one client may send before it has its answers. */
const mostPending = 8;
/** Of a target, in the log. */
const longestTarget = 300;

type Client = {
  readonly descriptor: Descriptor;
  readonly socket: Socket;
  readonly caller: Caller;
  readonly isSurplus: boolean;
  pending: number;
  /** It has asked for an upgrade and waits for the answer, which the next version gives. */
  isUpgrading: boolean;
  /** Its first request has come. */
  hasAsked: boolean;
  /** It is told of records of the log, for as long as it likes. */
  isFollowing: boolean;
  /** Ends the wait for it. */
  cancel: () => void;
};

const tooMany = refuse('too-many', 'too many clients at the control socket; try again in a moment');

export const createFront = ({ clock, desk, onOrder }: FrontOptions): HttpFront => {
  const clients = new Map<Socket, Client>();
  const followers = createFollowers(clock, desk);
  let isEnding = false;
  let onEmpty = (): void => undefined;

  const startDeadline = (client: Client): void => {
    client.cancel();
    client.cancel = clock.after(patience, () => client.socket.destroy());
  };

  const mayAsk = ({ caller, isSurplus }: Client, method: string): Answer | undefined => {
    if (isSurplus) return tooMany;
    if (caller.role === 'stranger')
      return refuse('forbidden', "you may not ask here; acceptd's own user, root and its control group may");
    if (caller.role === 'reader' && method !== 'GET' && method !== 'HEAD')
      return refuse('forbidden', "you may look and change nothing; acceptd's own user and root may");
    return undefined;
  };

  /** undefined: its client went before all of it was there. */
  const decide = async (
    client: Client,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<Answer | undefined> => {
    const { method = 'GET', url = '/' } = request;
    const denied = mayAsk(client, method);
    if (denied !== undefined) return denied;
    const match = matchRoute(method, url, client.caller.role === 'probe');
    if ('answer' in match) {
      if (match.allow !== undefined) response.setHeader('allow', match.allow);
      return match.answer;
    }
    const text = await readText(request);
    // half an order is none
    if (text === undefined) return undefined;
    if (typeof text === 'object') return { kind: 'refusal', refusal: text };
    const read = parseFields(text, match.route.fields);
    if ('refusal' in read) return { kind: 'refusal', refusal: read.refusal };
    if (request.method === 'HEAD' && match.route.path === '/v1/log')
      return { kind: 'text', type: jsonType, text: '' };
    // what an order takes is not the client's fault
    client.cancel();
    client.isUpgrading = match.route.path === '/v1/upgrade';
    const { subject, query } = match;
    return match.route.answer(desk, {
      subject,
      query,
      fields: read.fields,
      accept: request.headers.accept ?? '',
    });
  };

  /** undefined: the answer is a stream, which has begun; or there is nobody to answer. */
  const decideOrFail = async (
    client: Client,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<WholeAnswer | undefined> => {
    try {
      const decided = await decide(client, request, response);
      if (decided?.kind !== 'records') return decided;
      if (followers.follow(response, decided.service)) {
        client.isFollowing = true;
        return undefined;
      }
      return refuse('too-many', `${mostFollowers} clients follow the log already; end one of them`);
    } catch (error) {
      return refuse('failed', error instanceof Error ? error.message : String(error));
    }
  };

  const answer = async (
    client: Client,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    const { method = 'GET', url = '/' } = request;
    const decided = await decideOrFail(client, request, response);
    if (decided === undefined) return;
    // what has not been read of a request cannot be told from the next one
    if (!request.complete || client.isSurplus || isEnding) response.shouldKeepAlive = false;
    client.isUpgrading = false;
    startDeadline(client);
    const status = send(response, decided);
    if (method !== 'GET' && method !== 'HEAD' && client.caller.peer.kind === 'unix')
      onOrder({ by: showPeer(client.caller.peer), what: `${method} ${url.slice(0, longestTarget)}`, status });
  };

  const server = createServer({
    maxHeaderSize: largestHead,
    requireHostHeader: false,
    keepAliveTimeout: keepAlive,
  });
  server.on('request', (request, response) => {
    const client = clients.get(request.socket);
    if (client === undefined) return;
    client.pending += 1;
    client.hasAsked = true;
    if (client.pending > mostPending) {
      client.socket.destroy();
      return;
    }
    response.on('finish', () => {
      client.pending -= 1;
      if (client.pending === 0) startDeadline(client);
    });
    void answer(client, request, response);
  });
  server.on('clientError', (error: Error & { readonly code?: string }, socket) => {
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const isLarge = error.code === 'HPE_HEADER_OVERFLOW';
    const wrong = isLarge
      ? refusal('too-large', `the head of the request is larger than ${largestHead / 1024} KiB`, 431)
      : refusal(
          'bad-request',
          'this is no HTTP request; try curl --unix-socket PATH http://acceptd/v1/status',
        );
    const text = errorText(wrong);
    const status = `${httpStatus(wrong)} ${isLarge ? 'Request Header Fields Too Large' : 'Bad Request'}`;
    const head = `HTTP/1.1 ${status}\r\ncontent-type: ${jsonType}\r\ncontent-length: ${Buffer.byteLength(text)}`;
    socket.end(`${head}\r\nconnection: close\r\n\r\n${text}`, () => socket.destroy());
  });

  return {
    take: (descriptor: Descriptor, caller, isSurplus, onClosed) => {
      const socket = new Socket({ fd: descriptor, readable: true, writable: true, allowHalfOpen: true });
      const client: Client = {
        descriptor,
        isUpgrading: false,
        hasAsked: false,
        isFollowing: false,
        socket,
        caller,
        isSurplus,
        pending: 0,
        cancel: () => undefined,
      };
      clients.set(socket, client);
      socket.on('close', () => {
        client.cancel();
        clients.delete(socket);
        onClosed();
        if (clients.size === 0) onEmpty();
      });
      startDeadline(client);
      server.emit('connection', socket);
    },
    end: () =>
      new Promise((resolve) => {
        isEnding = true;
        onEmpty = resolve;
        followers.end();
        for (const { pending, socket } of clients.values()) if (pending === 0) socket.destroy();
        if (clients.size === 0) resolve();
      }),
    askers: () =>
      [...clients.values()]
        .filter(({ isUpgrading }) => isUpgrading)
        .map(({ descriptor, caller }) => ({ descriptor, by: showPeer(caller.peer) })),
    isQuiet: () =>
      ![...clients.values()].some(
        ({ pending, hasAsked, isUpgrading, isFollowing }) =>
          (pending > 0 || !hasAsked) && !isUpgrading && !isFollowing,
      ),
    cut: () => {
      for (const { socket } of clients.values()) socket.destroy();
    },
  };
};
