// Scenes about the handler's process: what it finds, how it ends, where its service listens.
import fc from 'fast-check';
import { exchangeFrom } from './clients-of.ts';
import { maybe, type Places, program, type Scene } from './scene.ts';

const flagsOf = (...flags: readonly string[]): fc.Arbitrary<string | undefined> =>
  fc
    .subarray([...flags], { minLength: 0 })
    .map((chosen) => (chosen.length === 0 ? undefined : chosen.join(' ')));

/** All that a handler can find: the report goes to the client. */
export const surroundings = ({ handlers }: Places): fc.Arbitrary<Scene> =>
  fc
    .record({
      flags: flagsOf('REUSE', 'NODELAY', 'KEEPALIVE', 'NOLIBWRAP', 'NAMEINARGS', 'NORETRY'),
      family: fc.constantFrom('', '', ' IPv4', ' IPv6', ' IPv4 IPv6'),
      user: fc.constantFrom('root', 'nobody', 'daemon', '1234', 'games'),
      group: maybe(fc.constantFrom('mail', 'nogroup', '4321', 'users')),
      groups: maybe(fc.constantFrom('yes', 'no')),
      umask: maybe(fc.constantFrom('000', '022', '077', '027', '7')),
      nice: maybe(fc.constantFrom('0', '5', '19', '-5')),
      env: maybe(fc.constantFrom('A=1', 'A=1 B=2 A=3', 'PATH=/bin', 'EMPTY= TAIL=a=b')),
      more: maybe(fc.constantFrom('C=3', 'A=9')),
      passenv: maybe(fc.constantFrom('', 'PATH', 'COLOUR SHAPE', 'PATH NOT_THERE')),
      words: fc.constantFrom('one two', 'one  "two three"', '-v # x', "it's $HOME * \\n", 'last'),
      as: maybe(fc.constantFrom('100M', '64m', 'UNLIMITED', '200000K')),
      cpu: maybe(fc.constantFrom('7', '60', 'UNLIMITED')),
      files: maybe(fc.constantFrom('64', '1000')),
      stack: maybe(fc.constantFrom('4096k', '1M')),
      data: maybe(fc.constantFrom('64M', '33554432')),
    })
    .map(({ flags, family, ...rest }) => {
      const all = `${flags ?? ''}${family}`.trim();
      // a number that nobody has is no user whose groups could be read
      const groups = rest.user === '1234' ? undefined : rest.groups;
      return {
        kind: 'surroundings',
        attributes: program(
          `${handlers}/report`,
          rest.words,
          ['flags', all === '' ? undefined : all],
          ['user', rest.user],
          ['group', rest.group],
          ['groups', groups],
          ['umask', rest.umask],
          ['nice', rest.nice],
          ['env', rest.env],
          ['env', rest.more, '+='],
          ['passenv', rest.passenv],
          ['rlimit_as', rest.as],
          ['rlimit_cpu', rest.cpu],
          ['rlimit_files', rest.files],
          ['rlimit_stack', rest.stack],
          ['rlimit_data', rest.data],
        ),
        steps: exchangeFrom(['127.0.0.1', '10.9.8.7', '::1', '2001:db8::1']),
      };
    });

/** How handlers end. */
export const endings = ({ handlers }: Places): fc.Arbitrary<Scene> =>
  fc
    .record({
      words: fc.constantFrom(
        'exit 0 x',
        'exit 7 x',
        'exit 255 x',
        'signal 11 x',
        'signal 9 x',
        'signal 15 x',
      ),
      user: fc.constantFrom('root', 'nobody'),
    })
    .map(({ words, user }) => ({
      kind: 'endings',
      attributes: program(`${handlers}/behave`, words, ['user', user]),
      steps: exchangeFrom(['127.0.0.1', '::1']),
    }));

/** Where it listens. */
export const places = ({ handlers }: Places): fc.Arbitrary<Scene> =>
  fc
    .record({
      name: fc.constantFrom('bind', 'interface'),
      host: fc.constantFrom('10.9.8.7', '127.0.0.1', '::1', '2001:db8::1', '0.0.0.0', '::'),
      asked: fc.constantFrom('10.9.8.7', '127.0.0.1', '10.9.9.1'),
    })
    .map(({ name, host, asked }) => ({
      kind: 'places',
      attributes: program(`${handlers}/behave`, 'write served', [name, host]),
      steps: [
        { do: 'exchange', from: '10.9.8.8', to: asked, send: '' },
        { do: 'exchange', from: '2001:db8::1', to: '2001:db8::1', send: '' },
        { do: 'exchange', from: '::1', to: '::1', send: '' },
      ],
    }));
