// Any service the native language can say, for tests that take every one of them.

import fc from 'fast-check';
import type { Endpoint, InternetEndpoint } from '../../src/model/address.ts';
import { bytes, milliseconds } from '../../src/model/quantity.ts';
import {
  builtinNames,
  noDaemon,
  plainProcess,
  plainRelay,
  plainSurroundings,
  resourceNames,
  type Service,
} from '../../src/model/service.ts';
import { plainSocket } from '../../src/model/socket-settings.ts';
import {
  arbitraryAccess,
  arbitraryBanners,
  arbitraryIdentity,
  arbitraryServiceLog,
} from './arbitrary-access.ts';

/** Text of one line, with everything that may trouble a lexer. */
const text = (least: number): fc.Arbitrary<string> =>
  fc
    .oneof(
      fc.string({ unit: 'binary', minLength: least, maxLength: 12 }),
      fc.string({
        unit: fc.constantFrom(...`abc$% 019"'#,;=\\\t-/:.@+[]*é漢`, '\n', '\r', '\u{1F600}'),
        minLength: least,
        maxLength: 12,
      }),
    )
    .map((value) =>
      Buffer.from(value)
        .toString()
        .replace(/[\0\uFFFD]/g, '_'),
    );

const name = text(1)
  .map((value) => value.replace(/[\n\r]/g, '_'))
  .filter((value) => !value.startsWith('\uFEFF'));
const account = fc.stringMatching(/^[a-z_][a-z0-9_.-]{0,8}$/);
const host = fc.oneof(fc.constantFrom('*', '127.0.0.1', '::1', 'fe80::1%eth0', 'www.example.org'));
const port = fc.oneof(
  fc.integer({ min: 1, max: 65535 }).map(String),
  fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/),
);
const count = fc.integer({ min: 1, max: 1_000_000 });
const orNobody = fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 9, arbitrary: count });
const duration = fc.integer({ min: 1, max: 10_000_000 }).map(milliseconds);
const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(value, { nil: undefined });

const internet = (socketType: 'stream' | 'dgram'): fc.Arbitrary<InternetEndpoint> =>
  fc.record({
    kind: fc.constant('internet' as const),
    socketType: fc.constant(socketType),
    family: fc.constantFrom('v4', 'v6', 'both', 'dual'),
    host,
    port,
  });

const path = fc
  .tuple(fc.constantFrom('/', '@'), text(1))
  .map(([head, rest]) => `${head}${rest}`)
  .filter((value) => Buffer.byteLength(value) <= 100);

const unix = (socketTypes: readonly ('stream' | 'dgram' | 'seqpacket')[]): fc.Arbitrary<Endpoint> =>
  fc.record({
    kind: fc.constant('unix' as const),
    socketType: fc.constantFrom(...socketTypes),
    path,
    owner: maybe(account),
    group: maybe(account),
    mode: fc.integer({ min: 0, max: 0o7777 }),
  });

const uniform = (socketType: 'stream' | 'dgram'): fc.Arbitrary<readonly Endpoint[]> =>
  fc
    .tuple(internet(socketType), fc.array(host, { minLength: 1, maxLength: 3 }))
    .map(([endpoint, hosts]) => hosts.map((other) => ({ ...endpoint, host: other })));

const endpoints = fc.oneof(
  uniform('stream'),
  uniform('dgram'),
  unix(['stream', 'dgram', 'seqpacket']).map((endpoint) => [endpoint]),
  fc.array(fc.oneof(internet('stream'), unix(['stream', 'seqpacket'])), { minLength: 2, maxLength: 4 }),
  fc.array(fc.oneof(internet('dgram'), unix(['dgram'])), { minLength: 2, maxLength: 4 }),
);

const program = fc.record({
  kind: fc.constant('program' as const),
  file: text(1).map((value) => `/bin/${value.replaceAll('/', '_')}`),
  arguments: fc.array(text(0), { maxLength: 5 }),
});

const resourceLimits = fc
  .subarray([...resourceNames], { maxLength: 3 })
  .chain((names) =>
    fc.tuple(
      ...names.map((resource) =>
        fc
          .tuple(maybe(fc.nat()), maybe(fc.nat()))
          .map(([soft, hard]) =>
            hard !== undefined && (soft === undefined || soft > hard)
              ? { resource, soft: hard, hard: soft }
              : { resource, soft, hard },
          ),
      ),
    ),
  );

const surroundings = fc
  .record({
    stderr: fc.constantFrom('log' as const, 'client' as const, 'null' as const),
    hasFd3: fc.boolean(),
    hasAddressVariables: fc.boolean(),
    environment: fc.array(
      fc.record({ name: text(1).map((value) => `N${value.replaceAll('=', '_')}`), value: text(0) }),
      { maxLength: 3 },
    ),
    passedVariables: fc.array(
      text(1).map((value) => value.replaceAll('=', '_')),
      { maxLength: 3 },
    ),
    showsMapped: fc.boolean(),
  })
  .map((parts) => ({ ...plainSurroundings, ...parts }));

const socket = fc
  .record({
    backlog: maybe(count),
    sendBuffer: maybe(count.map(bytes)),
    receiveBuffer: maybe(count.map(bytes)),
    keepAlive: fc.boolean(),
    noDelay: fc.boolean(),
    deferAccept: maybe(count),
    fastOpen: maybe(count),
    freeBind: fc.boolean(),
    transparent: fc.boolean(),
    bindDevice: maybe(account),
    mark: maybe(fc.nat()),
    priority: maybe(fc.nat()),
    typeOfService: maybe(fc.integer({ min: 0, max: 255 })),
    timeToLive: maybe(fc.integer({ min: 1, max: 255 })),
    debug: fc.boolean(),
  })
  .map((parts) => ({ ...plainSocket, ...parts }));

