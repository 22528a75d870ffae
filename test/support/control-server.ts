// A server that speaks the schema of the control socket and says what a test wants; and things for it to say.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { ControlError, ServerStatus, ServiceDetail, ServiceSummary } from '../../src/model/control.ts';

export type Asked = { readonly method: string; readonly url: string; readonly body: unknown };
/** A function writes the answer itself, and may leave it open. */
export type Said =
  | { readonly status?: number; readonly json: unknown }
  | ((response: ServerResponse) => void);

export type ControlServer = {
  readonly path: string;
  /** Every request so far. */
  readonly asked: readonly Asked[];
  readonly close: () => Promise<void>;
};

export const refusal = (code: ControlError['error']['code'], message: string): ControlError => ({
  error: { code, message },
});

const unknown: Said = { status: 404, json: refusal('not-found', 'there is nothing here') };

/** At a path of its own, or at one where another was before. */
export const startControlServer = async (
  t: Test,
  answer: (asked: Asked) => Said | undefined,
  at?: string,
): Promise<ControlServer> => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-control-'));
  const path = at ?? join(directory, 'control');
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    request.on('end', () => {
      const body: unknown = text === '' ? undefined : JSON.parse(text);
      const one = { method: request.method ?? '', url: request.url ?? '', body };
      asked.push(one);
      const said = answer(one) ?? unknown;
      if (typeof said === 'function') {
        said(response);
        return;
      }
      response.writeHead(said.status ?? 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(said.json));
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  t.teardown(async () => {
    await close();
    rmSync(directory, { recursive: true, force: true });
  });
  return { path, asked, close };
};

export const summaryOf = (service: string, differs: Partial<ServiceSummary> = {}): ServiceSummary => ({
  service,
  endpoints: [{ address: '127.0.0.1:7079', protocol: 'tcp', state: 'listening', waiting: 0 }],
  condition: 'active',
  live: 0,
  limit: null,
  accepted: 0,
  served: 0,
  failed: 0,
  refused: 0,
  refusedBy: {},
  waiting: 0,
  lastError: null,
  handlerTimes: null,
  memory: null,
  ...differs,
});

export const finger = summaryOf('finger/tcp', {
  endpoints: [
    { address: '0.0.0.0:79', protocol: 'tcp', state: 'listening', waiting: 2 },
    { address: '[::]:79', protocol: 'tcp', state: 'closed', waiting: null },
  ],
  condition: 'held',
  live: 3,
  limit: 64,
  accepted: 1234,
  served: 1200,
  failed: 2,
  refused: 32,
  refusedBy: { rate: 2, access: 30 },
  lastError: { at: '2026-11-26T10:12:31.000Z', what: 'cannot execute /usr/sbin/in.fingerd: no such file' },
  handlerTimes: { count: 1197, p50: 0.0021, p99: 0.013 },
  memory: 4_718_592,
});

export const statusOf = (
  services: readonly ServiceSummary[],
  differs: Partial<ServerStatus> = {},
): ServerStatus => ({
  version: 1,
  acceptd: '0.1.0',
  pid: 4711,
  startedAt: '2026-11-26T09:00:00.000Z',
  state: 'running',
  configuration: {
    files: ['/etc/acceptd.conf'],
    loadedAt: '2026-11-26T09:00:00.000Z',
    errors: 0,
    warnings: 0,
    refusedBecause: null,
  },
  upgrades: 0,
  restarts: 0,
  memory: { resident: 25_165_824, private: 20_971_520 },
  descriptors: { open: 45, limit: 1024 },
  lostRecords: 0,
  services,
  ...differs,
});

export const fingerDetail: ServiceDetail = {
  ...finger,
  origin: '/etc/acceptd.conf:12',
  instances: [
    {
      pid: 5000,
      what: 'handler',
      peer: '192.0.2.7:40000',
      startedAt: '2026-11-26T10:00:00.000Z',
      age: 75,
      cpu: 0.25,
      memory: 1_572_864,
    },
  ],
  more: 2,
  recent: [
    {
      at: '2026-11-26T10:12:30.000Z',
      kind: 'refused',
      peer: '198.51.100.1:1024',
      reason: 'access',
      what: 'no list admits it',
    },
  ],
  tuned: ['instances 64'],
};
