// Service -> a definition of the native language that reads back as the same service.
import type { Service } from '../../model/service.ts';
import { builtinOf } from './answer.ts';
import { defaultConnectTimeout } from './definition-relay.ts';
import { serviceId } from './service-id.ts';
import { accessLines, limitLines, logLines, span } from './written-access.ts';
import { daemonLines, lifetimeLines } from './written-daemon.ts';
import { endpointLines } from './written-endpoints.ts';
import { type Line, lineIf, optional, quote, quoteName } from './written-line.ts';
import { credentialLines, processLines, socketLines, surroundingsLines } from './written-process.ts';

const answerLines = (service: Service): readonly Line[] => {
  const { answer } = service;
  switch (answer.kind) {
    case 'builtin':
      return [
        ...lineIf(builtinOf(service.name) !== answer.builtin, 'internal', answer.builtin),
        ...(answer.format === undefined ? [] : [['format', answer.format] as const]),
      ];
    case 'relay':
      return [
        [
          'redirect',
          ...[answer, ...answer.fallbacks].flatMap(({ host, port }) => (port === '' ? [host] : [host, port])),
        ],
        ...lineIf(
          answer.connectTimeout !== defaultConnectTimeout,
          'connect_timeout',
          span(answer.connectTimeout),
        ),
        ...(answer.retryFor === undefined ? [] : [['retry_for', span(answer.retryFor)] as const]),
        ...optional('proxy_header', answer.proxyHeader),
        ...(answer.idleTimeout === undefined ? [] : [['idle_timeout', span(answer.idleTimeout)] as const]),
        ...(answer.backend === undefined
          ? []
          : ([
              ['exec', answer.backend.file],
              ['args', ...answer.backend.arguments],
            ] as const)),
      ];
    case 'sensor':
      return [
        ['sensor', 'yes'],
        ...(answer.denyTime === undefined
          ? []
          : [['deny_time', answer.denyTime === 'forever' ? 'forever' : span(answer.denyTime)] as const]),
      ];
    case 'program':
      return [
        ['exec', answer.file],
        ['args', ...answer.arguments],
      ];
  }
};

/** One name for each endpoint of a daemon, in their order. */
const descriptorNameLine = ({ endpoints, daemon }: Service): readonly Line[] => {
  const names = endpoints.map(({ own }) => own?.descriptorName);
  const isNamed = daemon !== undefined && names.some((name) => name !== undefined);
  return isNamed ? [['fdname', ...names.map((name) => name ?? '-')]] : [];
};

/** A name that the language would take apart, or that belongs to an entry of another kind. */
const needsQuotes = (service: Service): boolean => /[:,]/.test(service.name) || service.name.startsWith('.');

/**
 * One service as text. Everything that differs from the native defaults is written; origin and dialect are not
 * part of what a service is.
 */
export const writeService = (service: Service): string => {
  const { lines, protocol } = endpointLines(service);
  const derived = serviceId(service.name, protocol, service.endpoints, service.mux);
  const all: readonly Line[] = [
    ...lineIf(service.id !== derived, 'id', service.id),
    ...lines,
    ...lineIf(service.mode === 'whole-socket' && service.daemon === undefined, 'wait', 'yes'),
    ...daemonLines(service),
    ...descriptorNameLine(service),
    ...credentialLines(service),
    ...answerLines(service),
    ...accessLines(service),
    ...limitLines(service),
    ...lifetimeLines(service),
    ...processLines(service),
    ...surroundingsLines(service),
    ...socketLines(service),
    ...logLines(service),
  ];
  const width = Math.max(0, ...all.map(([key]) => key.length));
  const text = all.map(([key, ...values]) =>
    `    ${key.padEnd(width)} = ${values.map(quote).join(' ')}`.trimEnd(),
  );
  return [`${quoteName(service.name, needsQuotes(service))} on`, ...text, ';', ''].join('\n');
};
