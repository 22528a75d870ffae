// The name under which logs, metrics and commands know a service.
import type { Endpoint } from '../../model/address.ts';
import type { MuxName } from '../../model/service.ts';

const showHost = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** The word of the protocol where none was written. */
export const protocolWord = (first: Endpoint): string =>
  first.kind === 'internet' ? (first.socketType === 'stream' ? 'tcp' : 'udp') : first.kind;

/** `finger/tcp`, `127.0.0.1:7007/udp`, `/run/x.sock`, `tcpmux/date`. `protocol` is the word as written. */
export const serviceId = (
  name: string,
  protocol: string,
  endpoints: readonly Endpoint[],
  mux: MuxName | undefined,
): string => {
  if (mux !== undefined) return `tcpmux/${mux.name}`;
  const [first] = endpoints;
  if (first === undefined) return name;
  if (first.kind === 'unix' || first.kind === 'fifo') return first.path;
  const hosts = endpoints.flatMap((endpoint) =>
    endpoint.kind === 'internet' ? [showHost(endpoint.host)] : [],
  );
  const prefix = hosts.length === 0 ? '*' : hosts.join(',');
  return `${prefix === '*' ? '' : `${prefix}:`}${name}/${protocol}`;
};
