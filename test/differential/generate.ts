// Whole trials: defaults, services of several kinds with their logs, and rules of hosts.allow and hosts.deny.
import fc from 'fast-check';
import type { Places, Scene } from './scene.ts';
import { scenes } from './scenes.ts';
import { type Attribute, attributes, type Trial, type TrialService } from './trial.ts';

const firstPort = 17001;
const echoPort = 17900;

const success = fc.subarray(['PID', 'HOST', 'EXIT', 'DURATION']).map((all) => all.join(' '));
const failure = fc.subarray(['HOST', 'ATTEMPT']).map((all) => all.join(' '));
const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(value, { nil: undefined, freq: 2 });
/** A `=` in a service replaces what it has of the defaults, the others change it. */
const operator = fc.constantFrom('=' as const, '+=' as const, '-=' as const);

type Log = { readonly lines: readonly Attribute[] };
const ownLog = (world: string): fc.Arbitrary<Log> =>
  fc
    .record({
      type: fc.option(
        fc.constantFrom(
          `FILE ${world}/logs/own`,
          'SYSLOG local3',
          'SYSLOG daemon notice',
          `FILE ${world}/logs/own 100k`,
        ),
        { nil: undefined, freq: 3 },
      ),
      onSuccess: maybe(fc.tuple(operator, success)),
      onFailure: maybe(fc.tuple(operator, failure)),
    })
    .map(({ type, onSuccess, onFailure }) => ({
      lines: attributes(
        ['log_type', type],
        ['log_on_success', onSuccess?.[1], onSuccess?.[0]],
        ['log_on_failure', onFailure?.[1], onFailure?.[0]],
      ),
    }));

const defaultsOf = (world: string): fc.Arbitrary<readonly Attribute[]> =>
  fc
    .record({
      log: fc.option(
        fc.constantFrom(`FILE ${world}/logs/services`, 'SYSLOG local1 info', 'SYSLOG authpriv'),
        {
          nil: undefined,
          freq: 8,
        },
      ),
      onSuccess: fc.option(success, { nil: undefined, freq: 6 }),
      onFailure: fc.option(failure, { nil: undefined, freq: 6 }),
      onlyFrom: fc.option(fc.constantFrom('127.0.0.0 ::1', '0.0.0.0 ::/0'), { nil: undefined, freq: 1 }),
      noAccess: fc.option(fc.constantFrom('172.20.0.0', '10.9.9.1'), { nil: undefined, freq: 1 }),
      instances: fc.option(fc.constantFrom('2', '30'), { nil: undefined, freq: 1 }),
      perSource: fc.option(fc.constantFrom('1', '20'), { nil: undefined, freq: 1 }),
      umask: fc.option(fc.constantFrom('002'), { nil: undefined, freq: 1 }),
      groups: fc.option(fc.constantFrom('yes'), { nil: undefined, freq: 1 }),
      passenv: fc.option(fc.constantFrom('COLOUR'), { nil: undefined, freq: 1 }),
      enabled: fc.option(fc.constantFrom('s0 s1 s3 echoes', 'S0 s2 echoes'), { nil: undefined, freq: 1 }),
      disabled: fc.option(fc.constantFrom('s1', 's9 S2'), { nil: undefined, freq: 1 }),
    })
    .map((chosen) =>
      attributes(
        ['log_type', chosen.log],
        ['log_on_success', chosen.onSuccess],
        ['log_on_failure', chosen.onFailure],
        ['only_from', chosen.onlyFrom],
        ['no_access', chosen.noAccess],
        ['instances', chosen.instances],
        ['per_source', chosen.perSource],
        ['umask', chosen.umask],
        ['groups', chosen.groups],
        ['passenv', chosen.passenv],
        ['enabled', chosen.enabled],
        ['disabled', chosen.disabled],
      ),
    );

const rules = fc.constantFrom(
  { allow: '', deny: '' },
  { allow: '', deny: 'guarded: ALL\n' },
  { allow: 'guarded: 10.9.8.\nbehave: ALL EXCEPT 172.20.\n', deny: 'ALL: ALL EXCEPT 127.0.0.1\n' },
  { allow: 'ALL: 127.0.0.1 [::1]\n', deny: 'behave, guarded: 10.9.8.0/255.255.255.0\n' },
  { allow: '', deny: 'open: ALL\ns1: ALL\necho: ALL\n' },
);

/** Upper and lower case are the same to xinetd. */
const cased = (line: Attribute, style: number): Attribute =>
  style === 0 ? { ...line, name: line.name.toUpperCase() } : line;

const serviceOf = (scene: Scene, log: Log, index: number, style: number): TrialService => {
  const internal = /^internal (\S+)/.exec(scene.kind)?.[1];
  const id = `s${index}`;
  const lines = scene.attributes.map((line) => ({
    ...line,
    value: line.value.replace(/\bECHO\b/, String(echoPort)).replace(/^ID$/, id),
  }));
  const isListed = lines.some(({ name }) => name === 'type');
  const names = attributes(['type', isListed ? undefined : 'UNLISTED'], ['port', firstPort + index]);
  // a mistake comes last: what follows it may not be read
  const all =
    scene.kind === 'mistakes' ? [...names, ...log.lines, ...lines] : [...names, ...lines, ...log.lines];
  return {
    id,
    name: internal ?? id,
    kind: scene.kind,
    attributes: all.map((line) => cased(line, style)),
    steps: scene.steps,
  };
};

/** What relays lead to; it is not compared itself. */
const echoes: TrialService = {
  id: 'echoes',
  name: 'echo',
  kind: 'target',
  attributes: attributes(
    ['type', 'INTERNAL UNLISTED'],
    ['id', 'echoes'],
    ['flags', 'NOLIBWRAP'],
    ['port', echoPort],
    ['socket_type', 'stream'],
    ['wait', 'no'],
    ['only_from', '0.0.0.0 ::/0'],
    ['no_access', ''],
    ['instances', 'UNLIMITED'],
    ['per_source', 'UNLIMITED'],
    ['log_on_success', ''],
  ),
  steps: [],
};

const isSensor = ({ kind }: Scene): boolean => kind.endsWith('sensor');

const trial = (where: Places): fc.Arbitrary<Omit<Trial, 'name'>> =>
  fc
    .record({
      defaults: defaultsOf(where.world),
      services: fc.array(fc.tuple(scenes(where), ownLog(where.world), fc.nat(5)), {
        minLength: 4,
        maxLength: 4,
      }),
      rules,
    })
    .map(({ defaults, services, rules: { allow, deny } }) => ({
      defaults,
      services: [
        // sensors first, so that the others have somebody to keep out
        ...services
          .toSorted(([one], [other]) => Number(isSensor(other)) - Number(isSensor(one)))
          .map(([scene, log, style], index) => serviceOf(scene, log, index, style)),
        echoes,
      ],
      allow,
      deny,
    }));

/** The same every time for the same seed. */
export const generateTrials = (count: number, where: Places, seed = 2315): readonly Trial[] =>
  fc
    .sample(trial(where), { numRuns: count, seed })
    .map((each, index) => ({ ...each, name: `configuration ${index + 1}` }));
