// A conversion into the native language, which loses nothing but what depended on where acceptd was started, and what only units have.
import { resolve } from 'node:path';
import type { Endpoint } from '../../model/address.ts';
import type { Credentials, Service } from '../../model/service.ts';
import { type Conversion, createLossReport, type Loss } from '../conversion.ts';
import { searchesPath } from './dialect.ts';
import { writeService } from './writer.ts';

const anchorEndpoint = (endpoint: Endpoint): Endpoint =>
  (endpoint.kind === 'unix' || endpoint.kind === 'fifo') && !/^[/@]/.test(endpoint.path)
    ? { ...endpoint, path: resolve(endpoint.path) }
    : endpoint;

/** A unit without a user is run as acceptd is; here that has to be said. */
const namedUser = ({ credentials, dialect }: Service): Credentials => {
  const { user, group, supplementaryGroups } = credentials;
  const isNobody = user === undefined && group === undefined && supplementaryGroups === undefined;
  return dialect === 'systemd' && isNobody ? { ...credentials, user: '-' } : credentials;
};

/** Paths that are relative to the working directory mean another file elsewhere: they are made absolute. */
export const anchorPaths = (service: Service): Service => {
  const { answer, banners, dialect } = service;
  const isSearched = searchesPath(dialect);
  const isRelative =
    answer.kind === 'program' &&
    !answer.file.startsWith('/') &&
    (answer.file.includes('/') || !isSearched) &&
    service.process.rootDirectory === undefined;
  const absolute = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : resolve(path);
  return {
    ...service,
    credentials: namedUser(service),
    answer: isRelative ? { ...answer, file: resolve(answer.file) } : answer,
    endpoints: service.endpoints.map(anchorEndpoint),
    banners: banners && {
      always: absolute(banners.always),
      success: absolute(banners.success),
      failure: absolute(banners.failure),
    },
  };
};

/** Why there are no words for a service here. */
const obstacleOf = ({ startTexts }: Service): string | undefined =>
  startTexts === undefined
    ? undefined
    : 'files of variables, variables in a command and names of instances are only known at a start';

/** What only units have. */
const lossesOf = (service: Service): readonly Loss[] => {
  const report = createLossReport();
  const { process, lifetime, endpoints } = service;
  if ((process.directories ?? []).length > 0) {
    report.lose(
      'process.directories',
      'nobody makes directories for it',
      'make them, or let start_before do it',
    );
  }
  if (lifetime?.ending.restartSignal !== undefined) {
    report.lose('lifetime.ending.restartSignal', 'a restart ends it with the signal of a stop');
  }
  if (endpoints.some(({ own }) => own?.socket !== undefined)) {
    report.lose('endpoints', 'all sockets have the same options', 'write two services');
  }
  return report.losses();
};

const leftOut = ({ id }: Service, reason: string): string =>
  `# ${id.replace(/\s+/g, ' ')}: left out: ${reason}\n`;

export const writeNative = (services: readonly Service[]): Conversion => {
  const written = services.map((service) => {
    const obstacle = obstacleOf(service);
    if (obstacle === undefined) {
      return { service, text: writeService(service), parts: 1, losses: lossesOf(service) };
    }
    const report = createLossReport();
    report.lose('', obstacle, 'keep the unit: acceptd reads it as it is');
    return { service, text: leftOut(service, obstacle), parts: 0, losses: report.losses() };
  });
  return {
    files: [{ name: 'acceptd.conf', text: written.map(({ text }) => text).join('\n') }],
    services: written.map(({ service, parts, losses }) => ({ service, parts, losses })),
  };
};
