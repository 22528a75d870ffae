// Scenes about who is let in: access lists, limits, rates, times, loads, banners, hosts.allow and hosts.deny.
import fc from 'fast-check';
import { everybody, exchangeFrom, stayFrom } from './clients-of.ts';
import { maybe, type Places, program, type Scene } from './scene.ts';
import { addresses } from './trial.ts';

const pattern = fc.constantFrom(
  ...['10.9.8.7', '10.9.8.0', '10.9.0.0', '10.0.0.0', '0.0.0.0', '10.9.8.{7,9}', '10.9.{8}', '10.{9,10}'],
  ...['{10}', '{127,172}', '10.9.8.0/24', '10.9.8.99/24', '0.0.0.0/0', '10.9.8.8/31', '172.16.0.0/12'],
  ...['10.9.8.7/32', '10.9.8.0/33', '127.1', '10.9', '2001:db8::1', '2001:db8::/32', '2001:db8::/64', '::1'],
  ...['::', '::/0', '::ffff:10.9.8.7', '::ffff:0:0/96', '2001:db8:0:1::/64', '10.9.8.300', '127.0.0.1'],
);
const patterns = fc.array(pattern, { minLength: 1, maxLength: 3 }).map((all) => all.join(' '));
const listOperator = fc.constantFrom('=' as const, '+=' as const, '-=' as const);

/** Who may come: every source knocks. */
export const access = ({ handlers }: Places): fc.Arbitrary<Scene> =>
  fc
    .record({
      family: maybe(fc.constantFrom('IPv4', 'IPv6')),
      onlyFrom: fc.option(fc.tuple(listOperator, fc.oneof(patterns, fc.constant(''))), {
        nil: undefined,
        freq: 6,
      }),
      more: maybe(patterns),
      less: maybe(pattern),
      noAccess: maybe(fc.oneof(patterns, fc.constant(''))),
    })
    .map(({ family, onlyFrom, more, less, noAccess }) => ({
      kind: 'access',
      attributes: program(
        `${handlers}/behave`,
        'write served',
        ['flags', family],
        ...(onlyFrom === undefined ? [] : [['only_from', onlyFrom[1], onlyFrom[0]] as const]),
        ['only_from', more, '+='],
        ['only_from', less, '-='],
        ['no_access', noAccess],
      ),
      steps: exchangeFrom(everybody),
    }));

/** How many at once: clients stay, from one source and from others. */
export const limits = ({ handlers }: Places): fc.Arbitrary<Scene> =>
  fc
    .record({
      family: maybe(fc.constant('IPv4')),
      instances: maybe(fc.constantFrom('0', '1', '2', '3', 'UNLIMITED')),
      perSource: maybe(fc.constantFrom('0', '1', '2', 'UNLIMITED')),
      sources: fc.array(fc.constantFrom(...addresses.v4), { minLength: 4, maxLength: 6 }),
    })
    .map(({ family, instances, perSource, sources }) => ({
      kind: 'limits',
      attributes: program(
        `${handlers}/attend`,
        'stay x',
        ['flags', family],
        ['instances', instances],
        ['per_source', perSource],
      ),
      steps: stayFrom(sources),
    }));

/** How many a second: twice as many as may, then nobody. */
export const rate = ({ handlers }: Places): fc.Arbitrary<Scene> =>
  fc.record({ count: fc.integer({ min: 1, max: 4 }), pause: fc.constant(600) }).map(({ count, pause }) => ({
    kind: 'rate',
    attributes: program(`${handlers}/behave`, 'write served', ['cps', `${count} ${pause}`]),
    steps: [
      { do: 'rush', from: '127.0.0.1', to: '127.0.0.1', count: count * 2 + 2 },
      ...exchangeFrom(['127.0.0.1', '10.9.8.7']),
    ],
  }));

const clock = (hour: number, minute: string): string => `${String(hour % 24).padStart(2, '0')}:${minute}`;

/** When, and under which load; the world's load is 2.50. `hours` from now, so that no run is near an edge. */
export const conditions = ({ handlers, banner }: Places): fc.Arbitrary<Scene> =>
  fc
    .record({
      times: maybe(fc.constantFrom('always', 'later', 'both')),
      load: maybe(fc.constantFrom('0.0001', '2.5', '2.51', '100')),
      always: maybe(fc.constant(banner)),
      success: maybe(fc.constant(banner)),
      fail: maybe(fc.constant(banner)),
      onlyFrom: maybe(fc.constant('10.9.8.0')),
    })
    .map(({ times, load, always, success, fail, onlyFrom }) => {
      const hour = new Date().getUTCHours();
      const later = `${clock(hour + 3, '00')}-${clock(hour + 3, '59')}`;
      const written = { always: '00:00-23:59', later, both: `${later} 00:00-23:59` };
      return {
        kind: 'conditions',
        attributes: program(
          `${handlers}/behave`,
          'write served',
          ['access_times', times === undefined ? undefined : written[times]],
          ['max_load', load],
          ['banner', always],
          ['banner_success', success],
          ['banner_fail', fail],
          ['only_from', onlyFrom],
        ),
        steps: exchangeFrom(['127.0.0.1', '10.9.8.7', '::1']),
      };
    });

/** hosts.allow and hosts.deny, which know the daemon by several names. */
export const wrappers = ({ handlers }: Places): fc.Arbitrary<Scene> =>
  fc
    .record({
      flags: maybe(fc.constantFrom('NOLIBWRAP', 'NAMEINARGS', 'IPv4')),
      name: maybe(fc.constantFrom('guarded', 'open', 'behave')),
      fail: maybe(fc.constant('10.9.0.0')),
    })
    .map(({ flags, name, fail }) => ({
      kind: 'wrappers',
      attributes: program(
        `${handlers}/behave`,
        // with NAMEINARGS the first word is the daemon's name
        flags === 'NAMEINARGS' ? 'guarded write served' : 'write served',
        ['flags', flags],
        ['libwrap', name],
        ['no_access', fail],
      ),
      steps: exchangeFrom(['127.0.0.1', '10.9.8.7', '10.9.9.1', '172.20.1.1', '::1', '2001:db8::1']),
    }));
