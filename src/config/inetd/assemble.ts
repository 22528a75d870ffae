// The last step of both forms, the line and the definition: what they have read becomes a service.
import type { Access } from '../../model/access.ts';
import { type Answer, type Credentials, type Mode, noDaemon, type Service } from '../../model/service.ts';
import { markToken, type Report, type Token } from '../source.ts';
import { isForkedBuiltin } from './answer.ts';
import { completeLimits, type WrittenLimits } from './limits.ts';
import type { Listening } from './listening.ts';
import type { Scope } from './scope.ts';
import { serviceId } from './service-id.ts';
import { wrappedAccess } from './wrapping.ts';

export type Read = {
  /** The token with which the service begins. */
  readonly service: Token;
  /** undefined: made from the name and the endpoints. */
  readonly id: string | undefined;
  readonly listening: Listening;
  readonly mode: Mode;
  readonly answer: Answer;
  readonly credentials: Credentials;
  readonly limits: WrittenLimits;
} & Pick<Service, 'process' | 'surroundings' | 'socket'> &
  Partial<Pick<Service, 'access' | 'banners' | 'identity' | 'serviceLog' | 'daemon' | 'lifetime'>>;

/** What an entry says itself, with the wrapper name that the command line gives to those that name none. */
const joinAccess = (own: Access | undefined, wrapped: Access | undefined): Access | undefined =>
  own === undefined ? wrapped : { ...own, wrapperName: own.wrapperName ?? wrapped?.wrapperName };

export const assembleService = (read: Read, { meaning, options }: Scope, report: Report): Service => {
  const { service, id, listening, mode, answer, credentials, limits, process, surroundings, socket } = read;
  const { name, protocol, endpoints, mux, rpc, socketType } = listening;
  const hasDefaultRate = answer.kind !== 'builtin' || isForkedBuiltin(answer.builtin, socketType);
  return {
    id: id ?? serviceId(name, protocol, endpoints, mux),
    name,
    origin: markToken(report.source, service).at,
    dialect: meaning.dialect,
    endpoints,
    mux,
    rpc,
    mode,
    answer,
    credentials,
    limits: completeLimits(limits, mode, meaning, options, hasDefaultRate),
    access: joinAccess(read.access, wrappedAccess(answer, listening, mode, options)),
    banners: read.banners,
    identity: read.identity,
    serviceLog: read.serviceLog,
    ...noDaemon,
    daemon: read.daemon,
    lifetime: read.lifetime,
    process,
    surroundings,
    socket,
  };
};
