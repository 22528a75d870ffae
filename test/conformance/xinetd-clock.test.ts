// Cases in which seconds pass, on a clock that the test drives: the settings come from the configuration itself.
import t from 'tap';
import { admitClient } from '../../src/admission/admit.ts';
import { createUsage } from '../../src/admission/limits.ts';
import { createSensorList } from '../../src/admission/sensor-list.ts';
import { createSourceRates } from '../../src/admission/source-rates.ts';
import { defaultLoadOptions, parseConfiguration } from '../../src/config/load.ts';
import { milliseconds } from '../../src/model/quantity.ts';
import type { Service } from '../../src/model/service.ts';
import { clientRecord } from '../support/records.ts';
import { service } from './xinetd-stage.ts';

const parse = (text: string): Service => {
  const { services, diagnostics } = parseConfiguration(text, 'xinetd.conf', defaultLoadOptions);
  const [first] = services;
  if (first === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  return first.service;
};

t.test(
  '28: cps = 20 2 never lets more than 20 in at once, however long nobody came (xinetd: 230)',
  async (t) => {
    const { id, limits } = parse(service(17001, 'cps = 20 2'));
    const usage = createUsage();
    const rates = createSourceRates();
    const isAdmitted = (at: number): boolean =>
      admitClient({ service: id, limits, source: 1 }, usage, rates, milliseconds(at)).kind === 'admit';
    t.ok(isAdmitted(0));
    const burst = Array.from({ length: 300 }, () => isAdmitted(10_000));
    t.equal(burst.filter(Boolean).length, 20);
    t.equal(limits.rate?.pause, 2000);
    t.equal(limits.onRate, 'close', 'then nobody listens');
  },
);

t.test('28: cps = 0 is no limit', async (t) => {
  t.equal(parse(service(17001, 'cps = 0 10')).limits.rate, undefined);
});

t.test('28: without cps it is 50 a second and a pause of 10 s', async (t) => {
  const { rate } = parse(service(17001)).limits;
  t.same(rate, { count: 50, window: 1000, pause: 10_000 });
});

t.test(
  '55: who called a sensor of deny_time = 1 is let in again after a minute, of FOREVER never',
  async (t) => {
    const denyTimeOf = (text: string) => {
      const { answer } = parse(
        service(17001, 'type = INTERNAL UNLISTED', 'flags = SENSOR', `deny_time = ${text}`),
      );
      return answer.kind === 'sensor' ? answer.denyTime : undefined;
    };
    const list = createSensorList();
    const [brief, good, told] = ['10.9.8.7', '10.9.8.8', '10.9.9.1'].map((host) => clientRecord(host));
    if (brief === undefined || good === undefined || told === undefined) throw new Error('three clients');
    list.trap(brief, milliseconds(0), denyTimeOf('1'));
    list.trap(good, milliseconds(0), denyTimeOf('FOREVER'));
    list.trap(told, milliseconds(0), denyTimeOf('NEVER'));
    t.notOk(list.holds(told, milliseconds(0)), 'NEVER only tells');
    t.ok(list.holds(brief, milliseconds(59_000)));
    t.notOk(list.holds(brief, milliseconds(61_000)));
    t.ok(list.holds(good, milliseconds(1e12)));
  },
);
