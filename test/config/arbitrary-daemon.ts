// Daemons and endings of processes for property tests.
import fc from 'fast-check';
import {
  activations,
  type CommandLine,
  type Daemon,
  daemonTypes,
  type EndStatuses,
  type Lifetime,
  plainDaemon,
  plainLifetime,
} from '../../src/model/daemon.ts';
import { type Milliseconds, milliseconds } from '../../src/model/quantity.ts';
import type { ProcessSettings, Service, Stream } from '../../src/model/service.ts';

const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.oneof(fc.constant(undefined), value);
const duration: fc.Arbitrary<Milliseconds> = fc.integer({ min: 1, max: 100_000_000 }).map(milliseconds);
const word = fc.stringMatching(/^[ -~]{1,12}$/);
const signal = fc.integer({ min: 1, max: 64 });

const statuses: fc.Arbitrary<EndStatuses> = fc.record({
  codes: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 3 }),
  signals: fc.array(signal, { maxLength: 3 }),
});

const commands: fc.Arbitrary<readonly CommandLine[]> = fc.array(
  fc.record({
    file: word.map((text) => `/bin/${text}`),
    arguments: fc.array(fc.oneof(word, fc.constantFrom(';', '\\;', '')), { minLength: 1, maxLength: 4 }),
    expandsVariables: fc.boolean(),
    forgivesFailure: fc.boolean(),
    rights: fc.constantFrom('service' as const, 'keeps-user' as const, 'full' as const),
  }),
  { maxLength: 3 },
);

const readiness: fc.Arbitrary<Daemon['readiness']> = fc.oneof(
  fc.constantFrom({ kind: 'type' as const }, { kind: 'probe' as const }, { kind: 'listen' as const }),
  fc.record({ kind: fc.constant('line' as const), pattern: fc.stringMatching(/^[a-z .]{1,10}$/) }),
  fc.record({ kind: fc.constant('delay' as const), duration }),
);

/** `oneSocket`: also those that get their only socket as stdin. */
export const arbitraryDaemon = (oneSocket: boolean): fc.Arbitrary<Daemon> =>
  fc
    .record({
      activation: fc.constantFrom(...activations.filter((each) => oneSocket || each !== 'inetd')),
      type: fc.constantFrom(...daemonTypes),
      onDemand: fc.boolean(),
      readiness,
      isNonBlocking: fc.boolean(),
      listenPid: fc.constantFrom('own' as const, 'omit' as const),
      notifyAccess: fc.constantFrom('none' as const, 'main' as const, 'exec' as const, 'all' as const),
      storeLimit: fc.integer({ min: 0, max: 10_000 }),
      pidFile: maybe(word.map((text) => `/run/${text}`)),
      startTimeout: maybe(duration),
      abortTimeout: maybe(duration),
      watchdog: maybe(duration),
      watchdogSignal: signal,
      restart: fc.record({
        when: fc.constantFrom('no' as const, 'on-failure' as const, 'always' as const, 'on-abort' as const),
        pause: duration,
        steps: fc.integer({ min: 0, max: 1000 }),
        longestPause: duration,
        prevent: statuses,
        force: statuses,
      }),
      startLimit: maybe(fc.record({ count: fc.integer({ min: 1, max: 1000 }), window: duration })),
      remainsAfterExit: fc.boolean(),
      flushesPending: fc.boolean(),
      idleStop: maybe(duration),
      startBefore: commands,
      startAfter: commands,
      furtherStarts: commands,
      reload: commands,
      reloadSignal: signal,
      stop: commands,
      stopAfter: commands,
    })
    .map((parts) => ({ ...plainDaemon, ...parts }));

const process: fc.Arbitrary<Pick<ProcessSettings, 'privileges' | 'scheduling' | 'ignoresPipe'>> = fc.record({
  privileges: maybe(
    fc.record({
      bounding: maybe(fc.subarray(['chown', 'kill', 'net_bind_service'])),
      ambient: fc.subarray(['chown', 'kill']),
      secureBits: maybe(fc.integer({ min: 0, max: 255 })),
      noNewPrivileges: fc.boolean(),
    }),
  ),
  scheduling: maybe(
    fc.record({
      policy: fc.constantFrom('other' as const, 'batch' as const, 'fifo' as const),
      priority: fc.integer({ min: 0, max: 99 }),
      resetsOnFork: fc.boolean(),
      affinity: maybe(fc.uniqueArray(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 4 })),
      ioClass: fc.constantFrom('none' as const, 'best-effort' as const, 'idle' as const),
      ioPriority: maybe(fc.integer({ min: 0, max: 7 })),
      oomScoreAdjust: maybe(fc.integer({ min: -1000, max: 1000 })),
    }),
  ),
  ignoresPipe: fc.boolean(),
});

const stream: fc.Arbitrary<Stream> = fc.oneof(
  fc.constantFrom('log' as const, 'null' as const, 'client' as const),
  fc.record({
    path: word.map((text) => `/tmp/${text}`),
    how: fc.constantFrom('write' as const, 'append' as const, 'truncate' as const),
  }),
);

export const arbitraryLifetime: fc.Arbitrary<Lifetime> = fc.record({
  ending: fc.record({
    mode: fc.constantFrom('control-group' as const, 'mixed' as const, 'process' as const, 'none' as const),
    signal,
    finalSignal: signal,
    hangsUp: fc.boolean(),
    kills: fc.boolean(),
    timeout: maybe(duration),
  }),
  longest: maybe(duration),
  success: statuses,
});

/** Services as they may be, and some of them with daemons, named descriptors, endings, rights and other streams. */
export const withDaemons = (services: fc.Arbitrary<Service>): fc.Arbitrary<Service> =>
  fc
    .tuple(services, arbitraryDaemon(false), maybe(arbitraryLifetime), process, stream)
    .map(([service, daemon, lifetime, rights, stdout]): Service => {
      const own = { ...service, process: { ...service.process, ...rights } };
      const { answer } = service;
      if (answer.kind === 'relay') {
        const backend = { file: '/bin/backend', arguments: ['backend', '; x'] };
        return {
          ...own,
          answer: { ...answer, proxyHeader: 'v2', backend },
          daemon,
          lifetime: lifetime ?? plainLifetime,
        };
      }
      if (answer.kind !== 'program') return service;
      if (service.mux !== undefined || service.rpc !== undefined) return { ...own, lifetime };
      return {
        ...own,
        mode: 'whole-socket',
        daemon,
        lifetime: lifetime ?? plainLifetime,
        surroundings: { ...service.surroundings, stdin: 'null', stdout },
        endpoints: service.endpoints.map((endpoint, index) => ({
          ...endpoint,
          own: { descriptorName: `socket-${index}`, socket: undefined },
        })),
      };
    });
