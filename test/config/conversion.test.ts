// Whatever a service is, a conversion of it reads back with those differences that were announced, and no others.
import fc from 'fast-check';
import t from 'tap';
import { findMismatches, type Mismatch } from '../../src/config/comparison.ts';
import type { Conversion } from '../../src/config/conversion.ts';
import { writeNative } from '../../src/config/inetd/conversion.ts';
import { defaultLoadOptions, parseConfiguration } from '../../src/config/load.ts';
import { exactService, normalService } from '../../src/config/normal-form.ts';
import { readUnits } from '../../src/config/units/meaning.ts';
import { normalUnit } from '../../src/config/units/normal-unit.ts';
import { writeSystemd } from '../../src/config/units/writer.ts';
import { writeXinetd } from '../../src/config/xinetd/writer.ts';
import type { Endpoint } from '../../src/model/address.ts';
import { type Diagnostic, showDiagnostic } from '../../src/model/diagnostic.ts';
import type { Service } from '../../src/model/service.ts';
import { withDaemons } from './arbitrary-daemon.ts';
import { arbitraryService } from './arbitrary-service.ts';

/** A machine on which every other port is known. */
const portNumber = (name: string): number | undefined =>
  name.length % 2 === 0 && /^[a-z]/.test(name) ? 1000 + name.length : undefined;

const plain = (text: string): string => text.replace(/[^A-Za-z0-9_./-]/g, '_').replace(/[.]/g, '-');

/** Every target has more to say about services that it can have at all. */
const tame = (service: Service): Service => ({
  ...service,
  endpoints: service.endpoints.map(
    (endpoint): Endpoint =>
      endpoint.kind !== 'internet'
        ? endpoint.kind === 'vsock'
          ? endpoint
          : { ...endpoint, path: plain(endpoint.path).replace(/^_/, '@').replace(/\/+/g, '/') }
        : {
            ...endpoint,
            host: endpoint.host.startsWith('www') ? '192.0.2.1' : endpoint.host,
            port: /^[a-z]/.test(endpoint.port) ? '79' : endpoint.port,
          },
  ),
  answer:
    service.answer.kind === 'program'
      ? { ...service.answer, arguments: service.answer.arguments.map((word) => plain(word) || '-') }
      : service.answer,
});

const someService = fc
  .tuple(fc.boolean(), arbitraryService)
  .map(([isTame, service]) => (isTame ? tame(service) : service));

const anyService = fc.oneof(someService, withDaemons(someService));

const fail = (
  service: Service,
  conversion: Conversion,
  mismatches: readonly Mismatch[],
  diagnostics: readonly Diagnostic[],
): void => {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (mismatches.length === 0 && errors.length === 0) return;
  throw new Error(
    [
      ...conversion.files.map(({ name, text }) => `--- ${name}\n${text}`),
      JSON.stringify(service),
      ...mismatches.map(({ message }) => message),
      ...errors.map(showDiagnostic),
    ].join('\n'),
  );
};

t.test('xinetd.conf has what was not announced as lost, and no more', async (t) => {
  let left = 0;
  let all = 0;
  fc.assert(
    fc.property(anyService, (service) => {
      const conversion = writeXinetd([service], portNumber);
      const text = conversion.files[0]?.text ?? '';
      const { services, diagnostics } = parseConfiguration(text, 'x', {
        ...defaultLoadOptions,
        language: 'xinetd',
      });
      const mismatches = findMismatches(
        conversion.services,
        services.map((located) => located.service),
        (each) => normalService(each, portNumber),
      );
      fail(service, conversion, mismatches, diagnostics);
      all += 1;
      if (conversion.services[0]?.parts === 0) left += 1;
    }),
    { numRuns: 1500 },
  );
  t.ok(all - left > 200, `${left} of ${all} are left out`);
});

t.test('unit files have what was not announced as lost, and no more', async (t) => {
  let left = 0;
  let all = 0;
  fc.assert(
    fc.property(anyService, (service) => {
      const conversion = writeSystemd([service], portNumber);
      const { services, diagnostics } = readUnits(conversion.files);
      const mismatches = findMismatches(
        conversion.services,
        services.map((located) => located.service),
        (each) => normalUnit(each, portNumber),
      );
      const unread = diagnostics.map((diagnostic) => ({ ...diagnostic, severity: 'error' as const }));
      fail(service, conversion, mismatches, unread);
      all += 1;
      if (conversion.services[0]?.parts === 0) left += 1;
    }),
    { numRuns: 3000 },
  );
  t.ok(all - left > 200, `${left} of ${all} are left out`);
});

t.test('what xinetd.conf says is written natively without a loss', async (t) => {
  let count = 0;
  fc.assert(
    fc.property(fc.array(someService, { maxLength: 3 }), (services) => {
      const text = writeXinetd(services, portNumber).files[0]?.text ?? '';
      const from = parseConfiguration(text, 'x', { ...defaultLoadOptions, language: 'xinetd' });
      const found = from.services.map((located) => located.service);
      const conversion = writeNative(found);
      const back = parseConfiguration(conversion.files[0]?.text ?? '', 'a', {
        ...defaultLoadOptions,
        language: 'inetd',
      });
      const mismatches = findMismatches(
        conversion.services,
        back.services.map((located) => located.service),
        exactService,
      );
      count += found.length;
      for (const service of found.slice(0, 1)) fail(service, conversion, mismatches, back.diagnostics);
    }),
    { numRuns: 500 },
  );
  t.ok(count > 100, `${count} services`);
});
