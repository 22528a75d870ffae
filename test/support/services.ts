// Services for tests, in one expression each.
import type { InternetAddress, ListenAddress } from '../../src/model/address.ts';
import type { Limits } from '../../src/model/limits.ts';
import { noDaemon, plainProcess, plainSurroundings, type ResolvedService } from '../../src/model/service.ts';
import { plainSocket } from '../../src/model/socket-settings.ts';

export const noLimits: Limits = {
  instances: undefined,
  perSource: undefined,
  perSourceRate: undefined,
  sourcePrefix: { v4: 32, v6: 64 },
  rate: undefined,
  onLimit: 'hold',
  onRate: 'wait',
  startRetries: 0,
};

export const tcp = (host: string, port: number, rest: Partial<InternetAddress> = {}): InternetAddress => ({
  kind: 'internet',
  socketType: 'stream',
  version: host.includes(':') ? 6 : 4,
  host,
  port,
  takesMapped: false,
  isOptional: false,
  ...rest,
});

export const resolved = (
  id: string,
  addresses: readonly ListenAddress[],
  rest: Partial<ResolvedService> = {},
): ResolvedService => ({
  id,
  name: id,
  origin: { file: 'test.conf', line: 1, column: 1 },
  dialect: 'acceptd',
  mux: undefined,
  mode: 'per-connection',
  answer: { kind: 'program', file: '/bin/cat', arguments: ['cat'] },
  limits: noLimits,
  access: undefined,
  banners: undefined,
  identity: undefined,
  serviceLog: undefined,
  process: plainProcess,
  surroundings: { ...plainSurroundings, hasFd3: true, hasAddressVariables: true },
  socket: plainSocket,
  ...noDaemon,
  addresses,
  targets: [],
  rpc: undefined,
  credentials: undefined,
  ...rest,
});
