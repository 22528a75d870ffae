// What is written in the native language reads back as the same services.
import fc from 'fast-check';
import t from 'tap';
import { writeService } from '../../src/config/inetd/writer.ts';
import { defaultLoadOptions, parseConfiguration } from '../../src/config/load.ts';
import { showDiagnostic } from '../../src/model/diagnostic.ts';
import type { Service } from '../../src/model/service.ts';
import { withDaemons } from './arbitrary-daemon.ts';
import { arbitraryService } from './arbitrary-service.ts';

const withoutOrigin = (service: Service): Service => ({
  ...service,
  origin: { file: '', line: 0, column: 0 },
  dialect: 'acceptd',
});

/** JSON with the keys of every object in order. */
const sortKeys = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)))
    : value;

t.test('any service reads back as itself, without a complaint', async (t) => {
  fc.assert(
    fc.property(withDaemons(arbitraryService), (service) => {
      const text = writeService(service);
      const { services, diagnostics } = parseConfiguration(text, 'test.conf', defaultLoadOptions);
      const complaints = diagnostics.filter(({ message }) => !message.includes('no tcpmux service'));
      if (complaints.length > 0) throw new Error(`${text}\n${complaints.map(showDiagnostic).join('\n')}`);
      if (
        JSON.stringify(withoutOrigin(service), sortKeys) !==
        JSON.stringify(services.map((located) => withoutOrigin(located.service))[0], sortKeys)
      ) {
        throw new Error(`${text}\n${JSON.stringify(service)}\n${JSON.stringify(services[0]?.service)}`);
      }
    }),
    { numRuns: 1500 },
  );
  t.pass();
});

t.test('services of classic dialects are written with what their words mean there', async (t) => {
  const text = [
    'finger stream tcp nowait.5 nobody /usr/sbin/in.fingerd in.fingerd -l',
    '127.0.0.1,127.0.0.2:7007 stream tcp nowait root internal',
    'talk dgram udp wait nobody.tty /usr/sbin/in.talkd in.talkd',
  ].join('\n');
  const { services } = parseConfiguration(text.replace('7007', 'echo'), 'inetd.conf', {
    ...defaultLoadOptions,
    dialect: 'openbsd',
  });
  const written = services.map(({ service }) => writeService(service)).join('\n');
  t.matchOnly(
    written,
    `finger on
    id                = finger/tcp
    protocol          = tcp4
    user              = nobody
    exec              = /usr/sbin/in.fingerd
    args              = in.fingerd -l
    rate              = "5/60s" 600s
    umask             = 022
    stderr            = client
    fd3               = no
    address_variables = no
;`.replace('"5/60s"', '5/60s'),
  );
  const again = parseConfiguration(written, 'test.conf', defaultLoadOptions);
  t.same(
    again.services.map(({ service }) => withoutOrigin(service)),
    services.map(({ service }) => withoutOrigin(service)),
  );
  t.same(again.diagnostics, []);
});
