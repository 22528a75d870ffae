// Scenes about who answers: built-ins, relays, servers that take the socket itself; and lines that are mistakes.
import fc from 'fast-check';
import { loopbackFor } from '../support/knock.ts';
import { exchangeFrom } from './clients-of.ts';
import { maybe, type Places, program, type Scene } from './scene.ts';
import { type Assignment, attributes, type Step } from './trial.ts';

/** Those who call sensors. */
export const trapped = ['10.9.8.8', '172.20.1.1', '2001:db8::1'] as const;

const steps = (...all: readonly Step[]): readonly Step[] => all;
const talk = (send: string, length: number): readonly Step[] =>
  ['127.0.0.1', '::1', '10.9.9.1'].map((from) => ({
    do: 'converse',
    from,
    to: loopbackFor(from),
    send,
    length,
  }));

/** What is answered without a program. */
export const internals = (): fc.Arbitrary<Scene> =>
  fc
    .record({
      name: fc.constantFrom('echo', 'daytime', 'time', 'chargen', 'discard'),
      socketType: fc.constantFrom('stream', 'dgram'),
      onlyFrom: maybe(fc.constant('127.0.0.0 ::1')),
    })
    .map(({ name, socketType: chosen, onlyFrom }) => {
      // over a stream nobody sees whether discard serves
      const socketType = name === 'discard' ? 'dgram' : chosen;
      const lengths: Readonly<Record<string, number>> = { echo: 6, daytime: 26, time: 4, chargen: 740 };
      const datagrams = ['127.0.0.1', '10.9.9.1', '::1'].map(
        // to its own address: xinetd answers from the one that the kernel prefers, not from the one that was asked
        (from): Step => ({ do: 'datagram', from, to: from, send: 'hello\n' }),
      );
      const streams = talk(name === 'echo' ? 'hello\n' : '', lengths[name] ?? 1);
      return {
        kind: `internal ${name} ${socketType}`,
        attributes: attributes(
          ['type', 'INTERNAL UNLISTED'],
          ['id', 'ID'],
          ['socket_type', socketType],
          ['wait', socketType === 'dgram' ? 'yes' : 'no'],
          ['only_from', onlyFrom],
        ),
        steps: socketType === 'stream' ? streams : datagrams,
      };
    });

/** Nobody answers: who comes is kept out of all services that are asked afterwards. */
export const sensors = (): fc.Arbitrary<Scene> =>
  fc
    .record({
      denyTime: maybe(fc.constantFrom('NEVER', '1', '30', 'FOREVER')),
      from: fc.constantFrom(...trapped),
    })
    .map(({ denyTime, from }) => ({
      kind: 'internal discard sensor',
      attributes: attributes(
        ['flags', 'SENSOR'],
        ['type', 'INTERNAL UNLISTED'],
        ['id', 'ID'],
        ['socket_type', 'stream'],
        ['wait', 'no'],
        ['deny_time', denyTime],
      ),
      steps: exchangeFrom([from]),
    }));

/** Bytes go on to another service of the same trial. */
export const relays = (): fc.Arbitrary<Scene> =>
  fc
    .record({
      target: fc.constantFrom('127.0.0.1', 'localhost', '10.9.8.7'),
      listed: maybe(fc.constant('10.9.8.0')),
    })
    .map(({ target, listed }) => ({
      kind: 'relay',
      attributes: attributes(
        ['flags', 'IPv4'],
        ['socket_type', 'stream'],
        ['wait', 'no'],
        ['user', 'nobody'],
        ['redirect', `${target} ECHO`],
        ['no_access', listed],
      ),
      steps: steps(
        { do: 'converse', from: '127.0.0.1', to: '127.0.0.1', send: 'hello\n', length: 6 },
        { do: 'converse', from: '10.9.8.7', to: '127.0.0.1', send: 'goodbye\n', length: 8 },
      ),
    }));

/** Servers that take the socket itself. */
export const wholeSockets = ({ handlers }: Places): fc.Arbitrary<Scene> =>
  fc
    .record({
      socketType: fc.constantFrom('dgram', 'stream'),
      family: maybe(fc.constant('IPv4')),
      user: fc.constantFrom('root', 'nobody'),
    })
    .map(({ socketType, family, user }) => ({
      kind: `whole socket ${socketType}`,
      attributes: attributes(
        ['flags', family],
        ['socket_type', socketType],
        ['wait', 'yes'],
        ['user', user],
        ['server', `${handlers}/answer-one`],
      ),
      steps: [1, 2].map(
        (): Step =>
          socketType === 'dgram'
            ? { do: 'datagram', from: '127.0.0.1', to: '127.0.0.1', send: 'hello' }
            : { do: 'exchange', from: '127.0.0.1', to: '127.0.0.1', send: '' },
      ),
    }));

/** Lines that are wrong: some cost the line, some the service. */
export const mistakes = ({ handlers }: Places): fc.Arbitrary<Scene> =>
  fc
    .constantFrom<Assignment>(
      ['frob', '1'],
      ['nice', 'abc'],
      ['umask', '999'],
      ['instances', '-1'],
      ['user', 'no-such-user-here'],
      ['rlimit_as', '1G'],
      ['flags', 'NOSUCHFLAG'],
      ['max_load', '0'],
      ['only_from', '10.9.8.{7, 9}'],
      ['only_from', '10.9.8.7,10.9.8.8'],
      ['wait', 'maybe'],
      ['cps', 'ten 10'],
      ['access_times', '12:00'],
      ['mdns', 'yes'],
      ['disable', 'yes'],
      ['disable', 'no'],
      ['nice', '3', '+='],
      ['log_type', 'SYSLOG nowhere'],
      ['redirect', '127.0.0.1'],
      ['log_on_success', 'NOTHING', '+='],
    )
    .map((mistake) => ({
      kind: 'mistakes',
      attributes: [...program(`${handlers}/behave`, 'write served'), ...attributes(mistake)],
      steps: exchangeFrom(['127.0.0.1', '::1']),
    }));