const limits = fc.record({
  instances: maybe(orNobody),
  perSource: maybe(orNobody),
  perSourceRate: maybe(fc.record({ count, window: duration })),
  sourcePrefix: fc.record({ v4: fc.integer({ min: 0, max: 32 }), v6: fc.integer({ min: 0, max: 128 }) }),
  rate: maybe(fc.record({ count, window: duration, pause: duration })),
  onLimit: fc.constantFrom('hold' as const, 'refuse' as const),
  onRate: fc.constantFrom('wait' as const, 'hold' as const, 'close' as const),
  startRetries: fc.integer({ min: 0, max: 20 }),
});

const directory = text(0).map((value) => `/${value}`);
const file = text(1)
  .map((value) => `/${value}`)
  .filter((value) => !value.endsWith('/'));

const common = fc
  .record({
    id: text(1),
    name,
    origin: fc.constant({ file: 'test.conf', line: 1, column: 1 }),
    dialect: fc.constant('acceptd' as const),
    credentials: fc.record({
      user: maybe(account),
      group: maybe(account),
      supplementaryGroups: maybe(fc.array(account, { maxLength: 3 })),
    }),
    limits,
    process: fc
      .record({
        nice: maybe(fc.integer({ min: -20, max: 19 })),
        hasSession: fc.boolean(),
        umask: maybe(fc.integer({ min: 0, max: 0o777 })),
        workingDirectory: maybe(directory),
        rootDirectory: maybe(directory),
        resourceLimits,
      })
      .map((parts) => ({ ...plainProcess, ...parts })),
    access: arbitraryAccess(text(1)),
    banners: arbitraryBanners(file),
    identity: arbitraryIdentity,
    serviceLog: arbitraryServiceLog(file),
    surroundings,
    socket,
  })
  .map((parts) => ({ ...noDaemon, ...parts }));

const listening = fc.oneof(
  fc.record({
    endpoints,
    mux: fc.constant(undefined),
    rpc: fc.constant(undefined),
    mode: fc.constantFrom('per-connection' as const, 'whole-socket' as const),
    answer: program,
  }),
  fc.record({
    endpoints: uniform('dgram').map((list) =>
      list.map((endpoint) => (endpoint.kind === 'internet' ? { ...endpoint, port: '0' } : endpoint)),
    ),
    mux: fc.constant(undefined),
    rpc: fc.tuple(account, fc.nat(), fc.nat()).map(([word, low, high]) => ({
      program: word,
      lowVersion: Math.min(low, high),
      highVersion: Math.max(low, high),
    })),
    mode: fc.constant('whole-socket' as const),
    answer: program,
  }),
  fc.record({
    endpoints: uniform('stream'),
    mux: fc.constant(undefined),
    rpc: fc.constant(undefined),
    mode: fc.constant('per-connection' as const),
    answer: fc.record({
      kind: fc.constant('builtin' as const),
      builtin: fc.constantFrom(...builtinNames),
      format: fc.constantFrom('xinetd' as const, undefined),
    }),
  }),
  fc.record({
    endpoints: uniform('stream'),
    mux: fc.constant(undefined),
    rpc: fc.constant(undefined),
    mode: fc.constant('per-connection' as const),
    answer: fc
      .record({
        kind: fc.constant('relay' as const),
        host: fc.constantFrom('127.0.0.1', '::1', 'www.example.org'),
        port,
        fallbacks: fc.oneof(
          fc.constant([]),
          fc.constant([
            { host: '/run/x.sock', port: '' },
            { host: '::1', port: '80' },
          ]),
        ),
        connectTimeout: duration,
        retryFor: fc.oneof(fc.constant(undefined), duration),
      })
      .map((parts) => ({ ...plainRelay, ...parts })),
  }),
  fc.record({
    endpoints: fc.oneof(uniform('stream'), uniform('dgram')),
    mux: fc.constant(undefined),
    rpc: fc.constant(undefined),
    mode: fc.constant('per-connection' as const),
    answer: fc.record({
      kind: fc.constant('sensor' as const),
      denyTime: fc.oneof(fc.constantFrom('forever' as const, undefined), duration),
    }),
  }),
);

const muxMember = fc
  .tuple(fc.stringMatching(/^[a-z0-9]{1,8}$/), fc.boolean(), program, maybe(name))
  .map(([word, saysGo, answer, own]) => ({
    name: own ?? `tcpmux/${saysGo ? '+' : ''}${word}`,
    endpoints: [],
    mux: { name: word, saysGo },
    rpc: undefined,
    mode: 'per-connection' as const,
    answer,
  }));

/** A service that only looks like a member of tcpmux. */
const misleading = fc.constantFrom('tcpmux/date', 'tcpmux/+date');

export const arbitraryService: fc.Arbitrary<Service> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.tuple(common, listening).map(([base, rest]): Service => ({ ...base, ...rest })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(common, listening, misleading)
      .map(([base, rest, name]): Service => ({ ...base, ...rest, name })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(common, muxMember).map(([base, rest]): Service => ({ ...base, ...rest })),
  },
);
