// Services for tests, in one expression each.
import type { InternetAddress, ListenAddress } from '../../src/model/address.ts';
import type { Limits } from '../../src/model/limits.ts';
import type { ResolvedService } from '../../src/model/service.ts';

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
  process: {
    hasSession: true,
    nice: undefined,
    umask: undefined,
    workingDirectory: undefined,
    rootDirectory: undefined,
    resourceLimits: [],
  },
  surroundings: {
    stderr: 'log',
    hasFd3: true,
    hasAddressVariables: true,
    environment: [],
    passedVariables: [],
    showsMapped: false,
  },
  socket: {
    backlog: undefined,
    sendBuffer: undefined,
    receiveBuffer: undefined,
    keepAlive: false,
    noDelay: false,
    deferAccept: undefined,
    fastOpen: undefined,
    freeBind: false,
    transparent: false,
    bindDevice: undefined,
    mark: undefined,
    priority: undefined,
    typeOfService: undefined,
    timeToLive: undefined,
    debug: false,
  },
  addresses,
  targets: [],
  rpc: undefined,
  credentials: undefined,
  ...rest,
});
