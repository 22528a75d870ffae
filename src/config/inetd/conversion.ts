// A conversion into the native language, which loses nothing but what depended on where acceptd was started.
import { resolve } from 'node:path';
import type { Endpoint } from '../../model/address.ts';
import type { Service } from '../../model/service.ts';
import type { Conversion } from '../conversion.ts';
import { searchesPath } from './dialect.ts';
import { writeConfiguration } from './writer.ts';

const anchorEndpoint = (endpoint: Endpoint): Endpoint =>
  (endpoint.kind === 'unix' || endpoint.kind === 'fifo') && !/^[/@]/.test(endpoint.path)
    ? { ...endpoint, path: resolve(endpoint.path) }
    : endpoint;

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
    answer: isRelative ? { ...answer, file: resolve(answer.file) } : answer,
    endpoints: service.endpoints.map(anchorEndpoint),
    banners: banners && {
      always: absolute(banners.always),
      success: absolute(banners.success),
      failure: absolute(banners.failure),
    },
  };
};

export const writeNative = (services: readonly Service[]): Conversion => ({
  files: [{ name: 'acceptd.conf', text: writeConfiguration(services) }],
  services: services.map((service) => ({ service, parts: 1, losses: [] })),
});
